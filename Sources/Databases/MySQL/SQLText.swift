// SQLText: a statement for MySQL or MariaDB as bytes, into which names and values go only quoted.
//
//     "SHOW CREATE TABLE \(identifier: table)"          `a``b`
//     "SET @x = \(literal: value)"                       'it\'s'
//     "SELECT \(sql: columns) FROM …"                    as it is
//
// Bytes, because names and definitions need not be the same after a round trip through String. Literals assume a session whose
// sql_mode has no NO_BACKSLASH_ESCAPES and whose character set is utf8mb4, which every connection of this room has.

package struct SQLText: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { self.bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { self.init(text) }
    package init(stringInterpolation: StringInterpolation) { self.bytes = stringInterpolation.bytes }

    package struct StringInterpolation: StringInterpolationProtocol {
        var bytes: [UInt8] = []

        package init(literalCapacity: Int, interpolationCount: Int) { bytes.reserveCapacity(literalCapacity + 16 * interpolationCount) }

        package mutating func appendLiteral(_ literal: String) { bytes += Array(literal.utf8) }
        package mutating func appendInterpolation(_ number: some BinaryInteger) { bytes += Array("\(number)".utf8) }
        package mutating func appendInterpolation(sql: SQLText) { bytes += sql.bytes }
        package mutating func appendInterpolation(identifier name: SchemaText) { bytes += SQLText(identifier: name).bytes }
        package mutating func appendInterpolation(literal value: SchemaText) { bytes += SQLText(literal: value.bytes).bytes }
        /// `schema`.`name`
        package mutating func appendInterpolation(_ schema: SchemaText, _ name: SchemaText) {
            bytes += SQLText(identifier: schema).bytes + [UInt8(ascii: ".")] + SQLText(identifier: name).bytes
        }
    }

    /// A name in backticks.
    package init(identifier name: SchemaText) {
        let tick = UInt8(ascii: "`")
        var result = [tick]
        for byte in name.bytes {
            if byte == tick { result.append(tick) }
            result.append(byte)
        }
        bytes = result + [tick]
    }

    /// A string in single quotes, with backslash escapes.
    package init(literal value: [UInt8]) {
        var result = [UInt8(ascii: "'")]
        result.reserveCapacity(value.count + 2)
        for byte in value {
            switch byte {
            case 0: result += [UInt8(ascii: "\\"), UInt8(ascii: "0")]
            case 0x0a: result += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x0d: result += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0x1a: result += [UInt8(ascii: "\\"), UInt8(ascii: "Z")]
            case UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "\""): result += [UInt8(ascii: "\\"), byte]
            default: result.append(byte)
            }
        }
        bytes = result + [UInt8(ascii: "'")]
    }

    package static func + (a: SQLText, b: SQLText) -> SQLText { SQLText(a.bytes + b.bytes) }
    package static func += (a: inout SQLText, b: SQLText) { a.bytes += b.bytes }

    package static func joined(_ parts: some Sequence<SQLText>, separator: SQLText = ", ") -> SQLText {
        SQLText(Array(parts.map(\.bytes).joined(separator: separator.bytes)))
    }

    /// For people: control characters are escaped.
    package var description: String { SchemaText(bytes).description }
}
