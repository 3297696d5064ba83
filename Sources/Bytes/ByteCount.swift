// ByteCount: sizes as people read and write them.

/// A number of bytes, printed in powers of 1024 ("4.2 GiB") and parsed from "5GiB", "16M", "800".
package struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: UInt64

    package init(_ bytes: UInt64) { self.bytes = bytes }

    private static let units: [(name: String, shift: UInt64)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]

    /// "1.234 KiB" style with three significant decimals at most; exact below 1024.
    package var description: String {
        for unit in ByteCount.units where bytes >= 1 << unit.shift {
            let tenths = (bytes / (1 << unit.shift)) * 10 + (bytes % (1 << unit.shift)) * 10 / (1 << unit.shift)
            return "\(tenths / 10).\(tenths % 10) \(unit.name)"
        }
        return "\(bytes) B"
    }

    /// Digits with an optional suffix k, m, g, t (any case, with or without "B" or "iB"); powers of 1024. Nil if malformed or too large.
    package init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let number = UInt64(digits) else { return nil }
        var suffix = text.dropFirst(digits.count).lowercased().filter { $0 != " " }
        if suffix.hasSuffix("ib") { suffix.removeLast(2) } else if suffix.hasSuffix("b") { suffix.removeLast() }
        let shifts: [String: UInt64] = ["": 0, "k": 10, "m": 20, "g": 30, "t": 40]
        guard let shift = shifts[suffix] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { return nil }
        self.bytes = product
    }

    package static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}
