// PackAssembler: sealed blobs gather in open packs until a pack is full.
//
// Two packs per blob type are open, and each blob goes into a randomly chosen one: an observer of the store cannot read chunk
// lengths, and so file sizes, from the order of blobs (format: privacy measure). At the end two small packs become one.

import Bytes
import HostOS
import RepositoryFormat
import Synchronization

/// A pack while it is being filled: its bytes so far and where its blobs lie.
final class OpenPack: Sendable {
    let block: Block
    private let list = Mutex<[PackedBlob]>([])

    init(_ block: Block) { self.block = block }

    var blobs: [PackedBlob] { list.withLock { $0 } }
    var entryCount: Int { list.withLock { $0.count } }
    var byteCount: Int { block.count }

    /// Whether one more sealed blob and the header fit into the block.
    func hasRoom(forBlobsOf byteCount: Int, count: Int) -> Bool {
        block.count + byteCount + PackHeader.trailerByteCount + PackHeader.sealedLength(entryCount: entryCount + count) <= block.capacity
            && entryCount + count <= PackHeader.maximumEntryCount
    }

    func append(_ handle: BlobHandle, _ sealed: Span<UInt8>, uncompressedLength: UInt32) {
        let entry = PackedBlob(
            type: handle.type, id: handle.id, offset: UInt32(block.count), length: UInt32(sealed.count), uncompressedLength: uncompressedLength)
        block.append(sealed)
        list.withLock { $0.append(entry) }
    }

    /// Appends every blob of another pack.
    func append(_ other: OpenPack) {
        for blob in other.blobs {
            other.block.withBytes(Int(blob.offset)..<Int(blob.offset) + Int(blob.length)) {
                append(blob.handle, $0, uncompressedLength: blob.uncompressedLength)
            }
        }
    }
}

final class PackAssembler: Sendable {
    private let targetByteCount: Int
    private let uploader: Uploader
    private let state = Mutex(State())

    private struct State {
        var open: [BlobType: [OpenPack?]] = [.data: [nil, nil], .tree: [nil, nil]]
        /// Full packs taken out and not yet with the uploader.
        var leavingCount = 0
        private var coins: UInt64 = 0
        private var coinCount = 0

        /// A pack of the two, by a fair coin; the system is asked for 64 throws at a time.
        mutating func chooseOne() -> Int {
            if coinCount == 0 {
                coins = UInt64.random(in: .min ... .max)
                coinCount = 64
            }
            defer {
                coins >>= 1
                coinCount -= 1
            }
            return Int(coins & 1)
        }
    }

    init(targetByteCount: Int, uploader: Uploader) {
        self.targetByteCount = targetByteCount
        self.uploader = uploader
    }

    /// Copies a sealed blob into an open pack. Blocks while the uploader is behind; throws what stopped it.
    func append(_ handle: BlobHandle, _ sealed: Span<UInt8>, uncompressedLength: UInt32) throws {
        let aloneByteCount = sealed.count + PackHeader.trailerByteCount + PackHeader.sealedLength(entryCount: 1)
        if aloneByteCount >= targetByteCount {
            let pack = uploader.takePack(capacity: aloneByteCount)
            pack.append(handle, sealed, uncompressedLength: uncompressedLength)
            return try uploader.submit(pack)
        }
        // A full pack leaves before its successor is taken, so that their number stays what the uploader allows.
        while let full = place(handle, sealed, uncompressedLength) {
            defer { state.withLock { $0.leavingCount -= 1 } }
            try uploader.submit(full)
        }
    }

    /// Puts the blob into one of the open packs; or, if it has no room there, takes that pack out and returns it.
    private func place(_ handle: BlobHandle, _ sealed: Span<UInt8>, _ uncompressedLength: UInt32) -> OpenPack? {
        state.withLock { state in
            var choice = state.chooseOne()
            // While a full pack waits for the uploader its place stays empty, if the other pack has room: memory is for three, not four.
            if state.leavingCount > 0, state.open[handle.type]?[choice] == nil,
                let other = state.open[handle.type]?[1 - choice], other.hasRoom(forBlobsOf: sealed.count, count: 1)
            {
                choice = 1 - choice
            }
            let current = state.open[handle.type]?[choice]
            if let current, !current.hasRoom(forBlobsOf: sealed.count, count: 1) {
                state.open[handle.type]?[choice] = nil
                state.leavingCount += 1
                return current
            }
            let pack = current ?? uploader.takePack(capacity: targetByteCount)
            pack.append(handle, sealed, uncompressedLength: uncompressedLength)
            state.open[handle.type]?[choice] = pack
            return nil
        }
    }

    /// Hands over the unfinished packs; two of one type that fit together leave as one.
    func flush() throws {
        let unfinished = state.withLock { state in
            defer { state = State() }
            return state.open
        }
        for type in BlobType.allCases {
            let packs = (unfinished[type] ?? []).compactMap { $0 }
            if packs.count == 2, packs[0].hasRoom(forBlobsOf: packs[1].byteCount, count: packs[1].entryCount) {
                packs[0].append(packs[1])
                try uploader.submit(packs[0])
            } else {
                for pack in packs { try uploader.submit(pack) }
            }
        }
    }
}
