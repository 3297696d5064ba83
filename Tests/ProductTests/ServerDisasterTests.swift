// ServerDisasterTests: what people with a MySQL or MariaDB server are promised: backup, disaster, restore, everything is back.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `An application with a database server` {
    @Test func `is back after tables, files and configuration are gone`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup")
        let before = try school.picture(), environment = try school.scratch.text("school/.env")
        try school.server.sql("SET foreign_key_checks = 0; DROP TABLE grades, students; DROP VIEW best; DROP PROCEDURE counted", in: school.database)
        for gone in ["school/.env", "school/config", "school/storage", "school/public"] { try school.scratch.remove(BytePath(gone)) }
        // Only the saved configuration knows the server now.
        let result = try school.lifeboat("restore", "all", "--force")
        #expect(result.outputText.contains("2 tables, 20,300 rows: every row compared with the manifest"), "\(result.outputText)")
        #expect(try school.picture() == before)
        #expect(try school.scratch.text("school/.env") == environment)
        #expect(try school.scratch.text("school/storage/app/term.txt") == "term one")
    }

    @Test func `is replaced only after what is there was saved, and can go forward again`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        let first = try school.picture()
        try school.server.sql("UPDATE grades SET grade = 1; DELETE FROM grades WHERE id > 19000", in: school.database)
        let second = try school.picture()
        let restored = try school.lifeboat("restore", "database", "--force")
        #expect(try school.picture() == first && second != first)
        let safety = try #require(restored.outputText.split(separator: "snapshots ").last?.prefix(8))
        try school.lifeboat("restore", "database", "--snapshot", String(safety), "--force")
        #expect(try school.picture() == second)
    }

    @Test func `stores little when little changes`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        let before = try Directory.byteCount(below: school.repository)
        try school.server.sql("UPDATE students SET name = 'changed' WHERE id = 17", in: school.database)
        try school.lifeboat("backup", "database")
        let grown = try Directory.byteCount(below: school.repository) - before
        #expect(grown < before / 5, "\(grown) of \(before)")
    }

    @Test func `can have one table back, or go into another database, or into files`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        let before = try school.picture()
        try school.server.sql("UPDATE students SET gpa = 0; UPDATE grades SET note = 'kept'", in: school.database)
        let kept = try school.server.sql("CHECKSUM TABLE grades", in: school.database)
        try school.lifeboat("restore", "database", "--tables", "students", "--force")
        let zeros = try school.server.sql("SELECT COUNT(*) AS zeros FROM students WHERE gpa = 0", in: school.database)
        #expect(zeros == "0\n")
        #expect(try school.server.sql("CHECKSUM TABLE grades", in: school.database) == kept)
        let other = "\(school.database)_copy"
        try school.lifeboat("restore", "database", "--into", other, "--force")
        #expect(try school.picture(of: other) == before)
        try school.server.sql("DROP DATABASE `\(other)`")
        try school.lifeboat("restore", "database", "--target", "\(school.scratch["files"])")
        #expect(try school.scratch.text(BytePath("files/mysql/\(school.database)/restore.sql")).contains("CREATE TABLE `grades`"))
    }

    @Test func `is loaded by stock restic and the stock client alone`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        let before = try school.picture()
        let restic = ResticPeer(home: school.scratch["home"], repository: school.repository, password: School.password)
        let result = try restic.run(["restore", "latest", "--target", "\(school.scratch["out"])"])
        try #require(result.exitStatus == 0, "\(result.errorText)")
        let other = try school.server.newDatabase("by_hand")
        let loaded = try school.server.client(
            Array(school.scratch.text("out/restore.sql").utf8), arguments: ["--local-infile=1", "--binary-mode", "--comments", "--default-character-set=utf8mb4", other],
            directory: school.scratch["out"])
        try #require(loaded.exitStatus == 0, "\(loaded.errorText)")
        #expect(try school.picture(of: other) == before)
    }

    @Test func `can be dumped by the stock program, and no more is claimed than was compared`() throws {
        let school = try ServerSchool(more: "sources: { database: { from_env: DB, method: client } }")
        try school.lifeboat("backup")
        try school.server.sql("DELETE FROM grades", in: school.database)
        let result = try school.lifeboat("restore", "database", "--force")
        #expect(result.outputText.contains("loaded by the stock client, rows counted") && !result.outputText.contains("every row"), "\(result.outputText)")
        #expect(try school.server.sql("SELECT COUNT(*) FROM grades", in: school.database) == "20000\n")
        let verified = try school.lifeboat("verify", "database", "--read-data", "100%")
        #expect(!verified.outputText.contains("every row"), "\(verified.outputText)")
        let drilled = try school.lifeboat("drill", "database")
        #expect(drilled.outputText.contains("20,300/20,300 rows counted, values not compared"), "\(drilled.outputText)")
    }

    @Test func `names the rights that a restore lacks, and leaves everything as it is`() throws {
        let school = try ServerSchool(mayRestore: false)
        try school.lifeboat("backup", "database")
        try school.server.sql("DELETE FROM grades WHERE id > 10", in: school.database)
        let damaged = try school.picture()
        let refused = try school.lifeboat("restore", "database", "--force", status: 1)
        #expect(refused.errorText.contains("GRANT ") && refused.errorText.contains("--database-user"), "\(refused.errorText)")
        #expect(try school.picture() == damaged)
        try school.lifeboat("restore", "database", "--force", "--database-user", "root")
        #expect(try school.server.sql("SELECT COUNT(*) FROM grades", in: school.database).contains("20000"))
    }

    @Test func `says so when the database was saved under another APP_KEY`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup")
        try school.writeEnvironment(key: "base64:second")
        let result = try school.lifeboat("restore", "database", "--force")
        #expect((result.outputText + result.errorText).contains("under another APP_KEY"), "\(result.outputText)\(result.errorText)")
        let whole = try school.lifeboat("restore", "all", "--force")
        #expect(!(whole.outputText + whole.errorText).contains("APP_KEY"), "\(whole.outputText)")
    }

    @Test func `is taken out of service while it is restored`() throws {
        let school = try ServerSchool(settings: "maintenance: { down: \"echo down >> log; test -e .env\", up: \"echo up >> log\" }")
        try school.lifeboat("backup")
        try school.lifeboat("restore", "--force")
        #expect(try school.scratch.text("school/log") == "down\nup\n")
        // What the disaster took may be what the command needs: it is told, and the restore goes on.
        try school.scratch.remove("school/.env")
        let result = try school.lifeboat("restore", "--force")
        #expect(result.errorText.contains("could not take the application out of service"), "\(result.errorText)")
    }

    @Test func `is left out of service, and that is said, when not everything came back`() throws {
        let school = try ServerSchool(settings: "maintenance: { down: \"echo down >> log\", up: \"echo up >> log\" }")
        try school.lifeboat("backup")
        // What the file's place holds now cannot be replaced: a directory with something in it that is not the backup's.
        try school.scratch.remove("school/public/uploads/photo.jpg")
        try school.scratch.add("school/public/uploads/photo.jpg/precious", .file("x"))
        let result = try school.lifeboat("restore", "files", "--force", status: 1)
        #expect(result.errorText.contains("left out of service") && result.errorText.contains("echo up >> log"), "\(result.errorText)")
        #expect(try school.scratch.text("school/log") == "down\n")
    }

    @Test func `is read back row by row by verify, and damage is found`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup")
        #expect(try school.lifeboat("verify", "--read-data", "100%").outputText.contains("every row as captured, 2 tables, 20300 rows"))
        let packs = try Directory.files(below: school.repository.appending("data"))
        let largest = try #require(try packs.max { try FileStatus.of($0).size < FileStatus.of($1).size })
        var content = try AtomicFile.read(largest, limit: 1 << 26)
        content[content.count / 3] ^= 1
        try Directory.setMode(largest, 0o600)
        try AtomicFile.write(content.span, to: largest)
        try school.lifeboat("verify", "--read-data", "100%", status: 20)
        let before = try school.picture()
        try school.lifeboat("restore", "database", "--force", "--no-safety-backup", status: 20)
        #expect(try school.picture() == before)
    }
}

extension Directory {
    fileprivate static func files(below directory: BytePath) throws -> [BytePath] {
        try entries(of: directory).flatMap { entry -> [BytePath] in
            let path = directory.appending(entry.name)
            return try FileStatus.of(path).kind == .directory ? files(below: path) : [path]
        }
    }

    fileprivate static func byteCount(below directory: BytePath) throws -> UInt64 {
        try files(below: directory).reduce(0) { try $0 + FileStatus.of($1).size }
    }
}
