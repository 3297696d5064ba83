// Retention as a user meets it: forget by the settings, --explain, --clean-old, and what a policy by hand must not do to an application.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `Old backups of an application` {
    /// A school with `count` snapshots of each source, and one safety backup of the database.
    private func school(_ count: Int, settings: String = "retention: { last: 2, minimum: 2 }") throws -> School {
        let school = try School(settings: settings)
        for _ in 0..<count { try school.lifeboat("backup") }
        try school.lifeboat("restore", "database", "--force")
        return school
    }

    private func counts(_ school: School) throws -> [String: Int] {
        let tags = try school.snapshots().compactMap { $0["tags"] as? [String] }
        return Dictionary(["source=database", "source=files", "source=config", "safety"].map { tag in (tag, tags.count { $0.contains(tag) }) }) { $1 }
    }

    @Test func `are forgotten as the settings say, each source by itself`() throws {
        let school = try school(3)
        let plan = try school.lifeboat("forget", "--dry-run")
        #expect(plan.outputText.contains("dry run: would remove 3 snapshots"), "\(plan.outputText)")
        #expect(try counts(school) == ["source=database": 3, "source=files": 3, "source=config": 3, "safety": 1])
        let answer = try school.lifeboat("forget", "--prune")
        #expect(answer.outputText.contains("removed 3 snapshots"), "\(answer.outputText)")
        #expect(try counts(school) == ["source=database": 2, "source=files": 2, "source=config": 2, "safety": 1])
        try school.lifeboat("check", "--read-data")
        let runs = try AnswerJSON.array(school.lifeboat("history", "--json").outputText)
        #expect(runs.first?["verb"] as? String == "forget" && (runs.first?["snapshot_ids"] as? [String])?.count == 3)
        #expect(try school.lifeboat("forget").outputText.contains("removed 0 snapshots"))
    }

    @Test func `are explained one by one, and nothing is removed`() throws {
        let school = try school(3)
        let text = try school.lifeboat("forget", "--explain", "--prune").outputText
        #expect(text.contains("last snapshot: 2 newer kept"), "\(text)")
        #expect(text.contains("safety backup of the last 30 days") && text.contains("nothing was changed; 3 snapshots would go"))
        let groups = try AnswerJSON.array(school.lifeboat("forget", "--explain", "--json").outputText)
        let explanations = groups.flatMap { $0["explanations"] as? [[String: Any]] ?? [] }
        #expect(explanations.count == 10 && explanations.allSatisfy { ($0["rules"] as? [String])?.isEmpty == false })
        #expect(explanations.count { $0["keep"] as? Bool == false } == 3)
        #expect(try school.snapshots().count == 10)
    }

    @Test func `never fall below the minimum`() throws {
        let school = try school(3, settings: "retention: { last: 1 }")
        #expect(try school.lifeboat("forget").outputText.contains("minimum of 3"))
        #expect(try counts(school) == ["source=database": 3, "source=files": 3, "source=config": 3, "safety": 1])
    }

    @Test func `are cleaned after a complete backup, of the sources it saved`() throws {
        let school = try school(2)
        let answer = try school.lifeboat("backup", "database", "--clean-old")
        #expect(answer.outputText.contains("1 old snapshot removed, 3 kept"), "\(answer.outputText)")
        #expect(try counts(school) == ["source=database": 2, "source=files": 2, "source=config": 2, "safety": 1])
        let lines = try school.lifeboat("backup", "--clean-old", "--json").outputText.split(separator: "\n").map { try AnswerJSON.object(String($0)) }
        let retention = try #require(lines.first { $0["message_type"] as? String == "retention" })
        #expect((retention["removed"] as? [String])?.count == 3 && retention["kept"] as? Int == 7)
        #expect(lines.last?["message_type"] as? String == "summary")
    }

    @Test func `stay when the backup is not complete`() throws {
        let school = try school(2)
        try school.scratch.remove("school/database/database.sqlite")
        let answer = try school.lifeboat("backup", "--clean-old", status: 1)
        #expect(answer.errorText.contains("old backups were not removed"), "\(answer.errorText)")
        #expect(try counts(school) == ["source=database": 2, "source=files": 3, "source=config": 3, "safety": 1])
        try school.lifeboat("backup", "files", "/etc/hostname", "--clean-old", status: 64)
    }

    @Test func `are not pushed out of a policy by safety backups or other sources`() throws {
        let school = try school(2, settings: "")
        for _ in 0..<3 { try school.lifeboat("restore", "database", "--force") }
        try school.lifeboat("forget", "--keep-last", "2")
        #expect(try counts(school) == ["source=database": 2, "source=files": 2, "source=config": 2, "safety": 2])
        // restic's own grouping, when it is asked for: safety backups have the database's path.
        try school.lifeboat("forget", "--keep-last", "2", "--group-by", "host,paths")
        #expect(try counts(school) == ["source=database": 0, "source=files": 2, "source=config": 2, "safety": 2])
    }

    @Test func `need words where there is no application, or a filter`() throws {
        let school = try school(1)
        try school.lifeboat("forget", "--tag", "source=files", status: 64)
        #expect(try school.snapshots().count == 4)
    }
}
