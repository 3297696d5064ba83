// AuditLogTests: whatever is done to the log afterwards is noticed, and what a crash leaves is told from it.

import Bytes
import HostOS
import Journal
import TestKit
import Testing

private struct Place {
    let tree: ScratchTree
    let log: AuditLog

    init() throws {
        tree = try ScratchTree()
        log = AuditLog(
            in: tree["state"], clock: SettableClock(seconds: 1_790_000_000),
            actor: AuditActor(user: "root", userID: 0, sudoUser: "anna", host: "web1", process: 812))
    }

    /// Appends actions with names of their own.
    @discardableResult
    func fill(_ count: Int) throws -> [AuditHead] {
        try (0..<count).map { try log.append(AuditEvent($0 % 2 == 0 ? .intent : .result, verb: "forget", object: "snapshot \($0)", exitStatus: 0)).head }
    }

    func lines() throws -> [[UInt8]] { try AtomicFile.read(log.path, limit: 1 << 24).split(separator: 0x0a).map(Array.init) }

    func replace(_ lines: [[UInt8]]) throws {
        let text: [UInt8] = lines.flatMap { line in line + [UInt8(0x0a)] }
        try AtomicFile.write(text.span, to: log.path)
    }

    func findings(_ anchors: [AuditAnchor] = []) throws -> [String] { try log.verify(anchors: anchors).findings }
}

@Suite struct `The audit log` {
    @Test func `remembers who did what, in lines that nobody else may read`() throws {
        let place = try Place()
        let entry = try place.log.append(
            AuditEvent(.result, verb: "key remove", object: "key \"4f\"\n of /srv/<r>", result: "done", exitStatus: 12, run: "0123456789abcdef"))
        let read = try #require(try place.log.entries(last: 10).first)
        #expect(read == entry && read.sequence == 1 && read.previous == .zero && read.time.seconds == 1_790_000_000)
        #expect(read.actor.sudoUser == "anna" && read.event.object == "key \"4f\"\n of /srv/<r>" && read.event.exitStatus == 12)
        #expect(try place.lines().count == 1)
        for name in ["audit.jsonl", "audit.head"] { #expect(try FileStatus.of(place.tree["state"].appending(name)).mode == 0o600) }
        #expect(try FileStatus.of(place.tree["state"]).mode == 0o700)
        #expect(place.log.readHead() == entry.head)
        #expect(try place.findings().isEmpty)
    }

    @Test func `is whole when nothing was ever recorded, and after many entries`() throws {
        let place = try Place()
        #expect(try place.log.verify(anchors: []).entryCount == 0 && place.findings().isEmpty)
        let heads = try place.fill(40)
        let anchors = heads.map { AuditAnchor(run: RunID(at: Timestamp(seconds: 1)), head: $0) }
        let verdict = try place.log.verify(anchors: anchors)
        #expect(verdict.isClean && verdict.entryCount == 40 && verdict.head == heads.last)
        #expect(try place.log.entries(last: 3).map(\.sequence) == [38, 39, 40])
    }

    @Test func `keeps a chain when several write at once`() throws {
        let place = try Place(), workers = Workers(), log = place.log
        for writer in 0..<4 {
            workers.start("writer \(writer)") { for number in 0..<10 { try log.append(AuditEvent(.result, verb: "backup", object: "\(writer) \(number)")) } }
        }
        try workers.join()
        let verdict = try log.verify(anchors: [])
        #expect(verdict.isClean && verdict.entryCount == 40, "\(verdict.findings)")
        #expect(Set(try log.entries(last: 40).map(\.event.object)).count == 40)
    }

    @Test func `cuts texts that are too long, and stays readable`() throws {
        let place = try Place()
        try place.log.append(AuditEvent(.result, verb: "forget", object: String(repeating: "ü\n", count: 40_000)))
        try place.fill(1)
        #expect(try place.findings().isEmpty && place.log.entries(last: 2).count == 2)
    }

    @Test func `says why it cannot be written`() throws {
        let tree = try ScratchTree(["state": .file("no directory")])
        #expect(throws: AuditFailure.self) { try AuditLog(in: tree["state"]).append(AuditEvent(.result, verb: "x", object: "y")) }
    }
}

@Suite struct `A changed audit log` {
    private func changed(_ change: (inout [[UInt8]]) -> Void) throws -> [String] {
        let place = try Place()
        try place.fill(8)
        var lines = try place.lines()
        change(&lines)
        try place.replace(lines)
        return try place.findings()
    }

    @Test func `names the line that was edited`() throws {
        let findings = try changed { lines in
            lines[3] = Array(String(decoding: lines[3], as: UTF8.self).replacing("snapshot 3", with: "snapshot 9").utf8)
        }
        #expect(findings == ["line 4 (entry 4) was edited: it does not have the hash that it says"])
    }

    @Test func `names where lines were removed`() throws {
        #expect(try changed { $0.removeSubrange(2...3) } == ["before line 3 (entry 5) 2 entries are missing: removed, or put elsewhere"])
        #expect(try changed { $0.removeFirst() }.first == "before line 1 (entry 2) an entry is missing: removed, or put elsewhere")
    }

    @Test func `names lines that were put elsewhere or doubled`() throws {
        #expect(try changed { $0.swapAt(2, 3) }.contains("line 4 (entry 3) stands after entry 4: the order was changed"))
        #expect(try changed { $0.insert($0[2], at: 6) }.contains("line 7 is entry 3 again: it was duplicated"))
    }

