// Repacker: copies needed blobs out of packs that are about to go. Several threads, one old pack each at a time.
//
// Neighbouring blobs are read together; each is opened and compared with its id before it is sealed again into a new pack. A
// damaged copy makes the reader try the others; if none is whole, the repack ends with an error and no pack has been deleted.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

final class Repacker: Sendable {
    private let indexed: IndexedRepository
    private let writer: BlobWriter
    private let queue: Mutex<[PackID]>
    private let counter: StageCounter
    /// The blobs to copy from a pack.
    private let wanted: @Sendable (PackID) -> [PackedBlob]

    init(
        _ packs: [PackID], _ indexed: IndexedRepository, options: WriterOptions, progress: @escaping UpkeepProgressHandler,
        wanted: @escaping @Sendable (PackID) -> [PackedBlob]
    ) {
        self.indexed = indexed
        self.wanted = wanted
        writer = BlobWriter(indexed, options: options)
        queue = Mutex(packs.reversed())
        counter = StageCounter(.repackingPacks, total: packs.count, progress)
    }

    /// On return every wanted blob is durable in a new pack, and indexed.
    func run() throws -> WriterStatistics {
        do {
            let workers = Workers()
            for number in 0..<Host.processorCount {
                workers.start("repack-\(number)") { [self] in
                    let lane = writer.lane(), reader = BlobReader(indexed)
                    while let pack = next(unless: workers.failed) {
                        try repack(pack, reader, lane)
                        counter.advance()
                    }
                }
            }
            try workers.join()
            return try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func next(unless failed: Bool) -> PackID? { failed ? nil : queue.withLock { $0.popLast() } }

    private func repack(_ pack: PackID, _ reader: BlobReader, _ lane: BlobWriter.Lane) throws {
        for range in PackRange.group(wanted(pack)) {
            var bytes: [UInt8]
            do {
                bytes = try indexed.repository.store.load(
                    StoreKey(.pack, pack.digest), offset: UInt64(range.offset), byteCount: range.byteCount)
            } catch let error as StoreFailure where error.kind == .corrupt || error.kind == .missing {
                for blob in range.blobs { try copyAnyCopy(of: blob.handle, reader, lane) }
                continue
            }
            for blob in range.blobs { try copy(blob, in: pack, &bytes, startingAt: range.offset, reader, lane) }
        }
    }

    private func copy(
        _ blob: PackedBlob, in pack: PackID, _ bytes: inout [UInt8], startingAt start: UInt32, _ reader: BlobReader, _ lane: BlobWriter.Lane
    ) throws {
        let from = Int(blob.offset - start)
        do {
            try bytes.withMutableBytes(from..<from + Int(blob.length)) { sealed in
                try reader.open(blob.handle, at: BlobLocation(pack: pack, blob: blob), &sealed) { try lane.saveAgain(blob.handle, $0) }
            }
        } catch RepositoryFailure.blobDamaged {
            try copyAnyCopy(of: blob.handle, reader, lane)
        }
    }

    private func copyAnyCopy(of handle: BlobHandle, _ reader: BlobReader, _ lane: BlobWriter.Lane) throws {
        let plaintext = try reader.read(handle)
        try lane.saveAgain(handle, plaintext.span)
    }
}
