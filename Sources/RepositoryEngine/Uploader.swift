// Uploader: full packs get their header, their name and their place in the store. As many packs are on their way as there are
// threads here; whoever brings one more waits. So when the store is slow, workers wait, and memory stays what it was.
//
// A pack's blobs become locatable, and its entries part of an index file, only after the store has said that it is durable.

import Bytes
import Codecs
import HostOS
import RepositoryFormat
import Stores
import Synchronization

final class Uploader: Sendable {
    private let indexed: IndexedRepository
    private let queue = BoundedQueue<OpenPack>(limit: 1)
    private let workers = Workers()
    private let indexWriter: IndexWriter
    private let freeThreads: Monitored<Int>
    /// Blocks of finished packs, for the next ones.
    private let spare = Mutex<[Block]>([])

    init(_ indexed: IndexedRepository, count: Int, clock: any Clock) {
        self.indexed = indexed
        indexWriter = IndexWriter(indexed.repository, clock: clock)
        freeThreads = Monitored(count)
        for number in 0..<count {
            workers.start("upload-\(number)", onFailure: { [self] in stop() }) { [self] in
                while let pack = queue.pop() {
                    try upload(pack)
                    freeThreads.update { $0 += 1 }
                }
            }
        }
    }

    /// An empty pack of at least this capacity for its blobs.
    func takePack(capacity: Int) -> OpenPack {
        let reused = spare.withLock { spare in spare.firstIndex { $0.capacity == capacity }.map { spare.remove(at: $0) } }
        reused?.removeAll()
        return OpenPack(reused ?? Block(capacity: capacity))
    }

    /// Waits for a free thread. Throws what ended the uploads, if they ended.
    func submit(_ pack: OpenPack) throws {
        if pack.entryCount == 0 { return }
        freeThreads.wait { free -> Void? in
            guard free > 0 else { return nil }
            free -= 1
        }
        if queue.push(pack) { return }
        try workers.join()
        throw RepositoryFailure.cancelled
    }

    /// Waits until every submitted pack is durable, then writes the rest of the index.
    func finish() throws {
        queue.close()
        try workers.join()
        try indexWriter.flush()
    }

    /// Stops. What was stored until then is named by an index file if the store still takes one, so that the next run need not send it again.
    func abandon() {
        stop()
        try? workers.join()
        try? indexWriter.flush()
    }

    /// Refuses further packs and lets everyone through who waits to hand one over.
    private func stop() {
        queue.abandon()
        freeThreads.update { $0 += 1 << 20 }
    }

    private func upload(_ pack: OpenPack) throws {
        let blobs = pack.blobs
        let header = Seal(key: indexed.repository.masterKey).seal(PackHeader.serialise(blobs))
        pack.block.append(header)
        var headerLength: [UInt8] = []
        headerLength.append(littleEndian: UInt32(header.count))
        pack.block.append(headerLength)
        let id = try pack.block.withBytes { bytes in
            let id = PackID(SHA256.hash(bytes))
            if blobs.allSatisfy({ $0.type == .tree }) { indexed.repository.copies?.expect(treePack: id.digest) }
            try indexed.repository.store.save(StoreKey(.pack, id.digest), bytes)
            return id
        }
        indexed.index.add(id, blobs.span)
        try indexWriter.add(id, blobs)
        spare.withLock { if $0.count < 4 { $0.append(pack.block) } }
    }
}
