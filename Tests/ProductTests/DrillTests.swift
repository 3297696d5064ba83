// Drills as an administrator meets them: proved, failed with a reason, and nothing left behind whatever happens.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

/// A school and a directory for its drills, which the account of a database server can enter.
private struct Drilled {
    let school: School
    let scratch: ScratchTree

    init(settings: String = "") throws {
        school = try School(settings: settings)
        scratch = try ScratchTree(in: "/var/tmp")
        try Directory.setMode(scratch.path, 0o755)
    }

    /// Moves the school's database to a server; the SQLite file is no longer part of it.
    func moveToServer(_ server: MariaDBServer) throws -> String {
        let name = try server.newDatabase("drill")
        try server.sql(
            """
            CREATE TABLE students (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL, height FLOAT, extra JSON);
            INSERT INTO students (name, height, extra) SELECT CONCAT('Student ', seq), seq / 3, JSON_OBJECT('n', seq) FROM seq_1_to_3000;
            CREATE TABLE grades (id INT PRIMARY KEY, student INT, grade INT, CONSTRAINT of_student FOREIGN KEY (student) REFERENCES students (id));
            INSERT INTO grades SELECT seq, seq, seq MOD 12 + 1 FROM seq_1_to_3000;
            CREATE TABLE `a ``name` (d DECIMAL(65,30), b BLOB);
            INSERT INTO `a ``name` VALUES (1.5, X'00ff27');
            CREATE VIEW averages AS SELECT student, AVG(grade) AS average FROM grades GROUP BY student;
            CREATE TRIGGER keep_grades BEFORE UPDATE ON grades FOR EACH ROW SET NEW.student = OLD.student;
            CREATE PROCEDURE nothing() SELECT 1;
            CREATE EVENT cleaning ON SCHEDULE EVERY 1 DAY DO DELETE FROM grades;
            """, in: name)
        try school.scratch.add(
            "school/.env",
            .file(
                "APP_NAME=\"Small School\"\nAPP_KEY=base64:c2VjcmV0\nDB_CONNECTION=mariadb\nDB_SOCKET=\(server.socket)\nDB_DATABASE=\(name)\nDB_USERNAME=root\nDB_PASSWORD=\n",
                mode: 0o640))
        return name
    }

    func drill(_ arguments: String..., status: Int32 = 0) throws -> Child.Result {
        let result = try school.program().run(["drill"] + arguments + ["--scratch", "\(scratch.path)"])
        try #require(result.exitStatus == status, "\(arguments): \(result.outputText)\(result.errorText)")
        return result
    }

    /// Directories in the places of drills, and processes that were started there.
    func leftovers() throws -> [String] {
        let state = school.scratch["home/state/lifeboat/small-school"]
        let places = [scratch.path] + ((try FileStatus.ifExists(state)) == nil ? [] : [state])
        let names = try places.flatMap { place in
            try Directory.entries(of: place).map { BytePath.display($0.name) }.filter { $0.hasPrefix("lifeboat-") }
        }
        let processes = try Child.run("pgrep", ["-f", "\(scratch.path)/lifeboat-server"]).outputText
        return names + processes.split(separator: "\n").map(String.init)
    }
}

