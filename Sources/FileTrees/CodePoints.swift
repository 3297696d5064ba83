// CodePoints: text as Go reads it, because the patterns of the format are Go's. An invalid byte is a code point of its own.

enum CodePoints {
    static let replacement: UInt32 = 0xfffd

    /// The code point at `offset` and its length in bytes; (U+FFFD, 1) for a byte that starts no valid sequence.
    static func decode(_ bytes: [UInt8], at offset: Int) -> (value: UInt32, byteCount: Int) {
        let first = bytes[offset]
        if first < 0x80 { return (UInt32(first), 1) }
        let count: Int, smallest: UInt32
        switch first {
        case 0xc2...0xdf: (count, smallest) = (2, 0x80)
        case 0xe0...0xef: (count, smallest) = (3, 0x800)
        case 0xf0...0xf4: (count, smallest) = (4, 0x10000)
        default: return (replacement, 1)
        }
        guard offset + count <= bytes.count else { return (replacement, 1) }
        var value = UInt32(first) & (0x7f >> UInt32(count))
        for index in offset + 1..<offset + count {
            guard bytes[index] & 0xc0 == 0x80 else { return (replacement, 1) }
            value = value << 6 | UInt32(bytes[index] & 0x3f)
        }
        guard value >= smallest, value <= 0x10ffff, !(0xd800...0xdfff).contains(value) else { return (replacement, 1) }
        return (value, count)
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) { bytes.append(contentsOf: String(scalar).utf8) }

    /// Lower case, code point by code point; invalid bytes become U+FFFD. Pure ASCII stays on the short path.
    static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map { 0x41...0x5a ~= $0 ? $0 + 32 : $0 } }
        var result: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            let (value, byteCount) = decode(bytes, at: offset)
            offset += byteCount
            let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
            // One code point to one: the full mapping of U+0130 has two, of which the simple mapping is the first.
            append(scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar, to: &result)
        }
        return result
    }

    /// UTF-8 without its byte-order mark; UTF-16 with one is converted.
    static func decodingByteOrderMark(_ content: [UInt8]) -> [UInt8] {
        if content.starts(with: [0xef, 0xbb, 0xbf]) { return Array(content.dropFirst(3)) }
        let isLittleEndian = content.starts(with: [0xff, 0xfe])
        guard isLittleEndian || content.starts(with: [0xfe, 0xff]) else { return content }
        let units = stride(from: 2, to: content.count - 1, by: 2).map { index in
            let low = UInt16(content[isLittleEndian ? index : index + 1]), high = UInt16(content[isLittleEndian ? index + 1 : index])
            return high << 8 | low
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// Without the white space (as Unicode knows it) at both ends.
    static func trimmed(_ line: [UInt8]) -> [UInt8] {
        var starts: [(offset: Int, byteCount: Int, isSpace: Bool)] = []
        var offset = 0
        while offset < line.count {
            let (value, byteCount) = decode(line, at: offset)
            starts.append((offset, byteCount, isSpace(value)))
            offset += byteCount
        }
        guard let first = starts.first(where: { !$0.isSpace }), let last = starts.last(where: { !$0.isSpace }) else { return [] }
        return Array(line[first.offset..<last.offset + last.byteCount])
    }

    private static func isSpace(_ value: UInt32) -> Bool {
        switch value {
        case 0x09...0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
        default: false
        }
    }
}
