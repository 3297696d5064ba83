// BackupVisitor: the scan's side of a backup. Decides for each entry whether its node is known at once or must wait for its content.

import Bytes
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat

final class BackupVisitor: ScanVisitor {
    /// Files up to this size travel in batches; one lock and one wake-up then serve many of them.
    private static let smallByteCount: UInt64 = 512 << 10
    private static let batchFileCount = 32
    private static let batchByteCount: UInt64 = 2 << 20

    private struct Level {
        let directory: PendingDirectory
        let previous: ParentDirectory
    }

    private let context: IngestContext
    private let detector: ChangeDetector
    private var levels: [Level]
    private var batch: [FileJob] = []
    private var batchBytes: UInt64 = 0

    init(_ context: IngestContext, detector: ChangeDetector, parentTree: BlobID?) {
        self.context = context
        self.detector = detector
        levels = [Level(directory: PendingDirectory(node: nil, parent: nil, slot: 0, previous: nil), previous: detector.directory(parentTree))]
    }

    func enterDirectory(_ entry: ScannedEntry) throws {
        let above = levels[levels.count - 1]
        let previous = above.previous.node(named: entry.name)
        let directory = PendingDirectory(
            node: node(entry), parent: above.directory, slot: above.directory.reserve(), previous: previous?.kind == .directory ? previous : nil)
        levels.append(Level(directory: directory, previous: detector.directory(previous?.subtree)))
    }

    func leaveDirectory(_ entry: ScannedEntry) throws { try close(levels.removeLast().directory) }

    func entry(_ entry: ScannedEntry) throws {
        if context.cancellation.isCancelled { throw RepositoryFailure.cancelled }
        let level = levels[levels.count - 1]
        guard entry.status.kind == .regular else {
            level.directory.append(node(entry))
            return
        }
        let previous = level.previous.node(named: entry.name)
        if let content = detector.unchangedContent(entry.status, parent: previous) {
            var node = node(entry)
            node.size = entry.status.size
            node.content = content
            level.directory.append(node)
            context.tally.countFile(byteCount: node.size, previous: previous, unmodified: true)
            context.progress.add(files: 1, bytes: node.size)
        } else {
            try submit(FileJob(entry: entry, directory: level.directory, slot: level.directory.reserve(), previous: previous?.kind == .file ? previous : nil))
        }
    }

    func problem(_ problem: ScanProblem) { context.report(problem) }

    /// After the walk: the last batch, and the root.
    func finish() throws {
        try flush()
        try close(levels[0].directory)
    }

    private func node(_ entry: ScannedEntry) -> Node {
        let (attributes, failures) = entry.extendedAttributes()
        for failure in failures { context.report(ScanProblem(path: entry.sourcePath, effect: .none, failure: failure.failure)) }
        return context.nodes.node(entry, attributes: attributes)
    }

    private func close(_ directory: PendingDirectory) throws {
        if let nodes = directory.close() { try push(.directory(directory, nodes)) }
    }

    private func submit(_ job: FileJob) throws {
        guard job.entry.status.size <= BackupVisitor.smallByteCount else { return try push(.large(job)) }
        batch.append(job)
        batchBytes += job.entry.status.size
        if batch.count >= BackupVisitor.batchFileCount || batchBytes >= BackupVisitor.batchByteCount { try flush() }
    }

    private func flush() throws {
        if batch.isEmpty { return }
        try push(.files(batch))
        batch = []
        batchBytes = 0
    }

    private func push(_ work: IngestWork) throws {
        // The queue refuses only after a worker failed; its error is thrown when the workers are joined.
        guard context.queue.push(work) else { throw RepositoryFailure.cancelled }
    }
}
