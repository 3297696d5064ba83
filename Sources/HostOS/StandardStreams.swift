// StandardStreams: what the program says. Answers on standard output must arrive: a lost one is an error. Messages on standard error
// are lost silently if nobody can take them: a full log or a closed terminal ends no backup.

import Bytes
import CLinux
import Glibc

package enum StandardStreams {
    /// Call first. A stream that is closed at the start would lend its number to the next file that is opened, and messages would
    /// be written into that file.
    package static func reserve() { lb_reserve_standard_streams() }

    /// Writes out what is still buffered. False if some of the answer is lost, unless the reader left of itself (`| head`).
    package static func flushOutput() -> Bool { lb_flush_output() == 0 }

    /// A message; never fails.
    package static func say(_ text: String) {
        let bytes = Array(text.utf8)
        try? StandardStreams.write(bytes.span, to: 2)
    }

    /// Raw bytes of an answer that is not text. Blocks while the reader is slow.
    /// - Throws: when the reader is gone, or the file behind it is full.
    package static func write(_ bytes: Span<UInt8>) throws(SystemError) { try write(bytes, to: 1) }

    private static func write(_ bytes: Span<UInt8>, to stream: Int32) throws(SystemError) {
        let name: BytePath = stream == 1 ? "standard output" : "standard error"
        let count = bytes.count
        var written = 0
        while written < count {
            written += try retrying("write to", name) {
                unsafe bytes.withUnsafeBytes { unsafe Glibc.write(stream, $0.baseAddress.map { unsafe $0 + written }, count - written) }
            }
        }
    }
}
