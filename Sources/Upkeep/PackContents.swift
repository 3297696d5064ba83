// PackContents: which blobs lie in some packs, by the index; for a pack no index names, by its own header.

import Bytes
import Codecs
package import RepositoryEngine
package import RepositoryFormat
import Stores

package enum PackContents {
    /// The packs whose ids begin with these digits; of the index, and of the store.
    /// - Throws: if one of the texts names no pack.
    package static func blobs(of names: [String], in indexed: IndexedRepository) throws -> [PackedBlob] {
        let stored = try indexed.repository.store.list(.pack)
        var blobs: [PackedBlob] = []
        for name in names {
            let known = indexed.index.packs.filter { $0.hex.hasPrefix(name) }
            let unknown = stored.filter { $0.name.hex.hasPrefix(name) && !known.contains(PackID($0.name)) }
            guard !known.isEmpty || !unknown.isEmpty else { throw UpkeepFailure.noSuchPack(name) }
            for pack in known { blobs += indexed.index.blobs(of: pack) }
            for pack in unknown { blobs += try header(of: PackID(pack.name), fileByteCount: pack.byteCount, in: indexed.repository) }
        }
        return blobs
    }

    /// What the pack itself says; sealed, so it can be believed.
    private static func header(of pack: PackID, fileByteCount: UInt64, in repository: Repository) throws -> [PackedBlob] {
        let key = StoreKey(.pack, pack.digest), trailerCount = PackHeader.trailerByteCount
        do {
            guard fileByteCount >= UInt64(trailerCount) else { throw FormatError.damaged("pack header", "the pack is empty") }
            let trailer = try repository.store.load(key, offset: fileByteCount - UInt64(trailerCount), byteCount: trailerCount)
            let sealedCount = try PackHeader.sealedLength(trailer: trailer.span, fileByteCount: fileByteCount)
            let end = fileByteCount - UInt64(trailerCount + sealedCount)
            let sealed = try repository.store.load(key, offset: end, byteCount: sealedCount)
            let plaintext = try Seal(key: repository.masterKey).open(sealed)
            return try PackHeader.parse(plaintext.span, version: repository.config.version, blobByteCount: end)
        } catch let error as StoreFailure {
            throw error
        } catch {
            throw RepositoryFailure.damaged(object: "pack \(pack.short)", detail: Failure(describing: error).message)
        }
    }
}
