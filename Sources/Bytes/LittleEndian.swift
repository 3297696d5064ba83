// LittleEndian: the integers of pack headers and of parity files.

extension Array where Element == UInt8 {
    package mutating func append(littleEndian value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    package mutating func append(littleEndian64 value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

extension Span where Element == UInt8 {
    /// The four bytes from `offset` as a little-endian word. Traps out of bounds: check lengths of untrusted input first.
    package func littleEndianWord32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4)
        return unsafe withUnsafeBytes { unsafe UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }

    /// The eight bytes from `offset`, likewise.
    package func littleEndianWord64(at offset: Int) -> UInt64 {
        UInt64(littleEndianWord32(at: offset)) | UInt64(littleEndianWord32(at: offset + 4)) << 32
    }
}
