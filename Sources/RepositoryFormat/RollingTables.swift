// RollingTables: the two tables of a rolling remainder for one polynomial. Made once per polynomial, shared by all threads.

/// A class with stored arrays in place, because copying 4 KiB of tables into every call would cost more than the hashing.
package final class RollingTables: Sendable {
    /// out[b] = (b · x^504) mod P: the part of byte b in the digest when it is the oldest in the window.
    package let out: InlineArray<256, UInt64>
    /// mod[b] = ((b · x^53) mod P) | b << 53: reduces and clears what the shift by eight pushed out at the top.
    package let mod: InlineArray<256, UInt64>

    static let shift: UInt64 = 45

    package init(_ polynomial: Polynomial) {
        let oldest = Polynomial.power(8 * (Chunker.window - 1), modulo: polynomial)
        let top = Polynomial.power(Polynomial.chunkerDegree, modulo: polynomial)
        out = InlineArray { oldest.multiplied(by: Polynomial(UInt64($0)), modulo: polynomial).bits }
        mod = InlineArray { top.multiplied(by: Polynomial(UInt64($0)), modulo: polynomial).bits | UInt64($0) << 53 }
    }

    /// The digest after a byte enters the window.
    @inline(__always)
    func append(_ byte: UInt8, to digest: UInt64) -> UInt64 {
        (digest << 8 | UInt64(byte)) ^ mod[Int(UInt8(truncatingIfNeeded: digest >> RollingTables.shift))]
    }

    /// The digest after the oldest byte leaves the window.
    @inline(__always)
    func remove(_ byte: UInt8, from digest: UInt64) -> UInt64 { digest ^ out[Int(byte)] }
}
