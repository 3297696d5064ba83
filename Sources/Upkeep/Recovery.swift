// Recovery: the trees that no snapshot and no other tree refers to, in one new snapshot. So data comes back whose snapshot was
// forgotten, or lost, as long as no prune has freed it. The caller holds an exclusive lock and has repaired the index.
//
// 1. Every tree of the index is read, once. 2. A tree that another one names is no root, nor is the root of a snapshot. 3. The other
// ones become the directories of one new tree, named by the first digits of their ids. 4. The tree is durable; a snapshot of
// "/recover", tagged `recovered`, refers to it.
//
// What is promised: nothing is removed or changed. A tree that cannot be read is left out and reported; those below it are roots then.
// Files in what was recovered may be incomplete, for some of it may have been pruned: a check tells.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Synchronization

package struct Recovery {
    package static let tag = "recovered"

    package struct Outcome: Sendable {
        package internal(set) var treeCount = 0
        /// Sorted.
        package internal(set) var roots: [BlobID] = []
        package internal(set) var unreadableTrees: [(id: BlobID, reason: String)] = []
        /// Nil if there was nothing to recover.
        package internal(set) var snapshot: SnapshotID?
    }

    private let indexed: IndexedRepository
    private let identity: Identity
    private let options: WriterOptions
    private let progress: UpkeepProgressHandler

    /// - Parameter indexed: the whole index of the repository that the lock guards.
    package init(
        _ indexed: IndexedRepository, identity: Identity, options: WriterOptions = WriterOptions(),
        progress: @escaping UpkeepProgressHandler = { _ in }
    ) {
        self.indexed = indexed
        self.identity = identity
        self.options = options
        self.progress = progress
    }

    /// - Parameter snapshots: those that can be read. What the others refer to counts as referred to by none.
    package func run(_ snapshots: [CatalogedSnapshot]) throws -> Outcome {
        var outcome = try survey(snapshots)
        if !outcome.roots.isEmpty { outcome.snapshot = try save(outcome.roots) }
        return outcome
    }

    // MARK: Looking

    private final class Findings: Sendable {
        let named = Mutex<Set<BlobID>>([])
        let unreadable = Mutex<[BlobID: String]>([:])
    }

    private func survey(_ snapshots: [CatalogedSnapshot]) throws -> Outcome {
        var trees: Set<BlobID> = []
        indexed.index.forEach { handle, _ in if handle.type == .tree { trees.insert(handle.id) } }
        let findings = Findings(), counter = StageCounter(.walkingTrees, total: trees.count, progress)
        try TreeWalker(indexed).walk(
            Array(trees),
            onTree: { _, nodes in
                findings.named.withLock { $0.formUnion(nodes.compactMap(\.subtree)) }
                counter.advance()
            },
            onUnreadable: { id, error in
                guard ProvenDamage.isShown(by: error) else { throw error }
                findings.unreadable.withLock { $0[id] = CheckReport.text(of: error) }
            })
        var outcome = Outcome()
        let unreadable = findings.unreadable.withLock { $0 }
        outcome.treeCount = trees.count
        outcome.roots = trees.subtracting(findings.named.withLock { $0 }).subtracting(snapshots.map(\.snapshot.tree)).subtracting(unreadable.keys)
            .sorted()
        // Trees that only others name, and no pack has, are not the business of a recovery.
        outcome.unreadableTrees = unreadable.filter { trees.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return outcome
    }

    // MARK: Saving

    private func save(_ roots: [BlobID]) throws -> SnapshotID {
        let now = identity.now(), writer = BlobWriter(indexed, options: options)
        let tree: BlobID
        do {
            let json = try Tree.serialise(nodes(of: roots, now))
            tree = try writer.lane().save(.tree, json.span).id
            _ = try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
        return try SnapshotCatalog.save(
            SnapshotFile(
                time: now, tree: tree, paths: ["/recover"], hostName: identity.hostName, userName: identity.userName, userID: identity.userID,
                groupID: identity.groupID, tags: [Recovery.tag]), in: indexed.repository)
    }

    /// A directory for each root. Where eight digits name two of them, whole ids do.
    private func nodes(of roots: [BlobID], _ now: Timestamp) -> [Node] {
        let counts = Dictionary(grouping: roots, by: \.short).mapValues(\.count)
        return roots.map { root in
            var node = Node(name: Array((counts[root.short] == 1 ? root.short : root.hex).utf8), kind: .directory)
            node.mode = GoFileMode(posix: 0o040755)
            node.modificationTime = now
            node.accessTime = now
            node.changeTime = now
            node.subtree = root
            return node
        }
    }
}
