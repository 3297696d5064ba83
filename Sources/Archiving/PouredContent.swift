// PouredContent: contents that can be read once and in order (a pipe, an entry of an archive), cut by the thread that reads and stored
// by all processors.
//
//   read → cut → offer to a free thread, else store it here → ids by position
//
// Memory is bounded by the chunks in flight: one per thread, one waiting, one being read.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat

/// Belongs to the reading thread.
final class PouredContent {
    private static let readByteCount = 1 << 20

    private let chunker: Chunker
    private let lane: BlobWriter.Lane
    private let threadCount: Int
    private let progress: Progress
    private let cancellation: Cancellation
    private let pool: ChunkPool
    private let workers = Workers()
    private var hasStarted = false

    /// - Parameter threadCount: that store besides the reading one.
    init(_ writer: BlobWriter, _ chunker: Chunker, threadCount: Int, progress: Progress, cancellation: Cancellation) {
        self.chunker = chunker
        self.threadCount = threadCount
        self.progress = progress
        self.cancellation = cancellation
        lane = writer.lane()
        pool = ChunkPool(writer)
    }

    deinit { end() }

    /// Reads to the end, and returns when every chunk is stored.
    /// - Parameter read: gives the content piece by piece; 0 at its end.
    func store(_ read: (inout MutableSpan<UInt8>) throws -> Int) throws -> (content: [BlobID], size: UInt64) {
        pool.begin()
        var size: UInt64 = 0, cursor = ChunkCursor(), isEnd = false, block = pool.blocks.take()
        while true {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            let cut = block.withBytes { chunker.nextCut(in: $0, cursor: &cursor, isEnd: isEnd) }
            if let cut {
                let rest = pool.blocks.take()
                block.withBytes(cut..<block.count) { rest.append($0) }
                block.truncate(to: cut)
                try dispatch(block, isLast: isEnd && rest.count == 0)
                block = rest
            } else if isEnd {
                pool.blocks.giveBack(block)
                return (try content(), size)
            } else {
                let got = try block.appendUpTo(min(block.free, PouredContent.readByteCount)) { span in try read(&span) }
                isEnd = got == 0
                size += UInt64(got)
                progress.add(bytes: UInt64(got))
            }
        }
    }

    /// Ends the threads. Nothing may be stored afterwards.
    func end() {
        pool.queue.close()
        try? workers.join()
    }

    /// The last chunk, and so every small content, is stored here: nobody need be woken for it.
    private func dispatch(_ block: Block, isLast: Bool) throws {
        let chunk = pool.register(block)
        if !isLast && threadCount > 0 {
            startThreads()
            if pool.queue.tryPush(chunk) { return }
        }
        try pool.store(chunk, lane)
    }

    private func startThreads() {
        if hasStarted { return }
        hasStarted = true
        for number in 0..<threadCount {
            workers.start("store-\(number)", onFailure: { [pool] in pool.fail() }) { [pool] in
                let lane = pool.writer.lane()
                while let chunk = pool.queue.pop() { try pool.store(chunk, lane) }
            }
        }
    }

    private func content() throws -> [BlobID] {
        if let ids = pool.waitForAll() { return ids }
        pool.queue.abandon()
        try workers.join()
        throw RepositoryFailure.cancelled
    }
}

/// What the threads of a poured content share.
private final class ChunkPool: Sendable {
    struct Chunk: Sendable {
        let block: Block
        let position: Int
    }

    /// The blobs of the content being read, by position.
    private struct Stored: Sendable {
        var ids: [BlobID?] = []
        var missing = 0
        var failed = false
    }

    let writer: BlobWriter
    let queue = BoundedQueue<Chunk>(limit: 1)
    private let stored = Monitored(Stored())
    let blocks = SpareBlocks()

    init(_ writer: BlobWriter) { self.writer = writer }

    func begin() {
        stored.update { stored in
            stored.ids = []
            stored.missing = 0
        }
    }

    func register(_ block: Block) -> Chunk {
        stored.update { stored in
            stored.ids.append(nil)
            stored.missing += 1
            return Chunk(block: block, position: stored.ids.count - 1)
        }
    }

    func store(_ chunk: Chunk, _ lane: BlobWriter.Lane) throws {
        let id = try chunk.block.withBytes { try lane.save(.data, $0).id }
        blocks.giveBack(chunk.block)
        stored.update { stored in
            stored.ids[chunk.position] = id
            stored.missing -= 1
        }
    }

    func fail() { stored.update { $0.failed = true } }

    /// The blobs in order, once all are stored; nil if a thread failed.
    func waitForAll() -> [BlobID]? {
        let isWhole: Bool = stored.wait { stored in
            if stored.failed { return false }
            return stored.missing == 0 ? true : nil
        }
        return isWhole ? stored.update { $0.ids.compactMap { $0 } } : nil
    }
}
