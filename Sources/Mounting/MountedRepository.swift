// MountedRepository: a repository as a read-only file system: what every path in it is. Knows nothing of FUSE, and keeps no state for
// paths: each is looked up anew from the top, through caches.
//
// 1. The first names of a path lead through the folders that the layout makes, to a snapshot. 2. Every further name is looked up in a tree
// of the repository. A tree is read when somebody enters it. 3. A file that is opened gets the places of its blobs; a blob is read when
// somebody reads there. 4. Trees and blobs are kept while they fit: 64 MiB of each.
//
// What is damaged makes the one answer fail that needs it, and is told once. Safe to use from any number of threads.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Synchronization

package final class MountedRepository: Sendable {
    package static let cacheByteCount = 64 << 20

    private let indexed: IndexedRepository
    private let snapshots: MountedSnapshots
    private let owner: Owner
    private let started: Timestamp
    private let troubles: Troubles
    private let trees = BoundedCache<BlobID, TreeListing>(limit: cacheByteCount)
    private let blobs = BoundedCache<BlobID, [UInt8]>(limit: cacheByteCount)
    private let openFiles = Mutex(OpenFiles())

    /// Whose everything is.
    package struct Owner: Sendable {
        /// Of the folders above the snapshots.
        let userID: UInt32
        let groupID: UInt32
        /// Whether files belong to them too, and not to whom the snapshots say.
        let ownsFiles: Bool

        package init(userID: UInt32, groupID: UInt32, ownsFiles: Bool) {
            self.userID = userID
            self.groupID = groupID
            self.ownsFiles = ownsFiles
        }
    }

    /// - Parameters:
    ///   - started: the time of the folders above the snapshots.
    ///   - onTrouble: hears of everything that cannot be read; each thing once.
    package init(
        _ indexed: IndexedRepository, _ snapshots: MountedSnapshots, owner: Owner, started: Timestamp,
        onTrouble: @escaping @Sendable (Failure) -> Void
    ) {
        self.indexed = indexed
        self.snapshots = snapshots
        self.owner = owner
        self.started = started
        troubles = Troubles(onTrouble)
    }

    // MARK: Paths

    private enum Place {
        case folder([[UInt8]: FolderEntry])
        case link([UInt8])
        case snapshot(CatalogedSnapshot)
        case node(Node, CatalogedSnapshot)
    }

    private func place(_ path: BytePath) throws -> Place {
        var entry = snapshots.root, names = path.components[...]
        while case .folder(let entries) = entry, let name = names.first {
            guard let next = entries[name] else { throw MountRefusal.noSuchFile }
            entry = next
            names = names.dropFirst()
        }
        switch entry {
        case .folder(let entries): return .folder(entries)
        case .link(let target):
            guard names.isEmpty else { throw MountRefusal.noDirectory }
            return .link(target)
        case .snapshot(let snapshot):
            return names.isEmpty ? .snapshot(snapshot) : .node(try node(Array(names), in: snapshot, at: path), snapshot)
        }
    }

    private func node(_ names: [[UInt8]], in snapshot: CatalogedSnapshot, at path: BytePath) throws -> Node {
        var tree = snapshot.snapshot.tree, found: Node?
        for name in names {
            if let parent = found { tree = try subtree(of: parent, at: path) }
            guard let next = try listing(tree, at: path).node(named: name) else { throw MountRefusal.noSuchFile }
            found = next
        }
        guard let found else { throw MountRefusal.noSuchFile }
        return found
    }

    private func subtree(of node: Node, at path: BytePath) throws -> BlobID {
        guard node.kind == .directory else { throw MountRefusal.noDirectory }
        guard let subtree = node.subtree else {
            throw troubles.unreadable(path, RepositoryFailure.damaged(object: "directory '\(node.displayName)'", detail: "it names no tree"))
        }
        return subtree
    }

    private func listing(_ tree: BlobID, at path: BytePath) throws -> TreeListing {
        do {
            return try trees.value(for: tree, cost: \.byteCount) {
                let listing = TreeListing(try Tree.parse(BlobReader(indexed).readTree(tree)))
                if listing.leftOutCount > 0 { troubles.note(leftOut: listing.leftOutCount, tree, path) }
                return listing
            }
        } catch {
            throw troubles.unreadable(path, error)
        }
    }

    // MARK: Answers

    /// What stat says.
    /// - Throws: `MountRefusal`, like everything here.
    package func attributes(of path: BytePath) throws -> MountedAttributes { attributes(of: try place(path), at: path) }

    private func attributes(of place: Place, at path: BytePath) -> MountedAttributes {
        switch place {
        case .folder: owned(MountedAttributes(folderAt: path, time: started))
        case .link(let target): owned(MountedAttributes(linkAt: path, target: target, time: started))
        case .snapshot(let snapshot): owned(MountedAttributes(folderAt: path, time: snapshot.snapshot.time))
        case .node(let node, let snapshot): attributes(of: node, in: snapshot, at: path)
        }
    }

    private func attributes(of node: Node, in snapshot: CatalogedSnapshot, at path: BytePath) -> MountedAttributes {
        let attributes = MountedAttributes(of: node, in: snapshot.id, at: path)
        return owner.ownsFiles ? owned(attributes) : attributes
    }

    private func owned(_ attributes: MountedAttributes) -> MountedAttributes {
        var attributes = attributes
        attributes.userID = owner.userID
        attributes.groupID = owner.groupID
        return attributes
    }

    /// Hands over every entry of a directory until `body` returns false.
    package func list(_ path: BytePath, _ body: ([UInt8], MountedAttributes) -> Bool) throws {
        switch try place(path) {
        case .folder(let entries):
            for (name, entry) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                let place: Place =
                    switch entry {
                    case .folder(let entries): .folder(entries)
                    case .link(let target): .link(target)
                    case .snapshot(let snapshot): .snapshot(snapshot)
                    }
                if !body(name, attributes(of: place, at: path.appending(name))) { return }
            }
        case .snapshot(let snapshot): try list(snapshot.snapshot.tree, of: snapshot, at: path, body)
        case .node(let node, let snapshot): try list(subtree(of: node, at: path), of: snapshot, at: path, body)
        case .link: throw MountRefusal.noDirectory
        }
    }

    private func list(
        _ tree: BlobID, of snapshot: CatalogedSnapshot, at path: BytePath, _ body: ([UInt8], MountedAttributes) -> Bool
    ) throws {
        for node in try listing(tree, at: path).nodes {
            if !body(node.name, attributes(of: node, in: snapshot, at: path.appending(node.name))) { return }
        }
    }

    package func linkTarget(of path: BytePath) throws -> [UInt8] {
        switch try place(path) {
        case .link(let target): return target
        case .node(let node, _) where node.kind == .symbolicLink: return node.linkTarget
        default: throw MountRefusal.invalid
        }
    }

    package func extendedAttributes(of path: BytePath) throws -> [Node.ExtendedAttribute] {
        if case .node(let node, _) = try place(path) { return node.extendedAttributes }
        return []
    }

    // MARK: Content

    package struct OpenedFile: Sendable {
        package let handle: UInt64
        /// Whether the content is not as long as the attributes say: the tree and the index disagree.
        package let hasOtherSize: Bool
    }

    /// A file for reading, until `close`.
    package func open(_ path: BytePath) throws -> OpenedFile {
        guard case .node(let node, _) = try place(path) else { throw MountRefusal.isDirectory }
        guard node.kind == .file else { throw node.kind == .directory ? MountRefusal.isDirectory : MountRefusal.invalid }
        do {
            let content = try BlobSequence(node.content ?? [], index: indexed.index)
            if content.byteCount != node.size { troubles.note(path, size: node.size, content: content.byteCount) }
            let handle = openFiles.withLock { $0.add(OpenFile(path: path, content: content)) }
            return OpenedFile(handle: handle, hasOtherSize: content.byteCount != node.size)
        } catch {
            throw troubles.unreadable(path, error)
        }
    }

    /// Lends the bytes from `offset`, at most `byteCount` of them, piece by piece and verified; fewer only at the end of the file.
    package func read(_ handle: UInt64, at offset: UInt64, byteCount: Int, _ body: (Span<UInt8>) -> Void) throws {
        guard let file = openFiles.withLock({ $0.files[handle] }) else { throw MountRefusal.invalid }
        do {
            for (position, piece) in file.content.pieces(from: offset, byteCount: byteCount) {
                let bytes = try content(of: piece.blob, byteCount: file.content.length(at: position))
                body(bytes.span.extracting(piece.range))
            }
        } catch {
            throw troubles.unreadable(file.path, error)
        }
    }

    private func content(of blob: BlobID, byteCount: Int) throws -> [UInt8] {
        let handle = BlobHandle(type: .data, id: blob)
        let bytes = try blobs.value(for: blob, cost: { $0.count + 256 }) { try BlobReader(indexed).read(handle) }
        guard bytes.count == byteCount else {
            throw RepositoryFailure.damaged(object: "the index", detail: "it says that the \(handle) has \(byteCount) bytes, and it has \(bytes.count)")
        }
        return bytes
    }

    package func close(_ handle: UInt64) { openFiles.withLock { $0.files[handle] = nil } }

    private struct OpenFile: Sendable {
        let path: BytePath
        let content: BlobSequence
    }

    private struct OpenFiles {
        var files: [UInt64: OpenFile] = [:]
        private var last: UInt64 = 0

        mutating func add(_ file: OpenFile) -> UInt64 {
            last += 1
            files[last] = file
            return last
        }
    }
}
