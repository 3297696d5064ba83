// JournalTests: runs are remembered by several processes at once, and a broken journal stops nobody.

import Bytes
import Foundation
import HostOS
import Synchronization
import Testing

import Journal

/// A clock that goes on by one second at every look.
private final class SteppingClock: HostOS.Clock {
    private let seconds = Mutex<Int64>(1_800_000_000)

    func now() -> FileTime {
        FileTime(
            seconds: seconds.withLock {
                $0 += 1
                return $0
            }, nanoseconds: 5)
    }

    func sleep(nanoseconds: Int64) {}
}

private final class Scratch: Sendable {
    let root = BytePath("/tmp/lifeboat-journal-\(UInt64.random(in: 0 ... .max))")
    var path: BytePath { root.appending("journal.db") }
    deinit { try? Directory.removeTree(root) }

    func open() throws -> RunJournal { try RunJournal.open(path, clock: SteppingClock()) }

    func sqlite(_ sql: String) throws -> String {
        let result = try Child.run(BytePath("sqlite3"), [path.bytes], standardInput: Array((sql + "\n").utf8))
        #expect(result.exitStatus == 0, "\(result.errorText)")
        return result.outputText
    }
}

@Suite struct `The journal` {
    @Test func `remembers a run with everything about it`() throws {
        let scratch = Scratch()
        let journal = try scratch.open()
        let start = RunStart(verb: "restore", application: "school", source: "database")
        let id = try journal.begin(start)
        #expect(try journal.run(id)?.outcome == .running)
        try journal.append(.warning, "a file vanished", to: id)
        try journal.append(.note, "done", to: id)
        let result = RunResult(
            exitStatus: 3, bytesRead: 10, bytesStored: 1 << 40, fileCount: 7, snapshotIDs: ["aa", "bb"], message: "one file was unreadable",
            phases: [PhaseDuration(name: "fetch", nanoseconds: 1_500_000_000), PhaseDuration(name: "load \"x\"", nanoseconds: -1)])
        try journal.finish(id, result)
        let record = try #require(try scratch.open().run(id))
        #expect(record.start == start && record.result == result && record.outcome == .finished(exitStatus: 3))
        #expect(record.nanoseconds == Int64(3_000_000_000))
        let events = try journal.events(of: id)
        #expect(events.map(\.message) == ["a file vanished", "done"])
        #expect(events.map(\.level) == [.warning, .note])
        #expect(journal.movedAside == nil)
        #expect(try FileStatus.of(scratch.path).mode == 0o600)
    }

    @Test func `keeps the first result of a run`() throws {
        let scratch = Scratch()
        let journal = try scratch.open()
        let id = try journal.begin(RunStart(verb: "backup"))
        try journal.finish(id, RunResult(exitStatus: 0))
        try journal.finish(id, RunResult(exitStatus: 1))
        #expect(try journal.run(id)?.outcome.isSuccess == true)
    }

    @Test func `finds the newest runs and the last success of a source`() throws {
        let scratch = Scratch()
        let journal = try scratch.open()
        var ids: [RunID] = []
        for (verb, source, status) in [
            ("backup", "database", Int32(0)), ("backup", "files", 0), ("backup", "database", 1), ("drill", "database", 0),
        ] {
            let id = try journal.begin(RunStart(verb: verb, application: "a", source: source))
            try journal.finish(id, RunResult(exitStatus: status))
            ids.append(id)
        }
        #expect(ids == ids.sorted())
        #expect(try journal.recent(limit: 10).map(\.id) == ids.reversed())
        #expect(try journal.recent(limit: 1, verb: "backup").map(\.id) == [ids[2]])
        #expect(try journal.lastSuccess(verb: "backup", source: "database")?.id == ids[0])
        #expect(try journal.lastSuccess(verb: "backup")?.id == ids[1])
        #expect(try journal.lastSuccess(verb: "backup", application: "b") == nil)
        #expect(try journal.recent(limit: 10, application: "b").isEmpty)
    }

    @Test(arguments: ["process = 999999999", "process_started = process_started - 1", "boot = 'another boot'"])
    func `calls a run interrupted when its process is gone`(_ change: String) throws {
        let scratch = Scratch()
        let journal = try scratch.open()
        let id = try journal.begin(RunStart(verb: "backup"))
        _ = try scratch.sqlite("UPDATE runs SET \(change);")
        #expect(try journal.run(id)?.outcome == .interrupted)
        #expect(try journal.lastSuccess(verb: "backup") == nil)
    }

