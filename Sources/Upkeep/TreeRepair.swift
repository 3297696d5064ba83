// TreeRepair: trees without what is lost. Walks a snapshot's trees and gives each that refers to something lost a successor.
//
// 1. A file keeps the blobs that the index has; its size becomes theirs. 2. A directory whose tree is gone or damaged becomes an empty
// one. 3. Nodes of kinds that no program restores go. 4. A tree with a changed node is written anew, deepest first; a tree without
// one keeps its id, and so its bytes, whatever else is in them. 5. A tree found whole is never entered again.
// Uses no recursion: trees may be deeper than a stack. Needs an index from which damaged packs have been removed.

package import Bytes
import RepositoryEngine
import RepositoryFormat

/// One thing that a repair takes away, or puts right.
package struct TreeChange: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Blobs of the file are lost; the others stay, one after the other.
        case shortenedFile(lostBlobs: Int)
        case correctedSize
        case emptiedDirectory(String)
        case removedNode(String)
    }

    /// As in the snapshot, absolute.
    package let path: BytePath
    package let kind: Kind
}

struct TreeRepair {
    private struct Frame {
        let tree: BlobID
        let path: BytePath
        let nodes: [Node]
        var next = 0
        var kept: [Node] = []
        var isChanged = false
    }

    private let index: BlobIndex
    private let reader: BlobReader
    private let lane: BlobWriter.Lane
    private var whole: Set<BlobID> = []
    private var written: Set<BlobID> = []
    private var successor: BlobID?
    private var stack: [Frame] = []
    private var budget: TreeBudget
    private var changes: [TreeChange] = []

    /// - Parameter lane: where new trees go. Nothing refers to them before the writer has finished.
    init(_ indexed: IndexedRepository, through lane: BlobWriter.Lane) {
        index = indexed.index
        budget = TreeBudget(indexed.index)
        reader = BlobReader(indexed)
        self.lane = lane
    }

    /// The successor of a snapshot's root, itself if nothing is lost below it; nil if the root cannot be read.
    /// - Throws: what keeps something from being read that is not known to be damaged.
    mutating func repair(_ root: BlobID) throws -> (root: BlobID?, changes: [TreeChange]) {
        changes = []
        stack = []
        successor = nil
        budget = TreeBudget(index)
        if whole.contains(root) { return (root, []) }
        if let reason = try open(root, .root) { return (nil, [TreeChange(path: .root, kind: .emptiedDirectory(reason))]) }
        while let frame = stack.last {
            if frame.next < frame.nodes.count {
                stack[stack.count - 1].next += 1
                try take(frame.nodes[frame.next], in: frame.path)
            } else {
                try close()
            }
        }
        return (successor, changes)
    }

    /// Begins with a tree. Returns why it cannot be read, nil if it can.
    private mutating func open(_ tree: BlobID, _ path: BytePath) throws -> String? {
        do {
            let nodes = try Tree.parse(reader.readTree(tree))
            try budget.open(tree, at: path, entryCount: nodes.count)
            stack.append(Frame(tree: tree, path: path, nodes: nodes))
            return nil
        } catch {
            guard ProvenDamage.isShown(by: error) else { throw error }
            return CheckReport.text(of: error)
        }
    }

    private mutating func take(_ node: Node, in folder: BytePath) throws {
        let path = folder.appending(node.name)
        switch node.kind {
        case .unknown, .irregular:
            changes.append(TreeChange(path: path, kind: .removedNode("it is of no kind that can be restored")))
            stack[stack.count - 1].isChanged = true
        case .file: keep(repaired(node, at: path), insteadOf: node)
        case .directory: try takeDirectory(node, at: path)
        default: keep(node, insteadOf: node)
        }
    }

    private mutating func keep(_ node: Node, insteadOf old: Node) {
        stack[stack.count - 1].kept.append(node)
        if node != old { stack[stack.count - 1].isChanged = true }
    }

    private mutating func repaired(_ node: Node, at path: BytePath) -> Node {
        var repaired = node
        let content = node.content ?? [], locations = content.map { index.locate(BlobHandle(type: .data, id: $0)) }
        repaired.content = zip(content, locations).filter { $1 != nil }.map(\.0)
        repaired.size = locations.reduce(0) { $0 &+ UInt64(max(0, $1?.plainByteCount ?? 0)) }
        let lost = locations.count { $0 == nil }
        if lost > 0 {
            changes.append(TreeChange(path: path, kind: .shortenedFile(lostBlobs: lost)))
        } else if repaired != node {
            changes.append(TreeChange(path: path, kind: .correctedSize))
        }
        return repaired
    }

    private mutating func takeDirectory(_ node: Node, at path: BytePath) throws {
        var repaired = node
        if let subtree = node.subtree {
            if whole.contains(subtree) { return keep(node, insteadOf: node) }
            // Until its tree is closed, the node stands in its parent as it was.
            guard let reason = try open(subtree, path) else { return stack[stack.count - 2].kept.append(node) }
            repaired.subtree = try emptyTree(at: path, because: reason)
        } else {
            repaired.subtree = try emptyTree(at: path, because: "it has no tree")
        }
        keep(repaired, insteadOf: node)
    }

    private mutating func emptyTree(at path: BytePath, because reason: String) throws -> BlobID {
        changes.append(TreeChange(path: path, kind: .emptiedDirectory(reason)))
        return try save([])
    }

    /// The last tree of the stack is done: its successor takes its place in the parent.
    private mutating func close() throws {
        let frame = stack.removeLast()
        budget.close(entryCount: frame.nodes.count)
        if !frame.isChanged { whole.insert(frame.tree) }
        let successor = frame.isChanged ? try save(inOrder(frame)) : frame.tree
        self.successor = successor
        guard !stack.isEmpty, let place = stack[stack.count - 1].kept.indices.last else { return }
        if successor != frame.tree {
            stack[stack.count - 1].kept[place].subtree = successor
            stack[stack.count - 1].isChanged = true
        }
    }

    /// Names ascend strictly in a tree; what some other program left in disorder is put in order, and what cannot be reached goes.
    private mutating func inOrder(_ frame: Frame) -> [Node] {
        var nodes: [Node] = []
        for node in frame.kept.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            if let last = nodes.last, last.name == node.name {
                changes.append(TreeChange(path: frame.path.appending(node.name), kind: .removedNode("another of the same name is there")))
            } else {
                nodes.append(node)
            }
        }
        return nodes
    }

    private mutating func save(_ nodes: [Node]) throws -> BlobID {
        let json = try Tree.serialise(nodes)
        let saved = try lane.save(.tree, json.span)
        let isFirst = written.insert(saved.id).inserted
        // The index may know it from a pack in which it is damaged.
        if isFirst && !saved.isNew && (try? reader.readTree(saved.id)) == nil {
            try lane.saveAgain(BlobHandle(type: .tree, id: saved.id), json.span)
        }
        return saved.id
    }
}
