// FileIngest: one ingest thread. The hot path of a backup, from top to bottom:
//
//   read into a block → cut → hash, look up, compress, seal, verify, append to a pack (BlobWriter.Lane) → node → tree
//
// A file that fits one chunk is read, stored and forgotten at once. A larger one is read by this thread, which cuts it and offers
// the chunks to the other threads; so one huge file keeps every processor busy. Memory is bounded by the blocks in flight.

import Bytes
import Codecs
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Synchronization

/// What all ingest threads of one run share.
final class IngestContext: Sendable {
    let writer: BlobWriter
    let chunker: Chunker
    let queue: IngestQueue
    let assembler: TreeAssembler
    let tally: BackupTally
    let nodes: NodeMaker
    let progress: Progress
    let cancellation: Cancellation
    let blocks = SpareBlocks()
    private let problemList = Mutex<[ScanProblem]>([])

    init(
        writer: BlobWriter, chunker: Chunker, queue: IngestQueue, assembler: TreeAssembler, tally: BackupTally, nodes: NodeMaker,
        progress: Progress, cancellation: Cancellation
    ) {
        self.writer = writer
        self.chunker = chunker
        self.queue = queue
        self.assembler = assembler
        self.tally = tally
        self.nodes = nodes
        self.progress = progress
        self.cancellation = cancellation
    }

    var problems: [ScanProblem] { problemList.withLock { $0 } }

    func report(_ problem: ScanProblem) {
        problemList.withLock { $0.append(problem) }
        progress.add(problems: 1)
    }
}

final class FileIngest {
    /// Bytes asked of the kernel at once.
    private static let readByteCount = 1 << 20
    /// And at least, in case a file has grown since it was looked at.
    private static let smallestReadByteCount = 64 << 10

    private let context: IngestContext
    private let lane: BlobWriter.Lane
    private let small = Block(capacity: Chunker.standardMinimum + 1)

    init(_ context: IngestContext) {
        self.context = context
        lane = context.writer.lane()
    }

    /// Works until the queue is empty and closed.
    func run() throws {
        while let work = context.queue.pop() {
            if context.cancellation.isCancelled { throw RepositoryFailure.cancelled }
            switch work {
            case .files(let jobs):
                for job in jobs { try ingest(job) }
            case .large(let job):
                defer { context.queue.finishedReading() }
                try ingest(job)
            case .chunk(let chunk): try store(chunk)
            case .directory(let directory, let nodes): try context.assembler.write(directory, nodes, lane)
            }
        }
    }

    // MARK: One file

    private func ingest(_ job: FileJob) throws {
        do {
            guard let file = try openUnlessDeleted(job) else { return try deliver(job, nil) }
            let (attributes, failures) = job.entry.extendedAttributes(of: file)
            for failure in failures { context.report(ScanProblem(path: job.entry.sourcePath, effect: .none, failure: failure.failure)) }
            let node = context.nodes.node(job.entry, status: file.status, attributes: attributes)
            small.removeAll()
            // One byte more than a chunk's minimum: so the end of the file shows itself in the same call.
            let isWhole = try fill(small, upTo: small.capacity, expecting: file.status.size, from: file.descriptor)
            if isWhole {
                try finishSmall(job, node)
            } else {
                try readLarge(job, node, file.descriptor)
            }
        } catch let error as SystemError {
            try drop(job, error)
        } catch let error as FileTreeError {
            try drop(job, error)
        }
    }

    /// Nil if the file was deleted since it was listed: as if the scan had come a moment later, nothing to report.
    private func openUnlessDeleted(_ job: FileJob) throws -> ScannedEntry.OpenedFile? {
        do {
            return try job.entry.open()
        } catch let error as SystemError where error.kind == .notFound {
            return nil
        } catch let error as SystemError where error.kind == .symbolicLink {
            throw FileTreeError.notRegular(job.entry.sourcePath, .symbolicLink)
        }
    }

    /// The source could not be read: it is reported, and missing from the snapshot.
    private func drop(_ job: FileJob, _ error: any FailureConvertible) throws {
        context.report(ScanProblem(path: job.entry.sourcePath, failure: error.failure))
        try deliver(job, nil)
    }

    /// Reads until the block holds `limit` bytes or the file ends; true if it ended.
    /// - Parameter expected: the file's size when it was looked at: no more is asked for at once, so that a small file is a small read.
    private func fill(_ block: Block, upTo limit: Int, expecting expected: UInt64 = .max, from file: borrowing Descriptor) throws -> Bool {
        while block.count < limit {
            let wanted = min(limit - block.count, max(Int(clamping: expected) - block.count, FileIngest.smallestReadByteCount))
            let got = try block.appendUpTo(wanted) { (span) throws(SystemError) in try file.read(into: &span) }
            if got == 0 { return true }
        }
        return false
    }

    private func finishSmall(_ job: FileJob, _ node: Node) throws {
        var node = node
        node.size = UInt64(small.count)
        node.content = small.count == 0 ? [] : [try small.withBytes { try lane.save(.data, $0).id }]
        context.progress.add(bytes: node.size)
        try deliver(job, node)
    }

    /// `small` holds the beginning.
    private func readLarge(_ job: FileJob, _ node: Node, _ file: borrowing Descriptor) throws {
        let content = LargeContent(job: job)
        var block = context.blocks.take()
        small.withBytes { block.append($0) }
        var cursor = ChunkCursor()
        var chunkCount = 0, byteCount = UInt64(block.count), isEnd = false
        while true {
            if context.cancellation.isCancelled { throw RepositoryFailure.cancelled }
            let cut = block.withBytes { context.chunker.nextCut(in: $0, cursor: &cursor, isEnd: isEnd) }
            if let cut {
                let rest = context.blocks.take()
                block.withBytes(cut..<block.count) { rest.append($0) }
                block.truncate(to: cut)
                try dispatch(ChunkJob(block: block, content: content, position: chunkCount))
                chunkCount += 1
                block = rest
            } else if isEnd {
                break
            } else {
                let before = block.count
                isEnd = try fill(block, upTo: min(block.capacity, before + FileIngest.readByteCount), from: file)
                byteCount += UInt64(block.count - before)
            }
        }
        context.blocks.giveBack(block)
        if content.end(chunkCount: chunkCount, node: node, byteCount: byteCount) { try deliver(job, content.finish()) }
    }

    private func dispatch(_ chunk: ChunkJob) throws {
        if !context.queue.offer(chunk) { try store(chunk) }
    }

    private func store(_ chunk: ChunkJob) throws {
        let id = try chunk.block.withBytes { try lane.save(.data, $0).id }
        context.progress.add(bytes: UInt64(chunk.block.count))
        context.blocks.giveBack(chunk.block)
        if chunk.content.deliver(id, at: chunk.position) { try deliver(chunk.content.job, chunk.content.finish()) }
    }

    private func deliver(_ job: FileJob, _ node: Node?) throws {
        if let node {
            context.tally.countFile(byteCount: node.size, previous: job.previous, unmodified: false)
            context.progress.add(files: 1)
        }
        if let nodes = job.directory.fill(job.slot, node) { try context.assembler.write(job.directory, nodes, lane) }
    }
}
