// DumpSource: where a restore reads the files of a dump from: the counterpart of DumpSink.

import Bytes

package protocol DumpSource: Sendable {
    /// Opens one file for reading from its start. Any thread may open any number of files at the same time.
    ///
    /// - Throws: if there is none of that name, or it cannot be read.
    func open(_ path: [[UInt8]]) throws -> any DumpFile
}

/// Not thread-safe: belongs to the thread that opened it.
package protocol DumpFile: AnyObject {
    /// Reads up to `buffer.count` bytes, at least one; 0 only at the end of the file.
    func read(into buffer: inout MutableSpan<UInt8>) throws -> Int
}

extension DumpSource {
    /// A whole file.
    ///
    /// - Throws: `DumpFileTooLarge` for one of more than `limit` bytes, and what opening and reading throw.
    package func read(_ path: [[UInt8]], limit: Int) throws -> [UInt8] {
        let file = try open(path)
        var content: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: 1 << 16) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { return content }
            guard content.count + piece.count <= limit else { throw DumpFileTooLarge(path: path, limit: limit) }
            content += piece
        }
    }
}
