// BackupRun: one backup of file trees, from the lock's holder's point of view:
//
// 1. choose the parent snapshot; 2. start the ingest threads; 3. walk the targets on this thread: unchanged files get their node at
// once, others go to the queue, directories are assembled as they complete; 4. join the threads; 5. finish the writer (packs, then
// index, durable); 6. save the snapshot. Nothing refers to anything that is not yet durable; stopping anywhere leaves only
// unreferenced packs.

package import Bytes
import FileTrees
import HostOS
package import RepositoryEngine
import RepositoryFormat

package struct BackupRun {
    private let indexed: IndexedRepository
    private let request: BackupRequest
    private let zone: TimeZoneRules
    private let progress: Progress
    private let cancellation: Cancellation

    /// - Parameter indexed: guarded by a lock that the caller holds for the whole run.
    package init(
        _ indexed: IndexedRepository, _ request: BackupRequest, zone: @escaping TimeZoneRules, progress: Progress = Progress(),
        cancellation: Cancellation = Cancellation()
    ) {
        self.indexed = request.dryRun ? indexed.discardingWrites() : indexed
        self.request = request
        self.zone = zone
        self.progress = progress
        self.cancellation = cancellation
    }

    /// - Parameter snapshots: all snapshots, listed before the index was loaded.
    /// - Throws: `FileTreeError.noTargetLeft`, RepositoryFailure, StoreFailure. Unreadable files are in the summary instead.
    package func run(snapshots: [CatalogedSnapshot]) throws -> BackupSummary {
        let started = Host.monotonicNanoseconds()
        let parent = chooseParent(snapshots)
        if let figures = parent?.snapshot.summary { progress.expect(files: figures.totalFilesProcessed, bytes: figures.totalBytesProcessed) }
        let writer = BlobWriter(indexed, options: request.writer)
        let context: IngestContext
        do {
            context = try ingest(writer, parent)
        } catch {
            writer.abandon()
            throw error
        }
        let statistics = try writer.finish()
        guard let tree = context.assembler.root else { throw RepositoryFailure.cancelled }
        var figures = context.tally.figures
        figures.backupStart = request.time
        figures.backupEnd = request.time.adding(nanoseconds: Host.monotonicNanoseconds() - started)
        figures.add(statistics)
        let unchanged = request.skipIfUnchanged && parent?.snapshot.tree == tree
        let id = request.dryRun || unchanged ? nil : try SnapshotCatalog.save(request.snapshot(tree, parent, figures), in: indexed.repository)
        return BackupSummary(
            snapshotID: id, parent: parent?.id, tree: tree, figures: figures, problems: context.problems,
            durationNanoseconds: Host.monotonicNanoseconds() - started)
    }

    private func chooseParent(_ snapshots: [CatalogedSnapshot]) -> CatalogedSnapshot? {
        switch request.parent {
        case .none: nil
        case .snapshot(let chosen): chosen
        case .automatic: SnapshotCatalog.newest(in: snapshots, matching: request.parentFilter, notAfter: request.time)
        }
    }

    private func ingest(_ writer: BlobWriter, _ parent: CatalogedSnapshot?) throws -> IngestContext {
        let tally = BackupTally()
        let threadCount = max(2, request.threadCount ?? Host.processorCount)
        let queue = IngestQueue(scanLimit: 4 * threadCount, chunkLimit: threadCount)
        let context = IngestContext(
            writer: writer, chunker: Chunker(polynomial: indexed.repository.config.polynomial), queue: queue,
            assembler: TreeAssembler(tally: tally), tally: tally, nodes: NodeMaker(zone: zone, withAccessTime: request.withAccessTime),
            progress: progress, cancellation: cancellation)
        let workers = Workers()
        for number in 0..<threadCount {
            workers.start("ingest-\(number)", onFailure: { queue.abandon() }) { try FileIngest(context).run() }
        }
        do {
            try scan(context, parent)
            queue.close()
        } catch {
            queue.abandon()
            // The workers' own error, if there is one, is the cause; this one only its echo.
            try workers.join()
            throw error
        }
        try workers.join()
        return context
    }

    private func scan(_ context: IngestContext, _ parent: CatalogedSnapshot?) throws {
        let scanner = TreeScanner(
            targets: request.targets, workingDirectory: request.workingDirectory, exclusions: request.exclusions, skipping: request.skipping)
        let visitor = BackupVisitor(context, detector: ChangeDetector(indexed, request: request), parentTree: parent?.snapshot.tree)
        try scanner.walk(visitor)
        try visitor.finish()
    }
}
