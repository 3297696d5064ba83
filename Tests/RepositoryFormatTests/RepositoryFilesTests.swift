import Bytes
import Codecs
import RepositoryFormat
import Testing

private struct CryptoVectors: Decodable {
    struct Key: Decodable {
        struct Parameters: Decodable {
            let N: UInt64
            let r: UInt64
            let p: UInt64
            let salt_hex: HexBytes
        }
        struct Master: Decodable {
            let encrypt: HexBytes
            let mac_k: HexBytes
            let mac_r: HexBytes
        }
        let key_file_id: String
        let key_file_json: String
        let scrypt: Parameters
        let master_key_json: String
        let master_key: Master
    }
    struct File: Decodable {
        let kind: String
        let plaintext: String?
        let decrypted_hex: HexBytes?
        let decoded: String?
    }
    let keys: [Key]
    let files_v1: [File]
    let files_v2: [File]
}

@Suite struct `A key file` {
    @Test func `is read and written as restic wrote it`() throws {
        for vector in try Vectors.load("crypto.json", as: CryptoVectors.self).keys {
            let key = try KeyFile(parsing: Array(vector.key_file_json.utf8))
            #expect(
                key.parameters == (try ScryptParameters(cost: vector.scrypt.N, blockSize: vector.scrypt.r, parallelism: vector.scrypt.p)))
            #expect(key.salt == vector.scrypt.salt_hex.bytes)
            #expect(key.sealedMasterKey.count == 160)
            #expect(text(key.json) == vector.key_file_json)
            #expect(SHA256.hash(key.json).hex == vector.key_file_id)
        }
    }

    @Test func `seals the JSON of a master key`() throws {
        for vector in try Vectors.load("crypto.json", as: CryptoVectors.self).keys {
            let master = try MasterKeyJSON(parsing: Array(vector.master_key_json.utf8))
            #expect(master.encryption == vector.master_key.encrypt.bytes)
            #expect(master.macK == vector.master_key.mac_k.bytes)
            #expect(master.macR == vector.master_key.mac_r.bytes)
            #expect(text(master.json) == vector.master_key_json)
        }
    }

    @Test(arguments: [(16, 8, 1), (1 << 20, 8, 1), (2, 1, 1), (32_768, 8, 9), (1 << 13, 1 << 10, 1)] as [(UInt64, UInt64, UInt64)])
    func `accepts honest parameters`(_ cost: UInt64, _ blockSize: UInt64, _ parallelism: UInt64) throws {
        #expect(try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism).cost == cost)
    }

    @Test(
        arguments: [
            (0, 8, 1), (1, 8, 1), (3, 8, 1), (1 << 31, 1, 1), (1 << 30, 1, 1), (16, 0, 1), (16, 8, 0), (1 << 22, 8, 1),
            (16, 1 << 15, 1 << 15),
            (16, 1 << 24, 1), (16, UInt64.max, UInt64.max), (UInt64.max, 1, 1), (1 << 63, 8, 1),
        ] as [(UInt64, UInt64, UInt64)])
    func `refuses parameters that would take the machine down`(_ cost: UInt64, _ blockSize: UInt64, _ parallelism: UInt64) {
        #expect(throws: FormatError.self) { try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism) }
    }

    @Test func `refuses another derivation and a short salt`() throws {
        let json = try #require(try Vectors.load("crypto.json", as: CryptoVectors.self).keys.first).key_file_json
        for changed in [json.replacing("scrypt", with: "argon2"), json.replacing("\"salt\":\"UYhr", with: "\"salt\":\"")] {
            #expect(throws: FormatError.self) { try KeyFile(parsing: Array(changed.utf8)) }
        }
    }

    @Test func `refuses a master key with an empty or zero part`() {
        let good = MasterKeyJSON(
            encryption: [UInt8](repeating: 1, count: 32), macK: [UInt8](repeating: 1, count: 16), macR: [UInt8](repeating: 1, count: 16))
        #expect((try? MasterKeyJSON(parsing: good.json)) == good)
        for bad in [
            MasterKeyJSON(encryption: good.macK, macK: good.macK, macR: good.macR),
            MasterKeyJSON(encryption: good.encryption, macK: [UInt8](repeating: 0, count: 16), macR: good.macR),
            MasterKeyJSON(encryption: good.encryption, macK: good.macK, macR: []),
        ] {
            #expect(throws: FormatError.self) { try MasterKeyJSON(parsing: bad.json) }
        }
    }
}

