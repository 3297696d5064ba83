// StandardOutput: raw bytes to the program's standard output, for answers that are not text.

import Bytes
import Glibc

package enum StandardOutput {
    private static let name: BytePath = "standard output"

    /// Writes every byte; blocks while the reader is slow.
    /// - Throws: when the reader is gone, or the file behind it is full.
    package static func write(_ bytes: Span<UInt8>) throws(SystemError) {
        let count = bytes.count
        var written = 0
        while written < count {
            written += try retrying("write to", name) {
                unsafe bytes.withUnsafeBytes { unsafe Glibc.write(1, $0.baseAddress.map { unsafe $0 + written }, count - written) }
            }
        }
    }
}
