// AtomicFile: a file appears under its name whole and durable, or not at all.
//
// 1. create "<name>-tmp-<random>" beside the target, exclusively; 2. reserve, write, check the size; 3. fsync; 4. close;
// 5. rename; 6. fsync the directory; 7. optionally chmod read-only. On an error the temporary file is removed.

package import Bytes
import CLinux
import Glibc

package enum AtomicFile {
    /// Writes `content` to `path`, replacing what is there. On return it survives a power cut.
    /// - Parameter isDurable: false for what can be had again: after a power cut it may be there broken, and is made faster.
    package static func write(
        _ content: Span<UInt8>, to path: BytePath, mode: UInt32 = 0o600, finalMode: UInt32? = nil, isDurable: Bool = true
    ) throws(SystemError) {
        let temporary = BytePath(path.bytes + Array("-tmp-\(UInt64.random(in: 0 ... .max))".utf8))
        do {
            try fill(temporary, content, mode, isDurable)
            try Directory.rename(temporary, to: path)
        } catch {
            try? Directory.remove(temporary)
            throw error
        }
        if isDurable { try Directory.synchronize(path.parent) }
        if let finalMode {
            do {
                try Directory.setMode(path, finalMode)
            } catch {
                if error.kind != .permissionDenied && error.kind != .notSupported { throw error }
            }
        }
    }

    private static func fill(_ temporary: BytePath, _ content: Span<UInt8>, _ mode: UInt32, _ isDurable: Bool) throws(SystemError) {
        let file = try Descriptor.open(temporary, .createNew, permissions: mode)
        try file.reserve(UInt64(content.count))
        try file.writePastCache(content)
        let size = try file.status().size
        guard size == UInt64(content.count) else {
            throw SystemError(operation: "write", path: temporary, kind: .other, reason: "\(size) of \(content.count) bytes arrived on disk")
        }
        if isDurable { try file.synchronize() }
    }

    /// The whole file, refused if larger than `limit`.
    package static func read(_ path: BytePath, limit: Int) throws(SystemError) -> [UInt8] {
        try Descriptor.open(path, .read).readToEnd(limit: limit)
    }
}
