// LaneScan: the chunker's search over one block of positions, in lanes side by side.
//
// A block is laneCount stretches of `stretch` positions. Every round of the loop moves each lane by one position, so that the
// processor works on as many independent chains of table look-ups as there are lanes.

import Bytes

enum LaneScan {
    static let laneCount = 4
    /// Long enough that warming up on 64 bytes costs little, short enough that a block beyond a cut wastes little.
    static let stretch = 4096

    /// The next block from `start`: whole if it fits before `end`.
    static func block(_ start: Int, before end: Int) -> (end: Int, isWhole: Bool) {
        let whole = start + laneCount * stretch
        return whole <= end ? (whole, true) : (end, false)
    }

    /// The first hit among the positions start ..< start + laneCount · stretch.
    static func scan(_ bytes: Span<UInt8>, from start: Int, _ tables: RollingTables, _ mask: UInt64) -> Int? {
        let window = Chunker.window
        // A position is judged by the bytes before it, so the last one of a lane needs nothing beyond itself.
        let byteCount = window + stretch - 1
        let lane0 = bytes.extracting(start - window..<start - window + byteCount)
        let lane1 = bytes.extracting(start - window + stretch..<start - window + stretch + byteCount)
        let lane2 = bytes.extracting(start - window + 2 * stretch..<start - window + 2 * stretch + byteCount)
        let lane3 = bytes.extracting(start - window + 3 * stretch..<start - window + 3 * stretch + byteCount)
        var digest0: UInt64 = 0, digest1: UInt64 = 0, digest2: UInt64 = 0, digest3: UInt64 = 0
        for index in 0..<window {
            digest0 = tables.append(lane0[index], to: digest0)
            digest1 = tables.append(lane1[index], to: digest1)
            digest2 = tables.append(lane2[index], to: digest2)
            digest3 = tables.append(lane3[index], to: digest3)
        }
        var hit = Int.max
        var index = 0
        while true {
            if digest0 & mask == 0 { return start + index }
            if digest1 & mask == 0 { hit = min(hit, stretch + index) }
            if digest2 & mask == 0 { hit = min(hit, 2 * stretch + index) }
            if digest3 & mask == 0 { hit = min(hit, 3 * stretch + index) }
            guard index < stretch - 1 else { break }
            digest0 = tables.append(lane0[index + window], to: tables.remove(lane0[index], from: digest0))
            digest1 = tables.append(lane1[index + window], to: tables.remove(lane1[index], from: digest1))
            digest2 = tables.append(lane2[index + window], to: tables.remove(lane2[index], from: digest2))
            digest3 = tables.append(lane3[index + window], to: tables.remove(lane3[index], from: digest3))
            index += 1
        }
        return hit == Int.max ? nil : start + hit
    }
}
