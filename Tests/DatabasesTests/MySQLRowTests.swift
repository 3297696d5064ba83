// The pure parts of a dump: the hash of rows, the grid of keys, names of files, statements.

import Bytes
import Databases
import Testing
import TestKit

@Suite struct `The hash of a row` {
    /// The published vectors of wyhash, final version 4: the seed is the vector's number.
    @Test(
        arguments: zip(
            [
                "", "a", "abc", "message digest", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            ],
            [
                (0, 0x0409_638e_e2bd_e459), (1, 0xa841_2d09_1b5f_e0a9), (2, 0x32dd_92e4_b291_5153), (3, 0x8619_1240_89a3_a16b),
                (4, 0x7a43_afb6_1d7f_5f40), (5, 0xff42_329b_90e5_0d58), (6, 0xc39c_ab13_b115_aad3),
            ] as [(UInt64, UInt64)]))
    func `is wyhash`(_ text: String, _ vector: (UInt64, UInt64)) {
        #expect(RowHash.hash(Array(text.utf8), seed: vector.0) == vector.1)
    }

    @Test(arguments: 0..<20) func `adds up to the same in any order`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rows = (0..<50).map { _ in random.bytes(Int.random(in: 0...100, using: &random)) }
        var forward = RowSum(), backward = RowSum()
        for row in rows { forward.add(RowHash.hash(row)) }
        for row in rows.reversed() { backward.add(RowHash.hash(row)) }
        #expect(forward == backward)
        var changed = rows
        changed[Int.random(in: 0..<50, using: &random)].append(1)
        var other = RowSum()
        for row in changed { other.add(RowHash.hash(row)) }
        #expect(other != forward)
    }
}

@Suite struct `The name of a file in a dump` {
    @Test func `is plain, and different for different names`() {
        let names: [SchemaText] = ["", ".", "..", "a", "A", "a/b", "a%2fb", "%", "ä", "a b", "a.b", ".hidden", "x\u{0}y"]
        let files = names.map { DumpPath.text($0) }
        #expect(files == ["%", "%2e", "%2e.", "a", "A", "a%2fb", "a%252fb", "%25", "%c3%a4", "a%20b", "a.b", "%2ehidden", "x%00y"])
        #expect(Set(files).count == names.count)
    }

    @Test func `fits into a directory however long the name`() {
        let long = SchemaText(String(repeating: "é", count: 64)), longer = SchemaText(String(repeating: "é", count: 63) + "è")
        #expect(DumpPath.component(long).count <= 240)
        #expect(DumpPath.component(long) != DumpPath.component(longer))
    }
}

@Suite struct `The statement that loads a table` {
    @Test func `decodes bytes, and assigns the counter where anything is assigned`() {
        let id = ServerColumn(name: "id", type: "int", form: .plain, reading: .asIs, isAutoIncrement: true)
        let text = ServerColumn(name: "a`b", type: "text", form: .text, reading: .asIs)
        let blob = ServerColumn(name: "c", type: "blob", form: .bytes, reading: .asIs)
        let format = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'"
        #expect(
            TableLoad.statement("t", columns: [id, text], file: "data/t/1.tsv").description
                == "LOAD DATA LOCAL INFILE 'data/t/1.tsv' INTO TABLE `t` \(format) (`id`, `a``b`)")
        #expect(
            TableLoad.statement("t", in: "s", columns: [id, text, blob], file: "x").description
                == "LOAD DATA LOCAL INFILE 'x' INTO TABLE `s`.`t` \(format) (@c0, `a``b`, @c2) SET `id` = @c0, `c` = UNHEX(@c2)")
    }
}

@Suite struct `A manifest of a server's database` {
    private let manifest = ServerManifest(
        method: .native, vendor: .mariadb, serverVersion: "10.11.19-MariaDB", database: "shop", sqlMode: "", lowerCaseTableNames: 0,
        characterSet: "utf8mb4", collation: "utf8mb4_general_ci", coordinates: BinlogCoordinates(file: "binlog.000001", position: 4, gtid: "0-1-2"),
        captureStarted: Timestamp(seconds: 1), captureEnded: Timestamp(seconds: 2),
        objects: [ServerObject(kind: .table, name: "t", sha256: .zero)],
        tables: [
            ServerTable(
                name: "t", engine: "InnoDB", columns: [ServerColumn(name: "id", type: "int", form: .plain, reading: .asIs)], hasHistory: false,
                isExcluded: false, autoIncrement: 7, chunks: [TableChunk(file: "00000000000000000000.tsv", byteCount: 5, rows: RowSum(rowCount: 1, xor: .max, sum: 3))])
        ], notes: ["a note"])

    @Test func `comes back from its document`() throws {
        #expect(try ServerManifest(json: manifest.json) == manifest)
    }

    @Test func `is refused when it was cut or edited`() {
        let text = String(decoding: manifest.json, as: UTF8.self)
        #expect(throws: JSONError.self) { try ServerManifest(json: Array(text.utf8.dropLast(10))) }
        for (old, new) in [
            ("\"xor\":18446744073709551615", "\"xor\":1"), ("\"rows\":1,\"xor\"", "\"rows\":2,\"xor\""), ("\"format_version\":1", "\"format_version\":2"),
            ("00000000000000000000.tsv", "../x.tsv"),
        ] {
            let edited = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
            #expect(edited != text)
            #expect(throws: JSONError.self, "\(new)") { try ServerManifest(json: Array(edited.utf8)) }
        }
    }

    @Test func `compared with another names what differs`() {
        #expect(ServerComparison.compare(expected: manifest, found: manifest).isEqual)
        let empty = ServerManifest(
            method: .native, vendor: .mariadb, serverVersion: "", database: "shop", sqlMode: "", lowerCaseTableNames: 0, characterSet: "", collation: "",
            coordinates: nil, captureStarted: .zero, captureEnded: .zero, objects: [], tables: [], notes: [])
        #expect(ServerComparison.compare(expected: manifest, found: empty).differences == [.tableMissing("t", expectedRows: 1)])
        #expect(ServerComparison.compare(expected: empty, found: manifest).differences == [.tableUnexpected("t")])
        #expect(ServerComparison.compare(expected: empty, found: empty).comparedTables == 0)
    }
}
