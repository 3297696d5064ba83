// PackRanges: which pieces of a pack to read for the blobs wanted from it. Neighbours are read together; a gap worth skipping or a
// piece that would grow too large starts a new read.

package import RepositoryFormat

/// One read: a byte range of a pack and the wanted blobs that lie in it, by offset.
package struct PackRange: Sendable {
    package let offset: UInt32
    package let byteCount: Int
    package let blobs: [PackedBlob]

    package static let maximumGap = 1 << 20
    package static let maximumByteCount = 8 << 20

    /// Groups blobs of one pack. Overlapping blobs are impossible in an honest pack and are read one by one.
    package static func group(_ wanted: [PackedBlob]) -> [PackRange] {
        var ranges: [PackRange] = []
        var members: [PackedBlob] = []
        var start: UInt64 = 0, end: UInt64 = 0
        func close() {
            if !members.isEmpty { ranges.append(PackRange(offset: UInt32(start), byteCount: Int(end - start), blobs: members)) }
            members = []
        }
        for blob in wanted.sorted(by: { $0.offset < $1.offset }) {
            let from = UInt64(blob.offset), to = from + UInt64(blob.length)
            if members.isEmpty || from < end || from - end > UInt64(maximumGap) || to - start > UInt64(maximumByteCount) {
                close()
                start = from
            }
            members.append(blob)
            end = to
        }
        close()
        return ranges
    }
}
