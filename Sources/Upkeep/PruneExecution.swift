// PruneExecution: carries out a prune plan. The caller holds an exclusive lock, and the plan was made for the guarded repository.
//
// 1. Delete packs that no index names. 2. Copy needed blobs out of the packs to be rewritten; the new packs are durable, then their
// index file. 3. Write new index files without the packs that go, delete the old ones. 4. Delete these packs.
// What is promised: whatever step a crash or an error ends, every snapshot stays complete and readable; what remains is at worst
// packs in no index and blobs or index entries stored twice, which the next prune removes. Afterwards the loaded index is out of
// date: load it again.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct PruneOutcome: Sendable, Equatable {
    package var deletedPackCount = 0
    /// Packs that could not be deleted; the next prune tries again.
    package var undeletedPackCount = 0
    package var writtenIndexFileCount = 0
    package var deletedIndexFileCount = 0
    /// Blobs that were copied into new packs.
    package var copied = WriterStatistics()

    package init() {}
}

package struct PruneExecution {
    private let plan: PrunePlan
    private let writerOptions: WriterOptions
    private let progress: UpkeepProgressHandler
    private let beforeDeleting: (Set<PackID>) -> Void
    private var outcome = PruneOutcome()

    /// - Parameter beforeDeleting: hears of packs that no index file names any more, before they go: the last chance to use them.
    package init(
        _ plan: PrunePlan, writerOptions: WriterOptions = WriterOptions(), progress: @escaping UpkeepProgressHandler = { _ in },
        beforeDeleting: @escaping (Set<PackID>) -> Void = { _ in }
    ) {
        self.plan = plan
        self.writerOptions = writerOptions
        self.progress = progress
        self.beforeDeleting = beforeDeleting
    }

    private var repository: Repository { plan.indexed.repository }

    package mutating func run() throws -> PruneOutcome {
        outcome = PruneOutcome()
        try delete(plan.unindexedPacks)
        if !plan.repackedPacks.isEmpty { outcome.copied = try repack() }
        try rewriteIndex()
        try delete(plan.removedPacks + plan.repackedPacks)
        return outcome
    }

    private func repack() throws -> WriterStatistics {
        let (index, copies, oldPackCount) = (plan.indexed.index, plan.copies, plan.indexed.index.packCount)
        let starts = Dictionary(uniqueKeysWithValues: packStarts(of: plan.repackedPacks))
        let statistics = try Repacker(plan.repackedPacks, plan.indexed, options: writerOptions, progress: progress) { pack in
            guard let start = starts[pack] else { return [] }
            return index.blobs(of: pack).enumerated().filter { copies.contains(start + $0.offset) }.map(\.element)
        }.run()
        precondition(countBlobs(inPacksFrom: oldPackCount) == copies.count, "every wanted blob is in a new pack")
        return statistics
    }

    private func packStarts(of packs: [PackID]) -> [(PackID, Int)] {
        let wanted = Set(packs)
        var starts: [(PackID, Int)] = []
        plan.indexed.index.forEachPack { if wanted.contains($0.id) { starts.append(($0.id, $0.firstOrdinal)) } }
        return starts
    }

    private func countBlobs(inPacksFrom number: Int) -> Int {
        var count = 0
        plan.indexed.index.forEachPack { if $0.number >= number { count += $0.blobs.count } }
        return count
    }

    private mutating func rewriteIndex() throws {
        let gone = Set(plan.removedPacks + plan.repackedPacks + plan.missingPacks)
        var rewriter = IndexRewriter(plan.indexed) { gone.contains($0) }
        outcome.deletedIndexFileCount = try rewriter.run(progress: progress)
        outcome.writtenIndexFileCount = rewriter.writtenFileCount
    }

    /// A pack that cannot be deleted only wastes space. A lost lock is another matter and ends the run.
    private mutating func delete(_ packs: [PackID]) throws {
        if packs.isEmpty { return }
        beforeDeleting(Set(packs))
        let counter = StageCounter(.deletingPacks, total: packs.count, progress)
        for pack in packs {
            do {
                try repository.store.delete(StoreKey(.pack, pack.digest))
                outcome.deletedPackCount += 1
            } catch is StoreFailure {
                outcome.undeletedPackCount += 1
            }
            counter.advance()
        }
    }
}