    @Test func `is known by its head when its end was cut off`() throws {
        #expect(try changed { $0.removeLast(2) } == ["the log ends with entry 6, but its head is entry 8: the end was cut off"])
        #expect(try changed { $0 = [] } == ["the log ends with entry 0, but its head is entry 8: the end was cut off"])
    }

    @Test func `is known by the journal when its end was cut off and its head was set back`() throws {
        let place = try Place()
        let heads = try place.fill(8), earlier = try Place()
        try earlier.fill(6)
        let run = RunID(at: Timestamp(seconds: 1_790_000_000))
        try place.replace(earlier.lines())
        let head = try AtomicFile.read(earlier.log.headPath, limit: 1024)
        try AtomicFile.write(head.span, to: place.log.headPath)
        #expect(try place.findings().isEmpty)
        #expect(
            try place.findings([AuditAnchor(run: run, head: heads[5]), AuditAnchor(run: run, head: heads[7])])
                == ["the journal says that run \(run) ended with entry 8, which is missing"])
    }

    @Test func `is known by the journal when it was written anew`() throws {
        let place = try Place(), run = RunID(at: Timestamp(seconds: 1_790_000_000))
        let heads = try place.fill(3)
        try Directory.removeTree(place.tree["state"])
        for number in 0..<3 { try place.log.append(AuditEvent(.result, verb: "backup", object: "harmless \(number)")) }
        #expect(try place.findings([AuditAnchor(run: run, head: heads[2])]) == ["the journal says that run \(run) ended with entry 3, which is another one"])
    }

    @Test func `stays known when entries are appended afterwards`() throws {
        let place = try Place()
        try place.fill(6)
        try place.replace(Array(place.lines().dropLast(2)))
        try place.fill(3)
        #expect(try place.findings() == ["before line 5 (entry 7) 2 entries are missing: removed, or put elsewhere"])
        try Directory.remove(place.log.path)
        try place.fill(1)
        #expect(try place.findings() == ["before line 1 (entry 10) 9 entries are missing: removed, or put elsewhere"])
    }

    @Test func `cannot hide behind a head that is gone`() throws {
        let place = try Place()
        try place.fill(4)
        try Directory.remove(place.log.headPath)
        #expect(try place.findings() == ["the head file is gone: entries may be missing at the end"])
        try place.fill(1)
        #expect(try place.log.entries(last: 2).map { $0.event.result } == ["the head was gone", nil])
        try place.tree.add("state/audit.head", .file("{\"sequence\":", mode: 0o600))
        #expect(try place.findings() == ["the head file cannot be read"])
    }

    /// Every way to change a log that keeps its lines readable, and those that do not.
    @Test(arguments: 0..<150 as Range<UInt64>) func `is never taken for the one that was written`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let place = try Place()
        try place.fill(Int.random(in: 2...7, using: &random))
        var lines = try place.lines()
        let original = lines
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            let line = Int.random(in: 0..<lines.count, using: &random), byte = Int.random(in: 0..<lines[line].count, using: &random)
            lines[line][byte] ^= 1 << UInt8.random(in: 0..<7, using: &random)
        case 1: lines.remove(at: Int.random(in: 0..<lines.count, using: &random))
        case 2: lines.shuffle(using: &random)
        case 3: lines.insert(lines[Int.random(in: 0..<lines.count, using: &random)], at: Int.random(in: 0...lines.count, using: &random))
        case 4: lines.removeLast(Int.random(in: 1...lines.count, using: &random))
        default:
            let other = try Place()
            try other.log.append(AuditEvent(.result, verb: "forged", object: "x"))
            try other.fill(lines.count)
            lines[Int.random(in: 0..<lines.count, using: &random)] = try other.lines()[Int.random(in: 0..<lines.count, using: &random)]
        }
        if lines == original { return }
        try place.replace(lines)
        #expect(try !place.findings().isEmpty, "seed \(seed)")
    }
}

@Suite struct `An audit log after a crash` {
    @Test func `may be one line ahead of its head, and goes on`() throws {
        let place = try Place()
        try place.fill(3)
        let head = try AtomicFile.read(place.log.headPath, limit: 1024)
        try place.fill(1)
        try AtomicFile.write(head.span, to: place.log.headPath)
        #expect(try place.findings().isEmpty)
        try place.fill(2)
        #expect(try place.findings().isEmpty && place.log.entries(last: 10).map(\.sequence) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `may not be two lines ahead: then the head is an older one`() throws {
        let place = try Place()
        try place.fill(3)
        let head = try AtomicFile.read(place.log.headPath, limit: 1024)
        try place.fill(2)
        try AtomicFile.write(head.span, to: place.log.headPath)
        #expect(try place.findings() == ["the log goes on to entry 5, but its head is entry 3: the head file is an older one"])
    }

    @Test(arguments: [1, 20, 200]) func `loses the piece of a line that nobody was told of, and says so`(length: Int) throws {
        let place = try Place()
        try place.fill(3)
        let piece = Array(try place.lines()[2].prefix(length))
        try Descriptor.open(place.log.path, .append).write(piece.span)
        #expect(try place.findings() == ["line 4 is not whole: a writer was killed, or its end was cut off"])
        try place.fill(1)
        #expect(try place.findings().isEmpty)
        let notes = try place.log.entries(last: 2).map { $0.event.result }
        #expect(notes.first == "a piece of a line, \(length) bytes that no writer had finished, was taken away")
    }
}
