// IndexFile: which blobs lie in which packs, as JSON. Reading and writing are streams of packs, because an index may hold
// hundreds of thousands of blobs and a repository millions.
//
//   {"packs":[{"id":"…","blobs":[{"id":"…","type":"data","offset":0,"length":42,"uncompressed_length":1}, …]}, …]}\n

import Bytes

package struct IndexedPack: Equatable, Sendable {
    package let id: PackID
    package let blobs: [PackedBlob]

    package init(id: PackID, blobs: [PackedBlob]) {
        self.id = id
        self.blobs = blobs
    }
}

package enum IndexFile {
    /// The largest index JSON that is read: several times what "oversized" means (50,000 + 409,199 blobs of about 160 bytes).
    package static let maximumByteCount = 512 << 20

    private static let fileKeys = JSONWords(["packs"])
    private static let packKeys = JSONWords(["id", "blobs"])
    private static let blobKeys = JSONWords(["id", "type", "offset", "length", "uncompressed_length"])
    private static let blobTypes = JSONWords(["data", "tree"])

    /// Parses an index and gives away one pack at a time. The memory used is that of the largest pack's list of blobs.
    /// - Note: `onPack` may have been called for some packs when a later one turns out to be damaged.
    /// - Throws: FormatError, or what `onPack` throws.
    package static func parse(
        _ json: [UInt8], version: RepositoryVersion, onPack: (PackID, Span<PackedBlob>) throws -> Void
    ) throws {
        guard json.count <= maximumByteCount else { throw FormatError(.tooLarge, "index file", "it has \(json.count) bytes") }
        do {
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(fileKeys) {
                guard key == 0 else {
                    try scanner.skipValue()
                    continue
                }
                if try scanner.takeNull() { continue }
                try parsePacks(&scanner, version: version, onPack: onPack)
            }
            try scanner.endOfDocument()
        } catch let error as JSONError {
            throw FormatError.damaged("index file", "\(error.problem) at byte \(error.offset)")
        }
    }

    /// The packs of an index as one array, for small repositories, checks and tests.
    package static func packs(in json: [UInt8], version: RepositoryVersion) throws -> [IndexedPack] {
        var packs: [IndexedPack] = []
        try parse(json, version: version) { id, blobs in
            var copy: [PackedBlob] = []
            copy.reserveCapacity(blobs.count)
            for index in 0..<blobs.count { copy.append(blobs[index]) }
            packs.append(IndexedPack(id: id, blobs: copy))
        }
        return packs
    }

    private static func parsePacks(
        _ scanner: inout JSONScanner, version: RepositoryVersion, onPack: (PackID, Span<PackedBlob>) throws -> Void
    ) throws {
        var blobs: [PackedBlob] = []
        try scanner.beginArray()
        while try scanner.nextElement() {
            var id: PackID? = nil
            blobs.removeAll(keepingCapacity: true)
            try scanner.beginObject()
            while let key = try scanner.nextKey(packKeys) {
                switch key {
                case 0: id = PackID(try scanner.digest())
                case 1:
                    if try scanner.takeNull() { continue }
                    try scanner.beginArray()
                    while try scanner.nextElement() { blobs.append(try parseBlob(&scanner, version: version)) }
                default: try scanner.skipValue()
                }
            }
            guard let id, !id.digest.isZero else { throw FormatError.damaged("index file", "a pack has no id") }
            try onPack(id, blobs.span)
        }
    }

    private static func parseBlob(_ scanner: inout JSONScanner, version: RepositoryVersion) throws -> PackedBlob {
        var id = Digest.zero
        var type: BlobType? = nil
        var offset: UInt32 = 0, length: UInt32 = 0, uncompressedLength: UInt32 = 0
        try scanner.beginObject()
        while let key = try scanner.nextKey(blobKeys) {
            switch key {
            case 0: id = try scanner.digest()
            case 1: type = BlobType(rawValue: UInt8(truncatingIfNeeded: try scanner.word(blobTypes)))
            case 2: offset = try scanner.unsigned32()
            case 3: length = try scanner.unsigned32()
            case 4: uncompressedLength = try scanner.unsigned32()
            default: try scanner.skipValue()
            }
        }
        guard let type else { throw FormatError.damaged("index file", "a blob is neither data nor tree") }
        guard !id.isZero else { throw FormatError.damaged("index file", "a blob has no id") }
        guard length >= UInt32(PackHeader.sealOverhead), !offset.addingReportingOverflow(length).overflow else {
            throw FormatError.damaged("index file", "offset \(offset) and length \(length) are not a place in a pack")
        }
        guard uncompressedLength == 0 || version == .two else {
            throw FormatError.damaged("index file", "a compressed blob in a repository of version 1")
        }
        return PackedBlob(type: type, id: BlobID(id), offset: offset, length: length, uncompressedLength: uncompressedLength)
    }
}

/// Writes an index file pack by pack.
package struct IndexFileWriter: Sendable {
    /// restic's mark for "full": an index with this many blobs is written out.
    package static let fullBlobCount = 50_000

    package private(set) var blobCount = 0
    package private(set) var packCount = 0
    private var writer = JSONWriter()

    package init() {
        writer.beginObject()
        writer.key("packs")
        writer.beginArray()
    }

    package var isEmpty: Bool { packCount == 0 }
    package var isFull: Bool { blobCount >= IndexFileWriter.fullBlobCount }

    /// Appends a pack with all of its blobs: a pack must be complete within one index.
    package mutating func append(_ pack: PackID, blobs: [PackedBlob]) {
        writer.beginObject()
        writer.key("id")
        writer.digest(pack.digest)
        writer.key("blobs")
        writer.beginArray()
        for blob in blobs { append(blob) }
        writer.endArray()
        writer.endObject()
        packCount += 1
        blobCount += blobs.count
    }

    private mutating func append(_ blob: PackedBlob) {
        writer.beginObject()
        writer.key("id")
        writer.digest(blob.id.digest)
        writer.key("type")
        writer.string(blob.type == .data ? "data" : "tree")
        writer.key("offset")
        writer.integer(blob.offset)
        writer.key("length")
        writer.integer(blob.length)
        if blob.uncompressedLength != 0 {
            writer.key("uncompressed_length")
            writer.integer(blob.uncompressedLength)
        }
        writer.endObject()
    }

    /// The JSON with its final newline.
    package consuming func finished() -> [UInt8] {
        writer.endArray()
        writer.endObject()
        writer.newline()
        return writer.bytes
    }
}