@Suite struct `A repository config` {
    @Test func `is read and written as restic wrote it`() throws {
        let vectors = try Vectors.load("crypto.json", as: CryptoVectors.self)
        for (files, version) in [(vectors.files_v1, RepositoryVersion.one), (vectors.files_v2, .two)] {
            let json = try #require(files.first { $0.kind == "config" }?.plaintext)
            let config = try RepositoryConfig(parsing: Array(json.utf8))
            #expect(config.version == version)
            #expect(text(config.json) == json)
        }
    }

    private func config(_ fields: String) throws -> RepositoryConfig {
        try RepositoryConfig(parsing: Array("{\"id\":\"\(String(repeating: "ab", count: 32))\"\(fields)}".utf8))
    }

    @Test func `accepts the extras of other programs`() throws {
        let extras =
            #","chunker":"Rabin","chunk_min_size":524288,"chunk_max_size":8388608,"append_only":true,"is_hot":null,"treepack_size":7"#
        #expect(try config(#","version":2,"chunker_polynomial":"003DA3358B4DC173""# + extras).isAppendOnly)
    }

    @Test(arguments: [
        #","version":3,"chunker_polynomial":"3da3358b4dc173""#, #","version":0,"chunker_polynomial":"3da3358b4dc173""#,
        #","chunker_polynomial":"3da3358b4dc173""#,
        #","version":2"#, #","version":2,"chunker_polynomial":"282c9b9f767c45""#, #","version":2,"chunker_polynomial":"7""#,
        #","version":2,"chunker_polynomial":"""#, #","version":2,"chunker_polynomial":"3da3358b4dc173","chunker":"FixedSize""#,
        #","version":2,"chunker_polynomial":"3da3358b4dc173","chunk_max_size":1048576"#,
        #","version":2,"chunker_polynomial":"3da3358b4dc173","id":"ab""#,
    ])
    func `is refused if it is another format or another way of cutting`(_ fields: String) {
        #expect(throws: FormatError.self) { try config(fields) }
    }
}

@Suite struct `An encoded file` {
    private let compressor = ZstdCompressor(level: 3)
    private let decompressor = ZstdDecompressor()

    @Test func `decodes to what restic encoded`() throws {
        let vectors = try Vectors.load("crypto.json", as: CryptoVectors.self)
        for (files, version) in [(vectors.files_v1, RepositoryVersion.one), (vectors.files_v2, .two)] {
            for file in files {
                guard let plaintext = file.decrypted_hex, let decoded = file.decoded else { continue }
                let json = try EncodedFile.decode(plaintext.bytes, version: version, limit: 1 << 20, decompressor: decompressor)
                #expect(text(json) == decoded)
                let again = EncodedFile.encode(json, version: version, compressor: compressor)
                #expect(again.first == (version == .two ? 2 : plaintext.bytes.first))
                #expect(try EncodedFile.decode(again, version: version, limit: 1 << 20, decompressor: decompressor) == json)
            }
        }
    }

    @Test func `in version 2 may be plain JSON, empty, or nothing else`() throws {
        for plain in ["{}", "[]", ""] {
            #expect(try EncodedFile.decode(Array(plain.utf8), version: .two, limit: 9, decompressor: decompressor) == Array(plain.utf8))
        }
        for bytes in [[1, 2], [2], [2, 0], [0x20, 0x7b]] as [[UInt8]] {
            #expect(throws: FormatError.self) { try EncodedFile.decode(bytes, version: .two, limit: 9, decompressor: decompressor) }
        }
    }

