// doctor and init in front of a database server, a clock, a schedule: what they see, and the command that mends it.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `doctor before a database server` {
    @Test func `sees that it can be read whole`() throws {
        let school = try ServerSchool()
        let text = try school.lifeboat("doctor").outputText
        #expect(text.contains(/✓ database: MariaDB [0-9.]+ at .*: 2 tables, .*, all InnoDB, consistent snapshot possible/), "\(text)")
        #expect(text.contains(/✓ database: .*mariadbd \(MariaDB [0-9.]+\) is there for drills/) && !text.contains("not restored with"), "\(text)")
    }

    @Test func `names the missing privilege as the statement that gives it`() throws {
        let school = try ServerSchool(mayRestore: false)
        let account = "'\(school.database)_app'@'localhost'"
        try school.server.sql("REVOKE TRIGGER ON `\(school.database)`.* FROM \(account)")
        let text = try school.lifeboat("doctor", status: 1).outputText
        #expect(text.contains("the account lacks privileges to see its triggers"), "\(text)")
        let statement = try #require(text.firstMatch(of: /run as an administrator of the server: (GRANT TRIGGER ON [^;]*;)/)?.output.1)
        try school.server.sql(String(statement))
        let mended = try school.lifeboat("doctor").outputText
        #expect(mended.contains("and not restored with") && mended.contains("ON `lifeboat\\_%`.* TO \(account);"), "\(mended)")
    }

    @Test func `warns of tables that no snapshot covers, with the statement that changes it`() throws {
        let school = try ServerSchool()
        try school.server.sql("CREATE TABLE counters (n INT) ENGINE=MyISAM", in: school.database)
        let text = try school.lifeboat("doctor").outputText
        #expect(text.contains("no snapshot covers the tables 'counters' (MyISAM)"), "\(text)")
        #expect(text.contains("ALTER TABLE `\(school.database)`.`counters` ENGINE=InnoDB;"), "\(text)")
    }

    @Test func `says when nobody answers`() throws {
        let school = try ServerSchool()
        try school.scratch.add(
            "school/.env", .file("APP_NAME=School\nDB_CONNECTION=mysql\nDB_SOCKET=\(school.scratch["nowhere"])\nDB_DATABASE=a\nDB_USERNAME=b\n"))
        let result = try school.lifeboat("doctor", "--json", status: 1)
        let findings = try AnswerJSON.array(result.outputText)
        let bad = try #require(findings.first { $0["level"] as? String == "bad" })
        #expect(try AnswerJSON.text(bad, "hint").contains("check that the server runs"), "\(bad)")
    }

    @Test func `init shows what a backup of it will be`() throws {
        let school = try ServerSchool()
        let result = try school.lifeboat(
            "init", "--app", "\(school.root)", "--repository", "\(school.scratch["new"])", "--password-file", "\(school.scratch["new.key"])", "--dry-run")
        #expect(
            result.outputText.contains(/✓ MariaDB [0-9.]+ at .*\/school.*: 2 tables, .*, all InnoDB, consistent snapshot possible/), "\(result.outputText)")
    }
}

@Suite struct `doctor` {
    @Test func `asks for a schedule, a proof and a second key, until they are there`() throws {
        let school = try School()
        let first = try school.lifeboat("doctor").outputText
        for missing in ["! schedule: lifeboat is not installed", "! proof: nothing was ever done here", "! key: nothing but this one key"] {
            #expect(first.contains(missing), "\(first)")
        }
        try school.lifeboat("backup")
        try school.lifeboat("verify")
        try school.scratch.add("second", .file("another passphrase"))
        try school.lifeboat("key", "add", "--new-password-file", "../second")
        let second = try school.lifeboat("doctor").outputText
        #expect(second.contains("✓ proof: the last good verify was today") && second.contains("✓ restore: everything takes"), "\(second)")
        #expect(!second.contains("nothing but this one key"))
    }

    @Test func `knows the zone of the schedule, or how to get it`() throws {
        let school = try School(settings: "schedule: { timezone: Europe/Kyiv }")
        #expect(try school.lifeboat("doctor").outputText.contains("✓ time: zone Europe/Kyiv"))
    }
}
