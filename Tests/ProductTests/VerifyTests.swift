// Verification as a user meets it: by type, by and by, as a page to file; and what counts as damage.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `A verify` {
    @Test func `looks at what it is told to look at`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let database = try AnswerJSON.object(school.lifeboat("verify", "database", "--json").outputText)
        #expect((database["sources"] as? [[String: Any]])?.compactMap { $0["source"] as? String } == ["database"])
        #expect(database["snapshots"] as? Int == 1)
        let files = try school.lifeboat("verify", "files").outputText
        #expect(files.contains("files       1 snapshot") && !files.contains("database"), "\(files)")
        let all = try AnswerJSON.object(school.lifeboat("verify", "all", "--json").outputText)
        #expect((all["sources"] as? [[String: Any]])?.compactMap { $0["source"] as? String } == ["database", "files", "config"])
        try school.lifeboat("verify", "databse", status: 64)
    }

    @Test func `reads what was not read for longest, until all was`() throws {
        let school = try School()
        for round in 0..<4 {
            try school.scratch.add(BytePath("school/public/uploads/more-\(round)"), .bytes(School.noise(200_000, seed: UInt64(round))))
            try school.lifeboat("backup", "files")
        }
        func coverage(_ part: String) throws -> [String: Any] {
            try #require(try AnswerJSON.object(school.lifeboat("verify", "--read-data", part, "--json").outputText)["coverage"] as? [String: Any])
        }
        var readings: [Int] = []
        for _ in 0..<4 { readings.append(try #require(try coverage("25%")["packs_read_back"] as? Int)) }
        let last = try coverage("none")
        #expect(readings == readings.sorted() && Set(readings).count > 1, "\(readings)")
        #expect(last["packs_read_back"] as? Int == last["packs"] as? Int)
        #expect(last["complete_within_days"] as? Int == 1)
        #expect(try school.lifeboat("verify", "--read-data", "none").outputText.contains("all data has been read back within a day"))
        // Packs that are gone are forgotten.
        try school.lifeboat("forget", "--keep-last", "1", "--prune")
        try school.lifeboat("prune", "--max-unused", "0")
        try school.lifeboat("verify", "--read-data", "none")
        let journal = school.scratch["home/state/lifeboat/small-school/journal.sqlite"]
        let remembered = try #require(Int(try school.sql("SELECT count(*) FROM packs_read;", on: journal)))
        var packs = 0
        for folder in try Directory.entries(of: school.repository.appending("data")) {
            packs += try Directory.entries(of: school.repository.appending("data").appending(folder.name)).count
        }
        #expect(remembered <= packs, "\(remembered) readings of \(packs) packs")
    }

    @Test(arguments: [("parse", "restored"), ("checksum", "hashed")]) func `follows the newest database as far as the settings say`(dumps: String, proof: String) throws {
        let school = try School(settings: "verify: { dumps: \(dumps) }")
        try school.lifeboat("backup", "database")
        let json = try AnswerJSON.object(school.lifeboat("verify", "--json").outputText)
        #expect((json["databases"] as? [[String: Any]])?.compactMap { $0["proof"] as? String } == [proof])
        try school.writeSettings("verify: { dumps: none }")
        let none = try AnswerJSON.object(school.lifeboat("verify", "--json").outputText)
        #expect((none["databases"] as? [[String: Any]])?.isEmpty == true)
        #expect(try !school.lifeboat("config", "show").outputText.contains("verify.dumps"))
    }

    @Test func `of which only damaged captures are left finds damage`() throws {
        let school = try School()
        try school.sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'photo BLOB', 'photo BLOB NOT NULL') WHERE name = 'students';")
        try school.sql(
            "PRAGMA writable_schema = ON; UPDATE students SET photo = zeroblob(1); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'photo BLOB NOT NULL', 'photo BLOB') WHERE name = 'students';"
        )
        try school.sql("UPDATE students SET photo = NULL WHERE id = 7;")
        try school.sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'photo BLOB', 'photo BLOB NOT NULL') WHERE name = 'students';")
        try #require(try !school.isSound())
        try school.lifeboat("backup", "database", status: 1)
        let result = try school.lifeboat("verify", status: 20)
        #expect(result.outputText.contains("there is no good backup of it"), "\(result.outputText)")
        let page = school.scratch["page.html"]
        try school.lifeboat("verify", "--report", "\(page)", status: 20)
        #expect(try school.scratch.text("page.html").contains("Every backup of it was made when it was damaged already."))
    }
}

