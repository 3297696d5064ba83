// ManifestTests: a manifest is equal exactly when the content is.

import Bytes
import Codecs
import HostOS
import Testing

import Databases

/// Every kind of table and value SQLite has.
let strangeSchema = """
    PRAGMA journal_mode=WAL; PRAGMA user_version=42; PRAGMA application_id=7;
    CREATE TABLE plain(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, score REAL); INSERT INTO plain(name, score) VALUES('Ada', 1.5), ('Bob', 2.25), (NULL, NULL);
    CREATE TABLE keyed(code TEXT PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO keyed VALUES('b', 1), ('a', x'00ff');
    CREATE TABLE computed(a INTEGER, b AS (a * 2) VIRTUAL, c AS (a + 1) STORED); INSERT INTO computed(a) VALUES(1), (2);
    CREATE VIRTUAL TABLE search USING fts5(body); INSERT INTO search VALUES('hello world'), ('second text');
    CREATE TABLE empty(x); CREATE TABLE "order"(x); INSERT INTO "order" VALUES(9223372036854775807), (-9223372036854775808), (0);
    CREATE TABLE "with ""quotes"" and spaces"("a b", "select"); INSERT INTO "with ""quotes"" and spaces" VALUES('x', 'y');
    CREATE TABLE strange(x); INSERT INTO strange VALUES(CAST(x'610062' AS TEXT)), (9e999 - 9e999), (9e999), (-0.0), (''), (x''), (NULL);
    CREATE INDEX plain_score ON plain(score) WHERE score > 1; CREATE VIEW names AS SELECT name FROM plain;
    CREATE TRIGGER keep AFTER INSERT ON empty BEGIN DELETE FROM empty; END;
    """

private func manifest(_ scratch: Scratch, _ database: BytePath) throws -> DatabaseManifest {
    let copy = scratch.path("copy-\(UInt64.random(in: 0 ... .max))")
    return try SQLiteClient.inProcess.capture(database, into: copy)
}

@Suite struct `A manifest` {
    @Test func `lists every table, shadow tables too, and reads virtual ones not at all`() throws {
        let scratch = try Scratch()
        let manifest = try manifest(scratch, try scratch.database("app.db", strangeSchema))
        #expect(manifest.table("plain")?.rowCount == 3)
        #expect(manifest.table("keyed")?.rowCount == 2)
        #expect(manifest.table("empty")?.rowCount == 0)
        #expect(manifest.table("order")?.rowCount == 3)
        #expect(manifest.table("with \"quotes\" and spaces")?.rowCount == 1)
        #expect(manifest.table("strange")?.rowCount == 7)
        #expect(manifest.table("sqlite_sequence")?.rowCount == 1)
        #expect(manifest.table("search")?.content == .virtual)
        #expect((manifest.table("search_content")?.rowCount ?? 0) == 2)
        #expect(manifest.format.userVersion == 42 && manifest.format.applicationID == 7)
        #expect(manifest.schema.contains { $0.type == "trigger" && $0.name == "keep" && $0.table == "empty" })
        #expect(manifest.integrity == .sound)
    }

    @Test func `survives its JSON form`() throws {
        let scratch = try Scratch()
        let manifest = try manifest(scratch, try scratch.database("app.db", strangeSchema))
        #expect(try DatabaseManifest(json: manifest.json) == manifest)
    }

