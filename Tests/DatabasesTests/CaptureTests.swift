// CaptureTests: copies taken while others write are consistent, and taking them changes nothing.

import Bytes
import HostOS
import Testing

import Databases

@Suite(.serialized) struct `A capture under a heavy writer` {
    @Test(arguments: ["wal", "delete"]) func `is consistent every time`(_ mode: String) throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "PRAGMA journal_mode=\(mode);" + HeavyWriter.schema)
        let writer = try HeavyWriter(database, in: scratch)
        var lastCount = 0
        for round in 0..<8 {
            let copy = scratch.path("copy-\(round)")
            let manifest = try SQLiteClient.inProcess.capture(database, into: copy)
            #expect(manifest.integrity == .sound)
            #expect(manifest.byteCount == UInt64(try bytes(of: copy).count))
            #expect(manifest.format.journalMode == (mode == "wal" ? .wal : .rollback))
            #expect(try bytes(of: copy)[18] == (mode == "wal" ? 2 : 1))
            #expect(SQLiteFiles.companions(of: copy).allSatisfy { (try? FileStatus.ifExists($0)) == .some(nil) })
            #expect(try Shell.run(copy, HeavyWriter.invariant) == "1")
            #expect(try Shell.isSound(copy))
            let count = Int(try Shell.run(copy, "SELECT n FROM counter;")) ?? -1
            #expect(count >= lastCount)
            lastCount = count
        }
        let longestStall = try writer.stop()
        #expect(lastCount > 0, "the writer wrote nothing")
        if mode == "wal" { #expect(longestStall < 1) }
        #expect(try Shell.run(database, "PRAGMA journal_mode;") == mode)
        #expect(try Shell.run(database, HeavyWriter.invariant) == "1")
    }
}

@Suite struct `A capture` {
    @Test func `leaves the log of a crashed application alone and still contains it`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1);")
        try Shell.runAndDie(database, "INSERT INTO t VALUES(2);")
        let log = database.adding("-wal")
        let before = try (bytes(of: database), bytes(of: log))
        #expect(!before.1.isEmpty)
        let manifest = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"))
        #expect(manifest.table("t")?.rowCount == 2)
        #expect(try bytes(of: database) == before.0)
        #expect(try bytes(of: log) == before.1)
    }

    @Test func `leaves no companions beside an idle database`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1);")
        let before = try bytes(of: database)
        _ = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"))
        _ = try SQLiteClient.inProcess.probe(database)
        #expect(scratch.names == ["app.db", "copy"])
        #expect(try bytes(of: database) == before)
    }

    @Test func `is private whatever the mode of the database`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "CREATE TABLE t(x);")
        try Directory.setMode(database, 0o644)
        _ = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"))
        #expect(try FileStatus.of(scratch.path("copy")).mode == 0o600)
    }

    @Test func `follows a symbolic link to the log's real place`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("real.db", "PRAGMA journal_mode=WAL; CREATE TABLE t(x);")
        try Shell.runAndDie(database, "INSERT INTO t VALUES(1);")
        _ = try Child.run("ln", ["-s", "real.db", "\(scratch.path("link.db"))"])
        let manifest = try SQLiteClient.inProcess.capture(scratch.path("link.db"), into: scratch.path("copy"))
        #expect(manifest.table("t")?.rowCount == 1)
        #expect(Set(SQLiteFiles.family(of: scratch.path("link.db"))).isSuperset(of: [database, database.adding("-wal")]))
    }

    @Test func `gives up on a database that stays locked, and says so`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "CREATE TABLE t(x);")
        let holder = try SQLiteConnection(database, .live, operation: "hold")
        try holder.run("BEGIN EXCLUSIVE")
        let options = CaptureOptions(lockTimeoutMilliseconds: 50)
        let failure = failure { _ = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"), options: options) }
        #expect(failure?.kind == .busy)
        #expect(!scratch.names.contains("copy"))
    }

    @Test(arguments: [512, 1024, 4096, 8192, 65536]) func `keeps pages of`(_ pageSize: Int) throws {
        let scratch = try Scratch()
        let database = try scratch.database(
            "app.db",
            "PRAGMA page_size=\(pageSize); PRAGMA auto_vacuum=INCREMENTAL; CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(100000));")
        let manifest = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"))
        #expect(manifest.format.pageSize == UInt64(pageSize))
        #expect(manifest.byteCount == manifest.format.pageSize * manifest.format.pageCount)
        #expect(try Shell.run(scratch.path("copy"), "PRAGMA auto_vacuum;") == "2")
    }

    @Test func `of a damaged database is taken, and says which table is broken`() throws {
        let scratch = try Scratch()
        let database = try scratch.database(
            "app.db",
            """
            CREATE TABLE good(x); INSERT INTO good VALUES(1); CREATE TABLE bad(x);
            WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO bad SELECT hex(randomblob(100)) FROM n;
            """)
        var content = try bytes(of: database)
        for index in content.count / 2..<content.count { content[index] = 0xa5 }
        try AtomicFile.write(content.span, to: database)
        let manifest = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy"))
        guard case .problems = manifest.integrity else {
            Issue.record("the damage was not noticed: \(manifest.integrity)")
            return
        }
        guard case .unreadable = manifest.table("bad")?.content else {
            Issue.record("the table is said to be readable")
            return
        }
        #expect(manifest.table("good")?.rowCount == 1)
    }
}

@Suite struct `What is no database` {
    private func check(_ kind: DatabaseFailure.Kind, _ database: BytePath, _ scratch: Scratch) throws {
        let before = scratch.names
        for attempt in [
            failure { _ = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy")) },
            failure { _ = try SQLiteClient.inProcess.probe(database) },
        ] {
            #expect(attempt?.kind == kind)
            #expect(attempt?.failure.message.contains("\n") == false)
            #expect(attempt?.failure.message.contains("app.db") == true)
            #expect(attempt?.failure.hint?.isEmpty != true)
        }
        #expect(scratch.names == before)
    }

    @Test func `is not created when it is missing`() throws {
        let scratch = try Scratch()
        try check(.missing, scratch.path("app.db"), scratch)
    }

    @Test func `is not a directory`() throws {
        let scratch = try Scratch()
        try Directory.create(scratch.path("app.db"))
        try check(.notAFile, scratch.path("app.db"), scratch)
    }

    @Test func `is an empty file`() throws {
        let scratch = try Scratch()
        try check(.empty, try scratch.write("app.db", []), scratch)
    }

    @Test func `is garbage, or encrypted`() throws {
        let scratch = try Scratch()
        try check(.notADatabase, try scratch.write("app.db", (0..<8192).map { _ in UInt8.random(in: 0...255) }), scratch)
        try check(.notADatabase, try scratch.write("app.db", Array("short".utf8)), scratch)
    }

    @Test func `is a truncated file`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(50000));")
        let whole = try bytes(of: database)
        try AtomicFile.write(Array(whole.prefix(8192)).span, to: database)
        let failure = failure { _ = try SQLiteClient.inProcess.capture(database, into: scratch.path("copy")) }
        #expect(failure?.kind == .damaged)
        #expect(!scratch.names.contains("copy"))
    }
}
