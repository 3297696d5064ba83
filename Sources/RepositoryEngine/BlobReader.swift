// BlobReader: the one door out. A blob is authenticated, decompressed and compared with its id before a byte of it is handed on;
// a damaged copy makes it try the others. One reader per thread.

import Bytes
import Codecs
package import RepositoryFormat
import Stores

/// Not thread-safe: every worker makes its own.
package final class BlobReader {
    /// More than any honest blob: restic's chunks end at 8 MiB, trees of a million entries stay below this.
    package static let maximumBlobByteCount = 1 << 30

    private let indexed: IndexedRepository
    private let seal: Seal
    private let decompressor = ZstdDecompressor()
    private let hasher = SHA256()
    /// Where compressed blobs are unpacked.
    private var unpacked = Block(capacity: 0)

    package init(_ indexed: IndexedRepository) {
        self.indexed = indexed
        seal = Seal(key: indexed.repository.masterKey)
    }

    /// Reads one blob. Throws `blobMissing` if no index names it, `blobDamaged` if no copy verifies; if one of several copies could not be
    /// reached, the error says that, for it proves nothing about the blob.
    package func read(_ handle: BlobHandle) throws -> [UInt8] {
        guard let first = indexed.index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
        do {
            return try read(handle, at: first)
        } catch let error {
            var unreached: (any Error)?
            for other in indexed.index.locations(handle) where other != first {
                do {
                    return try read(handle, at: other)
                } catch RepositoryFailure.blobDamaged {
                    continue
                } catch {
                    unreached = error
                }
            }
            throw unreached ?? error
        }
    }

    package func readTree(_ id: BlobID) throws -> [UInt8] { try read(BlobHandle(type: .tree, id: id)) }

    /// Reads the blob at the given place.
    package func read(_ handle: BlobHandle, at location: BlobLocation) throws -> [UInt8] {
        do {
            return try readOnce(handle, at: location)
        } catch RepositoryFailure.blobDamaged where indexed.repository.copies?.drop(copyOf: StoreKey(.pack, location.pack.digest)) == true {
            // It was a copy on this machine that went bad; the repository may be good.
            return try readOnce(handle, at: location)
        }
    }

    private func readOnce(_ handle: BlobHandle, at location: BlobLocation) throws -> [UInt8] {
        guard location.length >= UInt32(Seal.overhead), Int(location.length) <= BlobReader.maximumBlobByteCount else {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: "the index gives it an impossible length")
        }
        var sealed: [UInt8]
        do {
            sealed = try indexed.repository.store.load(StoreKey(.pack, location.pack.digest), offset: UInt64(location.offset), byteCount: Int(location.length))
        } catch let error as StoreFailure where error.kind == .corrupt || error.kind == .missing {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: error.message)
        }
        return try open(handle, at: location, &sealed)
    }

    /// Opens sealed bytes that were read from `location`, in place; returns the verified plaintext.
    package func open(_ handle: BlobHandle, at location: BlobLocation, _ sealed: inout [UInt8]) throws -> [UInt8] {
        var span = sealed.mutableSpan
        return try open(handle, at: location, &span) { [UInt8](copying: $0) }
    }

    /// Opens sealed bytes in place and lends the verified plaintext to `body`, which must not use this reader.
    package func open<R>(
        _ handle: BlobHandle, at location: BlobLocation, _ sealed: inout MutableSpan<UInt8>, _ body: (Span<UInt8>) throws -> R
    ) throws -> R {
        try openWithPayload(handle, at: location, &sealed) { plain, _ in try body(plain) }
    }

    /// The same, and lends what lies under the seal as well: the plaintext itself, or the frame it was unfolded from.
    package func openWithPayload<R>(
        _ handle: BlobHandle, at location: BlobLocation, _ sealed: inout MutableSpan<UInt8>,
        _ body: (_ plain: Span<UInt8>, _ payload: Span<UInt8>) throws -> R
    ) throws -> R {
        do {
            try seal.openInPlace(&sealed)
        } catch {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: Failure(describing: error).message)
        }
        let payload = sealed.span.extracting(Seal.nonceByteCount..<sealed.count - Seal.tagByteCount)
        guard location.uncompressedLength != 0 else { return try verified(handle, location, payload, payload, body) }
        guard Int(location.uncompressedLength) <= BlobReader.maximumBlobByteCount else {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: "the index gives it an impossible length")
        }
        let byteCount = Int(location.uncompressedLength)
        if byteCount > unpacked.capacity { unpacked = Block(capacity: byteCount) }
        unpacked.setCountUninitialised(byteCount)
        do {
            try unpacked.withMutableBytes(0..<byteCount) { (target) throws(CodecError) in try decompressor.decompress(payload, into: &target) }
        } catch {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: Failure(describing: error).message)
        }
        return try unpacked.withBytes { content in try verified(handle, location, content, payload, body) }
    }

    private func verified<R>(
        _ handle: BlobHandle, _ location: BlobLocation, _ content: Span<UInt8>, _ payload: Span<UInt8>,
        _ body: (Span<UInt8>, Span<UInt8>) throws -> R
    ) throws -> R {
        guard hasher.digest(of: content) == handle.id.digest else {
            throw RepositoryFailure.blobDamaged(handle, location.pack, detail: "its content does not have the hash that is its name")
        }
        return try body(content, payload)
    }
}
