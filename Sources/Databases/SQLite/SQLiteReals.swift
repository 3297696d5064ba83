// SQLiteReals: numbers as text that SQLite reads as the same numbers.
//
// The fewest digits that tell a number from its neighbours would do, if SQLite read every text to the nearest number; up to 3.42 it does not
// always. So it is asked. Where it reads another number, the text is a product of whole numbers that everybody reads exactly.

import Bytes

final class SQLiteReals {
    private let reading: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(DatabaseFailure) { reading = try connection.prepare("SELECT CAST(?1 AS REAL)") }

    func text(_ value: Double) throws(DatabaseFailure) -> String {
        // Infinity is what no number can be; what is no number SQLite never stores.
        if !value.isFinite { return value.isNaN ? "NULL" : value < 0 ? "-9e999" : "9e999" }
        let shortest = value.description
        if Self.isPlain(shortest) { return shortest }
        return try isRead(shortest, as: value) ? shortest : Self.product(value)
    }

    /// Up to 15 digits without an exponent: whole numbers below 2 to the 53rd, divided by a power of ten that is exact too.
    private static func isPlain(_ text: String) -> Bool { text.utf8.count <= 15 && !text.utf8.contains(UInt8(ascii: "e")) }

    private func isRead(_ text: String, as value: Double) throws(DatabaseFailure) -> Bool {
        defer { reading.reset() }
        try reading.bind(SchemaText(text), at: 1)
        return try reading.step() && reading.real(0).bitPattern == value.bitPattern
    }

    /// Each step is exact, because only the exponent changes: `4503599627370497*4503599627370496.0/2.0`.
    private static func product(_ value: Double) -> String {
        // As a whole number times a power of two.
        let isSubnormal = value.exponentBitPattern == 0
        let whole = isSubnormal ? value.significandBitPattern : value.significandBitPattern | 1 << 52
        var exponent = (isSubnormal ? 1 : Int(value.exponentBitPattern)) - 1075
        var text = "\(value.sign == .minus ? "-" : "")\(whole).0"
        while exponent != 0 {
            let step = min(abs(exponent), 52)
            text += "\(exponent > 0 ? "*" : "/")\(UInt64(1) << UInt64(step)).0"
            exponent += exponent > 0 ? -step : step
        }
        return text
    }
}