@Suite struct `A report of a verify` {
    @Test func `is kept among the newest ninety, for its owner's eyes`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let directory: BytePath = "home/state/lifeboat/small-school/reports"
        try school.scratch.add(directory, .directory)
        for number in 100..<195 {
            try school.scratch.add(BytePath("\(directory)/verify-20200101T000\(number)Z-old.html"), .file("old"))
        }
        try school.scratch.add(BytePath("\(directory)/notes.txt"), .file("somebody's own"))
        let result = try school.lifeboat("backup:verify", "--report")
        let path = try #require(result.outputText.split(separator: "\n").last?.split(separator: " ").last)
        #expect(path.hasPrefix("\(school.scratch[directory])/verify-20") && path.hasSuffix(".html"), "\(path)")
        #expect(try FileStatus.of(BytePath(String(path))).mode & 0o777 == 0o600)
        let names = try Directory.entries(of: school.scratch[directory]).map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names.count == 91 && names.contains("notes.txt") && !names.contains("verify-20200101T000100Z-old.html"))
    }

    @Test func `is a page that needs nothing else and lets no name become markup`() throws {
        let school = try School()
        try school.scratch.add(
            "school/.env", .file("APP_NAME=\"<script>alert(1)</script> & 'Sons'\"\nDB_CONNECTION=sqlite\nDB_DATABASE=\"\(school.database)\"\n"))
        try school.lifeboat("backup")
        try school.lifeboat("verify", "--read-data", "100%", "--report=../page.html")
        let page = try school.scratch.text("page.html")
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;Sons&#39;"))
        for banned in ["<script", "http://", "https://", "<img", "<link", "@import", "url("] { #expect(!page.contains(banned), "\(banned)") }
        #expect(page.contains("The backups are whole.") && page.contains("All data has been read back within a day"))
        #expect(page.contains("export RESTIC_REPOSITORY=\(school.repository)") && page.contains("restic restore "))
    }

    @Test func `has the form that its name asks for`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let text = try school.lifeboat("verify", "--report", "../report.txt").outputText
        #expect(try school.scratch.text("report.txt") == text)
        try school.lifeboat("verify", "--report", "../report.json")
        #expect(try AnswerJSON.object(school.scratch.text("report.json"))["ok"] as? Bool == true)
        let refusal = try school.lifeboat("verify", "--report", "../report.pdf", status: 64)
        #expect(refusal.errorText.contains(".html, .txt, .json"), "\(refusal.errorText)")
    }

    @Test func `says what to do about damage, and which backups are not concerned`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let index = school.repository.appending("index")
        let file = try #require(try Directory.entries(of: index).first).name
        try Self.flip(index.appending(file))
        let result = try school.lifeboat("verify", "--report=../page.html", status: 20)
        #expect(result.outputText.contains("what to do") && result.outputText.contains("lifeboat repair index"), "\(result.outputText)")
        let page = try school.scratch.text("page.html")
        #expect(page.contains("Damage was found.") && page.contains("<code>lifeboat repair index</code>"))
    }

    @Test func `a restore that meets a damaged index says what mends it`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let index = school.repository.appending("index")
        for entry in try Directory.entries(of: index) { try Self.flip(index.appending(entry.name)) }
        let result = try school.lifeboat("restore", "--force", status: 20)
        #expect(result.errorText.contains("lifeboat check") && result.errorText.contains("lifeboat repair index"), "\(result.errorText)")
    }

    private static func flip(_ path: BytePath) throws {
        var content = try AtomicFile.read(path, limit: 1 << 28)
        content[content.count / 2] ^= 1
        try Directory.setMode(path, 0o600)
        try AtomicFile.write(content.span, to: path)
    }
}

@Suite struct `A key that is gone` {
    @Test func `is what status speaks of`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.scratch.remove("key")
        let status = try school.lifeboat("status", status: 12)
        #expect(status.outputText.contains("✗ the key file '\(school.scratch["key"])' is missing: without it no backup can be read"), "\(status.outputText)")
        #expect(status.outputText.contains("bring it back from your copy"))
    }
}
