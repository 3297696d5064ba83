// PackHeader: the list at the end of a pack file that says which blobs lie in it.
//
//   blob_1 || … || blob_n || Seal(entry_1 || … || entry_n) || header length (u32, little endian)
//
// An entry is: type (0 data, 1 tree, 2 compressed data, 3 compressed tree), sealed length u32, for types 2 and 3 the plain length
// u32, and the id. Offsets are not stored; they are the running sum of the lengths.

import Bytes

/// Where a blob lies in its pack.
package struct PackedBlob: Hashable, Sendable {
    package let type: BlobType
    package let id: BlobID
    /// In bytes from the pack's start.
    package let offset: UInt32
    /// Sealed size in bytes, including 32 bytes of nonce and tag.
    package let length: UInt32
    /// Plain size in bytes if the blob is compressed, else 0.
    package let uncompressedLength: UInt32

    package init(type: BlobType, id: BlobID, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
        self.type = type
        self.id = id
        self.offset = offset
        self.length = length
        self.uncompressedLength = uncompressedLength
    }

    package var handle: BlobHandle { BlobHandle(type: type, id: id) }
    package var isCompressed: Bool { uncompressedLength != 0 }
    /// Plain size in bytes.
    package var plainLength: UInt32 { isCompressed ? uncompressedLength : length < 32 ? 0 : length - 32 }
    package var byteRange: Range<UInt64> { UInt64(offset)..<UInt64(offset) + UInt64(length) }
}

package enum PackHeader {
    package typealias Entry = PackedBlob

    /// Nonce and tag of a sealed message.
    package static let sealOverhead = 32
    /// The header length at the very end.
    package static let trailerByteCount = 4
    /// Header of one uncompressed blob of one byte: nothing shorter is a pack.
    package static let minimumFileByteCount = 73
    /// What restic reads first from the end of a pack: enough for 15 entries.
    package static let initialReadByteCount = 651
    /// The largest sealed header that is read.
    package static let maximumSealedByteCount = 16 << 20
    /// The most blobs a pack can hold: with one more 41-byte entry, 36 + 41·n could pass 16 MiB + 4.
    package static let maximumEntryCount = 409_199

    package static func entryByteCount(isCompressed: Bool) -> Int { isCompressed ? 41 : 37 }

    /// The bytes a pack needs beyond its blobs: the sealed header and its length.
    package static func overhead(of entries: [Entry]) -> Int {
        sealOverhead + trailerByteCount + entries.reduce(0) { $0 + entryByteCount(isCompressed: $1.isCompressed) }
    }

    /// The sealed header's size if all `entryCount` entries are of the longer kind: an upper bound while a pack is being filled.
    package static func sealedLength(entryCount: Int) -> Int { sealOverhead + 41 * entryCount }

    /// Whether another blob may still be added to a pack with `entryCount` blobs, whatever its kind.
    package static func hasRoom(entryCount: Int) -> Bool { entryCount < maximumEntryCount }

    /// The header's plaintext.
    package static func serialise(_ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(41 * entries.count)
        for entry in entries {
            bytes.append(entry.type.rawValue | (entry.isCompressed ? 2 : 0))
            bytes.append(littleEndian: entry.length)
            if entry.isCompressed { bytes.append(littleEndian: entry.uncompressedLength) }
            bytes.append(contentsOf: entry.id.digest.bytes)
        }
        return bytes
    }

    /// The sealed header's length in bytes, from a pack's last four bytes.
    /// - Parameter fileByteCount: size of the whole pack.
    package static func sealedLength(trailer: Span<UInt8>, fileByteCount: UInt64) throws(FormatError) -> Int {
        guard trailer.count == trailerByteCount, fileByteCount >= UInt64(minimumFileByteCount) else {
            throw .damaged("pack header", "the pack is shorter than any pack can be")
        }
        let length = UInt64(trailer.littleEndianWord32(at: 0))
        guard length >= UInt64(sealOverhead), length <= fileByteCount - UInt64(trailerByteCount) else {
            throw .damaged("pack header", "its length of \(length) bytes does not fit the pack's \(fileByteCount) bytes")
        }
        guard length <= UInt64(maximumSealedByteCount) else {
            throw FormatError(.tooLarge, "pack header", "it claims \(length) bytes")
        }
        return Int(length)
    }

    /// Parses the header's plaintext.
    /// - Parameter blobByteCount: the pack's size without sealed header and trailer; the blobs must fill it exactly. Nil: not checked.
    package static func parse(
        _ plaintext: Span<UInt8>, version: RepositoryVersion, blobByteCount: UInt64? = nil
    ) throws(FormatError) -> [Entry] {
        guard plaintext.count <= maximumSealedByteCount else {
            throw FormatError(.tooLarge, "pack header", "it has \(plaintext.count) bytes")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(plaintext.count / 37)
        var position = 0
        var offset: UInt32 = 0
        while position < plaintext.count {
            let entry = try parseEntry(plaintext, at: position, offset: offset, version: version)
            let (end, overflow) = offset.addingReportingOverflow(entry.length)
            guard !overflow else { throw .damaged("pack header", "its blobs reach beyond 4 GiB") }
            entries.append(entry)
            offset = end
            position += entryByteCount(isCompressed: entry.isCompressed)
        }
        if let blobByteCount, blobByteCount != UInt64(offset) {
            throw .damaged("pack header", "its blobs take \(offset) bytes, but the pack holds \(blobByteCount)")
        }
        return entries
    }

    private static func parseEntry(
        _ bytes: Span<UInt8>, at position: Int, offset: UInt32, version: RepositoryVersion
    ) throws(FormatError) -> Entry {
        let typeByte = bytes[position]
        guard typeByte <= 3, let type = BlobType(rawValue: typeByte & 1) else {
            throw .damaged("pack header", "\(typeByte) is not a type of blob")
        }
        let isCompressed = typeByte >= 2
        guard !isCompressed || version == .two else { throw .damaged("pack header", "a compressed blob in a repository of version 1") }
        let size = entryByteCount(isCompressed: isCompressed)
        let end = position + size
        guard end <= bytes.count, let digest = Digest(bytes.extracting(end - Digest.byteCount..<end)) else {
            throw .damaged("pack header", "the last entry is incomplete")
        }
        let length = bytes.littleEndianWord32(at: position + 1)
        let uncompressedLength = isCompressed ? bytes.littleEndianWord32(at: position + 5) : 0
        guard length >= UInt32(sealOverhead) else { throw .damaged("pack header", "a blob of \(length) bytes is shorter than its seal") }
        guard !isCompressed || uncompressedLength > 0 else { throw .damaged("pack header", "a compressed blob without a plain length") }
        return Entry(type: type, id: BlobID(digest), offset: offset, length: length, uncompressedLength: uncompressedLength)
    }
}
