// ListFiles: the verb `ls`: what a snapshot holds.
//
// Without directories: everything. With some: each of them and its direct entries, or everything below with `recursive`.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Archiving
import Upkeep

package struct ListFiles {
    package var access: RepositoryAccess
    /// `latest`, an id or a prefix of one, optionally followed by `:/directory`.
    package var snapshot: String
    package var filter: SnapshotFilter
    /// Absolute and cleaned.
    package var directories: [BytePath] = []
    package var recursive = false

    package init(access: RepositoryAccess, snapshot: String, filter: SnapshotFilter) {
        self.access = access
        self.snapshot = snapshot
        self.filter = filter
    }

    /// - Parameters:
    ///   - onSnapshot: called once, before the first node.
    ///   - onNode: called in the order of the listing, with the node's path in the snapshot (or below the chosen directory).
    package func run(onSnapshot: (CatalogedSnapshot) throws -> Void, onNode: @escaping (Node, BytePath) throws -> Void) throws {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let reference = try SnapshotCatalog.resolve(snapshot, in: snapshots, filter: filter)
            let tree = try SnapshotPath.directory(reference.path, of: reference.snapshot, reader: BlobReader(indexed))
            try onSnapshot(reference.snapshot)
            try DepthFirstWalk(indexed).walk(tree, Lister(directories: directories, recursive: recursive, onNode: onNode))
        }
    }

    private final class Lister: TreeVisitor {
        private let directories: [BytePath]
        private let recursive: Bool
        private let onNode: (Node, BytePath) throws -> Void

        init(directories: [BytePath], recursive: Bool, onNode: @escaping (Node, BytePath) throws -> Void) {
            self.directories = directories
            self.recursive = recursive
            self.onNode = onNode
        }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool {
            if directories.isEmpty { return true }
            return directories.contains { path.contains($0) || (recursive && $0.contains(path)) }
        }

        func visit(_ node: Node, at path: BytePath) throws {
            if directories.isEmpty || directories.contains(where: { $0.contains(path) }) { try onNode(node, path) }
        }

        func leave(_ tree: BlobID) {}
        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws { throw error }
    }
}

extension SnapshotPath {
    /// The tree of the directory at `path` in a snapshot.
    static func directory(_ path: BytePath, of snapshot: CatalogedSnapshot, reader: BlobReader) throws -> BlobID {
        if path == .root { return snapshot.snapshot.tree }
        let node = try find(path, in: snapshot.snapshot.tree, reader: reader, snapshotName: snapshot.id.short)
        guard node.kind == .directory, let subtree = node.subtree else {
            throw RepositoryFailure.notADirectory(path.description, snapshot: snapshot.id.short)
        }
        return subtree
    }
}
