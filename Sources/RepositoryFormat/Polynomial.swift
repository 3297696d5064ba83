// Polynomial: polynomials over GF(2) of degree at most 63, as the chunker uses them.
//
// Bit i is the coefficient of x^i. Adding is XOR. A repository's polynomial is irreducible and of degree 53; two repositories
// deduplicate against each other if and only if their polynomials are equal.

import Bytes

package struct Polynomial: Hashable, Sendable, CustomStringConvertible {
    package let bits: UInt64

    package static let chunkerDegree = 53

    package init(_ bits: UInt64) { self.bits = bits }

    /// Hex digits of either case, leading zeros allowed; nil for anything else or more than 64 bits.
    package init?(hex: String) {
        guard !hex.isEmpty, hex.utf8.allSatisfy({ Hex.value($0) != nil }), let bits = UInt64(hex, radix: 16) else { return nil }
        self.bits = bits
    }

    /// Lower-case hex digits without leading zeros.
    package var hex: String { String(bits, radix: 16) }
    package var description: String { hex }

    /// The highest power, −1 for zero.
    package var degree: Int { 63 - bits.leadingZeroBitCount }

    /// The remainder after division by `divisor`, which must not be zero.
    package func modulo(_ divisor: Polynomial) -> Polynomial {
        precondition(divisor.bits != 0)
        var rest = self
        while rest.degree >= divisor.degree { rest = Polynomial(rest.bits ^ divisor.bits << UInt64(rest.degree - divisor.degree)) }
        return rest
    }

    /// The product modulo `divisor`, which must have a degree of 1 to 63.
    package func multiplied(by other: Polynomial, modulo divisor: Polynomial) -> Polynomial {
        precondition(divisor.degree >= 1)
        var factor = modulo(divisor).bits
        var product: UInt64 = 0
        let highest: UInt64 = 1 << UInt64(divisor.degree - 1)
        for power in 0..<max(other.degree + 1, 0) {
            if other.bits >> UInt64(power) & 1 == 1 { product ^= factor }
            factor = factor & highest == 0 ? factor << 1 : factor << 1 ^ divisor.bits
        }
        return Polynomial(product)
    }

    /// x^exponent modulo `divisor`.
    package static func power(_ exponent: Int, modulo divisor: Polynomial) -> Polynomial {
        var result = Polynomial(1).modulo(divisor)
        for _ in 0..<exponent { result = result.multiplied(by: Polynomial(2), modulo: divisor) }
        return result
    }

    package func greatestCommonDivisor(with other: Polynomial) -> Polynomial {
        var a = self, b = other
        while b.bits != 0 { (a, b) = (b, a.modulo(b)) }
        return a
    }

    /// Ben-Or's test: for i = 1 … degree/2, gcd(P, x^(2^i) − x mod P) must be 1.
    package var isIrreducible: Bool {
        guard degree >= 1 else { return false }
        let x = Polynomial(2)
        var power = x.modulo(self)
        for _ in 0..<degree / 2 {
            power = power.multiplied(by: power, modulo: self)
            let difference = Polynomial(power.bits ^ x.modulo(self).bits)
            guard greatestCommonDivisor(with: difference).bits == 1 else { return false }
        }
        return true
    }

    /// A random irreducible polynomial of degree 53.
    /// - Parameter randomness: eight bytes from the system's generator as one number, called about 27 times on average.
    /// - Throws: what `randomness` throws, or `.refused` after a million reducible candidates, which only a broken generator gives.
    package static func random(_ randomness: () throws -> UInt64) throws -> Polynomial {
        for _ in 0..<1_000_000 {
            let candidate = Polynomial(try randomness() & (1 << 54 - 1) | 1 << 53 | 1)
            if candidate.isIrreducible { return candidate }
        }
        throw FormatError(.refused, "chunker polynomial", "the random generator gave no irreducible polynomial")
    }
}
