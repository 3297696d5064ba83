// Chunker: cuts file content where the content says so, so that an insertion moves cuts only nearby.
//
// 1. H(c) is the remainder of the last 64 bytes before position c, as a polynomial over GF(2), modulo the repository's polynomial.
// 2. A chunk ends at the first c ≥ 512 KiB where the low 20 bits of H(c) are zero, at 8 MiB, or at the end of the file.
// 3. H rolls: one table removes the byte that leaves the window, another reduces after the shift that takes the new byte in.
// 4. Each step waits for the one before. But H depends on 64 bytes only, so several lanes walk through neighbouring stretches side
//    by side, each warmed up on the 64 bytes before its stretch; the first hit of the lowest lane is the cut. Same cuts, three
//    times as fast.
//
// Not promised: that chunks of equal files are equal in repositories with different polynomials.

import Bytes

/// How far a chunk has been searched, kept while more of its bytes are awaited.
package struct ChunkCursor: Sendable {
    /// No cut lies at or before this many bytes.
    fileprivate var searched = 0

    package init() {}
}

package struct Chunker: Sendable {
    package static let window = 64
    /// No chunk but a file's last is shorter.
    package static let standardMinimum = 512 << 10
    package static let standardMaximum = 8 << 20
    /// One position in 2^20 is a cut.
    package static let standardAverageBits = 20
    /// Id of the chunk that all-zero regions are cut into: 512 KiB of zeros.
    package static let zeroChunkByteCount = standardMinimum

    package let polynomial: Polynomial
    package let minimum: Int
    package let maximum: Int
    private let splitMask: UInt64
    let tables: RollingTables

    /// - Parameters:
    ///   - minimum: in bytes, at least 64.
    ///   - averageBits: beyond the minimum one position in 2^averageBits is a cut. Files are cut with the standard sizes, as restic does;
    ///     contents that change a little everywhere are cut finer.
    package init(
        polynomial: Polynomial, minimum: Int = standardMinimum, averageBits: Int = standardAverageBits, maximum: Int = standardMaximum
    ) {
        precondition(minimum >= Chunker.window && maximum >= minimum && polynomial.degree == Polynomial.chunkerDegree)
        precondition((6...30).contains(averageBits))
        self.polynomial = polynomial
        self.minimum = minimum
        self.maximum = maximum
        self.splitMask = 1 << UInt64(averageBits) - 1
        self.tables = RollingTables(polynomial)
    }

    /// Finds where the chunk at the start of `bytes` ends.
    ///
    /// Call again with more bytes (the same ones first) and the same cursor after nil. After a cut the cursor is ready for the next
    /// chunk: pass the bytes that follow the cut.
    /// - Parameter isEnd: whether the file ends with these bytes.
    /// - Returns: the chunk's length; nil if that depends on bytes still to come, or if there are no bytes at all.
    package func nextCut(in bytes: Span<UInt8>, cursor: inout ChunkCursor, isEnd: Bool) -> Int? {
        let end = min(bytes.count, maximum)
        let start = max(minimum, cursor.searched + 1)
        if start <= end, let cut = firstHit(in: bytes, start...end) {
            cursor.searched = 0
            return cut
        }
        if end == maximum || (isEnd && end > 0) {
            cursor.searched = 0
            return end
        }
        cursor.searched = end
        return nil
    }

    /// The first position in `positions` where the window before it hashes to a cut.
    private func firstHit(in bytes: Span<UInt8>, _ positions: ClosedRange<Int>) -> Int? {
        var next = positions.lowerBound
        let end = positions.upperBound + 1
        while next < end {
            let block = LaneScan.block(next, before: end)
            let hit = block.isWhole ? LaneScan.scan(bytes, from: next, tables, splitMask) : Chunker.plainScan(bytes, next..<block.end, tables, splitMask)
            if let hit { return hit }
            next = block.end
        }
        return nil
    }

    /// The definition itself, one position after the other; also the tail of every search.
    static func plainScan(_ bytes: Span<UInt8>, _ positions: Range<Int>, _ tables: RollingTables, _ splitMask: UInt64) -> Int? {
        var digest: UInt64 = 0
        for index in positions.lowerBound - window..<positions.lowerBound { digest = tables.append(bytes[index], to: digest) }
        var position = positions.lowerBound
        while digest & splitMask != 0 {
            guard position + 1 < positions.upperBound else { return nil }
            digest = tables.append(bytes[position], to: tables.remove(bytes[position - window], from: digest))
            position += 1
        }
        return position
    }
}
