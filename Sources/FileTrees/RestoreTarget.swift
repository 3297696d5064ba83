// RestoreTarget: the directory a restore writes below, and what may give way to restored entries there.
//
// Paths are those of the snapshot ("/etc/hosts"), taken below the target; BeneathRoot sees to it that none leads out, and that
// no symbolic link below the target is ever followed, also when the target is `/`. What is in the way:
//   - a directory for a directory stays; - a regular file with one name for a file is overwritten in place (FileWriter);
//   - any other non-directory is removed, never followed; - a directory in the way of something else is removed if it is empty,
//     with its content only if deleting is allowed.

package import Bytes
package import HostOS

package struct RestoreTarget: Sendable {
    package let root: BeneathRoot
    /// Whether directories with content may be removed where something else is to be restored.
    package let mayDelete: Bool

    package init(_ root: BeneathRoot, mayDelete: Bool = false) {
        self.root = root
        self.mayDelete = mayDelete
    }

    // MARK: Making

    /// Creates a directory, 0700 until its metadata is applied, or finds it there.
    ///
    /// - Parameter replacingOthers: false refuses to remove what is no directory: a restore into a running system then says
    ///   that /var/run is a link instead of replacing it.
    /// - Returns: true if it was created.
    @discardableResult
    package func createDirectory(_ path: BytePath, replacingOthers: Bool = true) throws -> Bool {
        do {
            try root.createDirectory(path)
            return true
        } catch {
            guard error.kind == .exists else { throw error }
            let status = try root.status(of: path)
            if status.kind == .directory { return false }
            guard replacingOthers else { throw FileTreeError.inTheWay(path, status.kind) }
            try root.remove(path)
            try root.createDirectory(path)
            return true
        }
    }

    /// Creates a directory and those above it.
    package func createDirectories(_ path: BytePath, replacingOthers: Bool = true) throws {
        var current = BytePath.root
        for name in path.components {
            guard isSafeName(name) else { throw FileTreeError.unsafeName(name) }
            current = current.appending(name)
            try createDirectory(current, replacingOthers: replacingOthers)
        }
    }

    package func createSymbolicLink(_ path: BytePath, to target: [UInt8]) throws {
        try replacing(path) { () throws(SystemError) in try root.createSymbolicLink(path, to: target) }
    }

    /// A device or fifo, 0600 until its metadata is applied.
    package func createSpecialFile(_ path: BytePath, kind: FileKind, device: UInt64) throws {
        try replacing(path) { () throws(SystemError) in try root.createSpecialFile(path, kind: kind, device: device) }
    }

    /// A further name for a file restored before.
    package func createHardLink(_ path: BytePath, to existing: BytePath) throws {
        try replacing(path) { () throws(SystemError) in try root.createHardLink(path, to: existing) }
    }

    private func replacing(_ path: BytePath, _ create: () throws(SystemError) -> Void) throws {
        do {
            try create()
        } catch {
            guard error.kind == .exists else { throw error }
            try clear(path)
            try create()
        }
    }

    // MARK: Removing

    /// Makes room for something that is not a directory. Nothing there is fine.
    /// - Throws: `FileTreeError.inTheWay` for a directory with content, unless deleting is allowed.
    package func clear(_ path: BytePath) throws {
        guard let status = try root.statusIfExists(of: path) else { return }
        guard status.kind == .directory else { return try root.remove(path) }
        do {
            try root.removeEmptyDirectory(path)
        } catch {
            guard error.kind == .notEmpty || error.kind == .exists else { throw error }
            guard mayDelete else { throw FileTreeError.inTheWay(path, .directory) }
            try root.removeTree(path)
        }
    }

    /// The names in a restored directory that `keeping` does not contain: what deleting would remove. Sorted.
    package func surplusNames(in directory: BytePath, keeping names: Set<[UInt8]>) throws(SystemError) -> [[UInt8]] {
        try root.entries(of: directory).map(\.name).filter { !names.contains($0) }
    }
}
