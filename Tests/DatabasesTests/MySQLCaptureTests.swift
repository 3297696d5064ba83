// Dumps of a real MariaDB: everything a database can hold comes back through the stock client, unchanged.

import Bytes
import Databases
import HostOS
import Testing
import TestKit

@Suite struct `A dump of a MariaDB database` {
    private func database(_ sql: [String]) throws -> (MariaDBServer, String) {
        let server = try MariaDBServer.shared(), name = try server.newDatabase()
        for part in sql { try server.sql(part, in: name) }
        return (server, name)
    }

    @Test(arguments: [Everything.types, Everything.allBytes]) func `loads with the stock client to the same values`(_ sql: String) throws {
        let (server, name) = try database([sql])
        let dump = try ServerDump(server.server(name))
        let copy = try server.newDatabase("copy")
        try dump.load(into: server, copy)
        let differing = try server.differingTables(copy, name)
        #expect(differing == [])
        let again = try MySQLCapture.run(server.server(copy), password: [], sink: DiscardingSink())
        let comparison = ServerComparison.compare(expected: dump.manifest, found: again)
        #expect(comparison.differences == [])
        #expect(comparison.comparedTables == dump.manifest.tables.count)
    }

    @Test func `loads with the stock client to the same objects`() throws {
        let (server, name) = try database([Everything.objects])
        let dump = try ServerDump(server.server(name))
        let copy = try server.newDatabase("copy")
        try dump.load(into: server, copy)
        let differing = try server.differingTables(copy, name)
        #expect(differing == [])
        let again = try MySQLCapture.run(server.server(copy), password: [], sink: DiscardingSink())
        let comparison = ServerComparison.compare(expected: dump.manifest, found: again)
        // A view that was broken cannot be made; everything else is there.
        #expect(comparison.differences == [.objectMissing(.view, "broken")])
        let position = try #require(dump.manifest.objects(.sequence).first?.position)
        #expect(try server.sql("SELECT NEXTVAL(counter)", in: copy) == "\(position)\n")
        try server.sql("INSERT INTO counted (v) VALUES (5)", in: copy)
        #expect(try server.sql("SELECT * FROM counted ORDER BY id DESC LIMIT 1", in: copy) == "500\t60\n")
    }

