// SHA256: libcrypto's SHA-256, whole or in pieces. Contexts are reused; a context belongs to one thread at a time.

package import Bytes
import COpenSSL

/// An incremental SHA-256. Not thread-safe.
// Safe because: the context is created, used and freed by its single owner.
@safe package final class SHA256 {
    private let context: OpaquePointer
    // Safe because: fetched once, then only read; libcrypto's algorithm objects are immutable and thread-safe.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        guard let fetched = unsafe EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("libcrypto offers no SHA-256") }
        return unsafe fetched
    }()

    package init() {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest context") }
        unsafe self.context = context
        reset()
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    package func reset() {
        let status = unsafe EVP_DigestInit_ex2(context, SHA256.algorithm, nil)
        precondition(status == 1, "libcrypto refused to start SHA-256")
    }

    package func update(_ bytes: Span<UInt8>) {
        let status = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused to continue SHA-256")
    }

    /// The digest of everything since the last reset; resets.
    package func finish() -> Digest {
        var output = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        let status = unsafe withUnsafeMutableBytes(of: &output) {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        }
        precondition(status == 1, "libcrypto refused to finish SHA-256")
        reset()
        return Digest(
            word0: UInt64(bigEndian: output.0), word1: UInt64(bigEndian: output.1),
            word2: UInt64(bigEndian: output.2), word3: UInt64(bigEndian: output.3))
    }

    /// The digest of `bytes` with this context.
    package func digest(of bytes: Span<UInt8>) -> Digest {
        update(bytes)
        return finish()
    }

    /// The digest of `bytes`; keep a context instead where many are computed.
    package static func hash(_ bytes: Span<UInt8>) -> Digest { SHA256().digest(of: bytes) }
    package static func hash(_ bytes: [UInt8]) -> Digest { hash(bytes.span) }
}
