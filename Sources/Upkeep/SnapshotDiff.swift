// SnapshotDiff: what became of the files between two trees, in the words of `restic diff`.
//
// 1. Both trees side by side, depth first, names in order. 2. What one side lacks is added or removed, with all that is below it.
// 3. Directories with the same tree are the same: nothing in them is listed, but their blobs count as common. 4. At the end the blobs
// that only one side needs are counted; those of common directories were collected by several threads.
// A tree that cannot be read is reported and what is below it left out; the roots must be readable.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Synchronization

/// One line of a comparison.
package struct DiffChange: Sendable, Equatable {
    /// In the snapshot; a directory's ends with a slash.
    package let path: BytePath
    /// `+`, `-`, or some of `T` type, `M` content, `?` content but nothing else, `U` metadata.
    package let marks: String

    package init(path: BytePath, marks: String) {
        self.path = path
        self.marks = marks
    }
}

package struct DiffStatistics: Sendable, Equatable {
    package struct Side: Sendable, Equatable {
        package var files: UInt64 = 0
        package var directories: UInt64 = 0
        package var others: UInt64 = 0
        /// Blobs that only this side needs, and their plain bytes.
        package var dataBlobs: UInt64 = 0
        package var treeBlobs: UInt64 = 0
        package var bytes: UInt64 = 0

        package init() {}

        mutating func count(_ node: Node) {
            switch node.kind {
            case .file: files += 1
            case .directory: directories += 1
            default: others += 1
            }
        }
    }

    package var changedFiles: UInt64 = 0
    package var added = Side()
    package var removed = Side()

    package init() {}
}

/// For one comparison on one thread.
package final class SnapshotDiff {
    private struct Pair {
        let before: Node?
        let after: Node?
        var name: [UInt8] { before?.name ?? after?.name ?? [] }
    }

    private struct Frame {
        let path: BytePath
        let pairs: [Pair]
        /// Of both trees.
        let entryCount: Int
        var next = 0
    }

    private let indexed: IndexedRepository
    private let reader: BlobReader
    private let showsMetadata: Bool
    private let onChange: (DiffChange) throws -> Void
    private let onUnreadable: (String) -> Void
    private var statistics = DiffStatistics()
    private var budget: TreeBudget
    private var before: DiffBlobs
    private var after: DiffBlobs
    private var commonTrees: [BlobID] = []

    /// - Parameters:
    ///   - showsMetadata: also what changed only in mode, owner, times and the like.
    ///   - onUnreadable: hears of each tree that had to be left out.
    package init(
        _ indexed: IndexedRepository, showsMetadata: Bool, onChange: @escaping (DiffChange) throws -> Void,
        onUnreadable: @escaping (String) -> Void
    ) {
        self.indexed = indexed
        self.showsMetadata = showsMetadata
        self.onChange = onChange
        self.onUnreadable = onUnreadable
        reader = BlobReader(indexed)
        budget = TreeBudget(indexed.index)
        before = DiffBlobs(indexed.index)
        after = DiffBlobs(indexed.index)
    }

    package func run(_ old: BlobID, _ new: BlobID) throws -> DiffStatistics {
        before.insert(.tree, [old])
        after.insert(.tree, [new])
        var stack = [try frame(old, new, at: .root)]
        while let frame = stack.last {
            guard frame.next < frame.pairs.count else {
                stack.removeLast()
                budget.close(entryCount: frame.entryCount)
                continue
            }
            stack[stack.count - 1].next += 1
            let pair = frame.pairs[frame.next]
            let path = frame.path.appending(pair.name)
            try compare(pair, at: path)
            if let below = open(pair, at: path) { stack.append(below) }
        }
        let common = try DiffBlobs.below(commonTrees, in: indexed, onUnreadable: onUnreadable)
        statistics.removed = before.counted(without: after, common, statistics.removed)
        statistics.added = after.counted(without: before, common, statistics.added)
        return statistics
    }

    // MARK: Trees

    private func frame(_ old: BlobID?, _ new: BlobID?, at path: BytePath) throws -> Frame {
        func nodes(_ tree: BlobID?) throws -> [Node] {
            guard let tree else { return [] }
            return try Tree.parse(reader.readTree(tree)).sorted { $0.name.lexicographicallyPrecedes($1.name) }
        }
        let left = try nodes(old), right = try nodes(new)
        // Once both are read: what is opened has to be closed.
        if let old { try budget.open(old, at: path, entryCount: left.count) }
        if let new { try budget.open(new, at: path, entryCount: right.count) }
        var pairs: [Pair] = [], i = 0, j = 0
        while i < left.count || j < right.count {
            if j == right.count || i < left.count && left[i].name.lexicographicallyPrecedes(right[j].name) {
                pairs.append(Pair(before: left[i], after: nil))
                i += 1
            } else if i == left.count || right[j].name.lexicographicallyPrecedes(left[i].name) {
                pairs.append(Pair(before: nil, after: right[j]))
                j += 1
            } else {
                pairs.append(Pair(before: left[i], after: right[j]))
                i += 1
                j += 1
            }
        }
        return Frame(path: path, pairs: pairs, entryCount: left.count + right.count)
    }

    /// What is below a pair, if it has to be looked at one by one.
    private func open(_ pair: Pair, at path: BytePath) -> Frame? {
        let old = directory(pair.before, path), new = directory(pair.after, path)
        if pair.before != nil && pair.after != nil {
            // A file that became a directory, or the other way round, is one change.
            guard let old, let new else { return nil }
            if old == new {
                commonTrees.append(old)
                return nil
            }
        } else if old == nil && new == nil {
            return nil
        }
        do {
            return try frame(old, new, at: path)
        } catch {
            onUnreadable("\(path): \(Failure(describing: error).message)")
            return nil
        }
    }

    private func directory(_ node: Node?, _ path: BytePath) -> BlobID? {
        guard let node, node.kind == .directory else { return nil }
        if node.subtree == nil { onUnreadable("\(path): the directory has no tree") }
        return node.subtree
    }

    // MARK: Nodes

    private func compare(_ pair: Pair, at path: BytePath) throws {
        if let node = pair.before { before.insert(node) }
        if let node = pair.after { after.insert(node) }
        guard let old = pair.before, let new = pair.after else {
            let node = pair.before ?? pair.after
            if let node = pair.before { statistics.removed.count(node) }
            if let node = pair.after { statistics.added.count(node) }
            return try report(path, isDirectory: node?.kind == .directory, pair.before == nil ? "+" : "-")
        }
        let marks = marks(old, new)
        if !marks.isEmpty { try report(path, isDirectory: new.kind == .directory, marks) }
    }

    private func report(_ path: BytePath, isDirectory: Bool, _ marks: String) throws {
        try onChange(DiffChange(path: isDirectory ? BytePath(path.bytes + [BytePath.slash]) : path, marks: marks))
    }

    private func marks(_ old: Node, _ new: Node) -> String {
        var marks = old.kind == new.kind ? "" : "T"
        if old.kind == .file, new.kind == .file, old.content != new.content {
            statistics.changedFiles += 1
            marks += "M"
            if SnapshotDiff.sameButContent(old, new) { marks += "?" }
        } else if showsMetadata, !SnapshotDiff.same(old, new) {
            marks += "U"
        }
        return marks
    }

    static func sameButContent(_ old: Node, _ new: Node) -> Bool {
        var old = old, new = new
        old.content = nil
        new.content = nil
        return same(old, new)
    }

    /// Attributes in another order are the same attributes.
    static func same(_ old: Node, _ new: Node) -> Bool {
        var old = old, new = new
        old.extendedAttributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        new.extendedAttributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return old == new
    }
}
