// Timestamp: an instant in nanoseconds together with the UTC offset it is written in.
//
// Two timestamps are equal if they are the same instant; the offset only decides how the instant is written and to which
// calendar day it belongs. Nothing here asks the operating system for a time zone: offsets are given. No operation traps,
// whatever seconds a damaged file system reports: arithmetic saturates.

/// The UTC offset in seconds that a place keeps at an instant given in seconds since 1970.
package typealias TimeZoneRules = @Sendable (_ secondsSinceEpoch: Int64) -> Int32

package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    package let seconds: Int64
    /// 0 ..< 1,000,000,000.
    package let nanoseconds: Int32
    /// Seconds east of Greenwich.
    package let utcOffset: Int32

    /// - Precondition: none; nanoseconds out of range are clamped into it.
    package init(seconds: Int64, nanoseconds: Int32 = 0, utcOffset: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = min(max(nanoseconds, 0), 999_999_999)
        self.utcOffset = utcOffset
    }

    /// The instant, written in the zone's offset at that instant.
    package init(seconds: Int64, nanoseconds: Int32, in zone: TimeZoneRules) {
        self.init(seconds: seconds, nanoseconds: nanoseconds, utcOffset: zone(seconds))
    }

    /// Go's zero time, 0001-01-01T00:00:00Z: what an absent time means in the format.
    package static let zero = Timestamp(seconds: -62_135_596_800)

    package static func == (a: Timestamp, b: Timestamp) -> Bool { a.seconds == b.seconds && a.nanoseconds == b.nanoseconds }
    package static func < (a: Timestamp, b: Timestamp) -> Bool { (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds) }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(seconds)
        hasher.combine(nanoseconds)
    }

    /// The same instant *and* the same offset, hence the same text.
    package func identical(to other: Timestamp) -> Bool { self == other && utcOffset == other.utcOffset }

    /// The same instant in another offset.
    package func with(utcOffset: Int32) -> Timestamp { Timestamp(seconds: seconds, nanoseconds: nanoseconds, utcOffset: utcOffset) }

    /// Later by a duration in nanoseconds, which is not negative; in the same offset.
    package func adding(nanoseconds delta: Int64) -> Timestamp {
        let total = Int64(nanoseconds) + delta % 1_000_000_000
        return Timestamp(
            seconds: seconds.saturatingAdd(delta / 1_000_000_000 + total / 1_000_000_000), nanoseconds: Int32(total % 1_000_000_000),
            utcOffset: utcOffset)
    }

    package func adding(seconds delta: Int64) -> Timestamp {
        Timestamp(seconds: seconds.saturatingAdd(delta), nanoseconds: nanoseconds, utcOffset: utcOffset)
    }

    package var description: String {
        var text: [UInt8] = []
        appendRFC3339(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

extension Int64 {
    /// The sum, or the nearest value that can be represented.
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func flooredQuotientAndRemainder(dividingBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
