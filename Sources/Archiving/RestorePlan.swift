// RestorePlan: everything a restore will make, as a value: directories in the order of creation, files, links, devices. Names that
// must not reach a file system are left out and reported here, before anything is written.

package import Bytes
import FileTrees
package import RepositoryEngine
package import RepositoryFormat

package struct RestorePlan: Sendable {
    package struct Item: Sendable {
        /// Below the target.
        package let path: BytePath
        package let node: Node
        /// A directory that is only on the way to what was asked for.
        package var isOnTheWay = false
    }

    /// Parents before children.
    package fileprivate(set) var directories: [Item] = []
    package fileprivate(set) var files: [Item] = []
    /// Links, devices, fifos.
    package fileprivate(set) var others: [Item] = []
    package fileprivate(set) var problems: [RestoreProblem] = []
    package fileprivate(set) var byteCount: UInt64 = 0
    /// The names a directory has in the snapshot, for deleting the others; only of directories selected as a whole.
    package fileprivate(set) var names: [BytePath: Set<[UInt8]>] = [:]
    /// The chosen directory itself, when it is not the root of the snapshot.
    package fileprivate(set) var top: Node? = nil

    package var itemCount: Int { directories.count + files.count + others.count }

    /// Reads the trees of a snapshot and selects what the request asks for.
    package static func make(_ indexed: IndexedRepository, _ request: RestoreRequest, snapshotName: String) throws -> RestorePlan {
        var planner = try RestorePlanner(indexed, request, snapshotName: snapshotName)
        return try planner.finish()
    }
}

private struct RestorePlanner {
    private var plan = RestorePlan()
    private let request: RestoreRequest
    private let reader: BlobReader
    private let start: BlobID

    init(_ indexed: IndexedRepository, _ request: RestoreRequest, snapshotName: String) throws {
        self.request = request
        reader = BlobReader(indexed)
        var start = request.tree
        if request.subfolder != .root {
            let node = try SnapshotPath.find(request.subfolder, in: request.tree, reader: reader, snapshotName: snapshotName)
            guard node.kind == .directory, let subtree = node.subtree else {
                throw RepositoryFailure.notADirectory(request.subfolder.description, snapshot: snapshotName)
            }
            start = subtree
            plan.top = node
        }
        self.start = start
    }

    mutating func finish() throws -> RestorePlan {
        _ = try add(tree: start, at: .root, SplitPath(.root), ancestors: [])
        return plan
    }

    /// Adds a directory's entries; true if any was selected.
    private mutating func add(tree: BlobID, at path: BytePath, _ split: SplitPath, ancestors: [BlobID]) throws -> Bool {
        let nodes: [Node]
        do {
            // A tree inside itself cannot be honest; a path longer than the system allows cannot be restored.
            guard !ancestors.contains(tree), path.bytes.count <= 1 << 16 else {
                throw RepositoryFailure.damaged(object: "tree \(tree.short)", detail: "it contains itself")
            }
            nodes = try Tree.parse(reader.readTree(tree))
        } catch {
            plan.problems.append(RestoreProblem(path: path, failure: Failure(describing: error)))
            return false
        }
        var seen: Set<[UInt8]> = []
        var anySelected = false
        for node in nodes {
            guard node.hasSafeName, seen.insert(node.name).inserted else {
                plan.problems.append(RestoreProblem(path: path, failure: FileTreeError.unsafeName(node.name).failure))
                continue
            }
            if try add(node, at: path.appending(node.name), split, ancestors: ancestors + [tree]) { anySelected = true }
        }
        if request.delete && isWithinOnlyPaths(path) { plan.names[path] = seen }
        return anySelected
    }

    private mutating func add(_ node: Node, at path: BytePath, _ parent: SplitPath, ancestors: [BlobID]) throws -> Bool {
        var split = parent
        split.append(node.name)
        guard isWithinOnlyPaths(path) else { return try add(onTheWay: node, at: path, split, ancestors: ancestors) }
        let (isSelected, enters) = request.selection.select(split)
        guard node.kind == .directory else {
            if isSelected { add(leaf: node, at: path) }
            return isSelected
        }
        guard isSelected || enters else { return false }
        let position = plan.directories.count
        var anySelected = isSelected
        if enters, let subtree = node.subtree {
            // Reserve the parent's place before its children are added; it is dropped again if nothing below was wanted.
            plan.directories.append(RestorePlan.Item(path: path, node: node))
            if try add(tree: subtree, at: path, split, ancestors: ancestors) { anySelected = true }
            if !anySelected { plan.directories.remove(at: position) }
        } else if isSelected {
            plan.directories.append(RestorePlan.Item(path: path, node: node))
        }
        if !isSelected { plan.names[path] = nil }
        return anySelected
    }

    private func isWithinOnlyPaths(_ path: BytePath) -> Bool {
        request.onlyPaths.map { only in only.contains { $0.contains(path) } } ?? true
    }

    /// A directory that may lead to one of `onlyPaths`; anything else is left out.
    private mutating func add(onTheWay node: Node, at path: BytePath, _ split: SplitPath, ancestors: [BlobID]) throws -> Bool {
        guard node.kind == .directory, let subtree = node.subtree, let only = request.onlyPaths, only.contains(where: { path.contains($0) })
        else {
            return false
        }
        let position = plan.directories.count
        plan.directories.append(RestorePlan.Item(path: path, node: node, isOnTheWay: true))
        let anySelected = try add(tree: subtree, at: path, split, ancestors: ancestors)
        if !anySelected { plan.directories.remove(at: position) }
        return anySelected
    }

    private mutating func add(leaf node: Node, at path: BytePath) {
        switch node.kind {
        case .file:
            plan.files.append(RestorePlan.Item(path: path, node: node))
            plan.byteCount += node.size
        case .symbolicLink, .blockDevice, .characterDevice, .namedPipe: plan.others.append(RestorePlan.Item(path: path, node: node))
        case .directory, .socket: break
        case .irregular, .unknown: plan.problems.append(RestoreProblem(path: path, failure: FileTreeError.unsupportedKind(path).failure))
        }
    }
}

/// Finding a path inside a snapshot.
package enum SnapshotPath {
    /// The node at `path`, which is absolute and cleaned and not "/".
    package static func find(_ path: BytePath, in tree: BlobID, reader: BlobReader, snapshotName: String) throws -> Node {
        var tree = tree
        var found: Node? = nil
        let names = path.components
        for (depth, name) in names.enumerated() {
            found = try Tree.parse(reader.readTree(tree)).first { $0.name == name }
            guard let node = found else { throw RepositoryFailure.noSuchPath(path.description, snapshot: snapshotName) }
            guard depth < names.count - 1 else { break }
            guard node.kind == .directory, let subtree = node.subtree else {
                throw RepositoryFailure.noSuchPath(path.description, snapshot: snapshotName)
            }
            tree = subtree
        }
        guard let found else { throw RepositoryFailure.noSuchPath(path.description, snapshot: snapshotName) }
        return found
    }
}
