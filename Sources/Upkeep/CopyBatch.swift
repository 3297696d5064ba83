// CopyBatch: brings blobs from the packs of one repository into new packs of another. Several threads, one old pack each at a time.
//
//   ranges of a pack, front to back → open the seal → unfold → SHA-256 must be the blob's id → seal what lay under the seal with the
//   other key → open again and compare → open pack → uploader
//
// A byte that is compressed stays so: it is unfolded to be verified, and never compressed again. A blob whose copy here is damaged is
// taken from any other copy; if none is whole, the batch ends with an error, and nothing refers to what it wrote.
// Memory: a range (8 MiB, or one blob) and a blob per thread, and the packs of a writer.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Synchronization

final class CopyBatch: Sendable {
    /// A pack of the source and what is wanted of it.
    struct Pack: Sendable {
        let id: PackID
        let blobs: [PackedBlob]
    }

    private let source: IndexedRepository
    private let writer: BlobWriter
    private let queue: Mutex<[Pack]>
    private let counter: StageCounter

    init(
        _ packs: [Pack], from source: IndexedRepository, to destination: IndexedRepository, options: WriterOptions,
        progress: @escaping UpkeepProgressHandler
    ) {
        self.source = source
        writer = BlobWriter(destination, options: options)
        queue = Mutex(packs.reversed())
        counter = StageCounter(.copyingPacks, total: packs.count, progress)
    }

    /// On return every blob is durable in the destination, and indexed.
    func run() throws -> WriterStatistics {
        do {
            let workers = Workers()
            for number in 0..<Host.processorCount {
                workers.start("copy-\(number)") { [self] in
                    let lane = writer.lane(), reader = RangeReader(source)
                    while let pack = next(unless: workers.failed) { try copy(pack, reader, lane) }
                }
            }
            try workers.join()
            return try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func next(unless failed: Bool) -> Pack? { failed ? nil : queue.withLock { $0.popLast() } }

    private func copy(_ pack: Pack, _ reader: RangeReader, _ lane: BlobWriter.Lane) throws {
        var byteCount: UInt64 = 0
        for range in PackRange.group(pack.blobs) {
            reader.load(range, of: pack.id)
            for blob in range.blobs {
                try reader.withPayload(of: blob, in: range, of: pack.id) { plain, payload, uncompressedLength in
                    _ = try lane.saveTransferred(blob.handle, plain, payload: payload, uncompressedLength: uncompressedLength)
                }
            }
            byteCount += UInt64(range.byteCount)
        }
        counter.advance(byteCount: byteCount)
    }
}
