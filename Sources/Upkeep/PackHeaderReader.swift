// PackHeaderReader: what a pack itself says is in it. Reads its end, not its blobs.
//
// 1. The last bytes, enough for the header of a few blobs. 2. If the header is longer, the rest of it. 3. It must open, parse, and
// account for every byte of the pack. A header that does not is read once more before it is called damaged.

import Bytes
import Codecs
import RepositoryEngine
import RepositoryFormat
import Stores

struct PackHeaderReader {
    private let repository: Repository
    private let seal: Seal

    init(_ repository: Repository) {
        self.repository = repository
        seal = Seal(key: repository.masterKey)
    }

    /// The blobs in the order they lie in the pack.
    /// - Throws: FormatError or CodecError for a damaged header; what the store throws.
    func read(_ pack: PackFile) throws -> [PackedBlob] {
        do {
            return try readOnce(pack)
        } catch {
            guard ProvenDamage.isShown(by: error) else { throw error }
            return try readOnce(pack)
        }
    }

    private func readOnce(_ pack: PackFile) throws -> [PackedBlob] {
        let trailer = PackHeader.trailerByteCount
        guard pack.byteCount >= UInt64(PackHeader.minimumFileByteCount) else {
            throw FormatError.damaged("pack header", "the pack has \(pack.byteCount) bytes, fewer than any pack")
        }
        var tail = try load(pack, last: Int(min(UInt64(PackHeader.initialReadByteCount), pack.byteCount)))
        let sealedCount = try PackHeader.sealedLength(trailer: tail.span.extracting(last: trailer), fileByteCount: pack.byteCount)
        if sealedCount + trailer > tail.count { tail = try load(pack, last: sealedCount + trailer) }
        let end = tail.count - trailer
        let plaintext = try seal.open(tail.span.extracting(end - sealedCount..<end))
        return try PackHeader.parse(
            plaintext.span, version: repository.config.version, blobByteCount: pack.byteCount - UInt64(sealedCount + trailer))
    }

    private func load(_ pack: PackFile, last count: Int) throws -> [UInt8] {
        try repository.store.load(StoreKey(.pack, pack.id.digest), offset: pack.byteCount - UInt64(count), byteCount: count)
    }
}
