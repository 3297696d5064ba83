// SequentialContent: a stored file read from its start to its end, a few MiB at a time. The blobs of a window are fetched together,
// neighbours in one read: fine pieces would otherwise cost a request each.

import Bytes
package import RepositoryEngine
package import RepositoryFormat

/// Not thread-safe: belongs to the thread that reads.
package final class SequentialContent {
    private static let windowByteCount = 4 << 20

    private let index: BlobIndex
    private let reader: RangeReader
    private let ids: [BlobID]
    /// How many of `ids` have been fetched.
    private var fetched = 0
    private var window: [[UInt8]] = []
    private var piece = 0
    private var position = 0

    package init(_ indexed: IndexedRepository, _ content: [BlobID]) {
        index = indexed.index
        reader = RangeReader(indexed)
        ids = content
    }

    /// Reads up to `buffer.count` bytes, at least one; 0 only at the end.
    /// - Throws: what reading blobs throws. Every byte returned is verified.
    package func read(into buffer: inout MutableSpan<UInt8>) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            if piece == window.count {
                guard fetched < ids.count else { break }
                try fetch()
                continue
            }
            let count = min(buffer.count - filled, window[piece].count - position)
            for offset in 0..<count { buffer[filled + offset] = window[piece][position + offset] }
            filled += count
            position += count
            if position == window[piece].count {
                piece += 1
                position = 0
            }
        }
        return filled
    }

    private func fetch() throws {
        var wanted: [PackID: [PackedBlob]] = [:]
        var places: [BlobID: [Int]] = [:]
        var count = 0, byteCount = 0
        while fetched < ids.count, byteCount < SequentialContent.windowByteCount || count == 0 {
            let handle = BlobHandle(type: .data, id: ids[fetched])
            guard let location = index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
            if places[handle.id] == nil {
                wanted[location.pack, default: []].append(
                    PackedBlob(
                        type: .data, id: handle.id, offset: location.offset, length: location.length,
                        uncompressedLength: location.uncompressedLength))
            }
            places[handle.id, default: []].append(count)
            byteCount += location.plainByteCount
            count += 1
            fetched += 1
        }
        window = [[UInt8]](repeating: [], count: count)
        piece = 0
        for (pack, blobs) in wanted {
            for range in PackRange.group(blobs) {
                reader.load(range, of: pack)
                for blob in range.blobs {
                    try reader.withContent(of: blob, in: range, of: pack) { content in
                        let bytes = [UInt8](copying: content)
                        for place in places[blob.id] ?? [] { window[place] = bytes }
                    }
                }
            }
        }
    }
}
