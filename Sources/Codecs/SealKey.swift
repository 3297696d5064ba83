// SealKey: the two keys of the repository's authenticated encryption.

import Bytes

/// encrypt (AES-256), mac.k (AES-128), mac.r (Poly1305). Refuses all-zero parts.
package struct SealKey: Sendable {
    package static let byteCount = 64
    package let encryption: SecretBytes
    package let macK: SecretBytes
    package let macR: SecretBytes

    package init(encryption: SecretBytes, macK: SecretBytes, macR: SecretBytes) throws(CodecError) {
        guard encryption.count == 32, macK.count == 16, macR.count == 16 else { throw .malformed("a key of the wrong length") }
        guard !encryption.isZero, !macK.isZero, !macR.isZero else { throw .malformed("an all-zero key") }
        self.encryption = encryption
        self.macK = macK
        self.macR = macR
    }

    /// From the 64 bytes of a key derivation: encrypt, mac.k, mac.r.
    package init(derived: SecretBytes) throws(CodecError) {
        guard derived.count == SealKey.byteCount else { throw .malformed("a derived key of the wrong length") }
        let parts = derived.withBytes { span in
            (SecretBytes(span.extracting(0..<32)), SecretBytes(span.extracting(32..<48)), SecretBytes(span.extracting(48..<64)))
        }
        try self.init(encryption: parts.0, macK: parts.1, macR: parts.2)
    }

    package static func random() throws(CodecError) -> SealKey {
        try SealKey(derived: SecretBytes(SecureRandom.bytes(byteCount)))
    }
}
