// BlobSequence: the content of a file as its blobs, and where in the file each of them begins: any place of it is found in logarithmic time.

import Bytes
package import RepositoryEngine
package import RepositoryFormat

package struct BlobSequence: Sendable {
    /// A part of one blob.
    package struct Piece: Equatable, Sendable {
        package let blob: BlobID
        /// Of the blob's bytes.
        package let range: Range<Int>
    }

    private let blobs: [BlobID]
    /// Where each blob begins, and at last where the file ends.
    private let starts: [UInt64]

    /// - Throws: `blobMissing` if the index knows no place of a blob.
    package init(_ content: [BlobID], index: BlobIndex) throws(RepositoryFailure) {
        guard let lengths = index.plainLengths(content) else {
            let missing = content.map { BlobHandle(type: .data, id: $0) }.first { index.locate($0) == nil }
            throw RepositoryFailure.blobMissing(missing ?? BlobHandle(type: .data, id: BlobID(.zero)))
        }
        self.init(content, lengths: lengths)
    }

    package init(_ blobs: [BlobID], lengths: [Int]) {
        self.blobs = blobs
        var starts: [UInt64] = [0], end: UInt64 = 0
        starts.reserveCapacity(lengths.count + 1)
        for length in lengths {
            end += UInt64(max(0, length))
            starts.append(end)
        }
        self.starts = starts
    }

    /// The length of the file in bytes.
    package var byteCount: UInt64 { starts.last ?? 0 }

    /// The length of the blob at a position in the sequence, as the index has it.
    package func length(at position: Int) -> Int { Int(starts[position + 1] - starts[position]) }

    /// The pieces that make up `byteCount` bytes from `offset`, fewer at the end of the file; each with its position in the sequence.
    package func pieces(from offset: UInt64, byteCount: Int) -> [(position: Int, piece: Piece)] {
        guard offset < self.byteCount, byteCount > 0 else { return [] }
        let end = min(self.byteCount, offset + UInt64(byteCount))
        var position = position(of: offset), found: [(Int, Piece)] = []
        while position < blobs.count, starts[position] < end {
            let first = max(offset, starts[position]) - starts[position], last = min(end, starts[position + 1]) - starts[position]
            if first < last { found.append((position, Piece(blob: blobs[position], range: Int(first)..<Int(last)))) }
            position += 1
        }
        return found
    }

    /// The last blob that begins at `offset` or before.
    private func position(of offset: UInt64) -> Int {
        var low = 0, high = blobs.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle + 1] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
