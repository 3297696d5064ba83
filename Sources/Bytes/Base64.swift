// Base64: the standard alphabet with padding, decoded strictly: no white space, no missing or surplus padding, no stray bits.

package enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        append(bytes.span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the text as ASCII bytes.
    package static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        let digits = digits
        var index = 0
        while index < bytes.count {
            let available = min(3, bytes.count - index)
            var group: UInt32 = 0
            for step in 0..<3 { group = group << 8 | (step < available ? UInt32(bytes[index + step]) : 0) }
            for step in 0..<4 {
                text.append(step <= available ? digits[Int(group >> UInt32(18 - 6 * step)) & 63] : padding)
            }
            index += 3
        }
    }

    /// Nil unless the text is exactly what `encode` would have produced.
    package static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }

    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: 0, to: text.count, by: 4) {
            var digitCount = 4
            if start + 4 == text.count {
                if text[start + 3] == padding { digitCount = text[start + 2] == padding ? 2 : 3 }
            }
            var group: UInt32 = 0
            for step in 0..<4 {
                group <<= 6
                if step < digitCount {
                    guard let value = value(text[start + step]) else { return nil }
                    group |= value
                }
            }
            let byteCount = digitCount - 1
            guard group & (0xff_ffff >> UInt32(8 * byteCount)) == 0 else { return nil }
            for step in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * step))) }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5a: UInt32(digit) - 0x41
        case 0x61...0x7a: UInt32(digit) - 0x61 + 26
        case 0x30...0x39: UInt32(digit) - 0x30 + 52
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
