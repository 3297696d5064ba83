// RowHash: a 64-bit hash of a row's bytes, and sums of such hashes that do not depend on the order of rows.
//
// The function is wyhash (final version 4, seed 0), written down here because manifests outlive libraries: 48 bytes a step, each a
// 64 × 64 → 128-bit product folded by xor. A set of rows is count + xor + sum modulo 2^64 of its rows' hashes: equal rows count as
// often as they occur. Proof against accidents, not against a forger: the repository's own SHA-256 stands against that.

package struct RowSum: Hashable, Sendable {
    package var rowCount: UInt64
    package var xor: UInt64
    package var sum: UInt64

    package init(rowCount: UInt64 = 0, xor: UInt64 = 0, sum: UInt64 = 0) {
        self.rowCount = rowCount
        self.xor = xor
        self.sum = sum
    }

    package mutating func add(_ hash: UInt64) {
        rowCount &+= 1
        xor ^= hash
        sum &+= hash
    }

    package mutating func add(_ other: RowSum) {
        rowCount &+= other.rowCount
        xor ^= other.xor
        sum &+= other.sum
    }
}

package enum RowHash {
    private static let secret0: UInt64 = 0xa076_1d64_78bd_642f
    private static let secret1: UInt64 = 0xe703_7ed1_a0b4_28db
    private static let secret2: UInt64 = 0x8ebc_6af0_9c88_c6e3
    private static let secret3: UInt64 = 0x5899_65cc_7537_4cc3

    package static func hash(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0, seed: seed) }
    }

    package static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0, seed: seed) }
    }

    // Safe because: every load lies within `bytes`: the branches are by its length, and the last words are counted from its end.
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var seed = seed ^ mix(seed ^ secret0, secret1)
        var a: UInt64 = 0, b: UInt64 = 0
        if count > 16 {
            let start = unsafe consume(bytes, &seed)
            unsafe a = word(bytes, count - 16)
            unsafe b = word(bytes, count - 8)
            precondition(start <= count)
        } else if count >= 4 {
            let step = (count >> 3) << 2
            unsafe a = half(bytes, 0) << 32 | half(bytes, step)
            unsafe b = half(bytes, count - 4) << 32 | half(bytes, count - 4 - step)
        } else if count > 0 {
            unsafe a = UInt64(bytes[0]) << 16 | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1])
        }
        let product = (a ^ secret1).multipliedFullWidth(by: b ^ seed)
        return mix(product.low ^ secret0 ^ UInt64(count), product.high ^ secret1)
    }

    /// Folds everything but the last 1 to 16 bytes into the seed; returns where those start.
    @inline(__always)
    private static func consume(_ bytes: UnsafeRawBufferPointer, _ seed: inout UInt64) -> Int {
        var offset = 0, left = bytes.count
        if left > 48 {
            var second = seed, third = seed
            repeat {
                unsafe seed = mix(word(bytes, offset) ^ secret1, word(bytes, offset + 8) ^ seed)
                unsafe second = mix(word(bytes, offset + 16) ^ secret2, word(bytes, offset + 24) ^ second)
                unsafe third = mix(word(bytes, offset + 32) ^ secret3, word(bytes, offset + 40) ^ third)
                offset += 48
                left -= 48
            } while left > 48
            seed ^= second ^ third
        }
        while left > 16 {
            unsafe seed = mix(word(bytes, offset) ^ secret1, word(bytes, offset + 8) ^ seed)
            offset += 16
            left -= 16
        }
        return offset
    }

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.low ^ product.high
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func half(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}
