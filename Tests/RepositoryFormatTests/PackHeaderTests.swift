import Bytes
import Codecs
import RepositoryFormat
import Testing

private struct PackVectors: Decodable {
    struct Entry: Decodable {
        let header_type: UInt8
        let type: String
        let offset: UInt32
        let length: UInt32
        let uncompressed_length: UInt32?
        let id: String
    }
    struct Key: Decodable {
        let encrypt: HexBytes
        let mac_k: HexBytes
        let mac_r: HexBytes
    }
    struct Pack: Decodable {
        let source: String
        let file_size: UInt64
        let header_length_field: Int
        let trailer_hex: HexBytes
        let encrypted_header_hex: HexBytes
        let header_plaintext_hex: HexBytes
        let entries: [Entry]
        let master_key: Key
    }
    let packs: [Pack]
}

@Suite struct `A pack header` {
    @Test func `is read and written as in the vectors`() throws {
        for pack in try Vectors.load("pack-header.json", as: PackVectors.self).packs {
            let version: RepositoryVersion = pack.source.contains("v1") ? .one : .two
            let length = try PackHeader.sealedLength(trailer: pack.trailer_hex.bytes.span, fileByteCount: pack.file_size)
            #expect(length == pack.header_length_field)
            let key = pack.master_key
            let seal = Seal(
                key: try SealKey(
                    encryption: SecretBytes(key.encrypt.bytes), macK: SecretBytes(key.mac_k.bytes), macR: SecretBytes(key.mac_r.bytes)))
            let plaintext = try seal.open(pack.encrypted_header_hex.bytes)
            #expect(plaintext == pack.header_plaintext_hex.bytes)
            let entries = try PackHeader.parse(plaintext.span, version: version, blobByteCount: pack.file_size - UInt64(length) - 4)
            #expect(entries.map(\.id.hex) == pack.entries.map(\.id))
            #expect(entries.map(\.type.description) == pack.entries.map(\.type))
            #expect(entries.map(\.offset) == pack.entries.map(\.offset))
            #expect(entries.map(\.length) == pack.entries.map(\.length))
            #expect(entries.map(\.uncompressedLength) == pack.entries.map { $0.uncompressed_length ?? 0 })
            #expect(PackHeader.serialise(entries) == plaintext)
            #expect(PackHeader.overhead(of: entries) == length + 4)
        }
    }

    @Test(arguments: [0, 1, 31, 1_000_000, UInt32.max])
    func `is refused if its length does not fit the pack`(_ length: UInt32) {
        var trailer: [UInt8] = []
        trailer.append(littleEndian: length)
        #expect(throws: FormatError.self) { try PackHeader.sealedLength(trailer: trailer.span, fileByteCount: 500) }
    }

    @Test func `is refused beyond 16 MiB, whatever the pack's size`() throws {
        var trailer: [UInt8] = []
        trailer.append(littleEndian: 16 << 20)
        #expect(try PackHeader.sealedLength(trailer: trailer.span, fileByteCount: 1 << 40) == 16 << 20)
        trailer[0] = 1
        #expect(throws: FormatError.self) { try PackHeader.sealedLength(trailer: trailer.span, fileByteCount: 1 << 40) }
    }

    @Test func `is refused with unknown types, short blobs, cut entries, a wrong total or an overflow`() throws {
        let blob = PackedBlob(type: .data, id: BlobID(.zero), offset: 0, length: 100, uncompressedLength: 0)
        let good = PackHeader.serialise([blob])
        #expect(try PackHeader.parse(good.span, version: .two, blobByteCount: 100) == [blob])
        #expect(throws: FormatError.self) { try PackHeader.parse(good.span, version: .two, blobByteCount: 101) }
        for count in 1..<good.count {
            #expect(throws: FormatError.self) { try PackHeader.parse(good.span.extracting(first: count), version: .two) }
        }
        for bad in [[4] + good.dropFirst(), [0, 31] + good.dropFirst(2)] as [[UInt8]] {
            #expect(throws: FormatError.self) { try PackHeader.parse(bad.span, version: .two) }
        }
        let huge = PackedBlob(type: .tree, id: BlobID(.zero), offset: 0, length: .max, uncompressedLength: 0)
        let tooFar = PackHeader.serialise([huge, blob])
        #expect(throws: FormatError.self) { try PackHeader.parse(tooFar.span, version: .two) }
    }

    @Test func `has no compressed blobs in version 1`() {
        let header = PackHeader.serialise([PackedBlob(type: .data, id: BlobID(.zero), offset: 0, length: 42, uncompressedLength: 1)])
        #expect(throws: FormatError.self) { try PackHeader.parse(header.span, version: .one) }
    }

    @Test(arguments: [71, 72, 73] as [UInt64])
    func `gives random entries back`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let blobs = PackedBlob.randomPack(&random)
            let header = PackHeader.serialise(blobs)
            #expect(try PackHeader.parse(header.span, version: .two) == blobs)
            #expect(header.count + 36 == PackHeader.overhead(of: blobs))
            #expect(header.count + 32 <= PackHeader.sealedLength(entryCount: blobs.count))
        }
    }
}

extension PackedBlob {
    /// Blobs one after the other, as a pack header lists them.
    static func randomPack(_ random: inout SplitMix64) -> [PackedBlob] {
        var offset: UInt32 = 0
        return (0..<Int.random(in: 0..<30, using: &random)).map { _ in
            let length = UInt32.random(in: 32..<1 << 24, using: &random)
            defer { offset += length }
            return PackedBlob(
                type: Bool.random(using: &random) ? .data : .tree, id: BlobID(Digest(random.bytes(32)) ?? .zero), offset: offset,
                length: length,
                uncompressedLength: Bool.random(using: &random) ? 0 : UInt32.random(in: 1 ... .max, using: &random))
        }
    }
}
