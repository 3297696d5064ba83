// JSONWriter: JSON as Go's encoder writes it, byte for byte, because ids of the format are hashes of this text.
//
// No white space; keys in the order of the calls; commas placed by the writer; strings escaped as encoding/json does with HTML
// escaping on. The caller is trusted to open and close in pairs: this is a pen, not a validator.

package struct JSONWriter: Sendable {
    /// The text so far.
    package private(set) var bytes: [UInt8] = []
    /// Whether the next key or element must be preceded by a comma.
    private var needsComma = false

    package init(reserving byteCount: Int = 0) { bytes.reserveCapacity(byteCount) }

    package var count: Int { bytes.count }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a key that needs no escapes, which every key of the format is.
    package mutating func key(_ name: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        JSONWriter.appendQuoted(text.utf8.span, to: &bytes)
        needsComma = true
    }

    /// Writes raw bytes as a string; each byte that is not part of valid UTF-8 becomes `\ufffd`.
    package mutating func string(_ raw: [UInt8]) {
        separate()
        JSONWriter.appendQuoted(raw.span, to: &bytes)
        needsComma = true
    }

    package mutating func integer(_ value: UInt64) {
        separate()
        JSONWriter.append(decimal: value, to: &bytes)
        needsComma = true
    }

    package mutating func integer(_ value: UInt32) { integer(UInt64(value)) }

    package mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        JSONWriter.append(decimal: value.magnitude, to: &bytes)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
    package mutating func null() { raw("null") }

    /// Writes bytes as the standard Base64 text of them.
    package mutating func base64(_ value: [UInt8]) {
        quoted { Base64.append(value.span, to: &$0) }
    }

    /// Writes 64 lower-case hex digits.
    package mutating func digest(_ value: Digest) {
        separate()
        JSONWriter.append(digest: value, to: &bytes)
        needsComma = true
    }

    package mutating func timestamp(_ value: Timestamp) {
        quoted { value.appendRFC3339(to: &$0) }
    }

    /// Writes text that is JSON already as the next value.
    package mutating func raw(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
        needsComma = true
    }

    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Writes again what was written as `range` of `bytes`, as the next value.
    package mutating func repeating(_ range: Range<Int>) {
        // A copy of its own first: appending a slice of the array to itself would copy all of it.
        let text = Array(bytes[range])
        separate()
        bytes.append(contentsOf: text)
        needsComma = true
    }

    /// Ends the text with a line feed, as index files and trees do.
    package mutating func newline() { bytes.append(0x0a) }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func quoted(_ body: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }
}

// MARK: - The text of single values

extension JSONWriter {
    private static let hexDigits = Array("0123456789abcdef".utf8)

    private static func append(decimal value: UInt64, to bytes: inout [UInt8]) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = value
        repeat {
            start -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[start] = 0x30 + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        bytes.append(copying: digits.span, start..<20)
    }

    /// The quoted hex text; eight digits are computed at once in one word, because an index writes millions of them.
    private static func append(digest: Digest, to bytes: inout [UInt8]) {
        var text = InlineArray<66, UInt8>(repeating: UInt8(ascii: "\""))
        var position = 1
        for word in [digest.word0, digest.word1, digest.word2, digest.word3] {
            var shift: UInt64 = 64
            while shift > 0 {
                shift -= 4
                let nibble = UInt8(truncatingIfNeeded: word >> shift) & 15
                text[position] = nibble &+ (nibble < 10 ? 0x30 : 0x57)
                position += 1
            }
        }
        bytes.append(copying: text.span)
    }

    /// Whether a byte stands for itself inside a string: ASCII without controls, quote, backslash and the HTML characters.
    private static let isPlain: [Bool] = (0..<256).map { byte in
        byte >= 0x20 && byte < 0x80 && !"\"\\<>&".utf8.contains(UInt8(byte))
    }

    private static func appendQuoted(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let table = isPlain
        let plain = table.span
        var start = 0, index = 0
        while index < text.count {
            if plain[Int(text[index])] {
                index += 1
                continue
            }
            if start < index { bytes.append(copying: text, start..<index) }
            index += appendEscaped(text, at: index, to: &bytes)
            start = index
        }
        if start < index { bytes.append(copying: text, start..<index) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends what stands for the code point at `index`, and returns how many bytes it took.
    private static func appendEscaped(_ text: Span<UInt8>, at index: Int, to bytes: inout [UInt8]) -> Int {
        guard let (value, byteCount) = UTF8Sequence.scalar(in: text, at: index) else {
            bytes.append(contentsOf: "\\ufffd".utf8)
            return 1
        }
        switch value {
        case 0x22: bytes.append(contentsOf: "\\\"".utf8)
        case 0x5c: bytes.append(contentsOf: "\\\\".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0a: bytes.append(contentsOf: "\\n".utf8)
        case 0x0c: bytes.append(contentsOf: "\\f".utf8)
        case 0x0d: bytes.append(contentsOf: "\\r".utf8)
        case 0..<0x20, 0x3c, 0x3e, 0x26:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(hexDigits[Int(value >> 4)])
            bytes.append(hexDigits[Int(value & 15)])
        case 0x2028: bytes.append(contentsOf: "\\u2028".utf8)
        case 0x2029: bytes.append(contentsOf: "\\u2029".utf8)
        default: bytes.append(copying: text, index..<index + byteCount)
        }
        return byteCount
    }
}
