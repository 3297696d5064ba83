// SwapTests: whatever happens during a restore, the path holds the whole old database or the whole new one.

import Bytes
import Foundation
import HostOS
import Testing

import Databases

/// What may be at the path before a restore. Each is made so that losing a companion loses commits.
enum OldDatabase: String, CaseIterable, Sendable {
    case rollback, rollbackWithHotJournal, log, logOfCrashedApplication, persistentJournal

    /// A table `t` whose committed rows are 1…20.
    func make(_ scratch: Scratch) throws -> BytePath {
        let rows =
            "CREATE TABLE t(x, filler); WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<20) INSERT INTO t SELECT i, hex(randomblob(2000)) FROM n;"
        let path = scratch.path("app.db")
        switch self {
        case .rollback: try Shell.run(path, rows)
        case .log: try Shell.run(path, "PRAGMA journal_mode=WAL;" + rows)
        case .logOfCrashedApplication: try Shell.runAndDie(path, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;" + rows)
        case .persistentJournal: try Shell.run(path, "PRAGMA journal_mode=PERSIST;" + rows)
        case .rollbackWithHotJournal:
            try Shell.run(path, rows)
            try Shell.runAndDie(
                path, "PRAGMA cache_size=1; BEGIN; UPDATE t SET x = 0, filler = hex(randomblob(2001)); SELECT count(*) FROM t;")
        }
        return path
    }

    static let committed = "SELECT count(*) || ' ' || sum(x) FROM t;"
}

/// A verified database beside `live`, whose table `t` holds the single row 1000.
private func staged(beside live: BytePath, _ scratch: Scratch, mode: String = "WAL") throws -> (path: BytePath, manifest: DatabaseManifest) {
    let source = try scratch.database("source.db", "PRAGMA journal_mode=\(mode); CREATE TABLE t(x); INSERT INTO t VALUES(1000);")
    let path = SQLiteFiles.stagingPath(beside: live)
    let manifest = try SQLiteClient.inProcess.capture(source, into: path)
    try Directory.remove(source)
    return (path, manifest)
}

/// A program that has the database open.
private final class OtherProcess {
    private let process = Process()
    private let input = Pipe(), output = Pipe()

    /// Returns when `sql` has run.
    init(_ database: BytePath, _ sql: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "\(database)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        input.fileHandleForWriting.write(Data("\(sql)\n.shell echo ready\n".utf8))
        var seen = ""
        while !seen.contains("ready") {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            seen += String(decoding: piece, as: UTF8.self)
        }
    }

    var identifier: Int32 { process.processIdentifier }

    func end(after sql: String) {
        input.fileHandleForWriting.write(Data("\(sql)\n".utf8))
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}

private struct Killed: Error {}

@Suite struct `A restore of a whole database` {
    @Test(arguments: OldDatabase.allCases) func `puts the new one in place and leaves nothing of the old`(_ old: OldDatabase) throws {
        let scratch = try Scratch()
        let live = try old.make(scratch)
        let (file, manifest) = try staged(beside: live, scratch)
        let (verification, report) = try SQLiteClient.inProcess.restore(file, onto: live, expecting: manifest)
        #expect(verification.isProved && verification.comparison.comparedTables == 1)
        #expect(report.path == live && report.setAside.isEmpty && report.notes.isEmpty)
        #expect(scratch.names == ["app.db"])
        #expect(try SQLiteClient.inProcess.inspect(live).manifest.sha256 == manifest.sha256)
        #expect(try Shell.run(live, "SELECT x FROM t;") == "1000")
    }

    /// Stops dead after each step, as a kill would: no undoing runs, only the descriptors close.
    @Test(arguments: OldDatabase.allCases, SwapStep.allCases)
    func `is whole wherever it is killed, and can be done again`(_ old: OldDatabase, _ last: SwapStep) throws {
        let scratch = try Scratch()
        let live = try old.make(scratch)
        let (file, manifest) = try staged(beside: live, scratch)
        let killed = DatabaseFailure(.system, "test", live, "killed")
        do {
            let place = try LivePlace.hold(live, operation: "replace", SwapOptions())
            try SQLiteSwap.prepare(file, for: place, SwapOptions())
            if last == .prepared { throw killed }
            _ = try SQLiteSwap.replace(place, with: file) { (step) throws(DatabaseFailure) in if step == last { throw killed } }
            Issue.record("the swap went past \(last)")
        } catch {
            #expect(error as? DatabaseFailure == killed)
        }
        #expect(try Shell.isSound(live))
        if last.rawValue < SwapStep.renamed.rawValue {
            #expect(try Shell.run(live, OldDatabase.committed) == "20 210")
            _ = try SQLiteClient.inProcess.restore(file, onto: live, expecting: manifest)
        }
        #expect(try Shell.run(live, OldDatabase.committed) == "1 1000")
        #expect(scratch.names == ["app.db"])
    }

