// Scrypt: the password-based key derivation of key files (RFC 7914), by libcrypto.

import Bytes
import COpenSSL

package enum Scrypt {
    /// Derives `byteCount` bytes. The caller has checked the parameters; memory use is about 128·N·r bytes.
    package static func derive(
        password: Span<UInt8>, salt: [UInt8], n: UInt64, r: UInt64, p: UInt64, byteCount: Int = 64
    ) throws(CodecError) -> SecretBytes {
        var output = [UInt8](repeating: 0, count: byteCount)
        let memoryLimit = UInt64(1) << 32
        // One byte more than the password: a nil address would ask libcrypto for its size check only.
        var characters = [UInt8](copying: password).map { CChar(bitPattern: $0) } + [0]
        let status = unsafe EVP_PBE_scrypt(characters, password.count, salt, salt.count, n, r, p, memoryLimit, &output, byteCount)
        unsafe OPENSSL_cleanse(&characters, characters.count)
        guard status == 1 else { throw .unavailable("scrypt with N=\(n), r=\(r), p=\(p)") }
        defer { unsafe OPENSSL_cleanse(&output, output.count) }
        return SecretBytes(output)
    }
}
