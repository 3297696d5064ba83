// SecureRandom: the system's cryptographic random generator, through libcrypto.

package import Bytes
import COpenSSL

package enum SecureRandom {
    /// `count` unpredictable bytes. Traps if the system has no entropy source: going on would be worse.
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](byteCount: count) { span in
            fill(&span)
            return count
        }
    }

    package static func fill(_ span: inout MutableSpan<UInt8>) {
        let status = unsafe span.withUnsafeMutableBytes { unsafe RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32($0.count)) }
        precondition(status == 1, "the system gave no random bytes")
    }

    package static func uint64() -> UInt64 { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
    package static func digest() -> Digest { Digest(bytes(Digest.byteCount)) ?? .zero }
}
