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
        return planner.finish()
    }
}

/// Reads trees depth first with a stack of its own: how deep they go is the repository's word, and must not cost thread stack.
private struct RestorePlanner {
    /// The longest path that a system call takes, with its leading slash for the terminating zero.
    private static let maximumPathByteCount = 4096

    private var plan = RestorePlan()
    private let request: RestoreRequest
    private let reader: BlobReader
    private let start: BlobID
    private var frames: [Frame] = []
    private var budget: TreeBudget
    /// Whether a problem says so: a thousand refused trees are one piece of news.
    private var isOutOfProportion = false
    /// The trees of `frames`.
    private var ancestors: Set<BlobID> = []
    /// The path of the entry looked at, below the subfolder.
    private var split = SplitPath(.root)

    /// A directory whose entries are being added.
    private struct Frame {
        let tree: BlobID
        let path: BytePath
        let nodes: [Node]
        /// Its place among the plan's directories; nil for the root.
        let position: Int?
        let isSelected: Bool
        var next = 0
        var seen: Set<[UInt8]> = []
        var hasUnsafeName = false
        /// Whether it is wanted, or something below it.
        var anySelected: Bool
    }

    init(_ indexed: IndexedRepository, _ request: RestoreRequest, snapshotName: String) throws {
        self.request = request
        reader = BlobReader(indexed)
        budget = TreeBudget(indexed.index)
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

    mutating func finish() -> RestorePlan {
        _ = enter(start, at: .root, position: nil, isSelected: true)
        while !frames.isEmpty {
            let last = frames.count - 1, next = frames[last].next
            guard next < frames[last].nodes.count else {
                leave()
                continue
            }
            frames[last].next += 1
            visit(frames[last].nodes[next], in: last)
        }
        return plan
    }

    private mutating func visit(_ node: Node, in frame: Int) {
        guard node.hasSafeName, frames[frame].seen.insert(node.name).inserted else {
            if !node.hasSafeName { frames[frame].hasUnsafeName = true }
            plan.problems.append(RestoreProblem(path: frames[frame].path, failure: FileTreeError.unsafeName(node.name).failure))
            return
        }
        split.append(node.name)
        if !add(node, at: frames[frame].path.appending(node.name), in: frame) { split.removeLast() }
    }

    // MARK: Directories

    /// Begins a directory's entries; false if its tree cannot be read.
    private mutating func enter(_ tree: BlobID, at path: BytePath, position: Int?, isSelected: Bool) -> Bool {
        do {
            // A tree inside itself cannot be honest; a path longer than the system allows cannot be restored.
            guard !ancestors.contains(tree) else { throw RepositoryFailure.damaged(object: "tree \(tree.short)", detail: "it contains itself") }
            guard path.bytes.count <= RestorePlanner.maximumPathByteCount else {
                throw Failure(.failed, "could not restore what is in '\(path)': the path is longer than the system allows", hint: "restore a folder further down")
            }
            let nodes = try Tree.parse(reader.readTree(tree))
            try budget.open(tree, at: path, entryCount: nodes.count)
            frames.append(Frame(tree: tree, path: path, nodes: nodes, position: position, isSelected: isSelected, anySelected: isSelected))
            ancestors.insert(tree)
            return true
        } catch {
            if case RepositoryFailure.outOfProportion = error {
                if isOutOfProportion { return false }
                isOutOfProportion = true
            }
            plan.problems.append(RestoreProblem(path: path, failure: Failure(describing: error)))
            return false
        }
    }

    private mutating func leave() {
        let frame = frames.removeLast()
        ancestors.remove(frame.tree)
        budget.close(entryCount: frame.nodes.count)
        if !frames.isEmpty { split.removeLast() }
        // A name that cannot be read back might be that of any file there: then none is surplus.
        if request.delete && frame.isSelected && !frame.hasUnsafeName && isWithinOnlyPaths(frame.path) { plan.names[frame.path] = frame.seen }
        if frame.anySelected {
            if !frames.isEmpty { frames[frames.count - 1].anySelected = true }
        } else if let position = frame.position {
            plan.directories.remove(at: position)
        }
    }

    /// Adds an entry of the directory `frame`; true if it is a directory that was entered.
    private mutating func add(_ node: Node, at path: BytePath, in frame: Int) -> Bool {
        guard isWithinOnlyPaths(path) else {
            guard node.kind == .directory, leadsToOnlyPaths(path) else { return false }
            return add(directory: RestorePlan.Item(path: path, node: node, isOnTheWay: true), isSelected: false, enters: true)
        }
        let (isSelected, enters) = request.selection.select(split)
        if isSelected { frames[frame].anySelected = true }
        if node.kind == .directory {
            return (isSelected || enters) && add(directory: RestorePlan.Item(path: path, node: node), isSelected: isSelected, enters: enters)
        }
        if isSelected { add(leaf: node, at: path) }
        return false
    }

    /// Takes the directory's place before its children are added; it is given up again if nothing below is wanted.
    private mutating func add(directory item: RestorePlan.Item, isSelected: Bool, enters: Bool) -> Bool {
        let position = plan.directories.count
        plan.directories.append(item)
        if enters {
            if let subtree = item.node.subtree {
                if enter(subtree, at: item.path, position: position, isSelected: isSelected) { return true }
            } else {
                let failure = RepositoryFailure.damaged(object: "'\(item.path)'", detail: "the snapshot lists no tree for it").failure
                plan.problems.append(RestoreProblem(path: item.path, failure: failure))
            }
        }
        if !isSelected { plan.directories.remove(at: position) }
        return false
    }

    private func isWithinOnlyPaths(_ path: BytePath) -> Bool { request.onlyPaths.map { only in only.contains { $0.contains(path) } } ?? true }

    private func leadsToOnlyPaths(_ path: BytePath) -> Bool { request.onlyPaths.map { only in only.contains { path.contains($0) } } ?? false }

    // MARK: Everything else

    private mutating func add(leaf node: Node, at path: BytePath) {
        switch node.kind {
        case .file:
            plan.files.append(RestorePlan.Item(path: path, node: node))
            // Sizes are the snapshot's word; their sum must not trap.
            let (sum, overflow) = plan.byteCount.addingReportingOverflow(node.size)
            plan.byteCount = overflow ? .max : sum
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
