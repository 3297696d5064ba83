// SQLiteScriptTests: a database as an SQL script and back, by our own program and by the stock one; and scripts that mean harm.

import Bytes
import Databases
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `An SQLite database as a script` {
    /// Everything a database can have, at its edges.
    private static let everything = """
        PRAGMA user_version = 42; PRAGMA application_id = 77;
        CREATE TABLE plain (id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB, n NUMERIC, x);
        INSERT INTO plain VALUES
          (1, 'it''s', 0.1, X'00FF27', 1, NULL), (2, '', -0.0, X'', 9223372036854775807, -9223372036854775808), (3, 'a' || char(13,10) || 'b' || char(13), 1e999, zeroblob(5000), -1e999, 1e308),
          (4, 'x' || char(0) || 'y\\0\\r(\\01)', 5e-324, NULL, 2.5, 'text'), (5, CAST(X'63616661FFFE' AS TEXT), 1.7976931348623157e308, X'5C', 1e15, 123456789012345678), (9, 'é🎒; -- no', 4.0, 'text in blob', '12abc', X'31');
        CREATE TABLE unnumbered (a TEXT, b TEXT); INSERT INTO unnumbered (rowid, a, b) VALUES (5, 'five', 'x'), (70000000000, 'far', 'y'), (-3, 'below', 'z');
        CREATE TABLE "odd ""name; é" ("a ""b" INT PRIMARY KEY, rowid TEXT, _rowid_ TEXT); INSERT INTO "odd ""name; é" VALUES (1, 'r', '_');
        CREATE TABLE keyed (a TEXT, b INT, c, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO keyed VALUES ('k', 1, 'v'), ('k', 2, NULL);
        CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO counted VALUES (500, 'a'); DELETE FROM counted; INSERT INTO counted (v) VALUES ('b');
        CREATE TABLE made (a INT, twice INT AS (a * 2) STORED, thrice INT AS (a * 3) VIRTUAL, CHECK (a > 0)) STRICT; INSERT INTO made VALUES (7);
        CREATE TABLE desc_key (id INTEGER PRIMARY KEY DESC, v); INSERT INTO desc_key (rowid, id, v) VALUES (12, 4, 'q');
        CREATE TABLE child (p INT REFERENCES plain (id) ON DELETE CASCADE); INSERT INTO child VALUES (1), (99);
        CREATE TABLE empty (a);
        CREATE UNIQUE INDEX by_text ON plain (t COLLATE NOCASE DESC) WHERE t > ''; CREATE INDEX by_expression ON plain (length(t), r);
        CREATE VIEW seen AS SELECT id, t FROM plain WHERE r > 0;
        CREATE TRIGGER on_insert AFTER INSERT ON plain BEGIN UPDATE counted SET v = 'x;y'; DELETE FROM child; END;
        CREATE TRIGGER on_view INSTEAD OF INSERT ON seen BEGIN INSERT INTO empty VALUES (CASE WHEN NEW.id THEN 1 ELSE 2 END); END;
        ANALYZE;
        CREATE VIRTUAL TABLE words USING fts5(title, body); INSERT INTO words VALUES ('one', 'the quick brown fox'), ('two', 'lazy dogs');
        """

    private let scratch: Scratch
    private let client = SQLiteClient.inProcess

    init() throws { scratch = try Scratch() }

    /// What is in a file: settings, definitions, the checksum of every table, and what a full-text search finds.
    private func picture(_ file: BytePath) throws -> [String] {
        let manifest = try client.inspect(file).manifest
        #expect(manifest.integrity == .sound)
        return manifest.tables.map { "\($0)" }.sorted() + manifest.schema.map { "\($0)" }.sorted()
            + ["\(manifest.format.userVersion) \(manifest.format.applicationID) \(manifest.format.encoding)"]
    }

    private func numbers(_ file: BytePath) throws -> String {
        try Shell.run(file, "SELECT rowid, a FROM unnumbered ORDER BY 1; SELECT oid, rowid FROM \"odd \"\"name; é\"; SELECT rowid, id FROM desc_key;")
    }

    @Test(arguments: ["UTF-8", "UTF-16le"]) func `is loaded by the stock program and by ours, to the last byte`(encoding: String) throws {
        let database = try scratch.database("a.sqlite", "PRAGMA encoding = '\(encoding)'; " + Self.everything)
        let before = try picture(database), script = scratch.path("a.sql"), ours = scratch.path("ours.sqlite"), theirs = scratch.path("theirs.sqlite")
        try client.writeScript(of: database, to: script)
        try Shell.run(theirs, ".read \(script)")
        #expect(try picture(theirs) == before)
        try client.runScript(script, into: ours)
        #expect(try picture(ours) == before)
        for file in [ours, theirs] {
            #expect(try numbers(file) == numbers(database))
            #expect(
                try Shell.run(file, "SELECT title FROM words('fox'); INSERT INTO words VALUES ('three', 'a fox'); SELECT count(*) FROM words('fox');") == "one\n2")
            #expect(try Shell.run(file, "SELECT max(id) FROM counted; INSERT INTO counted (v) VALUES (1); SELECT max(id) FROM counted;") == "501\n502")
        }
    }

    @Test func `is taken from the stock program's own dump`() throws {
        let database = try scratch.database("a.sqlite", Self.everything + "DELETE FROM plain WHERE id = 4; UPDATE plain SET t = 'x' WHERE id = 5;")
        let dump = try Shell.run(database, ".dump"), script = try scratch.write("dump.sql", Array(dump.utf8)), loaded = scratch.path("b.sqlite")
        try client.runScript(script, into: loaded)
        #expect(try Shell.run(loaded, ".dump") == dump)
        #expect(try Shell.run(loaded, "SELECT title FROM words WHERE words MATCH 'fox';") == "one")
    }

    @Test func `keeps every digit of every real`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let values = (0..<4000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
        let blobs = values.map { "(\($0.description))" }.joined(separator: ",")
        let database = try scratch.database("r.sqlite", "CREATE TABLE r (v REAL); INSERT INTO r VALUES \(blobs);")
        let before = try picture(database)
        try client.writeScript(of: database, to: scratch.path("r.sql"))
        try Shell.run(scratch.path("r2.sqlite"), ".read \(scratch.path("r.sql"))")
        try client.runScript(scratch.path("r.sql"), into: scratch.path("r3.sqlite"))
        #expect(try picture(scratch.path("r2.sqlite")) == before && picture(scratch.path("r3.sqlite")) == before, "seed \(seed)")
    }

    @Test func `that was cut is refused, wherever it was cut`() throws {
        let database = try scratch.database("a.sqlite", "CREATE TABLE t (a); INSERT INTO t VALUES (1), ('x;'), (3);")
        try client.writeScript(of: database, to: scratch.path("a.sql"))
        let whole = try bytes(of: scratch.path("a.sql")), end = try #require(String(decoding: whole, as: UTF8.self).range(of: "COMMIT;"))
        let length = String(decoding: whole, as: UTF8.self).utf8.distance(from: "".startIndex, to: end.lowerBound)
        let start = try #require(String(decoding: whole, as: UTF8.self).range(of: "CREATE TABLE")).lowerBound.utf16Offset(in: String(decoding: whole, as: UTF8.self))
        for cut in stride(from: start, to: length, by: 7) {
            let script = try scratch.write("cut.sql", Array(whole[..<cut]))
            let failure = failure { try client.runScript(script, into: scratch.path("cut-\(cut).sqlite")) }
            #expect(failure?.kind == .damaged, "\(cut): \(String(describing: failure))")
        }
        let script = try scratch.write("cut.sql", Array(whole[..<length]))
        try client.runScript(script, into: scratch.path("kept.sqlite"), acceptsTruncated: true)
        #expect(try Shell.run(scratch.path("kept.sqlite"), "SELECT count(*) FROM t;") == "3")
    }
}