@Suite struct `A drill of an application with SQLite` {
    @Test func `proves every table and file, leaves nothing behind and the application alone`() throws {
        let drilled = try Drilled(
            settings:
                "drill:\n  checks:\n    - rows: { compare: manifest }\n    - { sql: SELECT COUNT(*) FROM students, expect: \">= 300\" }\n    - files: { sample: all }")
        let school = drilled.school
        try school.lifeboat("backup")
        try school.sql("INSERT INTO grades VALUES (2, 2, 2);")
        let files = try school.picture(), rows = try school.content()
        let text = try drilled.drill().outputText
        #expect(text.contains("PROVED: 2/2 tables, 600 rows, 9/9 files, 1/1 check in "), "\(text)")
        let json = try AnswerJSON.object(try #require(try drilled.drill("--json").outputText.split(separator: "\n").last.map(String.init)))
        #expect(json["outcome"] as? String == "proved" && json["exit_code"] as? Int == 0 && json["rto_met"] as? Bool == true)
        let phases = try #require(json["phases"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(phases == ["fetch", "proof", "checks"])
        #expect(try drilled.leftovers() == [])
        #expect(try school.picture() == files)
        #expect(try school.content() == rows)
    }

    @Test func `writes its evidence as a page, text and JSON, for its owner's eyes`() throws {
        let drilled = try Drilled()
        try drilled.school.lifeboat("backup")
        _ = try drilled.drill("--report", "../drill.txt")
        _ = try drilled.drill("database", "--report", "../drill.json")
        let text = try drilled.school.scratch.text("drill.txt")
        #expect(text.contains("result      PROVED: ") && text.contains("2/2 tables, 600/600 rows as saved"), "\(text)")
        #expect(try drilled.school.scratch.status("drill.txt")?.mode == 0o600)
        let json = try AnswerJSON.object(drilled.school.scratch.text("drill.json"))
        #expect((json["sources"] as? [[String: Any]])?.count == 1)
        _ = try drilled.drill("--report", "../drill.html")
        let page = try drilled.school.scratch.text("drill.html")
        #expect(page.contains("The application can be brought back.") && page.contains("600/600 rows as saved") && !page.contains("<script"))
        _ = try drilled.drill("files", "--report", "../part.html")
        #expect(try drilled.school.scratch.text("part.html").contains("What was drilled (files) can be brought back."))
        _ = try drilled.drill("--report", "../drill.doc", status: 64)
        _ = try drilled.drill("--sample", "none", status: 64)
    }

    @Test func `of one source or of an earlier state drills just that`() throws {
        let drilled = try Drilled()
        let school = drilled.school
        try school.lifeboat("backup")
        let evening = try AnswerJSON.text(school.snapshots(tagged: "source=database")[0], "time")
        try school.sql("DELETE FROM grades WHERE id > 5;")
        try school.lifeboat("backup")
        #expect(try drilled.drill("database").outputText.contains("PROVED: 2/2 tables, 300 rows in "))
        #expect(try drilled.drill("database", "--at", evening).outputText.contains("PROVED: 2/2 tables, 600 rows in "))
        #expect(try drilled.drill("config").outputText.contains("PROVED: 4/4 files in "))
        let id = try AnswerJSON.text(school.snapshots(tagged: "source=files")[0], "id")
        #expect(try drilled.drill("--snapshot", id).outputText.contains("PROVED: 5/5 files in "))
        _ = try drilled.drill("--at", evening, "--snapshot", id, status: 64)
    }

    @Test func `fails with 21 and the name of what is damaged`() throws {
        let drilled = try Drilled()
        try drilled.school.lifeboat("backup")
        var damaged = 0
        let data = drilled.school.repository.appending("data")
        for folder in try Directory.entries(of: data) {
            for pack in try Directory.entries(of: data.appending(folder.name)) {
                let path = data.appending(folder.name).appending(pack.name)
                var bytes = try AtomicFile.read(path, limit: 1 << 26)
                guard bytes.count > 100_000 else { continue }
                for share in 1..<8 { bytes[bytes.count * share / 8] ^= 1 }
                try Directory.setMode(path, 0o600)
                try AtomicFile.write(bytes.span, to: path)
                damaged += 1
            }
        }
        try #require(damaged > 0)
        let result = try drilled.drill(status: 21)
        #expect(result.outputText.contains("✗ files"), "\(result.outputText)")
        #expect(result.outputText.contains("FAILED: ") && result.outputText.contains("is damaged"), "\(result.outputText)")
        #expect(try drilled.leftovers() == [])
        let status = try drilled.school.lifeboat("status", "--check", status: 22).outputText
        #expect(status.contains("AT RISK") && status.contains("the last drill of the"), "\(status)")
    }

    @Test func `fails when a database is not what its manifest says`() throws {
        let drilled = try Drilled()
        let school = drilled.school
        try school.lifeboat("backup")
        try school.sql("DELETE FROM grades WHERE id = 11;")
        try school.lifeboat("backup", "database")
        let snapshots = try school.snapshots(tagged: "source=database").map { try AnswerJSON.text($0, "id") }
        let forged = school.scratch["forged/database.sqlite"]
        try Directory.createAll(forged)
        for (id, name) in [(snapshots[0], "manifest.json"), (snapshots[1], "database.sqlite")] {
            let content = try school.program().run(["dump", id, "/\(name)"]).output
            try AtomicFile.write(content.span, to: forged.appending(name))
        }
        var program = try school.program()
        program.directory = forged
        let saved = try program.run([
            "backup", "files", ".", "--repo", "\(school.repository)", "--password-file", "\(school.scratch["key"])", "--tag",
            "lifeboat,app=small-school,source=database,run=forged",
        ])
        try #require(saved.exitStatus == 0, "\(saved.errorText)")
        let id = try AnswerJSON.text(try #require(school.snapshots(tagged: "run=forged").first), "id")
        let result = try drilled.drill("--snapshot", id, status: 21)
        #expect(result.outputText.contains("✗ database"), "\(result.outputText)")
        #expect(try drilled.leftovers() == [])
    }

    @Test func `fails when a question has another answer than expected, or none`() throws {
        let drilled = try Drilled(
            settings: "drill:\n  checks:\n    - { sql: SELECT COUNT(*) FROM students, expect: \"> 1000\" }\n    - { sql: SELECT 1 FROM nowhere, expect: \"1\" }")
        try drilled.school.lifeboat("backup")
        let text = try drilled.drill(status: 21).outputText
        #expect(text.contains("'SELECT COUNT(*) FROM students' gives 300 where > 1000 is expected"), "\(text)")
        #expect(text.contains("could not be answered") && text.contains("no such table: nowhere"), "\(text)")
        // The files are proved all the same.
        let status = try AnswerJSON.object(drilled.school.lifeboat("status", "--json").outputText)
        let sources = try #require(status["sources"] as? [[String: Any]])
        let outcomes = Dictionary(sources.map { ($0["source"] as? String ?? "", $0["last_drill_outcome"] as? String ?? "") }) { $1 }
        #expect(outcomes == ["database": "failed", "files": "proved", "config": "proved"])
    }

    @Test func `cannot change anything by a question`() throws {
        let drilled = try Drilled(settings: "drill:\n  checks:\n    - { sql: DELETE FROM students, expect: \"0\" }")
        try drilled.school.lifeboat("backup")
        let rows = try drilled.school.content()
        #expect(try drilled.drill(status: 21).outputText.contains("readonly database"))
        #expect(try drilled.school.content() == rows)
    }

    @Test func `notices that the saved APP_KEY is not the one of the database`() throws {
        let drilled = try Drilled()
        let environment = try drilled.school.scratch.text("school/.env")
        try drilled.school.scratch.add("school/.env", .file(environment + "APP_KEY=base64:b25l\n", mode: 0o640))
        try drilled.school.lifeboat("backup")
        #expect(try drilled.drill().outputText.contains("✓ check      the saved APP_KEY is that of the database"))
        try drilled.school.scratch.add("school/.env", .file(environment + "APP_KEY=base64:dHdv\n", mode: 0o640))
        try drilled.school.lifeboat("backup", "database")
        let text = try drilled.drill(status: 21).outputText
        #expect(text.contains("under another APP_KEY") && !text.contains("dHdv"), "\(text)")
    }

    @Test func `of an application without a backup proves nothing`() throws {
        let drilled = try Drilled()
        let text = try drilled.drill(status: 21).outputText
        #expect(text.contains("FAILED: config: there is no backup of it yet; nothing was compared"), "\(text)")
    }

    @Test func `is done by the schedule, and status holds it against the objectives`() throws {
        let school = try School(settings: "objectives: { drill_every: 1s }\nschedule: { verify: never }")
        try school.lifeboat("backup")
        #expect(try school.lifeboat("status").outputText.contains("not yet"))
        Thread.sleep(forTimeInterval: 2.1)
        let late = try school.lifeboat("status", "--check", status: 22).outputText
        #expect(late.contains("no drill has proved the database, files, config yet, and the objective is one every 1s"), "\(late)")
        try school.writeSettings("objectives: { rto: 3h }\nschedule: { verify: never }")
        #expect(try school.lifeboat("schedule", "run").errorText.contains("PROVED: 2/2 tables"))
        let status = try school.lifeboat("status", "--check").outputText
        #expect(status.contains("back in ~") && status.contains("(goal 3h, measured today"), "\(status)")
        #expect(status.split(separator: "\n").count { $0.hasSuffix("✓") } == 3, "\(status)")
        #expect(try school.lifeboat("schedule", "run").outputText == "nothing is due\n")
    }

    @Test func `with --keep leaves everything for a look until it is ended`() throws {
        let drilled = try Drilled()
        try drilled.school.lifeboat("backup")
        let program = try drilled.school.program()
        let result = try program.run(["drill", "--keep", "--scratch", "\(drilled.scratch.path)"], signal: "TERM", afterMilliseconds: 2500)
        #expect(result.exitStatus == 0, "\(result.errorText)")
        #expect(result.errorText.contains("database: sqlite3 -readonly '\(drilled.scratch.path)/lifeboat-drill-small-school-"))
        #expect(try drilled.leftovers() == [])
    }

    @Test func `that was killed is tidied up by the next`() throws {
        let drilled = try Drilled()
        try drilled.school.lifeboat("backup")
        let program = try drilled.school.program()
        let killed = try program.run(["drill", "--keep", "--scratch", "\(drilled.scratch.path)"], signal: "KILL", afterMilliseconds: 2500)
        try #require(killed.exitStatus == 137)
        #expect(try drilled.leftovers().count == 1)
        _ = try drilled.drill()
        #expect(try drilled.leftovers() == [])
    }

    @Test func `follows the first backup of init, and says what would be lost`() throws {
        let school = try School()
        try school.scratch.remove("school/lifeboat.yaml")
        let repository = "\(school.scratch["second"])", key = "\(school.scratch["second.key"])"
        let first = try school.lifeboat("init", "--yes", "--repository", repository, "--password-file", key).outputText
        #expect(first.contains("PROVED: 2/2 tables, 600 rows, 9/9 files"), "\(first)")
        #expect(first.contains("✓ RESTORABLE. If this server died now you would lose at most 1 minute of data."), "\(first)")
        let again = try school.lifeboat("init", "--yes", "--force", "--no-drill", "--repository", repository, "--password-file", key).outputText
        #expect(!again.contains("PROVED"))
    }
}

@Suite struct `A drill of an application on a database server` {
    @Test func `proves every row and definition in a server of its own, and leaves nothing behind`() throws {
        let server = try MariaDBServer.shared()
        let drilled = try Drilled(settings: "drill:\n  checks:\n    - { sql: SELECT COUNT(*) FROM averages, expect: \"3000\" }")
        let name = try drilled.moveToServer(server)
        try drilled.school.lifeboat("backup")
        let checksums = "CHECKSUM TABLE students, grades, `a ``name`"
        let before = try server.sql(checksums, in: name), databases = try server.sql("SHOW DATABASES LIKE 'lifeboat%'")
        let text = try drilled.drill().outputText
        #expect(text.contains("3/3 tables, 6,001/6,001 rows as saved in a throw-away MariaDB"), "\(text)")
        #expect(text.contains("PROVED: 3/3 tables, 6,001 rows, ") && text.contains("2/2 checks in "), "\(text)")
        #expect(try server.sql(checksums, in: name) == before)
        #expect(try server.sql("SHOW DATABASES LIKE 'lifeboat%'") == databases)
        #expect(try drilled.leftovers() == [])
        let status = try drilled.school.lifeboat("status").outputText
        #expect(status.contains("● RESTORABLE"), "\(status)")
    }

    @Test(arguments: [150, 700, 1500, 2600]) func `leaves nothing behind when it is ended after`(milliseconds: Int) throws {
        let drilled = try Drilled()
        _ = try drilled.moveToServer(try MariaDBServer.shared())
        try drilled.school.lifeboat("backup")
        let program = try drilled.school.program()
        let result = try program.run(["drill", "--scratch", "\(drilled.scratch.path)"], signal: "TERM", afterMilliseconds: milliseconds)
        #expect([0, 130, 143].contains(result.exitStatus), "\(result.exitStatus): \(result.errorText)")
        #expect(try drilled.leftovers() == [])
    }
}
