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
        if buffer.count > 0 {
            let start = Int(blob.offset - range.offset)
            let location = BlobLocation(pack: pack, offset: blob.offset, length: blob.length, uncompressedLength: blob.uncompressedLength)
            do {
                return try buffer.withMutableBytes(start..<start + Int(blob.length)) { sealed in
                    try reader.open(blob.handle, at: location, &sealed, body)
                }
            } catch {
                // Damaged here; `read` says so, unless another copy is good.
            }
        }
        let content = try reader.read(blob.handle)
        body(content.span)
    }
}
