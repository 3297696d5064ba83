// TreeRewriter: a snapshot's trees without what a selection leaves out.
//
// 1. Depth first, on the calling thread and without recursion. 2. Nodes that are left out are dropped; a directory that is left out is
// not read. 3. A tree of which nothing was dropped keeps its id, and not a byte of it is written. 4. A tree that changes must first come
// out of our writer as it was read: if it does not, it holds what this program does not know, and the rewrite ends before it is lost.
// 5. With an including selection a directory goes that has become empty, unless it is included itself.
//
// The answer for a tree at a path is remembered, up to a limit: snapshots that have most directories in common cost little more than one.

package import Bytes
package import FileTrees
package import RepositoryEngine
package import RepositoryFormat

/// Not thread-safe.
package final class TreeRewriter {
    /// What is left of a tree.
    package struct Result: Sendable, Equatable {
        /// Nil if nothing of it is.
        package let tree: BlobID?
        /// Of all files left below it, each as often as it occurs.
        package let fileCount: UInt64
        package let byteCount: UInt64
    }

    /// About 50 MiB of memory at most.
    private static let rememberedLimit = 250_000

    private struct Place: Hashable {
        let tree: BlobID
        let path: BytePath
    }

    private struct Frame {
        let tree: BlobID
        let json: [UInt8]
        let nodes: [Node]
        let path: BytePath
        var next = 0
        var kept: [Node] = []
        var isChanged = false
        var fileCount: UInt64 = 0
        var byteCount: UInt64 = 0
    }

    private let reader: BlobReader
    private let lane: BlobWriter.Lane
    private let selection: Selection
    private let onDropped: (BytePath) -> Void
    private var remembered: [Place: Result] = [:]
    private var stack: [Frame] = []
    private let index: BlobIndex
    private var budget: TreeBudget

    /// - Parameters:
    ///   - lane: where changed trees go; the caller finishes its writer before anything refers to them.
    ///   - onDropped: hears of each entry that is left out, in trees that are read.
    package init(
        _ indexed: IndexedRepository, writingTo lane: BlobWriter.Lane, selection: Selection, onDropped: @escaping (BytePath) -> Void = { _ in }
    ) {
        reader = BlobReader(indexed)
        index = indexed.index
        budget = TreeBudget(indexed.index)
        self.lane = lane
        self.selection = selection
        self.onDropped = onDropped
    }

    /// - Throws: `UpkeepFailure.treeNotRewritable` for a tree that would lose something, and whatever keeps a tree from being read.
    package func rewrite(_ root: BlobID) throws -> Result {
        stack = []
        budget = TreeBudget(index)
        if let known = try open(root, at: .root) { return known }
        while true {
            let top = stack.count - 1
            if stack[top].next < stack[top].nodes.count {
                let node = stack[top].nodes[stack[top].next]
                if let result = try visit(node, at: stack[top].path.appending(node.name)) { take(result, for: node) }
            } else {
                let result = try close(stack.removeLast())
                guard let parent = stack.last else { return result }
                take(result, for: parent.nodes[parent.next])
            }
        }
    }

    /// Enters a tree; or says at once what is known of it.
    private func open(_ tree: BlobID, at path: BytePath) throws -> Result? {
        if let known = remembered[Place(tree: tree, path: path)] { return known }
        let json = try reader.readTree(tree)
        let nodes = try Tree.parse(json)
        try budget.open(tree, at: path, entryCount: nodes.count)
        stack.append(Frame(tree: tree, json: json, nodes: nodes, path: path))
        return nil
    }

    /// Decides about the next node of the topmost tree; nil if that is a directory whose own entries come first.
    private func visit(_ node: Node, at path: BytePath) throws -> Result? {
        let (isSelected, mayHoldSelected) = selection.select(SplitPath(path))
        guard node.kind == .directory else {
            if isSelected { return Result(tree: nil, fileCount: node.kind == .file ? 1 : 0, byteCount: node.kind == .file ? node.size : 0) }
            return drop(path)
        }
        guard isSelected || mayHoldSelected else { return drop(path) }
        guard let subtree = node.subtree else {
            throw UpkeepFailure.treeDamaged(stack[stack.count - 1].tree.short, detail: "its directory '\(node.displayName)' has no tree")
        }
        return try open(subtree, at: path)
    }

    private func drop(_ path: BytePath) -> Result? {
        onDropped(path)
        let top = stack.count - 1
        stack[top].isChanged = true
        stack[top].next += 1
        return nil
    }

    /// Notes what became of the node that the topmost tree is at.
    private func take(_ result: Result, for node: Node) {
        let top = stack.count - 1
        stack[top].next += 1
        stack[top].fileCount &+= result.fileCount
        stack[top].byteCount &+= result.byteCount
        guard node.kind == .directory else { return stack[top].kept.append(node) }
        guard let tree = result.tree else {
            onDropped(stack[top].path.appending(node.name))
            stack[top].isChanged = true
            return
        }
        var kept = node
        if tree != node.subtree {
            kept.subtree = tree
            stack[top].isChanged = true
        }
        stack[top].kept.append(kept)
    }

    private func close(_ frame: Frame) throws -> Result {
        budget.close(entryCount: frame.nodes.count)
        let result = Result(tree: try tree(of: frame), fileCount: frame.fileCount, byteCount: frame.byteCount)
        if remembered.count < TreeRewriter.rememberedLimit { remembered[Place(tree: frame.tree, path: frame.path)] = result }
        return result
    }

    private func tree(of frame: Frame) throws -> BlobID? {
        if frame.kept.isEmpty, !keepsEmptyDirectory(frame.path) { return nil }
        guard frame.isChanged else { return frame.tree }
        guard Tree.roundTrips(frame.json) else { throw UpkeepFailure.treeNotRewritable(frame.tree.short, path: frame.path.description) }
        let json = try Tree.serialise(frame.kept)
        return try lane.save(.tree, json.span).id
    }

    private func keepsEmptyDirectory(_ path: BytePath) -> Bool {
        guard case .including = selection else { return true }
        return path != .root && selection.select(SplitPath(path)).isSelected
    }
}