    @Test func `reads every kind of object`() throws {
        let (server, name) = try database([Everything.objects])
        let manifest = try ServerDump(server.server(name)).manifest
        for kind in ServerObject.Kind.allCases { #expect(!manifest.objects(kind).isEmpty, "\(kind)") }
        #expect(manifest.objects(.view).first { $0.name == "broken" }?.problem?.contains("references invalid table") == true)
        #expect(manifest.notes.contains { $0.contains("'broken'") })
        #expect(manifest.notes.contains { $0.contains("'aria' (Aria)") })
        #expect(manifest.table("versioned")?.rows.rowCount == 4)
        #expect(manifest.table("counted")?.autoIncrement == 500)
        #expect(manifest.coordinates?.gtid.isEmpty == false)
        #expect(try ServerManifest(json: manifest.json) == manifest)
    }

    @Test func `is the same to the byte when nothing changed, and differs in one file when one row did`() throws {
        let (server, name) = try database([Everything.types, Everything.objects])
        try server.sql("CREATE TABLE cells (id INT PRIMARY KEY, v INT); INSERT INTO cells SELECT seq * 100, seq FROM seq_1_to_5000", in: name)
        let first = try ServerDump(server.server(name)).files()
        let second = try ServerDump(server.server(name), options: MySQLCaptureOptions(readerCount: 3)).files()
        #expect(first == second)
        #expect(first.keys.filter { $0.hasPrefix("data/cells/") }.count == 8)
        try server.sql("UPDATE cells SET v = -1 WHERE id = 200000", in: name)
        let third = try ServerDump(server.server(name)).files()
        #expect(Set(third.filter { first[$0.key] != $0.value }.keys) == ["data/cells/00000000000000196608.tsv"])
        #expect(third.keys == first.keys)
    }

    @Test func `cuts a table without an integer key by content, so that one row changes one file`() throws {
        let (server, name) = try database([])
        try server.sql(
            """
            CREATE TABLE words (k VARCHAR(40) PRIMARY KEY, v INT); INSERT INTO words SELECT MD5(seq), seq FROM seq_1_to_400000;
            CREATE TABLE loose (k VARCHAR(40), v INT); INSERT INTO loose SELECT MD5(seq), seq FROM seq_1_to_200000;
            """, in: name)
        let first = try ServerDump(server.server(name))
        #expect((first.manifest.table("words")?.chunks.count ?? 0) > 2)
        #expect(first.manifest.table("words")?.rows.rowCount == 400_000)
        #expect(first.manifest.table("loose")?.rows.rowCount == 200_000)
        try server.sql("UPDATE words SET v = -1 WHERE v = 77777; INSERT INTO words VALUES ('zzz', 1)", in: name)
        let before = try first.files(), after = try ServerDump(server.server(name)).files()
        let changed = after.filter { before[$0.key] != $0.value }.keys
        #expect(changed.count <= 2 && changed.allSatisfy { $0.hasPrefix("data/words/") }, "\(changed)")
    }

    @Test func `of sparse keys has few files`() throws {
        let (server, name) = try database([])
        try server.sql("CREATE TABLE sparse (id BIGINT PRIMARY KEY, v INT); INSERT INTO sparse SELECT seq * 922337203685, seq FROM seq_1_to_200000", in: name)
        let manifest = try ServerDump(server.server(name)).manifest
        let table = try #require(manifest.table("sparse"))
        #expect(table.rows.rowCount == 200_000)
        #expect((2...40).contains(table.chunks.count))
    }

    @Test func `names its files so that no name leaves its directory`() throws {
        let (server, name) = try database([Everything.objects])
        let files = try ServerDump(server.server(name)).files()
        #expect(files["data/%2e./00000000000000000000.tsv"] == Array("1\t1\n".utf8))
        #expect(files["schema/tables/%252e..sql"] != nil)
        #expect(files.keys.allSatisfy { $0.utf8.allSatisfy { $0 < 0x7f && $0 > 0x20 } })
    }

    @Test func `says so where the server does not show its own definition`() throws {
        let (server, name) = try database(["CREATE TABLE t (id INT PRIMARY KEY, e ENUM('🎒', 'b')); INSERT INTO t VALUES (1, 1)"])
        let dump = try ServerDump(server.server(name)), copy = try server.newDatabase("copy")
        #expect(dump.manifest.notes.contains { $0.contains("'t'.'e'") })
        // A loss that nobody told of is found by comparing.
        _ = try? dump.load(into: server, copy)
        let found = try MySQLCapture.run(server.server(copy), password: [], sink: DiscardingSink())
        #expect(ServerComparison.compare(expected: dump.manifest, found: found).differences == [.values("t", rows: 1, files: ["00000000000000000000.tsv"])])
    }

    @Test func `keeps only the structure of tables it is told to`() throws {
        let (server, name) = try database([
            "CREATE TABLE cache_a (id INT PRIMARY KEY); INSERT INTO cache_a VALUES (1); CREATE TABLE kept (id INT PRIMARY KEY); INSERT INTO kept VALUES (1)"
        ])
        let dump = try ServerDump(server.server(name), options: MySQLCaptureOptions(structureOnly: ["cache_*"]))
        #expect(dump.manifest.table("cache_a")?.isExcluded == true)
        #expect(dump.manifest.table("cache_a")?.chunks == [])
        #expect(dump.manifest.table("kept")?.rows.rowCount == 1)
        let comparison = ServerComparison.compare(expected: dump.manifest, found: dump.manifest)
        #expect(comparison.comparedTables == 1)
    }

    @Test func `refuses or locks tables outside transactions when told to`() throws {
        let (server, name) = try database(["CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM; INSERT INTO m VALUES (1); CREATE TABLE i (id INT PRIMARY KEY)"])
        let refused = #expect(throws: MySQLFailure.self) {
            try ServerDump(server.server(name), options: MySQLCaptureOptions(nonTransactional: .refuse))
        }
        #expect(refused?.reason.contains("'m' (MyISAM)") == true)
        let locked = try ServerDump(server.server(name), options: MySQLCaptureOptions(nonTransactional: .lock))
        #expect(locked.manifest.table("m")?.rows.rowCount == 1)
        #expect(!locked.manifest.notes.contains { $0.contains("no snapshot") })
    }

    @Test func `carries blobs of 50 MB`() throws {
        let (server, name) = try database([])
        try server.sql(
            "CREATE TABLE big (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT); INSERT INTO big SELECT seq, REPEAT(RANDOM_BYTES(1000), 52000), REPEAT('ä\\t', 10000000) FROM seq_1_to_2",
            in: name)
        let dump = try ServerDump(server.server(name)), copy = try server.newDatabase("copy")
        try dump.load(into: server, copy)
        let differing = try server.differingTables(copy, name)
        #expect(differing == [])
    }
}