    @Test func `does not decompress beyond its limit`() {
        let bomb = EncodedFile.encode([UInt8](repeating: 0x20, count: 10 << 20), version: .two, compressor: compressor)
        #expect(throws: FormatError(.tooLarge, "encoded file", "it exceeds 1048576 bytes")) {
            try EncodedFile.decode(bomb, version: .two, limit: 1 << 20, decompressor: decompressor)
        }
    }
}

@Suite struct `A snapshot file` {
    private struct Samples: Decodable {
        struct Snapshot: Decodable { let json: String }
        struct Repository: Decodable { let snapshots: [Snapshot] }
        let v1: Repository
        let v2: Repository
    }

    @Test func `is read and written as restic wrote it`() throws {
        let samples = try Vectors.load("sample-repo.json", as: Samples.self)
        for sample in samples.v1.snapshots + samples.v2.snapshots {
            let snapshot = try SnapshotFile(parsing: Array(sample.json.utf8))
            #expect(text(snapshot.json) == sample.json)
            #expect(snapshot.summary?.totalFilesProcessed ?? 0 > 0)
        }
    }

    @Test func `survives writing and reading with all fields`() throws {
        var summary = SnapshotSummary()
        summary.dataAdded = .max
        summary.backupEnd = Timestamp(seconds: 1)
        let snapshot = SnapshotFile(
            time: Timestamp(seconds: 1_700_000_000, nanoseconds: 5, utcOffset: 3_600),
            tree: BlobID(Digest(word0: 1, word1: 2, word2: 3, word3: 4)),
            paths: ["/a", "/ü<"], hostName: "h", userName: "u", userID: 1, groupID: 2, excludes: ["*.tmp"], tags: ["x", "y"],
            parent: SnapshotID(.zero), original: SnapshotID(.zero), programVersion: "lifeboat", summary: summary)
        #expect(try SnapshotFile(parsing: snapshot.json) == snapshot)
    }

    @Test(arguments: [
        "{}", #"{"time":"2024-01-01T00:00:00Z"}"#,
        #"{"time":"yesterday","tree":"ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"}"#, "[]", "",
    ])
    func `is refused without a time or a tree`(_ json: String) {
        #expect(throws: FormatError.self) { try SnapshotFile(parsing: Array(json.utf8)) }
    }

    @Test func `edits tags as restic does`() {
        var snapshot = SnapshotFile(time: .zero, tree: BlobID(.zero), paths: [], tags: ["a", "b", "c", "d"])
        snapshot.add(tags: ["c", "e", "e"])
        #expect(snapshot.tags == ["a", "b", "c", "d", "e"])
        snapshot.remove(tags: ["a", "x"])
        #expect(snapshot.tags == ["e", "b", "c", "d"])
        snapshot.remove(tags: ["d"])
        #expect(snapshot.tags == ["e", "b", "c"])
        snapshot.set(tags: ["n"])
        #expect(snapshot.tags == ["n"])
        snapshot.set(tags: [""])
        #expect(snapshot.tags.isEmpty)
    }
}

@Suite struct `A lock file` {
    @Test func `is written in restic's words and read back`() throws {
        let lock = LockFile(time: Timestamp(seconds: 0), isExclusive: false, hostName: "vm", userName: "root", processID: 8_054)
        #expect(text(lock.json) == #"{"time":"1970-01-01T00:00:00Z","exclusive":false,"hostname":"vm","username":"root","pid":8054}"#)
        var other = lock
        (other.isExclusive, other.userID, other.groupID) = (true, 1_000, 100)
        #expect(text(other.json).hasSuffix(#""pid":8054,"uid":1000,"gid":100}"#))
        for value in [lock, other] { #expect(try LockFile(parsing: value.json) == value) }
    }
}

@Suite struct `An identifier` {
    @Test func `is 64 hex digits, of either case when read`() throws {
        let hex = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"
        let id = try #require(SnapshotID(hex: hex.uppercased()))
        #expect(id.hex == hex)
        #expect(id.short == "ac08ce34")
        #expect(SnapshotID(hex: String(hex.dropLast())) == nil)
        #expect(BlobHandle(type: .data, id: BlobID(id.digest)) != BlobHandle(type: .tree, id: BlobID(id.digest)))
    }
}
