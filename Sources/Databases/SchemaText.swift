// SchemaText: a name or a piece of SQL as the bytes the database holds.
//
// Not a String: names need not be valid UTF-8, and Swift compares strings canonically, so that two tables whose names differ only
// in how an accent is composed would be one.

import Bytes

package struct SchemaText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { self.bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { self.init(text) }

    package static func < (a: SchemaText, b: SchemaText) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// For people: control characters are escaped, so that a name cannot forge a line.
    package var description: String { BytePath.display(bytes) }

    /// As an identifier in SQL, in double quotes.
    var quoted: [UInt8] {
        var result = [UInt8(ascii: "\"")]
        for byte in bytes {
            if byte == UInt8(ascii: "\"") { result.append(byte) }
            result.append(byte)
        }
        result.append(UInt8(ascii: "\""))
        return result
    }

    /// ASCII letters in lower case: how SQLite compares names.
    package var folded: [UInt8] { bytes.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 } }
}

extension JSONWriter {
    /// A string if the bytes are UTF-8, else `{"hex":"…"}`: nothing may be lost on the way to the repository.
    mutating func schemaText(_ text: SchemaText) {
        if UTF8Sequence.isValid(text.bytes.span) { return string(text.bytes) }
        beginObject()
        key("hex")
        string(Hex.encode(text.bytes))
        endObject()
    }
}

extension JSONScanner {
    mutating func schemaText() throws(JSONError) -> SchemaText {
        let raw = try rawValue()
        var inner = JSONScanner(raw)
        guard raw.first == UInt8(ascii: "{") else { return SchemaText(try inner.string()) }
        var value: [UInt8]? = nil
        try inner.beginObject()
        while let key = try inner.nextKey() {
            if key == Array("hex".utf8) { value = Hex.decode(try inner.text()) } else { try inner.skipValue() }
        }
        guard let value else { throw JSONError(problem: "expected hex digits", offset: offset) }
        return SchemaText(value)
    }
}
