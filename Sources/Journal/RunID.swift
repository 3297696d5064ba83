// RunID: the name of one run: short, unique, and in the order of time when sorted as text.
//
// 48 bits of milliseconds since 1970 and 30 random bits, as 16 characters of Crockford's base 32 (no i, l, o, u to misread).

package import Bytes

package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// A new one for a run that starts at `time`.
    package init(at time: Timestamp) {
        let milliseconds = UInt64(clamping: time.seconds) &* 1000 &+ UInt64(clamping: time.nanoseconds / 1_000_000)
        let random = UInt64.random(in: 0..<(1 << 30))
        self.text = RunID.encode(milliseconds & (1 << 48 - 1), characterCount: 10) + RunID.encode(random, characterCount: 6)
    }

    /// Nil unless it is 16 characters of the alphabet.
    package init?(parsing text: String) {
        guard text.utf8.count == 16, text.utf8.allSatisfy({ RunID.digits.contains($0) }) else { return nil }
        self.text = text
    }

    private static func encode(_ value: UInt64, characterCount: Int) -> String {
        let shifts = stride(from: 5 * (characterCount - 1), through: 0, by: -5)
        return String(decoding: shifts.map { digits[Int(value >> UInt64($0)) & 31] }, as: UTF8.self)
    }

    package var description: String { text }
    package static func < (a: RunID, b: RunID) -> Bool { a.text < b.text }
}
