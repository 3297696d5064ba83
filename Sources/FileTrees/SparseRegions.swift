// SparseRegions: where a restored file need not be written because it is zero.
//
// A file gets its full size first, so what is not written reads as zero and takes no space. Of every blob the leading zeros are
// left out; zeros inside or at the end of a blob are written. Only for files that did not exist: old content would show through.

import Bytes

package enum SparseRegions {
    /// The chunker's minimum: a long run of zeros becomes chunks of exactly this size.
    package static let zeroChunkByteCount = 524_288

    /// Whether a file is restored with holes.
    package static func isWorthwhile(fileExisted: Bool, blobCount: Int, hasZeroChunk: Bool) -> Bool {
        !fileExisted && (blobCount == 1 || hasZeroChunk)
    }

    /// How many zero bytes `bytes` starts with.
    package static func leadingZeroCount(_ bytes: Span<UInt8>) -> Int {
        var count = 0
        while count + 8 <= bytes.count, bytes.bigEndianWord(at: count) == 0 { count += 8 }
        while count < bytes.count, bytes[count] == 0 { count += 1 }
        return count
    }
}
