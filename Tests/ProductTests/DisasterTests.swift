// What people are promised: backup, disaster, restore, everything is back.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `An application after a disaster` {
    @Test func `is back with every row, byte, mode and time`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let files = try school.picture(), rows = try school.content()
        try school.ruin()
        #expect(try school.picture() != files)
        let restored = try school.lifeboat("restore", "all", "--force")
        #expect(restored.outputText.contains("✓ "))
        let differences = try Set(school.picture().map { "\($0): \($1)" }).symmetricDifference(files.map { "\($0): \($1)" })
        #expect(differences.isEmpty, "\(differences.sorted().joined(separator: "\n"))")
        #expect(try school.content() == rows)
        #expect(try school.isSound())
        let status = try FileStatus.of(school.database)
        #expect(status.mode == 0o640)
    }

    @Test func `is back although its whole directory is gone`() throws {
        let school = try School()
        try Directory.setMode(school.scratch["school/public"], 0o751)
        try school.lifeboat("backup")
        let files = try school.picture(), rows = try school.content()
        let settings = try school.scratch.text("school/lifeboat.yaml")
        try school.scratch.remove("school")
        try school.scratch.add("lifeboat.yaml", .file(settings, mode: 0o600))
        var program = try school.program()
        program.directory = school.scratch.path
        let result = try program.run(["restore", "--force"])
        try #require(result.exitStatus == 0, "\(result.errorText)")
        // The rest of the application (vendor/, artisan) is deployed again from its own sources.
        #expect(try school.picture() == files)
        #expect(try FileStatus.of(school.scratch["school/public"]).mode == 0o751)
        #expect(try school.content() == rows)
        let directory = try FileStatus.of(school.scratch["school/database"])
        #expect(directory.mode & 0o700 == 0o700 && directory.mode & 0o007 == 0)
    }

    @Test func `can go back to an earlier evening, and forward again to what was replaced`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let first = try school.content()
        try school.sql("DELETE FROM grades; UPDATE students SET name = 'changed';")
        try school.lifeboat("backup")
        let second = try school.content()
        let evening = try AnswerJSON.text(school.snapshots(tagged: "source=database")[0], "time")
        try school.lifeboat("restore", "database", "--at", evening, "--force")
        #expect(try school.content() == first)
        try school.lifeboat("restore", "database", "--at", "2001-01-01 00:00", "--force", status: 64)
        try school.lifeboat("restore", "database", "--at", "2001-01-01 00:00:00", "--force", status: 1)
        let safety = try school.snapshots(tagged: "safety")
        #expect(safety.count == 1)
        try school.lifeboat("restore", "database", "--snapshot", AnswerJSON.text(safety[0], "id"), "--force")
        #expect(try school.content() == second)
    }

    @Test func `is never rebuilt from the ruins that a restore put aside`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let rows = try school.content()
        try school.ruin()
        try school.lifeboat("restore", "--force")
        let safety = try school.snapshots(tagged: "safety")
        #expect(safety.count == 3)
        for snapshot in safety {
            let tags = try #require(snapshot["tags"] as? [String])
            #expect(!tags.contains { $0.hasPrefix("source=") }, "\(tags)")
        }
        try school.sql("DELETE FROM grades;")
        try school.lifeboat("restore", "--force")
        #expect(try school.content() == rows)
    }

    @Test func `keeps what was there as it was, down to a broken database and its log`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.ruin()
        let garbage = try AtomicFile.read(school.database, limit: 1 << 24)
        let log = try AtomicFile.read(BytePath("\(school.database)-wal"), limit: 1 << 24)
        try school.lifeboat("restore", "--force")
        let raw = try #require(try school.snapshots(tagged: "replaced=database").first)
        let id = try AnswerJSON.text(raw, "short_id")
        #expect(try school.program().run(["dump", id, "/database.sqlite"]).output == garbage)
        #expect(try school.program().run(["dump", id, "/database.sqlite-wal"]).output == log)
        let files = try #require(try school.snapshots(tagged: "replaced=files").first)
        let term = "\(school.root)/storage/app/reports/term.txt"
        #expect(try school.program().run(["dump", AnswerJSON.text(files, "short_id"), term]).outputText == "ransom")
    }

    @Test func `comes back beside itself and is left alone`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let rows = try school.content()
        try school.sql("DELETE FROM grades;")
        let now = try school.picture(), changed = try school.content()
        try school.lifeboat("restore", "all", "--target", "../look")
        #expect(try school.picture() == now)
        #expect(try school.content() == changed)
        let copy = BytePath("\(school.scratch["look"])\(school.database)")
        #expect(try school.content(of: copy) == rows)
        #expect(
            try AtomicFile.read(BytePath("\(school.scratch["look"])\(school.root)/public/uploads/letters/a.txt"), limit: 100)
                == Array("Dear parents".utf8))
        #expect(try school.snapshots(tagged: "safety").isEmpty)
        // Something is there now: that needs a yes.
        try school.lifeboat("restore", "all", "--target", "../look", status: 13)
        try school.lifeboat("restore", "all", "--target", "../look", "--force")
    }
}

