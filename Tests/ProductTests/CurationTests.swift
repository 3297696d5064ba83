// find, diff, tag, rewrite, copy as commands inside an application: what they answer, refuse and record.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `Commands that work on snapshots` {
    private func school() throws -> School {
        let school = try School()
        try school.lifeboat("backup")
        return school
    }

    private func copy(_ school: School, _ arguments: String..., status: Int32 = 0) throws -> Child.Result {
        let place = ["--repo", "\(school.scratch["second"])", "--password-file", "\(school.scratch["second.key"])"]
        let result = try school.program().run(["copy"] + place + arguments)
        try #require(result.exitStatus == status, "\(result.errorText)\(result.outputText)")
        return result
    }

    @Test func `copy an application's snapshots to a second place, from where everything comes back`() throws {
        let school = try school()
        try school.scratch.add("second.key", .file("another key\n", mode: 0o600))
        try QuickRepository.make(at: school.scratch["second"], password: "another key")
        let first = try copy(school).outputText
        #expect(first.contains("copied 3 snapshots, 0 were there already"))
        #expect(try copy(school).outputText.hasPrefix("copied 0 snapshots, 3 were there already"))
        #expect(try copy(school, "--quiet").outputText.isEmpty)
        try school.lifeboat("tag", "--add", "kept", "--tag", "source=files")
        let lines = try AnswerJSON.objects(copy(school, "--json").outputText)
        #expect(lines.compactMap { $0["message_type"] as? String } == ["copied", "summary"])
        #expect(try AnswerJSON.number(lines[1], "data_added") == 0)
        let place = ["--repo", "\(school.scratch["second"])", "--password-file", "\(school.scratch["second.key"])"]
        let restored = try school.program().run(["restore", "files", "--tag", "kept", "--target", "out"] + place)
        #expect(restored.exitStatus == 0, "\(restored.errorText)")
        #expect(try school.lifeboat("audit", "show").outputText.contains("copy"))
        let missing = try school.program().run(["copy"])
        #expect(missing.exitStatus == 64 && missing.errorText.contains("use --from-repo PATH"), "\(missing.errorText)")
    }

    @Test func `find and compare without naming the repository`() throws {
        let school = try school()
        let found = try school.lifeboat("find", "photo.jpg", "-l").outputText
        #expect(found.hasPrefix("Found matching entries in snapshot ") && found.contains("/public/uploads/photo.jpg"))
        #expect(try school.lifeboat("find", "nothing", "--json").outputText == "[]\n")
        #expect(try school.lifeboat("find", "photo.jpg", "--human-readable", "-l").outputText.contains(" 292.9 KiB "))
        try school.scratch.add("school/public/uploads/new.txt", .file("new"))
        let old = try AnswerJSON.array(school.lifeboat("snapshots", "--tag", "source=files", "--json").outputText)[0]
        try school.lifeboat("backup", "files")
        let diff = try school.lifeboat("diff", AnswerJSON.text(old, "short_id"), "latest")
        #expect(diff.outputText.contains("+    \(school.root)/public/uploads/new.txt\n"))
        #expect(diff.outputText.contains("Files:           1 new,     0 removed,     0 changed"))
        try school.lifeboat("diff", "latest", status: 64)
        try school.lifeboat("find", "--blob", "--tree", "0000", status: 64)
    }

    @Test func `take a file out of every snapshot, and nothing else`() throws {
        let school = try school()
        let planned = try school.lifeboat("rewrite", "--exclude", "photo.jpg", "--forget", "--dry-run", "-vv").outputText
        #expect(planned.contains(": without \(school.root)/public/uploads/photo.jpg\n"))
        #expect(planned.contains("dry run: would modify 1 snapshot, and remove the originals"))
        let done = try AnswerJSON.objects(school.lifeboat("rewrite", "--exclude", "photo.jpg", "--forget", "--json").outputText)
        #expect(try AnswerJSON.number(done[1], "changed_snapshots") == 1)
        #expect(try AnswerJSON.number(done[1], "unchanged_snapshots") == 2)
        #expect(try school.lifeboat("find", "photo.jpg").outputText.isEmpty)
        #expect(try school.lifeboat("rewrite", "--exclude", "photo.jpg", "--forget").outputText == "no snapshots were modified\n")
        // It is still the application's newest backup of its files.
        try school.scratch.remove("school/public/uploads/letters")
        try school.lifeboat("restore", "files", "--force")
        #expect(try school.scratch.text("school/public/uploads/letters/a.txt") == "Dear parents")
        #expect(try school.lifeboat("audit", "show").outputText.contains("rewrite --forget"))
        try school.lifeboat("rewrite", "--new-time", "yesterday", status: 64)
    }
}

extension AnswerJSON {
    fileprivate static func objects(_ text: String) throws -> [[String: Any]] { try text.split(separator: "\n").map { try object(String($0)) } }

    fileprivate static func number(_ object: [String: Any], _ key: String) throws -> UInt64 { try #require(object[key] as? NSNumber).uint64Value }
}