    @Test(arguments: OldDatabase.allCases) func `keeps every other process out until it is done`(_ old: OldDatabase) throws {
        let scratch = try Scratch()
        let live = try old.make(scratch)
        let place = try LivePlace.hold(live, operation: "replace", SwapOptions())
        let attempt = try Child.run("sqlite3", ["\(live)", "SELECT count(*) FROM t;"])
        #expect(attempt.exitStatus != 0 && attempt.errorText.contains("locked"))
        place.giveUp()
        #expect(try Shell.run(live, OldDatabase.committed) == "20 210")
    }

    @Test func `keeps owner, group and mode`() throws {
        let scratch = try Scratch()
        let live = try OldDatabase.log.make(scratch)
        try Directory.setMode(live, 0o660)
        if Host.isRoot { try Descriptor.open(live, .update).setOwner(user: 12345, group: 23456) }
        let (file, _) = try staged(beside: live, scratch)
        _ = try SQLiteClient.inProcess.swap(file, onto: live)
        let status = try FileStatus.of(live)
        #expect(status.mode == 0o660)
        if Host.isRoot { #expect(status.userID == 12345 && status.groupID == 23456) }
    }

    @Test func `gives a database that was not there the owner and mode asked for`() throws {
        let scratch = try Scratch()
        let live = scratch.path("app.db")
        let (file, _) = try staged(beside: live, scratch)
        let ownership = FileOwnership(userID: Host.isRoot ? 12345 : Host.userID, groupID: Host.isRoot ? 23456 : Host.groupID, mode: 0o640)
        _ = try SQLiteClient.inProcess.swap(file, onto: live, options: SwapOptions(ownership: ownership))
        let status = try FileStatus.of(live)
        #expect(FileOwnership(userID: status.userID, groupID: status.groupID, mode: status.mode) == ownership)
        #expect(try Shell.run(live, "SELECT x FROM t;") == "1000")
    }

    @Test func `replaces what a symbolic link leads to, not the link`() throws {
        let scratch = try Scratch()
        try Directory.create(scratch.path("shared"))
        let real = try scratch.database("shared/real.db", "CREATE TABLE t(x);")
        let link = scratch.path("app.db")
        _ = try Child.run("ln", ["-s", "shared/real.db", "\(link)"])
        let (file, _) = try staged(beside: link, scratch)
        #expect(file.parent == real.parent)
        #expect(try SQLiteClient.inProcess.swap(file, onto: link).path == real)
        #expect(try FileStatus.of(link).kind == .symbolicLink)
        #expect(try Shell.run(link, "SELECT x FROM t;") == "1000")
    }

    @Test func `moves a file that is no database aside, with its log`() throws {
        let scratch = try Scratch()
        let live = try scratch.write("app.db", Array("not a database".utf8))
        _ = try scratch.write("app.db-wal", Array("its log".utf8))
        let (file, _) = try staged(beside: live, scratch)
        let report = try SQLiteClient.inProcess.swap(file, onto: live)
        #expect(report.setAside.count == 2 && report.notes.count == 1)
        let kept = try #require(report.setAside.last)
        #expect(try bytes(of: kept) == Array("not a database".utf8))
        #expect(try bytes(of: kept.adding("-wal")) == Array("its log".utf8))
        #expect(try Shell.run(live, "SELECT x FROM t;") == "1000")
    }

    @Test func `does not feed an orphaned log to the new database`() throws {
        let scratch = try Scratch()
        let live = try OldDatabase.logOfCrashedApplication.make(scratch)
        try Directory.remove(live)
        let (file, _) = try staged(beside: live, scratch)
        let report = try SQLiteClient.inProcess.swap(file, onto: live)
        #expect(report.setAside.contains { $0.bytes.suffix(4) == Array("-wal".utf8) })
        #expect(try Shell.run(live, OldDatabase.committed) == "1 1000")
    }

    @Test(arguments: ["WAL", "DELETE"]) func `is refused while another process has the database open, which is named`(_ mode: String) throws {
        let scratch = try Scratch()
        let live = try scratch.database("app.db", "PRAGMA journal_mode=\(mode); CREATE TABLE t(x); INSERT INTO t VALUES(1);")
        let (file, _) = try staged(beside: live, scratch)
        let application = try OtherProcess(live, "SELECT x FROM t;")
        let before = try bytes(of: live)
        let failure = failure { _ = try SQLiteClient.inProcess.swap(file, onto: live, options: SwapOptions(lockTimeoutMilliseconds: 100)) }
        #expect(failure?.kind == .inUse)
        #expect(failure?.reason.contains("process \(application.identifier)") == true)
        #expect(try bytes(of: live) == before)
        let report = try SQLiteClient.inProcess.swap(file, onto: live, options: SwapOptions(replacesWhileOpen: true))
        #expect(report.notes.contains { $0.contains("process \(application.identifier)") })
        // The new file lives on while the old process writes, checkpoints and leaves.
        try Shell.run(live, "PRAGMA journal_mode=\(mode); INSERT INTO t VALUES(1001);")
        application.end(after: "INSERT INTO t VALUES(2); PRAGMA wal_checkpoint(TRUNCATE);")
        #expect(try Shell.isSound(live))
        #expect(try Shell.run(live, "SELECT group_concat(x) FROM t;") == "1000,1001")
        if mode == "WAL" {
            let old = try #require(report.setAside.last)
            #expect(try Shell.run(old, "SELECT x FROM t LIMIT 1;") == "1")
        } else {
            #expect(report.setAside.isEmpty)
        }
    }

    @Test func `while others use it waits for a reader of the log, and gives up without a trace`() throws {
        let scratch = try Scratch()
        let live = try scratch.database("app.db", "PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1);")
        let (file, _) = try staged(beside: live, scratch)
        let reader = try OtherProcess(live, "INSERT INTO t VALUES(2); BEGIN; SELECT count(*) FROM t;")
        let insisting = SwapOptions(lockTimeoutMilliseconds: 100, replacesWhileOpen: true)
        #expect(failure { _ = try SQLiteClient.inProcess.swap(file, onto: live, options: insisting) }?.kind == .busy)
        #expect(try Shell.run(live, "INSERT INTO t VALUES(3); SELECT group_concat(x) FROM t;") == "1,2,3")
        reader.end(after: "COMMIT;")
    }

    @Test func `is refused with a file that is not what the manifest says, and touches nothing`() throws {
        let scratch = try Scratch()
        let live = try OldDatabase.log.make(scratch)
        let before = try bytes(of: live)
        let (file, manifest) = try staged(beside: live, scratch)
        try Shell.run(file, "PRAGMA journal_mode=DELETE; UPDATE t SET x = 1001;")
        let failure = failure { _ = try SQLiteClient.inProcess.restore(file, onto: live, expecting: manifest) }
        #expect(failure?.kind == .differs)
        #expect(failure?.failure.code == .damaged)
        #expect(try bytes(of: live) == before)
        #expect(try SQLiteClient.inProcess.verify(file, against: manifest).comparison.differences.contains(.values("t", rows: 1)))
    }

    @Test func `is refused with a damaged file`() throws {
        let scratch = try Scratch()
        let live = scratch.path("app.db")
        let (file, manifest) = try staged(beside: live, scratch)
        var content = try bytes(of: file)
        content[4096 + 3] ^= 0xff
        try AtomicFile.write(content.span, to: file)
        #expect(failure { _ = try SQLiteClient.inProcess.restore(file, onto: live, expecting: manifest) }?.kind == .differs)
        #expect(try FileStatus.ifExists(live) == nil)
    }

    @Test func `reports foreign keys that lead nowhere, and is done all the same`() throws {
        let scratch = try Scratch()
        let source = try scratch.database(
            "source.db", "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES(9),(8);")
        let live = scratch.path("app.db"), file = SQLiteFiles.stagingPath(beside: live)
        let manifest = try SQLiteClient.inProcess.capture(source, into: file)
        let (verification, _) = try SQLiteClient.inProcess.restore(file, onto: live, expecting: manifest)
        #expect(verification.foreignKeyProblems == ["2 rows of table 'c' refer to missing rows of 'p'"])
    }

    @Test func `that fails sets the journal mode back`() throws {
        let scratch = try Scratch()
        let live = try OldDatabase.log.make(scratch)
        #expect(failure { _ = try SQLiteClient.inProcess.swap(scratch.path("nothing"), onto: live) } != nil)
        #expect(try Shell.run(live, "PRAGMA journal_mode;") == "wal")
        #expect(try Shell.run(live, OldDatabase.committed) == "20 210")
    }
}