@Suite struct `A restore over live data` {
    @Test func `asks, and without anybody to ask changes nothing`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.ruin()
        let before = try TreePicture(of: school.root), snapshots = try school.snapshots().count
        let refused = try school.lifeboat("restore", status: 13)
        #expect(refused.errorText.contains("error: this needs your confirmation"))
        #expect(refused.errorText.contains("over \(school.database)"), "the plan is shown before the question")
        let planned = try school.lifeboat("restore", "--dry-run")
        #expect(planned.outputText.contains("dry run: nothing was changed"))
        #expect(try TreePicture(of: school.root) == before)
        #expect(try school.snapshots().count == snapshots)
    }

    @Test func `puts chosen tables back and leaves all others`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let grades = try school.sql("SELECT * FROM grades ORDER BY id;")
        try school.sql("DELETE FROM grades; UPDATE students SET name = 'after the backup';")
        try school.lifeboat("restore", "database", "--tables", "grades", "--force")
        #expect(try school.sql("SELECT * FROM grades ORDER BY id;") == grades)
        #expect(try school.sql("SELECT DISTINCT name FROM students;") == "after the backup")
        #expect(try school.isSound())
        let missing = try school.lifeboat("restore", "database", "--tables", "grade", "--force", status: 1)
        #expect(missing.errorText.contains("did you mean 'grades'?"))
    }

    @Test func `under force replaces a database that a program has open, and names who must be restarted`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let rows = try school.content()
        let writer = Process()
        let pipe = Pipe()
        writer.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        writer.arguments = ["sqlite3", "\(school.database)"]
        writer.standardInput = pipe
        writer.standardOutput = Pipe()
        try writer.run()
        pipe.fileHandleForWriting.write(Data("INSERT INTO grades VALUES (1, 1, 1); SELECT 1;\n".utf8))
        while try school.sql("SELECT count(*) FROM grades WHERE id = 1;") != "1" { Thread.sleep(forTimeInterval: 0.05) }
        let forced = try school.lifeboat("restore", "database", "--force")
        #expect((forced.outputText + forced.errorText).contains("restart what still uses the replaced file: sqlite3"), "\(forced.errorText)")
        #expect(try school.content() == rows)
        pipe.fileHandleForWriting.write(Data("INSERT INTO grades VALUES (2, 2, 2);\n".utf8))
        try pipe.fileHandleForWriting.close()
        writer.waitUntilExit()
        #expect(try school.content() == rows, "what the old program wrote went into the old file")
        #expect(try school.isSound())
    }

    @Test func `that is killed at any moment leaves the old database or the new one, and the next one works`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let saved = try school.content()
        try school.sql("INSERT OR REPLACE INTO grades VALUES (5, 5, 99);")
        let started = Host.monotonicNanoseconds()
        try school.lifeboat("restore", "all", "--force")
        let wholeRun = Int((Host.monotonicNanoseconds() - started) / 1_000_000)
        var random = SeededRandom(seed: 20_261_124), killed = 0
        for round in 0..<8 {
            try school.sql("INSERT OR REPLACE INTO grades VALUES (5, 5, \(round));")
            let live = try school.content()
            let delay = Int.random(in: 10...max(20, wholeRun), using: &random)
            let result = try school.program().run(["restore", "all", "--force"], signal: "KILL", afterMilliseconds: delay)
            if result.exitStatus == 137 { killed += 1 }
            let found = try school.content()
            #expect(found == live || found == saved, "killed after \(delay) ms")
            #expect(try school.isSound())
        }
        #expect(killed > 0)
        try school.lifeboat("restore", "all", "--force")
        #expect(try school.content() == saved)
        let hidden = try Directory.entries(of: school.database.parent).map { String(decoding: $0.name, as: UTF8.self) }.filter {
            $0.contains("lifeboat-restore")
        }
        #expect(hidden.isEmpty, "\(hidden)")
        try school.lifeboat("verify", "--read-data", "100%")
    }

    @Test func `goes through a link that an administrator put there, and leaves the link`() throws {
        let school = try School()
        try school.lifeboat("backup", "files")
        let files = try school.picture()
        try school.scratch.remove("school/storage")
        try school.scratch.add("shared/storage/app", .directory)
        try school.scratch.add("school/storage", .link("../shared/storage"))
        try school.lifeboat("restore", "files", "--force")
        #expect(try FileStatus.of(school.scratch["school/storage"]).kind == .symbolicLink)
        #expect(try school.scratch.text("shared/storage/app/reports/term.txt") == "term one")
        #expect(
            try school.picture().filter { $0.key.bytes.starts(with: Array("public/uploads/letters".utf8)) }
                == files.filter { $0.key.bytes.starts(with: Array("public/uploads/letters".utf8)) })
    }

    @Test func `leaves a database alone whose backup is not what its manifest says`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.sql("INSERT INTO grades VALUES (2, 2, 2);")
        let live = try school.content()
        // A snapshot whose manifest belongs to another state of the database.
        let target = school.scratch["forged"]
        let first = try AnswerJSON.text(school.snapshots(tagged: "source=database")[0], "id")
        try school.lifeboat("backup", "database")
        let second = try AnswerJSON.text(school.snapshots(tagged: "source=database")[1], "id")
        try Directory.create(target)
        for (id, name) in [(first, "manifest.json"), (second, "database.sqlite")] {
            let content = try school.program().run(["dump", id, "/\(name)"]).output
            try AtomicFile.write(content.span, to: target.appending(name))
        }
        var program = try school.program()
        program.directory = target
        let forged = try program.run([
            "backup", "files", "database.sqlite", "manifest.json", "--repo", "\(school.repository)", "--password-file",
            "\(school.scratch["key"])", "--tag",
            "lifeboat,app=small-school,source=database,run=forged",
        ])
        try #require(forged.exitStatus == 0, "\(forged.errorText)")
        let refused = try school.program().run(["restore", "database", "--force"])
        #expect(refused.exitStatus != 0)
        #expect(try school.content() == live)
    }

    @Test func `with --delete removes what the backup does not have, but never a database or what is left out on purpose`() throws {
        let school = try School(
            settings: "sources:\n  database: { path: database/database.sqlite }\n  files: { paths: [.], exclude: [node_modules, '*.log'] }")
        try school.lifeboat("backup")
        let rows = try school.content()
        try school.scratch.add("school/extra/file", .file("new"))
        try school.scratch.add("school/node_modules/a", .file("module"))
        try school.scratch.add("school/today.log", .file("log"))
        try school.lifeboat("restore", "files", "--delete", "--force")
        #expect(try school.scratch.status("school/extra") == nil)
        #expect(try school.scratch.status("school/node_modules/a") != nil)
        #expect(try school.scratch.status("school/today.log") != nil)
        #expect(try school.content() == rows)
    }
}
