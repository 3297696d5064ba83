// RangeReader: reads ranges of packs into one buffer, again and again the same memory, and lends out the blobs that lie there.

import Bytes
package import RepositoryFormat
import Stores

/// Not thread-safe: every worker makes its own.
package final class RangeReader {
    private let indexed: IndexedRepository
    private let reader: BlobReader
    private var buffer = Block(capacity: PackRange.maximumByteCount)

    package init(_ indexed: IndexedRepository) {
        self.indexed = indexed
        reader = BlobReader(indexed)
    }

    /// Reads the range. One that cannot be read is no error yet: each of its blobs is then looked for elsewhere.
    package func load(_ range: PackRange, of pack: PackID) {
        buffer.removeAll()
        guard range.byteCount <= BlobReader.maximumBlobByteCount else { return }
        if range.byteCount > buffer.capacity { buffer = Block(capacity: range.byteCount) }
        buffer.setCountUninitialised(range.byteCount)
        do {
            try buffer.withMutableBytes(0..<range.byteCount) { span in
                try indexed.repository.store.read(StoreKey(.pack, pack.digest), at: UInt64(range.offset), into: &span)
            }
        } catch {
            buffer.removeAll()
        }
    }

    /// Lends the verified content of a blob of the range loaded last to `body`, for the time of the call: opened where it lies, or, if
    /// that is damaged, from any other copy. Once only for each blob. Throws like `BlobReader.read`.
    package func withContent(of blob: PackedBlob, in range: PackRange, of pack: PackID, _ body: (Span<UInt8>) -> Void) throws {
        try lend(blob, range, pack) { plain, _, _ in body(plain) }
    }

    /// The same for a blob that goes on to another repository: with what lies under its seal, and the uncompressed length of that, 0 if it
    /// is the content itself.
    package func withPayload(
        of blob: PackedBlob, in range: PackRange, of pack: PackID,
        _ body: (_ plain: Span<UInt8>, _ payload: Span<UInt8>, _ uncompressedLength: UInt32) throws -> Void
    ) throws {
        // What `body` throws is no damage, and must not make the blob be looked for elsewhere.
        var problem: (any Error)?
        try lend(blob, range, pack) { plain, payload, uncompressedLength in
            do { try body(plain, payload, uncompressedLength) } catch { problem = error }
        }
        if let problem { throw problem }
    }

    private func lend(_ blob: PackedBlob, _ range: PackRange, _ pack: PackID, _ body: (Span<UInt8>, Span<UInt8>, UInt32) -> Void) throws {
        if buffer.count > 0 {
            let start = Int(blob.offset - range.offset)
            let location = BlobLocation(pack: pack, blob: blob)
            do {
                return try buffer.withMutableBytes(start..<start + Int(blob.length)) { sealed in
                    try reader.openWithPayload(blob.handle, at: location, &sealed) { body($0, $1, blob.uncompressedLength) }
                }
            } catch {
                // Damaged here; `read` says so, unless another copy is good.
            }
        }
        let content = try reader.read(blob.handle)
        body(content.span, content.span, 0)
    }
}
