// CryptoVectors: keys, sealed messages and stored files whose plaintext is known.

import Bytes
import Codecs
import Foundation
import TestKit

struct CryptoVectors: Decodable {
    struct Parts: Decodable {
        let encrypt: HexBytes
        let mac_k: HexBytes
        let mac_r: HexBytes

        func key() throws -> SealKey {
            try SealKey(encryption: SecretBytes(encrypt.bytes), macK: SecretBytes(mac_k.bytes), macR: SecretBytes(mac_r.bytes))
        }
    }
    struct Scrypt: Decodable {
        let N: UInt64
        let r: UInt64
        let p: UInt64
        let salt_hex: HexBytes
    }
    struct Key: Decodable {
        let password_utf8_hex: HexBytes
        let key_file_json: String
        let scrypt: Scrypt
        let derived_hex: HexBytes
        let user_key: Parts
        let master_key_json: String
        let master_key: Parts
    }
    struct StoredFile: Decodable {
        let kind: String
        let id: String?
        let stored_hex: HexBytes
        let plaintext: String?
        let decrypted_hex: HexBytes?
        let decoded: String?
    }
    struct Synthetic: Decodable {
        struct Case: Decodable {
            let nonce: HexBytes
            let plaintext: HexBytes
            let sealed: HexBytes
        }
        struct MustFail: Decodable {
            let sealed: HexBytes
            let why: String
        }
        let key: Parts
        let cases: [Case]
        let must_fail: [MustFail]
    }
    let keys: [Key]
    let files_v1: [StoredFile]
    let files_v2: [StoredFile]
    let synthetic_seal: Synthetic

    static func load() throws -> CryptoVectors {
        try JSONDecoder().decode(CryptoVectors.self, from: Data(TestVectors.read("crypto.json")))
    }
}

/// Bytes written as hex.
struct HexBytes: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Hex.decode(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not hex: \(text)"))
        }
        self.bytes = bytes
    }
}
