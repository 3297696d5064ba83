import Bytes
import RepositoryFormat
import Testing

@Suite struct `An index file` {
    private static let id = String(repeating: "ab", count: 32)

    @Test(arguments: [81, 82, 83] as [UInt64])
    func `gives random packs back`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let packs = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                IndexedPack(id: PackID(Digest(random.bytes(32)) ?? .zero), blobs: PackedBlob.randomPack(&random))
            }
            var writer = IndexFileWriter()
            for pack in packs { writer.append(pack.id, blobs: pack.blobs) }
            #expect(writer.blobCount == packs.reduce(0) { $0 + $1.blobs.count })
            #expect(try IndexFile.packs(in: writer.finished(), version: .two) == packs)
        }
    }

    @Test func `is written in restic's words`() throws {
        var writer = IndexFileWriter()
        let blob = BlobID(try #require(Digest(hex: Self.id)))
        writer.append(
            PackID(blob.digest),
            blobs: [
                PackedBlob(type: .data, id: blob, offset: 0, length: 42, uncompressedLength: 1),
                PackedBlob(type: .tree, id: blob, offset: 42, length: 50, uncompressedLength: 0),
            ])
        #expect(
            text(writer.finished()) == """
                {"packs":[{"id":"\(Self.id)","blobs":[{"id":"\(Self.id)","type":"data","offset":0,"length":42,"uncompressed_length":1},\
                {"id":"\(Self.id)","type":"tree","offset":42,"length":50}]}]}\n
                """)
    }

    @Test func `is read in any order of keys, with the keys of other programs`() throws {
        let json = """
            {"supersedes":["x"],"packs":[{"time":"2024","size":5,"blobs":[{"length":42,"offset":7,"type":"tree","id":"\(Self.id)","z":{}}],\
            "id":"\(Self.id)"}],"packs_to_delete":[{"id":"\(Self.id)","blobs":[]}]}
            """
        let packs = try IndexFile.packs(in: Array(json.utf8), version: .one)
        #expect(packs.map(\.id.hex) == [Self.id])
        #expect(packs.first?.blobs.first?.handle.type == .tree)
        #expect(packs.first?.blobs.first?.byteRange == 7..<49)
    }

    @Test(arguments: [
        #"{"packs":[{"blobs":[]}]}"#, #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"blob","offset":0,"length":42}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","offset":0,"length":42}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"type":"data","offset":0,"length":42}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","offset":0,"length":31}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data"}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","offset":4294967290,"length":42}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","offset":4294967296,"length":42}]}]}"#,
        #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","offset":-1,"length":42}]}]}"#, "[]", "",
    ])
    func `is refused if it names no place in a pack`(_ json: String) {
        #expect(throws: FormatError.self) { try IndexFile.packs(in: Array(json.replacing("ID", with: Self.id).utf8), version: .two) }
    }

    @Test func `has no compressed blobs in version 1`() throws {
        let json = Array(
            "{\"packs\":[{\"id\":\"\(Self.id)\",\"blobs\":[{\"id\":\"\(Self.id)\",\"type\":\"data\",\"offset\":0,\"length\":42,\"uncompressed_length\":1}]}]}"
                .utf8)
        #expect(throws: FormatError.self) { try IndexFile.packs(in: json, version: .one) }
        #expect(try IndexFile.packs(in: json, version: .two).first?.blobs.first?.plainLength == 1)
    }
}
