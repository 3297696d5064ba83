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
    private let open = Mutex<[BlobType: [OpenPack?]]>([.data: [nil, nil], .tree: [nil, nil]])
    private static let packsPerType = 2

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
        while let full = place(handle, sealed, uncompressedLength) { try uploader.submit(full) }
    }

    /// Puts the blob into one of the open packs; or, if it has no room there, takes that pack out and returns it.
    private func place(_ handle: BlobHandle, _ sealed: Span<UInt8>, _ uncompressedLength: UInt32) -> OpenPack? {
        open.withLock { open in
            let choice = Int.random(in: 0..<PackAssembler.packsPerType)
            let current = open[handle.type]?[choice]
            if let current, !current.hasRoom(forBlobsOf: sealed.count, count: 1) {
                open[handle.type]?[choice] = nil
                return current
            }
            let pack = current ?? uploader.takePack(capacity: targetByteCount)
            pack.append(handle, sealed, uncompressedLength: uncompressedLength)
            open[handle.type]?[choice] = pack
            return nil
        }
    }

    /// Hands over the unfinished packs; two of one type that fit together leave as one.
    func flush() throws {
        let unfinished = open.withLock { open in
            defer { open = [.data: [nil, nil], .tree: [nil, nil]] }
            return open
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
