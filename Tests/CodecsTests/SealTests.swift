// SealTests: what is sealed opens to the same bytes with the same key only, and not with a single bit changed.

import Bytes
import Codecs
import TestKit
import Testing

@Suite struct `A seal` {
    private static let pieceByteCount = 64 << 10

    @Test(arguments: [
        0, 1, 15, 16, 17, 31, 32, 33, 1000, pieceByteCount - 1, pieceByteCount, pieceByteCount + 1, 3 * pieceByteCount + 5, 2_000_003,
    ]) func `opens to what was sealed`(_ byteCount: Int) throws {
        var random = SeededRandom(seed: UInt64(byteCount))
        let plain = random.bytes(byteCount), seal = Seal(key: try .random())
        let sealed = seal.seal(plain)
        #expect(sealed.count == byteCount + Seal.overhead)
        #expect(try seal.open(sealed) == plain)
        #expect(try pieces(of: sealed, seal) == plain)
        if byteCount > 100 { #expect(Array(sealed[16..<16 + byteCount]) != plain) }
    }

    @Test func `sealed in place is the same message`() throws {
        let seal = Seal(key: try .random())
        for byteCount in [0, 5, 70_000] {
            var random = SeededRandom(seed: 4)
            let plain = random.bytes(byteCount)
            var message = [UInt8](repeating: 0, count: 16) + plain + [UInt8](repeating: 0, count: 16)
            var span = message.mutableSpan
            seal.sealInPlace(&span)
            #expect(try seal.open(message) == plain)
        }
    }

    @Test(arguments: [0, 1, 16, 21]) func `rejects every flipped bit`(_ byteCount: Int) throws {
        var random = SeededRandom(seed: 11)
        let seal = Seal(key: try .random()), sealed = seal.seal(random.bytes(byteCount))
        for bit in 0..<sealed.count * 8 {
            var altered = sealed
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CodecError.wrongTag, "bit \(bit)") { _ = try seal.open(altered) }
            #expect(throws: CodecError.wrongTag, "bit \(bit)") { _ = try pieces(of: altered, seal) }
        }
    }

    @Test func `shows no piece of a message that was altered anywhere`() throws {
        let seal = Seal(key: try .random())
        var random = SeededRandom(seed: 12)
        var sealed = seal.seal(random.bytes(200_000))
        sealed[190_000] ^= 1
        var shown = 0
        #expect(throws: CodecError.wrongTag) { try seal.inspect(sealed.span) { _ in shown += 1 } }
        #expect(shown == 0)
    }

    @Test func `rejects every other length`() throws {
        let seal = Seal(key: try .random()), sealed = seal.seal(Array("some text".utf8))
        for count in 0..<sealed.count {
            #expect(throws: CodecError.self, "\(count) bytes") { _ = try seal.open(Array(sealed.prefix(count))) }
            #expect(throws: CodecError.self, "\(count) bytes") { _ = try pieces(of: Array(sealed.prefix(count)), seal) }
        }
        #expect(throws: CodecError.wrongTag) { _ = try seal.open(sealed + [0]) }
    }

    @Test func `opens with no other key, whichever part differs`() throws {
        var random = SeededRandom(seed: 3)
        let bytes = random.bytes(64)
        let sealed = Seal(key: try SealKey(derived: SecretBytes(bytes))).seal(Array("secret".utf8))
        for part in [32, 48, 63] {
            var other = bytes
            other[part] ^= 1
            // The last byte of r holds bits that clamping keeps.
            #expect(throws: CodecError.wrongTag, "byte \(part)") { _ = try Seal(key: SealKey(derived: SecretBytes(other))).open(sealed) }
        }
    }

    @Test func `never uses a nonce twice, nor the same bytes for the same text`() throws {
        let seal = Seal(key: try .random())
        let sealed = (0..<500).map { _ in seal.seal([1, 2, 3]) }
        #expect(Set(sealed.map { Array($0.prefix(16)) }).count == 500)
        #expect(Set(sealed).count == 500)
    }
}

@Suite struct `A key of seals` {
    @Test func `has three parts of fixed lengths, none of them zero`() throws {
        func make(_ a: [UInt8], _ b: [UInt8], _ c: [UInt8]) throws(CodecError) {
            _ = try SealKey(encryption: SecretBytes(a), macK: SecretBytes(b), macR: SecretBytes(c))
        }
        let (long, short) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 1, count: 16))
        let (longZero, shortZero) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 16))
        #expect(throws: Never.self) { try make(long, short, short) }
        for (a, b, c) in [(short, short, short), (long, long, short), (long, short, []), (longZero, short, short), (long, shortZero, short), (long, short, shortZero)] {
            #expect(throws: CodecError.self) { try make(a, b, c) }
        }
        #expect(throws: CodecError.self) { _ = try SealKey(derived: SecretBytes(long)) }
    }

    @Test func `does not print itself`() {
        let secret = SecretBytes(Array("hunter2".utf8))
        #expect("\(secret)" == "<secret>" && String(reflecting: secret) == "<secret>")
        #expect(secret.count == 7 && !secret.isEmpty && !secret.isZero && SecretBytes([]).isEmpty)
    }
}

@Suite struct `A SHA-256` {
    @Test func `is the standard's`() {
        #expect(SHA256.hash([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hash(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(arguments: UInt64(1)...8) func `in pieces is that of the whole`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(Int.random(in: 0...300_000, using: &random))
        let whole = SHA256.hash(bytes), hasher = SHA256()
        for _ in 0..<3 {
            var position = 0
            while position < bytes.count {
                // Empty pieces too.
                let end = min(bytes.count, position + Int.random(in: 0...70_000, using: &random))
                hasher.update(bytes.span.extracting(position..<end))
                position = end
            }
            #expect(hasher.finish() == whole)
        }
        hasher.update([1, 2, 3].span)
        hasher.reset()
        #expect(hasher.digest(of: bytes.span) == whole)
    }
}
