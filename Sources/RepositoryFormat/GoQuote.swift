// GoQuote: file names as Go's strconv.Quote writes them, without the outer quotes. Tree blobs hold names in this form.
//
// Quoting is total: any bytes have a quoted form, which is valid UTF-8. Unquoting gives the bytes back or refuses.

import Bytes

package enum GoQuote {
    private static let hexDigits = Array("0123456789abcdef".utf8)
    private static let backslash = UInt8(ascii: "\\")

    /// Whether the name is its own quoted form because all of it is printable ASCII: nearly every name.
    static func isPlain(_ raw: [UInt8]) -> Bool {
        raw.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != backslash }
    }

    package static func quote(_ raw: [UInt8]) -> [UInt8] {
        if isPlain(raw) { return raw }
        var quoted: [UInt8] = []
        quoted.reserveCapacity(raw.count + 16)
        var index = 0
        while index < raw.count {
            guard let (value, byteCount) = UTF8Sequence.scalar(in: raw.span, at: index) else {
                appendEscape("x", UInt32(raw[index]), digits: 2, to: &quoted)
                index += 1
                continue
            }
            if let letter = shortEscape(value) {
                quoted.append(backslash)
                quoted.append(letter)
            } else if PrintableScalars.contains(value) {
                quoted.append(contentsOf: raw[index..<index + byteCount])
            } else if value < 0x80 {
                appendEscape("x", value, digits: 2, to: &quoted)
            } else if value < 0x1_0000 {
                appendEscape("u", value, digits: 4, to: &quoted)
            } else {
                appendEscape("U", value, digits: 8, to: &quoted)
            }
            index += byteCount
        }
        return quoted
    }

    /// The bytes whose quoted form this is, in any of the spellings Go accepts; nil if Go would refuse it.
    package static func unquote(_ quoted: [UInt8]) -> [UInt8]? {
        if isPlain(quoted) { return quoted }
        var raw: [UInt8] = []
        raw.reserveCapacity(quoted.count)
        var index = 0
        while index < quoted.count {
            let byte = quoted[index]
            index += 1
            if byte == 0x22 || byte == 0x0a { return nil }
            guard byte == backslash else {
                raw.append(byte)
                continue
            }
            guard index < quoted.count, let end = appendUnescaped(quoted, at: index, to: &raw) else { return nil }
            index = end
        }
        return raw
    }

    private static func shortEscape(_ value: UInt32) -> UInt8? {
        switch value {
        case 0x22: UInt8(ascii: "\"")
        case 0x5c: backslash
        case 0x07: UInt8(ascii: "a")
        case 0x08: UInt8(ascii: "b")
        case 0x0c: UInt8(ascii: "f")
        case 0x0a: UInt8(ascii: "n")
        case 0x0d: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        case 0x0b: UInt8(ascii: "v")
        default: nil
        }
    }

    private static func appendEscape(_ letter: Unicode.Scalar, _ value: UInt32, digits: UInt32, to quoted: inout [UInt8]) {
        quoted.append(backslash)
        quoted.append(UInt8(ascii: letter))
        for place in 1...digits { quoted.append(hexDigits[Int(value >> (4 * (digits - place)) & 15)]) }
    }

    /// Decodes the escape whose letter is at `index`; returns where it ends, nil if it is none.
    private static func appendUnescaped(_ quoted: [UInt8], at index: Int, to raw: inout [UInt8]) -> Int? {
        switch quoted[index] {
        case UInt8(ascii: "a"): raw.append(0x07)
        case UInt8(ascii: "b"): raw.append(0x08)
        case UInt8(ascii: "f"): raw.append(0x0c)
        case UInt8(ascii: "n"): raw.append(0x0a)
        case UInt8(ascii: "r"): raw.append(0x0d)
        case UInt8(ascii: "t"): raw.append(0x09)
        case UInt8(ascii: "v"): raw.append(0x0b)
        case backslash, 0x22: raw.append(quoted[index])
        case UInt8(ascii: "x"):
            guard let value = number(quoted, from: index + 1, digits: 2, radix: 16) else { return nil }
            raw.append(UInt8(truncatingIfNeeded: value))
            return index + 3
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = quoted[index] == UInt8(ascii: "u") ? 4 : 8
            guard let value = number(quoted, from: index + 1, digits: digits, radix: 16), Unicode.Scalar(value) != nil else { return nil }
            UTF8Sequence.append(value, to: &raw)
            return index + 1 + digits
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let value = number(quoted, from: index, digits: 3, radix: 8), value < 256 else { return nil }
            raw.append(UInt8(truncatingIfNeeded: value))
            return index + 3
        default: return nil
        }
        return index + 1
    }

    private static func number(_ text: [UInt8], from start: Int, digits: Int, radix: UInt32) -> UInt32? {
        guard start + digits <= text.count else { return nil }
        var value: UInt32 = 0
        for byte in text[start..<start + digits] {
            guard let digit = Hex.value(byte), digit < radix else { return nil }
            value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
        }
        return value
    }
}
