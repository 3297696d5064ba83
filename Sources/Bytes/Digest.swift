// Digest: a SHA-256 value as four machine words, ordered like its bytes. The key type of every table in the engine.

/// 32 bytes. Comparison is byte order; hashing uses the first word alone, because digests are uniformly distributed.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bytes in order, eight to a word, first byte most significant.
    package let word0, word1, word2, word3: UInt64

    package static let byteCount = 32
    package static let zero = Digest(word0: 0, word1: 0, word2: 0, word3: 0)

    package init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Reads exactly 32 bytes; nil for any other length.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        self.init(
            word0: bytes.bigEndianWord(at: 0), word1: bytes.bigEndianWord(at: 8),
            word2: bytes.bigEndianWord(at: 16), word3: bytes.bigEndianWord(at: 24))
    }

    package init?(_ bytes: some Sequence<UInt8>) {
        self.init(Array(bytes).span)
    }

    /// Parses exactly 64 hex digits of either case.
    package init?(hex: String) {
        guard hex.utf8.count == 2 * Digest.byteCount, let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes.span)
    }

    package var isZero: Bool { self == .zero }

    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Digest.byteCount)
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) { result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        return result
    }

    /// 64 lower-case hex digits.
    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }

    package func hash(into hasher: inout Hasher) { hasher.combine(word0) }

    package static func < (a: Digest, b: Digest) -> Bool {
        if a.word0 != b.word0 { return a.word0 < b.word0 }
        if a.word1 != b.word1 { return a.word1 < b.word1 }
        if a.word2 != b.word2 { return a.word2 < b.word2 }
        return a.word3 < b.word3
    }
}

extension Span where Element == UInt8 {
    /// The eight bytes from `offset` as a big-endian word. Traps out of bounds: check lengths of untrusted input first.
    package func bigEndianWord(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8)
        return unsafe withUnsafeBytes { unsafe UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
}
