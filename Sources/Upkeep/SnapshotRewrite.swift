// SnapshotRewrite: snapshots without some of their files, with another host or time, or with a summary.
//
// 1. The trees of all chosen snapshots are rewritten; what changes goes into packs. 2. Packs, then the index. 3. For each snapshot that
// changed: the new one is saved; if the originals are to go, the original is removed after that.
// What is promised: a snapshot that does not change is not touched; whatever step a crash or an error ends, each original or its
// successor is there and complete. What remains is at worst trees that nothing needs, which the next prune removes.

package import Bytes
package import FileTrees
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct RewriteRequest: Sendable {
    package var selection: Selection = .everything
    /// Gives every snapshot the number and the bytes of its files, also if nothing is left out.
    package var addsSummary = false
    package var newHost: String?
    package var newTime: Timestamp?
    /// Removes the originals; if false, successors are told apart by the tag `rewrite`.
    package var forgetsOriginals = false
    package var isDryRun = false

    package init() {}

    package static let tag = "rewrite"

    /// Whether trees have to be read at all.
    var readsTrees: Bool { if case .everything = selection { addsSummary } else { true } }

    package var isEmpty: Bool { !readsTrees && newHost == nil && newTime == nil }

    /// The snapshot as it will be; nil if it stays as it is.
    /// - Parameter tree: what is left of its files; nil if no tree was looked at.
    package func successor(of entry: CatalogedSnapshot, _ trees: TreeRewriter.Result?) -> SnapshotFile? {
        var snapshot = entry.snapshot
        if let trees {
            // Nothing that was asked for is in it: an empty snapshot helps nobody.
            guard let tree = trees.tree else { return nil }
            var summary = snapshot.summary ?? SnapshotSummary()
            summary.totalFilesProcessed = trees.fileCount
            summary.totalBytesProcessed = trees.byteCount
            snapshot.tree = tree
            snapshot.summary = summary
        }
        if newHost == nil, newTime == nil, snapshot == entry.snapshot { return nil }
        snapshot.original = entry.id
        if !forgetsOriginals { snapshot.add(tags: [RewriteRequest.tag]) }
        if let newTime { snapshot.time = newTime }
        if let newHost { snapshot.hostName = newHost }
        return snapshot
    }
}

package struct RewriteOutcome: Sendable {
    package struct Change: Sendable {
        package let original: CatalogedSnapshot
        package let successor: SnapshotFile
        /// Nil in a dry run.
        package var id: SnapshotID?
        /// Why the original is still there although it should have gone.
        package var remains: String?
    }

    package var changes: [Change] = []
    /// Snapshots that stay as they are.
    package var unchanged: [SnapshotID] = []
    /// New trees, and their bytes.
    package var written = WriterStatistics()
}

package struct SnapshotRewrite {
    private let request: RewriteRequest
    private let indexed: IndexedRepository
    private let progress: UpkeepProgressHandler
    private let onDropped: (CatalogedSnapshot, BytePath) -> Void

    /// - Parameters:
    ///   - indexed: of the guarded repository; guarded by an exclusive lock if originals are to go.
    ///   - onDropped: hears of each entry that is left out; for a directory that several snapshots share, once.
    package init(
        _ request: RewriteRequest, in indexed: IndexedRepository, progress: @escaping UpkeepProgressHandler = { _ in },
        onDropped: @escaping (CatalogedSnapshot, BytePath) -> Void = { _, _ in }
    ) {
        self.request = request
        self.indexed = request.isDryRun ? indexed.discardingWrites() : indexed
        self.progress = progress
        self.onDropped = onDropped
    }

    package func run(_ snapshots: [CatalogedSnapshot]) throws -> RewriteOutcome {
        if request.forgetsOriginals, indexed.repository.config.isAppendOnly {
            throw UpkeepFailure.appendOnly(location: indexed.repository.store.location)
        }
        var outcome = RewriteOutcome()
        let (results, written) = try rewriteTrees(of: snapshots)
        outcome.written = written
        for (entry, result) in zip(snapshots, results) {
            if let successor = request.successor(of: entry, result) {
                outcome.changes.append(RewriteOutcome.Change(original: entry, successor: successor))
            } else {
                outcome.unchanged.append(entry.id)
            }
        }
        if !request.isDryRun { try save(&outcome) }
        return outcome
    }

    /// What is left of each snapshot; on return every new tree is durable and indexed.
    private func rewriteTrees(of snapshots: [CatalogedSnapshot]) throws -> ([TreeRewriter.Result?], WriterStatistics) {
        guard request.readsTrees else { return (snapshots.map { _ in nil }, WriterStatistics()) }
        let writer = BlobWriter(indexed), counter = StageCounter(.rewritingTrees, total: snapshots.count, progress)
        do {
            var current: CatalogedSnapshot?
            let rewriter = TreeRewriter(indexed, writingTo: writer.lane(), selection: request.selection) { path in
                if let current { onDropped(current, path) }
            }
            let results = try snapshots.map { entry in
                current = entry
                defer { counter.advance() }
                do {
                    return try rewriter.rewrite(entry.snapshot.tree)
                } catch UpkeepFailure.treeNotRewritable(let tree, let path) {
                    throw UpkeepFailure.treeNotRewritable(tree, path: "\(entry.id.short):\(path)")
                }
            }
            return (results, try writer.finish())
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func save(_ outcome: inout RewriteOutcome) throws {
        let repository = indexed.repository, counter = StageCounter(.replacingSnapshots, total: outcome.changes.count, progress)
        for number in outcome.changes.indices {
            let change = outcome.changes[number]
            if request.forgetsOriginals {
                let result = try SnapshotReplacement.replace(change.original.id, with: change.successor, in: repository)
                outcome.changes[number].id = result.id
                outcome.changes[number].remains = result.remains
            } else {
                outcome.changes[number].id = try SnapshotCatalog.save(change.successor, in: repository)
            }
            counter.advance()
        }
    }
}
