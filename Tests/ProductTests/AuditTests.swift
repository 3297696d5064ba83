// The audit log as an administrator meets it: everything that changes something is in it, and what is done to it is noticed.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `What was done to an application` {
    private func entries(_ school: School) throws -> [String] {
        try AnswerJSON.array(school.lifeboat("audit", "show", "-n", "100", "--json").outputText).map {
            "\(try AnswerJSON.text($0, "verb")) \(try AnswerJSON.text($0, "stage")) \($0["exit_code"] as? Int ?? -1)"
        }
    }

    private func state(_ school: School) -> BytePath { school.scratch["home/state/lifeboat/small-school"] }

    @Test func `is recorded, what destroys before it happens`() throws {
        let school = try School(settings: "retention: { last: 1, minimum: 1 }")
        #expect(try school.lifeboat("audit", "verify").outputText.hasPrefix("nothing is recorded yet"))
        try school.lifeboat("backup")
        try school.lifeboat("backup")
        try school.lifeboat("backup", "--dry-run")
        try school.lifeboat("restore", "--force")
        try school.lifeboat("forget", "--dry-run")
        try school.lifeboat("forget", "--prune")
        try school.scratch.add("second", .file("another key", mode: 0o600))
        try school.lifeboat("key", "add", "--new-password-file", "../second")
        let keys = try AnswerJSON.array(school.lifeboat("key", "list", "--json").outputText)
        let other = try AnswerJSON.text(try #require(keys.first { $0["current"] as? Bool == false }), "id")
        try school.lifeboat("key", "remove", other)
        try school.lifeboat("unlock")
        try school.lifeboat("schedule", "install", "--directory", "../units")
        #expect(
            try entries(school) == [
                "backup result 0", "backup result 0", "restore intent -1", "restore result 0", "forget intent -1", "forget result 0", "prune intent -1",
                "prune result 0", "key add result 0", "key remove intent -1", "key remove result 0", "unlock result 0", "schedule install result 0",
            ])
        let verdict = try AnswerJSON.object(school.lifeboat("audit", "verify", "--json").outputText)
        #expect(verdict["ok"] as? Bool == true && verdict["entries"] as? Int == 13)
        #expect(try school.lifeboat("audit", "show", "-n", "2").outputText.contains("schedule install"))
        let text = try school.scratch.text("home/state/lifeboat/small-school/audit.jsonl")
        #expect(!text.contains(School.password) && !text.contains("another key"))
    }

    @Test func `is recorded with its failure`() throws {
        let school = try School()
        try school.scratch.remove("school/database/database.sqlite")
        try school.lifeboat("backup", "database", status: 1)
        try school.scratch.add("key", .file("wrong", mode: 0o600))
        try school.lifeboat("backup", "config", status: 12)
        #expect(try entries(school) == ["backup result 1", "backup result 12"])
    }

    @Test func `cannot be changed unnoticed, also if the head goes with it`() throws {
        let school = try School()
        for _ in 0..<3 { try school.lifeboat("backup", "config") }
        let log = state(school).appending("audit.jsonl")
        let whole = try AtomicFile.read(log, limit: 1 << 20), lines = whole.split(separator: 0x0a)
        let short: [UInt8] = lines.dropLast().flatMap { line in line + [UInt8(0x0a)] }
        try AtomicFile.write(short.span, to: log)
        #expect(try school.lifeboat("audit", "verify", status: 20).outputText.contains("the end was cut off"))
        // The head set back as well: the runs in the journal still know better.
        let hash = String(decoding: lines[1].suffix(66).dropLast(2), as: UTF8.self)
        try school.scratch.add("home/state/lifeboat/small-school/audit.head", .file("{\"sequence\":2,\"hash\":\"\(hash)\"}\n", mode: 0o600))
        let verdict = try school.lifeboat("audit", "verify", status: 20).outputText
        #expect(verdict.contains("the journal says that run") && !verdict.contains("was cut off"), "\(verdict)")
        #expect(try AnswerJSON.object(school.lifeboat("audit", "verify", "--json", status: 20).outputText)["ok"] as? Bool == false)
    }

    @Test func `must be recordable before anything is destroyed, and need not be to be saved or brought back`() throws {
        let school = try School(settings: "retention: { last: 1, minimum: 1 }")
        for _ in 0..<2 { try school.lifeboat("backup") }
        // A directory in the log's place: nobody, root included, can append to it.
        try Directory.remove(state(school).appending("audit.jsonl"))
        try Directory.create(state(school).appending("audit.jsonl"))
        let refused = try school.lifeboat("forget", "--prune", status: 1)
        #expect(refused.errorText.contains("nothing was changed, because it could not be recorded"), "\(refused.errorText)")
        #expect(refused.errorText.contains("LIFEBOAT_STATE_DIR"))
        #expect(try school.snapshots().count == 6)
        try school.lifeboat("prune", status: 1)
        #expect(try school.lifeboat("backup", "config").errorText.contains("this is not in the audit log"))
        #expect(try school.lifeboat("restore", "--force").errorText.contains("this is not in the audit log"))
    }

    @Test func `is kept apart from what is done to repositories of no application`() throws {
        let school = try School()
        try school.lifeboat("backup", "config")
        var program = try school.program()
        program.directory = school.scratch.path
        let flags = ["--repo", "\(school.repository)", "--password-file", "\(school.scratch["key"])"]
        #expect(try program.run(["forget", "--keep-last", "1", "--unsafe-allow-remove-all", "latest"] + flags).exitStatus == 64)
        #expect(try program.run(["forget", "latest"] + flags).exitStatus == 0)
        let shown = try program.run(["audit", "show", "--json"])
        #expect(try AnswerJSON.array(shown.outputText).compactMap { $0["verb"] as? String } == ["forget", "forget"])
        #expect(try program.run(["audit", "verify"]).exitStatus == 0)
        #expect(try entries(school) == ["backup result 0"])
    }
}
