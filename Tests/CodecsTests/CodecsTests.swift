// The vectors of keys and seals: what restic wrote must open here, and what it must refuse is refused.

import Bytes
import Codecs
import Foundation
import TestKit
import Testing

@Suite struct `The vectors of keys and seals` {
    @Test func `derive the user key from the password`() throws {
        for vector in try CryptoVectors.load().keys {
            let derived = try Scrypt.derive(
                password: vector.password_utf8_hex.bytes.span, salt: vector.scrypt.salt_hex.bytes, n: vector.scrypt.N, r: vector.scrypt.r,
                p: vector.scrypt.p)
            #expect(derived.withBytes { [UInt8](copying: $0) } == vector.derived_hex.bytes)
            let key = try SealKey(derived: derived)
            #expect(key.encryption.withBytes { [UInt8](copying: $0) } == vector.user_key.encrypt.bytes)
            #expect(key.macK.withBytes { [UInt8](copying: $0) } == vector.user_key.mac_k.bytes)
            #expect(key.macR.withBytes { [UInt8](copying: $0) } == vector.user_key.mac_r.bytes)
        }
    }

    @Test func `open the master key of every key file`() throws {
        for vector in try CryptoVectors.load().keys {
            let file = try JSONSerialization.jsonObject(with: Data(vector.key_file_json.utf8)) as? [String: Any]
            let text = try #require(file?["data"] as? String), sealed = try #require(Base64.decode(text))
            let opened = try Seal(key: vector.user_key.key()).open(sealed)
            #expect(String(decoding: opened, as: UTF8.self) == vector.master_key_json)
        }
    }

    @Test func `open to their plaintext, by each way of opening`() throws {
        let vectors = try CryptoVectors.load().synthetic_seal, seal = Seal(key: try vectors.key.key())
        for vector in vectors.cases {
            #expect(Array(vector.sealed.bytes.prefix(16)) == vector.nonce.bytes)
            #expect(try seal.open(vector.sealed.bytes) == vector.plaintext.bytes)
            #expect(try pieces(of: vector.sealed.bytes, seal) == vector.plaintext.bytes)
        }
    }

    @Test func `are refused where they must be, by each way of opening`() throws {
        let vectors = try CryptoVectors.load().synthetic_seal, seal = Seal(key: try vectors.key.key())
        for vector in vectors.must_fail {
            #expect(throws: CodecError.self, "\(vector.why)") { _ = try seal.open(vector.sealed.bytes) }
            #expect(throws: CodecError.self, "\(vector.why)") { _ = try pieces(of: vector.sealed.bytes, seal) }
        }
    }

    @Test(arguments: [1, 2]) func `open the stored files of a repository`(_ version: Int) throws {
        let vectors = try CryptoVectors.load()
        let seal = Seal(key: try vectors.keys[version == 1 ? 1 : 0].master_key.key())
        let files = version == 1 ? vectors.files_v1 : vectors.files_v2
        #expect(files.count == 3)
        for file in files {
            let opened = try seal.open(file.stored_hex.bytes)
            if let id = file.id { #expect(SHA256.hash(file.stored_hex.bytes).hex == id) }
            if let expected = file.decrypted_hex { #expect(opened == expected.bytes) }
            if let expected = file.plaintext { #expect(String(decoding: opened, as: UTF8.self) == expected) }
            guard let decoded = file.decoded else { continue }
            let json = opened.first == 2 ? try ZstdDecompressor().decompress(Array(opened.dropFirst()), limit: 1 << 20) : opened
            #expect(String(decoding: json, as: UTF8.self) == decoded)
        }
    }

    @Test func `of RFC 7914 hold for an empty password and an empty salt`() throws {
        let derived = try Scrypt.derive(password: [UInt8]().span, salt: [], n: 16, r: 1, p: 1)
        #expect(
            Hex.encode(derived.withBytes { [UInt8](copying: $0) })
                == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")
    }

    @Test func `of impossible scrypt parameters are an error`() {
        for (n, r, p) in [(0, 8, 1), (15, 8, 1), (16, 0, 1), (16, 8, 0), (1 << 40, 8, 1)] as [(UInt64, UInt64, UInt64)] {
            #expect(throws: CodecError.self) { _ = try Scrypt.derive(password: [1].span, salt: [2], n: n, r: r, p: p) }
        }
    }
}

/// What `inspect` shows, joined.
func pieces(of sealed: [UInt8], _ seal: Seal) throws(CodecError) -> [UInt8] {
    var plain: [UInt8] = []
    try seal.inspect(sealed.span) { piece in plain += [UInt8](copying: piece) }
    return plain
}
