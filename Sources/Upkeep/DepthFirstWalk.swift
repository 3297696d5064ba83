// DepthFirstWalk: the trees of one snapshot in the order of a listing, with paths, on the calling thread. For questions that need
// paths; TreeWalker is faster where they do not matter. Uses no recursion: trees may be deeper than a stack.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat

/// What happens on the way.
package protocol TreeVisitor: AnyObject {
    /// Whether to go into the tree.
    func enter(_ tree: BlobID, at path: BytePath) throws -> Bool
    /// Every node of a tree that was entered; if it is a directory, its tree comes next.
    func visit(_ node: Node, at path: BytePath) throws
    /// All below the tree was visited.
    func leave(_ tree: BlobID) throws
    /// A tree that was to be entered cannot be read; `leave` is not called for it.
    func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws
}

package struct DepthFirstWalk {
    private struct Frame {
        let tree: BlobID
        let path: BytePath
        let nodes: [Node]
        var next = 0
    }

    private let index: BlobIndex
    private let reader: BlobReader

    package init(_ indexed: IndexedRepository) {
        index = indexed.index
        reader = BlobReader(indexed)
    }

    /// Paths begin at "/". Trees beyond the TreeBudget are skipped like those that cannot be read.
    package func walk(_ root: BlobID, _ visitor: some TreeVisitor) throws {
        var stack: [Frame] = [], budget = TreeBudget(index)
        try open(root, .root, onto: &stack, &budget, visitor)
        while let frame = stack.last {
            guard frame.next < frame.nodes.count else {
                stack.removeLast()
                budget.close(entryCount: frame.nodes.count)
                try visitor.leave(frame.tree)
                continue
            }
            stack[stack.count - 1].next += 1
            let node = frame.nodes[frame.next]
            let path = frame.path.appending(node.name)
            try visitor.visit(node, at: path)
            if let subtree = node.subtree { try open(subtree, path, onto: &stack, &budget, visitor) }
        }
    }

    private func open(_ tree: BlobID, _ path: BytePath, onto stack: inout [Frame], _ budget: inout TreeBudget, _ visitor: some TreeVisitor) throws {
        guard try visitor.enter(tree, at: path) else { return }
        do {
            let nodes = try Tree.parse(reader.readTree(tree))
            try budget.open(tree, at: path, entryCount: nodes.count)
            stack.append(Frame(tree: tree, path: path, nodes: nodes))
        } catch {
            try visitor.skip(tree, at: path, because: error)
        }
    }
}
