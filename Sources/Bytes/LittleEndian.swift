// LittleEndian: the integers of pack headers.

extension Array where Element == UInt8 {
    package mutating func append(littleEndian value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

extension Span where Element == UInt8 {
    /// The four bytes from `offset` as a little-endian word. Traps out of bounds: check lengths of untrusted input first.
    package func littleEndianWord32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4)
        return unsafe withUnsafeBytes { unsafe UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }
}
