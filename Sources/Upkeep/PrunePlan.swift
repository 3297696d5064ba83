// PrunePlan: which packs to delete, to rewrite and to keep, so that what no snapshot needs disappears (format: prune). A value:
// making it changes nothing, printing it is the dry run.
//
// 1. Every needed blob must be in the index. 2. Packs in no index go first. 3. A needed pack must be there and have the size the
// index implies; one that is missing and not needed is dropped from the index. 4. Packs without needed blobs go. 5. Packs with
// unneeded blobs, mixed ones and those to be compressed are candidates for rewriting; small ones too if there are at least ten.
// 6. Candidates are taken, trees first, then small packs, then the emptiest, until few enough unneeded bytes stay.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
package import Stores

package struct PrunePlan: Sendable, CustomStringConvertible {
    /// In no index: left by a run that died.
    package let unindexedPacks: [PackID]
    /// Hold nothing that is needed.
    package let removedPacks: [PackID]
    /// Their needed blobs are to be copied into new packs.
    package let repackedPacks: [PackID]
    /// Named by the index, not there, and not needed.
    package let missingPacks: [PackID]
    package let statistics: PruneStatistics

    /// What the plan was made for; only this may execute it.
    package let indexed: IndexedRepository
    /// Ordinals of the copies to be copied out of `repackedPacks`.
    let copies: OrdinalSet

    /// Nothing to do, except perhaps tidying the index.
    package var isEmpty: Bool { unindexedPacks.isEmpty && removedPacks.isEmpty && repackedPacks.isEmpty && missingPacks.isEmpty }

    /// - Parameters:
    ///   - packs: the listing of pack files, made after the index was loaded and under an exclusive lock.
    ///   - indexed: the whole index of a repository guarded by that lock.
    package static func make(
        _ indexed: IndexedRepository, _ reachability: Reachability, packs: [StoreEntry], options: PruneOptions = PruneOptions()
    ) throws -> PrunePlan {
        if indexed.repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: indexed.repository.store.location) }
        if let example = reachability.missing.min() {
            throw UpkeepFailure.indexIncomplete(missingBlobs: reachability.missing.count, example: example.description)
        }
        precondition(reachability.index === indexed.index, "reachability was computed for this index")
        let survey = UsageSurvey(indexed.index, reachability)
        var sorter = PackSorter(survey, options, version: indexed.repository.config.version, packs: packs)
        try sorter.sort(packs)
        return PrunePlan(indexed, survey, sorter)
    }

    /// Loads what a plan needs from a repository that an exclusive lock guards, and makes it.
    /// - Parameter ignoring: snapshots about to be deleted, whose data goes.
    package static func make(
        for repository: Repository, ignoring: Set<SnapshotID> = [], options: PruneOptions = PruneOptions(),
        progress: @escaping UpkeepProgressHandler = { _ in }
    ) throws -> PrunePlan {
        let snapshots = try loadAllSnapshots(repository).filter { !ignoring.contains($0.id) }
        let indexed = try IndexedRepository.load(repository)
        let reachability = try Reachability.compute(snapshots.map(\.snapshot.tree), in: indexed, progress: progress)
        return try make(indexed, reachability, packs: repository.store.list(.pack), options: options)
    }

    /// Under an exclusive lock no snapshot vanishes: one that is listed and cannot be loaded must not lose its data.
    private static func loadAllSnapshots(_ repository: Repository) throws -> [CatalogedSnapshot] {
        let listed = try repository.store.list(.snapshot).map { SnapshotID($0.name) }
        let snapshots = try SnapshotCatalog.load(repository)
        let loaded = Set(snapshots.map(\.id))
        if let lost = listed.first(where: { !loaded.contains($0) }) {
            throw RepositoryFailure.damaged(object: "snapshot \(lost.short)", detail: "it is listed, but cannot be loaded")
        }
        return snapshots
    }

    private init(_ indexed: IndexedRepository, _ survey: UsageSurvey, _ sorter: PackSorter) {
        self.indexed = indexed
        unindexedPacks = sorter.unindexed
        removedPacks = sorter.removed
        repackedPacks = sorter.repacked
        missingPacks = sorter.missing
        copies = PrunePlan.copies(indexed.index, survey, sorter)
        statistics = sorter.statistics
    }

    /// The wanted copies in packs to be rewritten, unless a pack that stays holds the blob as well.
    private static func copies(_ index: BlobIndex, _ survey: UsageSurvey, _ sorter: PackSorter) -> OrdinalSet {
        let repacked = Set(sorter.repacked)
        let gone = repacked.union(sorter.removed).union(sorter.missing)
        var inKeptPacks = OrdinalSet(capacity: index.blobCount)
        index.forEachPack { entries in
            if gone.contains(entries.id) { return }
            for blob in entries.blobs { if let first = index.firstOrdinal(blob.handle) { inKeptPacks.insert(first) } }
        }
        var copies = OrdinalSet(capacity: index.blobCount)
        index.forEachPack { entries in
            guard repacked.contains(entries.id) else { return }
            for (position, blob) in entries.blobs.enumerated() where survey.wantedCopies.contains(entries.firstOrdinal + position) {
                if let first = index.firstOrdinal(blob.handle), !inKeptPacks.contains(first) {
                    copies.insert(entries.firstOrdinal + position)
                }
            }
        }
        return copies
    }

    /// The dry run, for people.
    package var description: String {
        let s = statistics
        func size(_ count: UInt64) -> ByteCount { ByteCount(count) }
        return """
            needed:          \(s.usedBlobCount) blobs, \(size(s.usedByteCount))
            duplicates:      \(s.duplicateBlobCount) blobs, \(size(s.duplicateByteCount))
            unneeded:        \(s.unusedBlobCount) blobs, \(size(s.unusedByteCount))
            packs to keep:   \(s.keptPackCount)
            packs to delete: \(s.removedPackCount + s.unindexedPackCount), \(size(s.removedByteCount + s.unindexedByteCount)) (\(s.unindexedPackCount) of them in no index)
            packs to repack: \(s.repackedPackCount), \(size(s.repackedByteCount))
            frees:           \(size(s.freedByteCount))
            stays unneeded:  \(size(s.remainingUnusedByteCount))
            """
    }
}
