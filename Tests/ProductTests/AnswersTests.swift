// status, verify, history, config, doctor, init: what they answer, and with which exit status.

import Bytes
import Foundation
import HostOS
import RepositoryEngine
import TestKit
import Testing

@Suite struct `The answers about an application` {
    @Test func `status tells whether it can be recovered`() throws {
        let school = try School()
        let before = try school.lifeboat("status")
        #expect(before.outputText.contains("NOT PROTECTED"))
        try school.lifeboat("status", "--check", status: 22)
        try school.lifeboat("backup")
        let after = try school.lifeboat("status")
        #expect(after.outputText.hasPrefix("Small School  ● RESTORABLE    worst case now: lose "), "\(after.outputText)")
        #expect(after.outputText.contains("recovery not measured yet"))
        try school.lifeboat("status", "--check")
        try school.lifeboat("restore", "--force")
        let json = try AnswerJSON.object(school.lifeboat("status", "--json").outputText)
        #expect(json["verdict"] as? String == "RESTORABLE")
        #expect(try #require(json["recovery_seconds"] as? Double) > 0)
        #expect((json["sources"] as? [[String: Any]])?.count == 3)
    }

    @Test func `status --check notices that the newest recovery point is too old`() throws {
        let school = try School(settings: "objectives: { rpo: 1s }")
        try school.lifeboat("backup")
        Thread.sleep(forTimeInterval: 2.1)
        let late = try school.lifeboat("status", "--check", status: 22)
        #expect(late.outputText.contains("AT RISK"))
        #expect(late.outputText.contains("older than the objective of 1s"))
    }

    @Test func `a source without a backup puts it at risk, whatever the others have`() throws {
        let school = try School()
        try school.lifeboat("backup", "database")
        let status = try school.lifeboat("status")
        #expect(status.outputText.contains("AT RISK"))
        #expect(status.outputText.contains("files: there is no backup of it yet"))
    }

    @Test func `verify proves the newest database and reports`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.sql("INSERT INTO grades VALUES (3, 3, 3);")
        try school.lifeboat("backup", "database")
        let result = try school.lifeboat("verify", "--read-data", "100%", "--report", "../report.txt")
        #expect(result.outputText.contains("everything that was looked at is whole"))
        #expect(result.outputText.contains("restored and compared, 2 tables, 601 rows"))
        #expect(result.outputText.contains("every byte as captured, 2 tables, 600 rows"))
        #expect(try school.scratch.text("report.txt") == result.outputText)
    }

    @Test func `verify finds a flipped bit and names the snapshots it hurts`() throws {
        let school = try School()
        try school.lifeboat("backup")
        var packs: [BytePath] = []
        for folder in try Directory.entries(of: school.repository.appending("data")) {
            let path = school.repository.appending("data").appending(folder.name)
            packs += try Directory.entries(of: path).map { path.appending($0.name) }
        }
        let largest = try #require(try packs.max { try FileStatus.of($0).size < FileStatus.of($1).size })
        var content = try AtomicFile.read(largest, limit: 1 << 28)
        content[content.count / 3] ^= 1
        try Directory.setMode(largest, 0o600)
        try AtomicFile.write(content.span, to: largest)
        let result = try school.lifeboat("verify", "--read-data", "all", status: 20)
        #expect(result.outputText.contains("result      DAMAGED"))
        #expect(result.outputText.contains("snapshots that cannot be restored completely"))
        let status = try school.lifeboat("status")
        #expect(status.outputText.contains("AT RISK"))
    }

    @Test func `history remembers every run and how it ended`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.lifeboat("verify")
        try school.scratch.remove("school/database/database.sqlite")
        try school.lifeboat("backup", "database", status: 1)
        let runs = try AnswerJSON.array(school.lifeboat("history", "--json").outputText)
        #expect(try runs.map { try AnswerJSON.text($0, "verb") } == ["backup", "verify", "backup"])
        #expect(runs.map { $0["exit_code"] as? Int } == [1, 0, 0])
        #expect((runs[2]["snapshot_ids"] as? [String])?.count == 3)
        #expect(try AnswerJSON.text(runs[0], "message").contains("there is no such file"))
    }

    @Test func `doctor finds an open key`() throws {
        let school = try School()
        #expect(try school.lifeboat("doctor").outputText.contains("opens with the key; 0 snapshots"))
        try Directory.setMode(school.scratch["key"], 0o644)
        #expect(try school.lifeboat("doctor").outputText.contains("! key: others may read"))
        try school.scratch.add("key", .file("wrong", mode: 0o600))
        #expect(try school.lifeboat("doctor", status: 1).outputText.contains("✗ wrong password"))
    }
}

