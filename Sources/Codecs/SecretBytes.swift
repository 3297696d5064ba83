// SecretBytes: key material that is wiped when it goes.

import Bytes
import COpenSSL

/// Bytes that are zeroed on deinit and never printed.
// Safe because: immutable after init; the pointer never leaves `withBytes`.
@safe package final class SecretBytes: @unchecked Sendable, CustomStringConvertible {
    private let storage: UnsafeMutableBufferPointer<UInt8>

    package init(_ bytes: Span<UInt8>) {
        unsafe storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        for index in 0..<bytes.count { unsafe storage.initializeElement(at: index, to: bytes[index]) }
    }

    package convenience init(_ bytes: [UInt8]) { self.init(bytes.span) }

    deinit {
        unsafe OPENSSL_cleanse(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    package var count: Int { unsafe storage.count }
    package var isEmpty: Bool { count == 0 }
    package var isZero: Bool { withBytes { span in (0..<span.count).allSatisfy { span[$0] == 0 } } }

    package func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(unsafe UnsafeBufferPointer(storage).span)
    }

    package var description: String { "<secret>" }
}
