// NewFile: a file written piece by piece that appears under its name whole and durable, or not at all: AtomicFile for what does not
// fit into memory.
//
// 1. create "<name>-tmp-<random>" beside the target, exclusively, for its owner alone; 2. write; 3. fsync; 4. link to the name (which
// fails if the name was taken meanwhile) or, to replace, rename; 5. fsync the directory. Whoever gives up removes the temporary file.

package import Bytes
import CLinux
import Glibc

/// Not thread-safe.
package final class NewFile {
    private let path: BytePath
    private let temporary: BytePath
    private let replaces: Bool
    private let descriptor: Descriptor
    private var isOver = false

    /// - Parameter replaces: whether a file that is there is replaced; never a directory.
    /// - Throws: `exists` if there is one and it is not to be replaced.
    package init(_ path: BytePath, replaces: Bool, mode: UInt32 = 0o600) throws(SystemError) {
        if !replaces, try FileStatus.ifExists(path) != nil { throw Self.taken(path) }
        self.path = path
        self.replaces = replaces
        temporary = BytePath(path.bytes + Array("-tmp-\(UInt64.random(in: 0 ... .max))".utf8))
        descriptor = try Descriptor.open(temporary, .createNew, permissions: mode)
    }

    deinit { discard() }

    package func write(_ bytes: Span<UInt8>) throws(SystemError) { try descriptor.write(bytes) }

    /// Gives it its name. On return it survives a power cut.
    package func finish() throws(SystemError) {
        precondition(!isOver, "a new file is finished once")
        try descriptor.synchronize()
        if replaces {
            try Directory.rename(temporary, to: path)
        } else {
            try Directory.renameToNewName(temporary, path)
        }
        isOver = true
        try Directory.synchronize(path.parent)
    }

    /// Removes what was written, unless it is finished.
    package func discard() {
        if isOver { return }
        isOver = true
        try? Directory.remove(temporary)
    }

    static func taken(_ path: BytePath) -> SystemError {
        SystemError(operation: "create", path: path, kind: .exists, reason: "there is one of that name")
    }
}

extension Directory {
    /// Renames, unless there is something of the new name (RENAME_NOREPLACE; by a link where the file system cannot do that).
    static func renameToNewName(_ source: BytePath, _ target: BytePath) throws(SystemError) {
        do {
            try retrying("rename to '\(target)'", source) {
                unsafe source.withCString { from in unsafe target.withCString { to in unsafe lb_renameat2(AT_FDCWD, from, AT_FDCWD, to, 1) } }
            }
        } catch {
            guard error.kind == .invalid || error.kind == .notSupported else { throw error }
            try retrying("link to '\(target)'", source) {
                unsafe source.withCString { from in unsafe target.withCString { to in unsafe Glibc.link(from, to) } }
            }
            try remove(source)
        }
    }
}