@Suite struct `A script that means harm` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test(arguments: [
        "ATTACH 'OTHER' AS o; INSERT INTO o.victim VALUES (2);", "ATTACH 'NEW' AS n; CREATE TABLE n.t (a);", "VACUUM INTO 'NEW';", "SELECT load_extension('NEW');",
        "CREATE TABLE t (a); INSERT INTO t VALUES (writefile('NEW', 'evil'));", "SELECT readfile('OTHER');", ".shell touch NEW",
        "CREATE VIRTUAL TABLE t USING csv(filename='OTHER');", "CREATE VIRTUAL TABLE temp.f USING fsdir;",
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('NEW'); END; INSERT INTO t VALUES (1);",
    ]) func `reaches no other file`(_ text: String) throws {
        let other = try scratch.database("other.sqlite", "CREATE TABLE victim (a); INSERT INTO victim VALUES (1);"), before = try bytes(of: other)
        let script = try scratch.write("evil.sql", Array(text.replacing("OTHER", with: "\(other)").replacing("NEW", with: "\(scratch.path("new"))").utf8))
        #expect(throws: DatabaseFailure.self) { try SQLiteClient.inProcess.runScript(script, into: scratch.path("a.sqlite")) }
        #expect(try bytes(of: other) == before)
        #expect(scratch.names.isSubset(of: ["other.sqlite", "evil.sql", "a.sqlite"]), "\(scratch.names)")
    }

    @Test func `changes no setting that leads elsewhere`() throws {
        let script = try scratch.write(
            "evil.sql", Array("PRAGMA temp_store_directory='\(scratch.root)'; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (a);".utf8))
        try SQLiteClient.inProcess.runScript(script, into: scratch.path("a.sqlite"))
        #expect(scratch.names == ["evil.sql", "a.sqlite"])
        #expect(try Shell.run(scratch.path("a.sqlite"), "PRAGMA journal_mode;") == "delete")
    }

    @Test(arguments: [
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;",
        "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT zeroblob(1000000) FROM n;",
    ]) func `ends`(_ text: String) throws {
        let script = try scratch.write("endless.sql", Array(text.utf8))
        #expect(throws: DatabaseFailure.self) { try SQLiteClient.inProcess.runScript(script, into: scratch.path("a.sqlite")) }
        #expect(try FileStatus.of(scratch.path("a.sqlite")).size <= 300 << 20)
    }
}
