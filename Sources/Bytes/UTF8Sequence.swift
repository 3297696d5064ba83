// UTF8Sequence: which bytes are UTF-8, decided as Go decides it: overlong forms, surrogates and values above U+10FFFF are
// invalid, and every offending byte counts alone. File names and snapshots of the format depend on this exact rule.

package enum UTF8Sequence {
    /// The code point that starts at `offset` and its length in bytes; nil if the byte at `offset` is not part of valid UTF-8.
    package static func scalar(in bytes: Span<UInt8>, at offset: Int) -> (value: UInt32, byteCount: Int)? {
        let first = bytes[offset]
        if first < 0x80 { return (UInt32(first), 1) }
        guard let (byteCount, second) = shape(first), offset + byteCount <= bytes.count, second.contains(bytes[offset + 1]) else {
            return nil
        }
        var value = UInt32(first) & (0x7f >> UInt32(byteCount))
        value = value << 6 | UInt32(bytes[offset + 1] & 0x3f)
        for index in 2..<max(byteCount, 2) {
            let byte = bytes[offset + index]
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        return (value, byteCount)
    }

    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            guard let step = scalar(in: bytes, at: index) else { return false }
            index += step.byteCount
        }
        return true
    }

    /// Appends the UTF-8 form of a code point; surrogates and values above U+10FFFF become U+FFFD.
    package static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? Unicode.Scalar(0xfffd as UInt16) ?? " "
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// The length a first byte announces, and the range its second byte must lie in.
    private static func shape(_ first: UInt8) -> (byteCount: Int, second: ClosedRange<UInt8>)? {
        switch first {
        case 0xc2...0xdf: (2, 0x80...0xbf)
        case 0xe0: (3, 0xa0...0xbf)
        case 0xed: (3, 0x80...0x9f)
        case 0xe1...0xef: (3, 0x80...0xbf)
        case 0xf0: (4, 0x90...0xbf)
        case 0xf1...0xf3: (4, 0x80...0xbf)
        case 0xf4: (4, 0x80...0x8f)
        default: nil
        }
    }
}

extension Array where Element == UInt8 {
    /// Appends a copy of the span in one step.
    package mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a part of the span in one step. Traps if the range is out of bounds.
    package mutating func append(copying bytes: Span<UInt8>, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
    }
}