    @Test func `is written by several processes at once`() throws {
        let scratch = Scratch()
        _ = try scratch.open()
        let insert =
            "INSERT INTO runs (id, verb, started, process, process_started, boot) VALUES (lower(hex(randomblob(8))), 'x', 1, 1, 1, '');\n"
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        other.arguments = ["sqlite3", "-cmd", ".timeout 10000", "\(scratch.path)", String(repeating: insert, count: 200)]
        other.standardOutput = FileHandle.nullDevice
        try other.run()
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            do {
                let journal = try scratch.open()
                for _ in 0..<25 { try journal.finish(try journal.begin(RunStart(verb: "backup")), RunResult(exitStatus: 0)) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        other.waitUntilExit()
        #expect(failures.withLock { $0 } == [])
        #expect(other.terminationStatus == 0)
        #expect(try scratch.sqlite("SELECT count(*) FROM runs;") == "300\n")
    }

    @Test(arguments: [false, true]) func `moves a broken file aside and begins anew`(_ isTruncated: Bool) throws {
        let scratch = Scratch()
        var id: RunID?
        do {
            let journal = try scratch.open()
            id = try journal.begin(RunStart(verb: "backup"))
        }
        let whole = try AtomicFile.read(scratch.path, limit: 1 << 24)
        let broken = isTruncated ? Array(whole.prefix(whole.count / 2)) : whole.map { $0 ^ 0x55 }
        try AtomicFile.write(broken.span, to: scratch.path)
        let journal = try scratch.open()
        let aside = try #require(journal.movedAside)
        #expect("\(aside)".contains("journal.db.damaged-2027-"))
        #expect(try AtomicFile.read(aside, limit: 1 << 24) == broken)
        #expect(try journal.run(try #require(id)) == nil)
        try journal.finish(try journal.begin(RunStart(verb: "backup")), RunResult(exitStatus: 0))
        #expect(try journal.recent(limit: 5).count == 1)
    }

    @Test func `that cannot be written is a failure to be warned of`() throws {
        let scratch = Scratch()
        try Directory.create(scratch.root)
        try AtomicFile.write(Array("a file".utf8).span, to: scratch.root.appending("file"))
        #expect { try RunJournal.open(scratch.root.appending("file").appending("journal.db")) } throws: { error in
            let failure = error as? JournalFailure
            return failure?.kind == .unwritable && failure?.failure.hint != nil && failure?.failure.message.contains("\n") == false
        }
    }

    @Test func `of a newer lifeboat is left alone`() throws {
        let scratch = Scratch()
        _ = try scratch.open()
        _ = try scratch.sqlite("INSERT INTO grdb_migrations VALUES ('99 from the future');")
        #expect { try scratch.open() } throws: { ($0 as? JournalFailure)?.kind == .newer }
        #expect(try scratch.sqlite("SELECT count(*) FROM runs;") == "0\n")
    }
}

@Suite struct `A run's id` {
    @Test func `is unique, and sorts by time`() {
        let ids = (0..<2000).map { RunID(at: Timestamp(seconds: 1_800_000_000 + Int64($0), nanoseconds: 0)) }
        #expect(Set(ids).count == 2000)
        #expect(ids == ids.sorted())
        #expect(Set((0..<2000).map { _ in RunID(at: .zero) }).count > 1990)
    }

    @Test func `is 16 plain characters and parses back`() {
        let id = RunID(at: Timestamp(seconds: 1_800_000_000))
        #expect(RunID(parsing: id.text) == id)
        for text in ["", "123", id.text.uppercased() + "x", String(id.text.dropLast()) + "u", id.text + "0"] {
            #expect(RunID(parsing: text) == nil)
        }
    }
}

@Suite struct `When packs were read back` {
    private func pack(_ number: UInt64) -> Digest { Digest(word0: number, word1: 2, word2: 3, word3: 4) }

    @Test func `is remembered for each repository, and forgotten with the pack or its health`() throws {
        let scratch = Scratch()
        let journal = try scratch.open()
        let all = Set((1...4).map { pack($0) }), first = Timestamp(seconds: 1_000, nanoseconds: 7), second = Timestamp(seconds: 2_000)
        try journal.recordPackReadings([pack(1), pack(2), pack(3)], present: all, damaged: [], of: "a", at: first)
        try journal.recordPackReadings([pack(1)], present: all, damaged: [], of: "b", at: first)
        #expect(try journal.packReadings(of: "a") == [pack(1): first, pack(2): first, pack(3): first])
        try journal.recordPackReadings([pack(2), pack(4)], present: all.subtracting([pack(1)]), damaged: [pack(3)], of: "a", at: second)
        #expect(try journal.packReadings(of: "a") == [pack(2): second, pack(4): second])
        #expect(try journal.packReadings(of: "b") == [pack(1): first])
        #expect(try journal.packReadings(of: "c").isEmpty)
    }
}
