// TimeZoneFile: the offsets of an IANA time zone, from the system's compiled tables (RFC 8536, versions 1 to 4).
//
// 1. The header of the first block; from version 2 on, that block is passed over for the second, with 64-bit times.
// 2. Transition times (which must rise), the type of each, the types' offsets. Every count is checked against the bytes that are there
//    before memory is taken, every index against its table, every offset against a day.
// 3. After the last transition the rule in the footer holds (PosixTimeZone); without one, the last offset.
//
// Leap seconds are passed over: zones that count them ("right/…") are refused. Names and daylight saving flags are of no concern here.

package import Bytes

/// Why a time zone cannot be had.
package struct TimeZoneError: Error, Hashable, Sendable, FailureConvertible, CustomStringConvertible {
    package let name: String
    package let reason: String

    package var description: String { "could not read the time zone '\(name)': \(reason)" }
    package var failure: Failure {
        Failure(.configInvalid, description, hint: "`ls /usr/share/zoneinfo` lists the zones of this machine; the package tzdata holds them")
    }
}

package struct TimeZoneFile: Sendable {
    /// The largest file of the database is below 4 KiB.
    package static let maximumByteCount = 1 << 18
    package static let directory: BytePath = "/usr/share/zoneinfo"

    /// When each offset begins to hold, rising.
    private let transitions: [Int64]
    /// Seconds east of Greenwich, from the transition of the same place on.
    private let offsets: [Int32]
    private let firstOffset: Int32
    private let rule: PosixTimeZone?

    /// Reads a zone by its name, such as `Europe/Kyiv`.
    package static func load(_ name: String, in directory: BytePath = TimeZoneFile.directory) throws(TimeZoneError) -> TimeZoneFile {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= 64, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw TimeZoneError(name: name, reason: "that is no name of a zone")
        }
        let content: [UInt8]
        do {
            content = try AtomicFile.read(directory.appending(name), limit: maximumByteCount)
        } catch {
            throw TimeZoneError(name: name, reason: error.reason)
        }
        return try TimeZoneFile(parsing: content, name: name)
    }

    package init(parsing content: [UInt8], name: String = "") throws(TimeZoneError) {
        do throws(Malformed) {
            self = try TimeZoneFile.parse(content)
        } catch {
            throw TimeZoneError(name: name, reason: error.reason)
        }
    }

    private init(transitions: [Int64], offsets: [Int32], firstOffset: Int32, rule: PosixTimeZone?) {
        self.transitions = transitions
        self.offsets = offsets
        self.firstOffset = firstOffset
        self.rule = rule
    }

    /// Seconds east of Greenwich at an instant.
    package func offset(at seconds: Int64) -> Int32 {
        guard let last = transitions.last else { return rule?.offset(at: seconds) ?? firstOffset }
        if seconds >= last, let rule { return rule.offset(at: seconds) }
        var low = 0, high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }

    package var rules: TimeZoneRules { { offset(at: $0) } }

    // MARK: Parsing

    private struct Malformed: Error { let reason: String }

    private struct Header {
        let version: UInt8
        let utcFlagCount, standardFlagCount, leapCount, transitionCount, typeCount, nameByteCount: Int

        static let byteCount = 44

        init(_ content: [UInt8], at start: Int) throws(Malformed) {
            guard start + Header.byteCount <= content.count, Array(content[start..<start + 4]) == Array("TZif".utf8) else {
                throw Malformed(reason: "the file is no compiled time zone")
            }
            version = content[start + 4]
            let counts = (0..<6).map { field in
                content[(start + 20 + field * 4)..<(start + 24 + field * 4)].reduce(0) { $0 << 8 | Int($1) }
            }
            guard counts.allSatisfy({ $0 <= TimeZoneFile.maximumByteCount }) else { throw Malformed(reason: "the file names impossible counts") }
            (utcFlagCount, standardFlagCount, leapCount) = (counts[0], counts[1], counts[2])
            (transitionCount, typeCount, nameByteCount) = (counts[3], counts[4], counts[5])
        }

        /// Of the block behind the header.
        func dataByteCount(timeByteCount: Int) -> Int {
            transitionCount * (timeByteCount + 1) + typeCount * 6 + nameByteCount + leapCount * (timeByteCount + 4) + standardFlagCount + utcFlagCount
        }
    }

    private static func parse(_ content: [UInt8]) throws(Malformed) -> TimeZoneFile {
        let first = try Header(content, at: 0)
        guard first.version != 0 else { return try block(content, first, at: Header.byteCount, timeByteCount: 4, isLast: true) }
        let second = Header.byteCount + first.dataByteCount(timeByteCount: 4)
        guard second <= content.count else { throw Malformed(reason: "the file ends early") }
        return try block(content, Header(content, at: second), at: second + Header.byteCount, timeByteCount: 8, isLast: false)
    }

    private static func block(
        _ content: [UInt8], _ header: Header, at start: Int, timeByteCount width: Int, isLast: Bool
    ) throws(Malformed) -> TimeZoneFile {
        let end = start + header.dataByteCount(timeByteCount: width)
        guard end <= content.count else { throw Malformed(reason: "the file ends early") }
        guard header.leapCount == 0 else { throw Malformed(reason: "it counts leap seconds") }
        guard header.typeCount > 0 else { throw Malformed(reason: "it has no offset") }
        let count = header.transitionCount
        let indexes = start + count * width, types = indexes + count
        var transitions: [Int64] = []
        for place in 0..<count {
            let time = signed(content[(start + place * width)..<(start + (place + 1) * width)])
            if let last = transitions.last, time <= last { throw Malformed(reason: "its changes are not in order") }
            transitions.append(time)
        }
        var known: [Int32] = []
        for type in 0..<header.typeCount {
            let offset = signed(content[(types + type * 6)..<(types + type * 6 + 4)])
            guard abs(offset) < 86_400 + 7200 else { throw Malformed(reason: "it has an impossible offset") }
            known.append(Int32(offset))
        }
        let chosen = content[indexes..<types].map(Int.init)
        guard chosen.allSatisfy({ $0 < known.count }) else { throw Malformed(reason: "it names an offset that is not there") }
        let rule = isLast ? nil : try footer(content[end...])
        return TimeZoneFile(transitions: transitions, offsets: chosen.map { known[$0] }, firstOffset: known[0], rule: rule)
    }

    private static func signed(_ bytes: ArraySlice<UInt8>) -> Int64 {
        let value = bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        return bytes.count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    /// The rule between two line feeds behind the last block; nil if it is empty.
    private static func footer(_ content: ArraySlice<UInt8>) throws(Malformed) -> PosixTimeZone? {
        let newline = UInt8(ascii: "\n")
        guard content.first == newline, let end = content.dropFirst().firstIndex(of: newline) else { throw Malformed(reason: "its rule is missing") }
        let text = content[(content.startIndex + 1)..<end]
        if text.isEmpty { return nil }
        guard let rule = PosixTimeZone(parsing: String(decoding: text, as: UTF8.self)) else { throw Malformed(reason: "its rule cannot be read") }
        return rule
    }
}