    @Test func `is refused when it was edited, cut, or is too new`() throws {
        let scratch = try Scratch()
        let text = String(decoding: try manifest(scratch, try scratch.database("app.db", "CREATE TABLE t(x);")).json, as: UTF8.self)
        let edited = [
            text.replacing("CREATE TABLE t(x)", with: "CREATE TABLE t(y)"), String(text.dropLast(1)),
            text.replacing("\"format_version\":1", with: "\"format_version\":2"), "{}", "",
        ]
        for json in edited { #expect(throws: JSONError.self) { try DatabaseManifest(json: Array(json.utf8)) } }
    }

    @Test func `keeps names that are not UTF-8`() throws {
        let object = SchemaObject(
            type: "table", name: SchemaText([0xff, 0x41]), table: SchemaText([0xff, 0x41]), sql: "CREATE TABLE x(y)")
        var writer = JSONWriter()
        object.write(to: &writer)
        var scanner = JSONScanner(writer.bytes)
        #expect(try SchemaObject(reading: &scanner) == object)
    }

    @Test func `is the same for the same rows in another order, encoding and page size`() throws {
        let scratch = try Scratch()
        let rows = "CREATE TABLE t(a, b); INSERT INTO t VALUES(1,'é'),(2,x'00'),(2,x'00'),(3,NULL),(4.5,'𝄞');"
        let reversed = "CREATE TABLE t(a, b); INSERT INTO t VALUES(4.5,'𝄞'),(3,NULL),(2,x'00'),(1,'é'),(2,x'00');"
        let first = try manifest(scratch, try scratch.database("1.db", rows))
        let second = try manifest(scratch, try scratch.database("2.db", "PRAGMA encoding='UTF-16'; PRAGMA page_size=1024;" + reversed))
        #expect(second.format.encoding == "UTF-16le")
        #expect(first.table("t") == second.table("t"))
        #expect(first.sha256 != second.sha256)
    }

    @Test(
        arguments: [
            ("UPDATE plain SET score = 1.5000001 WHERE id = 1;", "plain"), ("UPDATE plain SET name = 'ada' WHERE id = 1;", "plain"),
            ("DELETE FROM plain WHERE id = 3;", "plain"), ("INSERT INTO keyed VALUES('c', NULL);", "keyed"),
            ("UPDATE keyed SET n = x'00fe' WHERE code = 'a';", "keyed"), ("UPDATE keyed SET n = '1' WHERE code = 'b';", "keyed"),
            ("UPDATE keyed SET n = 1.0 WHERE code = 'b';", "keyed"), ("UPDATE \"order\" SET x = 1 WHERE x = 0;", "order"),
            ("UPDATE strange SET x = CAST(x'61' AS TEXT) WHERE x = CAST(x'610062' AS TEXT);", "strange"),
            ("UPDATE strange SET x = '' WHERE x IS x'';", "strange"), ("INSERT INTO search VALUES('third');", "search_content"),
            ("UPDATE sqlite_sequence SET seq = 99;", "sqlite_sequence"), ("CREATE TABLE fresh(x);", "fresh"),
            ("DROP TABLE empty;", "empty"),
            ("DROP INDEX plain_score;", "plain_score"),
            ("DROP TRIGGER keep; CREATE TRIGGER keep BEFORE INSERT ON empty BEGIN SELECT 1; END;", "keep"),
            ("ALTER TABLE empty ADD COLUMN y;", "empty"), ("PRAGMA user_version = 43;", "user_version"),
            ("CREATE INDEX extra ON plain(name);", "extra"),
        ])
    func `tells a change and where it is`(_ change: (sql: String, place: String)) throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", strangeSchema)
        let before = try manifest(scratch, database)
        #expect(DatabaseComparison.content(expected: before, found: try manifest(scratch, database)).isEqual)
        try Shell.run(database, change.sql)
        let comparison = DatabaseComparison.content(expected: before, found: try manifest(scratch, database))
        #expect(!comparison.isEqual)
        #expect(comparison.differences.contains { "\($0)".contains(change.place) }, "\(comparison.differences)")
    }

    @Test func `holds for a BLOB of 20 MB`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(20000000));")
        let before = try manifest(scratch, database)
        #expect(before.byteCount > 20_000_000)
        try Shell.run(database, "UPDATE t SET x = CAST(substr(x, 1, 19999999) || x'01' AS BLOB);")
        let comparison = DatabaseComparison.content(expected: before, found: try manifest(scratch, database))
        #expect(comparison.differences == [.values("t", rows: 1)])
        #expect(comparison.comparedTables == 1 && comparison.comparedRows == 1)
    }

    @Test func `checks random changes of single rows`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var sum = TableChecksum(), rows: [[UInt8]] = []
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 11
        }
        for _ in 0..<500 { rows.append((0..<Int(next() % 40)).map { _ in UInt8(next() & 0xff) }) }
        for row in rows { sum.add(SHA256.hash(row)) }
        var other = TableChecksum()
        for row in rows.shuffled() { other.add(SHA256.hash(row)) }
        #expect(sum == other, "seed \(seed)")
        var changed = TableChecksum()
        let place = Int(next() % 500)
        for (index, row) in rows.enumerated() { changed.add(SHA256.hash(index == place ? row + [0] : row)) }
        #expect(sum.rowCount == changed.rowCount && sum.sum != changed.sum, "seed \(seed)")
    }

    @Test func `reads rows fast enough for a nightly run`() throws {
        let scratch = try Scratch()
        let database = try scratch.database(
            "app.db",
            """
            CREATE TABLE t(id INTEGER PRIMARY KEY, pupil INTEGER, day TEXT, mark REAL);
            WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<300000) INSERT INTO t SELECT i, i % 977, '2026-11-' || (i % 30), i / 7.0 FROM n;
            """)
        let connection = try SQLiteConnection(database, .privateCopy, operation: "read")
        let started = Host.monotonicNanoseconds()
        let checksum = try TableChecksum.of(connection.prepare("SELECT * FROM t NOT INDEXED"))
        let seconds = Double(Host.monotonicNanoseconds() - started) / 1e9
        #expect(checksum.rowCount == 300_000)
        // The target is 500,000 rows a second in release mode; a loaded machine and a debug build get a wide margin.
        #expect(300_000 / seconds > 20_000)
        print("table checksum: \(Int(300_000 / seconds)) rows a second")
    }
}

@Suite struct `Pieces of a database` {
    @Test func `are whole pages and grow with the database`() {
        let mebibyte: UInt64 = 1 << 20
        #expect(DatabaseChunking.chunkSize(pageSize: 4096, byteCount: 100 * mebibyte) == 4096)
        #expect(DatabaseChunking.chunkSize(pageSize: 512, byteCount: 100 * mebibyte) == 4096)
        #expect(DatabaseChunking.chunkSize(pageSize: 4096, byteCount: 257 * mebibyte) == 8192)
        #expect(DatabaseChunking.chunkSize(pageSize: 4096, byteCount: 2048 * mebibyte) == 16384)
        #expect(DatabaseChunking.chunkSize(pageSize: 4096, byteCount: 60_000 * mebibyte) == 65536)
        #expect(DatabaseChunking.chunkSize(pageSize: 65536, byteCount: mebibyte) == 65536)
    }
}
