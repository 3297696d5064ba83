// TableReplacementTests: chosen tables go back, everything else stays.

import Bytes
import HostOS
import Testing

import Databases

private let schema = """
    PRAGMA journal_mode=WAL;
    CREATE TABLE students(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT CHECK (length(name) > 0), upper AS (upper(name)));
    CREATE TABLE grades(student REFERENCES students(id), mark INTEGER); CREATE TABLE settings(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    CREATE TABLE "order ""x"" y"(rowid TEXT, n); CREATE VIRTUAL TABLE search USING fts5(body);
    CREATE INDEX students_name ON students(name); CREATE TABLE audit(what);
    CREATE TRIGGER watch AFTER INSERT ON students BEGIN INSERT INTO audit VALUES('added ' || new.name); END;
    INSERT INTO students(name) VALUES('Ada'), ('Bob'), ('Cy'); DELETE FROM students WHERE name = 'Cy';
    INSERT INTO grades(rowid, student, mark) VALUES(10, 1, 5), (20, 2, 4); INSERT INTO settings VALUES('a', 1), ('b', NULL);
    INSERT INTO "order ""x"" y" VALUES('r1', 1), ('r2', 2);
    """

private struct Case {
    let scratch: Scratch, live: BytePath, snapshot: BytePath, manifest: DatabaseManifest

    init() throws {
        scratch = try Scratch()
        live = try scratch.database("app.db", schema)
        snapshot = scratch.path("snapshot")
        manifest = try SQLiteClient.inProcess.capture(live, into: snapshot)
    }

    func replace(_ tables: [SchemaText]) throws -> TableReplacementReport {
        try SQLiteClient.inProcess.replaceTables(tables, of: live, from: snapshot)
    }
}

@Suite struct `Restoring chosen tables` {
    @Test func `brings back their rows, rowids, indexes, triggers and counters, and nothing else`() throws {
        let it = try Case()
        try Shell.run(
            it.live,
            """
            DROP TABLE students; CREATE TABLE students(id INTEGER PRIMARY KEY, other); INSERT INTO students VALUES(7, 'wrong');
            DELETE FROM grades; INSERT INTO grades VALUES(1, 1); INSERT INTO settings VALUES('c', 3); DELETE FROM audit; DROP TABLE "order ""x"" y";
            """)
        let report = try it.replace(["students", "GRADES", "order \"x\" y"])
        #expect(report.tables.map(\.rowCount) == [2, 2, 2])
        #expect(report.foreignKeyProblems.isEmpty)
        #expect(try Shell.run(it.live, "SELECT id || name || upper FROM students;") == "1AdaADA\n2BobBOB")
        #expect(try Shell.run(it.live, "SELECT rowid || ':' || mark FROM grades;") == "10:5\n20:4")
        #expect(try Shell.run(it.live, "SELECT seq FROM sqlite_sequence WHERE name = 'students';") == "3")
        #expect(try Shell.run(it.live, "SELECT count(*) FROM settings;") == "3")
        #expect(try Shell.run(it.live, "SELECT count(*) FROM audit;") == "0")
        #expect(try Shell.isSound(it.live))
        #expect(try Shell.run(it.live, "PRAGMA journal_mode;") == "wal")
        #expect(it.scratch.names == ["app.db", "snapshot"])
        let now = try SQLiteClient.inProcess.capture(it.live, into: it.scratch.path("now"))
        let chosen: Set<SchemaText> = ["students", "grades", "order \"x\" y"]
        #expect(DatabaseComparison.content(expected: it.manifest, found: now, tables: chosen).isEqual)
        #expect(!DatabaseComparison.content(expected: it.manifest, found: now).isEqual)
        try Shell.run(it.live, "INSERT INTO students(name) VALUES('Dee');")
        #expect(try Shell.run(it.live, "SELECT what FROM audit;") == "added Dee")
    }

    @Test func `contains commits of a crashed application that were only in the log`() throws {
        let it = try Case()
        try Shell.runAndDie(it.live, "INSERT INTO settings VALUES('late', 1); DELETE FROM grades;")
        _ = try it.replace(["grades"])
        #expect(try Shell.run(it.live, "SELECT count(*) FROM settings;") == "3")
        #expect(try Shell.run(it.live, "SELECT count(*) FROM grades;") == "2")
    }

    @Test func `tells which references lead nowhere now`() throws {
        let it = try Case()
        try Shell.run(it.live, "DELETE FROM students WHERE id = 2; DELETE FROM grades;")
        #expect(try it.replace(["grades"]).foreignKeyProblems == ["1 rows of table 'grades' refer to missing rows of 'students'"])
    }

    @Test func `suggests the name that was meant`() throws {
        let it = try Case()
        let before = try bytes(of: it.live)
        let failure = failure { _ = try it.replace(["grades", "studnets"]) }
        #expect(failure?.kind == .noSuchTable)
        #expect(failure?.hint == "did you mean 'students'?")
        #expect(try bytes(of: it.live) == before)
        #expect(DatabasesTests.failure { _ = try it.replace(["zzzzzzzzzzzzz"]) }?.hint?.contains("'audit'") == true)
    }

    @Test(arguments: ["search", "search_content", "sqlite_sequence"]) func `refuses tables SQLite keeps for itself`(_ name: String) throws {
        let it = try Case()
        #expect(failure { _ = try it.replace([SchemaText(name)]) }?.kind == .unsupported)
    }

    @Test func `that cannot be done leaves the database as it was`() throws {
        let it = try Case()
        // The name of the table's index is taken by another table's index now.
        try Shell.run(it.live, "DROP INDEX students_name; CREATE INDEX students_name ON audit(what); DELETE FROM students;")
        let failure = failure { _ = try it.replace(["students"]) }
        #expect(failure?.reason.contains("students_name") == true)
        #expect(try Shell.run(it.live, "SELECT count(*) FROM students;") == "0")
        #expect(try Shell.run(it.live, "PRAGMA journal_mode;") == "wal")
        #expect(it.scratch.names == ["app.db", "snapshot"])
    }

    @Test func `needs a database to put them into`() throws {
        let it = try Case()
        try Directory.remove(it.live)
        #expect(failure { _ = try it.replace(["grades"]) }?.kind == .missing)
    }
}