@Suite struct `Something wrong with the settings` {
    @Test func `is told all at once, with places, and ends with 78`() throws {
        let school = try School(settings: "objectives: { rpo: soon }\nretension: { last: 3 }\nverify: { read_data: 500% }")
        let result = try school.lifeboat("backup", status: 78)
        let file = "\(school.settings)"
        #expect(result.errorText.contains("has 3 problems"), "\(result.errorText)")
        for place in ["\(file):4:", "\(file):5:", "\(file):6:"] { #expect(result.errorText.contains(place), "\(result.errorText)") }
        #expect(result.errorText.contains("did you mean 'retention'?"))
        try school.lifeboat("config", "validate", status: 78)
        try school.writeSettings()
        #expect(try school.lifeboat("config", "validate").outputText.contains("is valid: application 'small-school'"))
        #expect(try school.lifeboat("config", "show").outputText.contains("SQLite at \(school.database)"))
        _ = try AnswerJSON.object(school.lifeboat("config", "schema").outputText)
    }

    @Test func `no settings at all leads to init`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        let result = try school.lifeboat("backup", status: 78)
        #expect(result.errorText.contains("hint:  run `lifeboat init`"))
    }

    @Test func `a wrong key is 12, a missing repository 10, a locked one 11`() throws {
        let school = try School()
        try school.lifeboat("backup", "config")
        let lock = try QuickRepository.lock(school.repository, password: School.password, .exclusive, host: "elsewhere")
        try school.lifeboat("backup", status: 11)
        lock.release()
        try school.scratch.add("key", .file("not the key", mode: 0o600))
        try school.lifeboat("backup", status: 12)
        try school.scratch.remove("backup")
        try school.lifeboat("backup", status: 10)
        try school.lifeboat("status", status: 10)
        try school.lifeboat("restore", "--force", status: 10)
    }

    @Test func `a database of a kind that is not supported is said, and the rest is saved`() throws {
        let school = try School()
        try school.scratch.add(
            "school/.env", .file("APP_NAME=School\nDB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_DATABASE=sms\nDB_PASSWORD=hidden\n"))
        let result = try school.lifeboat("backup", status: 1)
        #expect(result.errorText.contains("error: database: PostgreSQL at 127.0.0.1/sms was not saved"), "\(result.errorText)")
        #expect(!result.errorText.contains("hidden"))
        #expect(try school.snapshots().count == 2)
        let status = try school.lifeboat("status", "--check", status: 22)
        #expect(status.outputText.contains("AT RISK"))
    }

    @Test func `unreadable and missing paths end with 3, and what can be read is saved`() throws {
        let school = try School(settings: "sources: { files: { paths: [public/uploads, storage/nowhere] } }")
        let result = try school.lifeboat("backup", "files", status: 3)
        #expect(result.errorText.contains("storage/nowhere"))
        #expect(try school.snapshots().count == 1)
    }
}

@Suite struct `lifeboat init` {
    @Test func `makes key, repository and settings, and the first backup`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        let result = try school.lifeboat("init", "--repository", "../new", "--password-file", "../new.key", "--yes")
        #expect(result.outputText.contains("✓ RESTORABLE"), "\(result.outputText)\(result.errorText)")
        #expect(try FileStatus.of(school.scratch["new.key"]).mode == 0o600)
        #expect(try FileStatus.of(school.settings).mode == 0o600)
        #expect(try school.snapshots().count == 3)
        let key = try school.scratch.text("new.key")
        #expect(key.wholeMatch(of: /([0-9a-z]{4}-){7}[0-9a-z]{4}\n/) != nil, "160 random bits")
        try school.lifeboat("init", "--yes", status: 1)
        try school.scratch.remove("school/.env")
        #expect(try school.lifeboat("status").outputText.contains("small-school"), "the name outlives .env")
    }

    @Test func `asks where backups should go, and needs somebody to answer`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        let result = try school.lifeboat("init", status: 13)
        #expect(result.errorText.contains("add --repository DIR"))
        try school.lifeboat("init", "--repository", "../new", "--password-file", "../new.key", "--dry-run")
        #expect(
            try school.scratch.status("new") == nil && school.scratch.status("new.key") == nil
                && school.scratch.status("school/lifeboat.yaml") == nil)
    }

    @Test func `uses a repository that is there only if the key opens it`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        try school.lifeboat("init", "--repository", "../backup", "--password-file", "../other.key", "--yes", status: 12)
        #expect(try school.scratch.status("school/lifeboat.yaml") == nil)
        try school.lifeboat("init", "--repository", "../backup", "--password-file", "../key", "--yes", "--no-backup")
    }

    @Test func `keeps a repository inside the application out of its backups`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        let result = try school.lifeboat("init", "--repository", "storage/app/backups", "--password-file", "../new.key", "--yes")
        #expect(result.errorText.contains("the repository lies inside the application"))
        let files = try #require(try school.snapshots(tagged: "source=files").first)
        #expect(!(try school.lifeboat("ls", AnswerJSON.text(files, "short_id")).outputText.contains("storage/app/backups")))
    }
}
