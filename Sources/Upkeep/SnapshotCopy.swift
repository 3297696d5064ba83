// SnapshotCopy: snapshots of one repository into another.
//
// 1. Snapshots are taken oldest first until what they need is worth a batch. 2. The batch is copied: packs, then index files
// (CopyBatch). 3. The snapshot files of the batch. Then the next batch.
// What is promised: a snapshot in the destination is complete whatever ends the copy, and when. Trees are copied as bytes, not written
// anew, so their ids stay. What a killed copy leaves is packs, which the next run takes over (PackAdoption).

package import RepositoryEngine
package import RepositoryFormat

package struct CopyOutcome: Sendable {
    package struct Copied: Sendable {
        package let source: CatalogedSnapshot
        package let destination: SnapshotID
    }

    package var copied: [Copied] = []
    /// What the destination had already.
    package var present: [(source: CatalogedSnapshot, destination: SnapshotID)] = []
    package var written = WriterStatistics()
    /// Packs of the source that were read.
    package var readPackCount = 0
}

package struct SnapshotCopy {
    /// Stored bytes after which a batch is closed: a gigabyte of the source.
    package static let batchByteCount: UInt64 = 1 << 30

    private let source: IndexedRepository
    private let destination: IndexedRepository
    private let options: WriterOptions
    private let batchByteCount: UInt64
    private let progress: UpkeepProgressHandler

    /// - Parameter destination: guarded by a lock.
    package init(
        from source: IndexedRepository, to destination: IndexedRepository, options: WriterOptions = WriterOptions(),
        batchByteCount: UInt64 = SnapshotCopy.batchByteCount, progress: @escaping UpkeepProgressHandler = { _ in }
    ) {
        self.source = source
        self.destination = destination
        self.options = options
        self.batchByteCount = batchByteCount
        self.progress = progress
    }

    /// - Parameter onCopied: hears of each snapshot as soon as it is in the destination.
    package func run(_ choice: CopyChoice, onCopied: (CopyOutcome.Copied) -> Void = { _ in }) throws -> CopyOutcome {
        var outcome = CopyOutcome()
        outcome.present = choice.present
        let demand = CopyDemand(source, missingIn: destination)
        let trees = StageCounter(.walkingTrees, total: nil, progress)
        var waiting = choice.missing[...]
        while !waiting.isEmpty {
            var batch: [CatalogedSnapshot] = []
            while let entry = waiting.first, batch.isEmpty || demand.sealedByteCount < batchByteCount {
                try demand.add(entry.snapshot.tree) { trees.advance() }
                batch.append(entry)
                waiting.removeFirst()
            }
            try copy(demand.take(), &outcome)
            for entry in batch {
                let id = try SnapshotCatalog.save(CopyChoice.copy(of: entry), in: destination.repository)
                let copied = CopyOutcome.Copied(source: entry, destination: id)
                outcome.copied.append(copied)
                onCopied(copied)
            }
        }
        return outcome
    }

    private func copy(_ packs: [CopyBatch.Pack], _ outcome: inout CopyOutcome) throws {
        if packs.isEmpty { return }
        let written = try CopyBatch(packs, from: source, to: destination, options: options, progress: progress).run()
        outcome.readPackCount += packs.count
        outcome.written.dataBlobs += written.dataBlobs
        outcome.written.treeBlobs += written.treeBlobs
        outcome.written.dataAdded += written.dataAdded
        outcome.written.dataAddedPacked += written.dataAddedPacked
    }
}
