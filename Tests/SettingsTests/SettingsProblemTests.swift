// SettingsProblemTests: how the mistakes in a settings file read.

import Bytes
import Settings
import Testing

@Suite struct `The problems of a settings file` {
    @Test func `are found all at once, each with its place and a way out`() throws {
        let text = """
            version: 2
            aplication: /var/www/sms
            repositry: /mnt/backup/sms
            password: hunter2
            objectives: { rpo: 24, rto: 4 hours }
            sources:
              database: { type: postgres, port: 70000 }
              files:
                exclude: "*.log"
                exclude_larger_than: 5 gigs
                exclude: [vendor]
            schedule: { files: sundy 03:00, verify: daily 25:00 }
            verify: { read_data: lots }
            """
        let golden = """
            /etc/lifeboat/lifeboat.yaml:1:1: 'app' is missing
              hint: add `app:` (what is protected: its root directory, or a map)
            /etc/lifeboat/lifeboat.yaml:1:10: 'version' must be 1, but is '2'
            /etc/lifeboat/lifeboat.yaml:2:1: unknown key 'aplication'
              hint: did you mean 'app'?
            /etc/lifeboat/lifeboat.yaml:3:1: unknown key 'repositry'
              hint: did you mean 'repository'?
            /etc/lifeboat/lifeboat.yaml:4:1: 'password': a password is never written in this file
              hint: put it in a file of mode 0600 and name that with password_file
            /etc/lifeboat/lifeboat.yaml:5:20: 'rpo' has no unit after '24'
              hint: units are s, m, h, d and w; write for example 30s, 24h, 1h30m or 30d
            /etc/lifeboat/lifeboat.yaml:5:29: 'rto' has the unknown unit 'hours'
              hint: units are s, m (minutes), h, d and w; write for example 30s, 24h, 1h30m or 30d
            /etc/lifeboat/lifeboat.yaml:7:21: 'type' must be one of mysql, mariadb, postgresql, sqlite, but is 'postgres'
              hint: did you mean 'postgresql'?
            /etc/lifeboat/lifeboat.yaml:7:37: 'port' must be a whole number from 1 to 65535, but is '70000'
            /etc/lifeboat/lifeboat.yaml:9:14: 'exclude' must be a list, but is text
              hint: write [one, two], or each entry on a line of its own after a dash
            /etc/lifeboat/lifeboat.yaml:10:26: 'exclude_larger_than' is not a size: '5 gigs'
              hint: write a whole number and KiB, MiB, GiB or TiB, for example 5GiB
            /etc/lifeboat/lifeboat.yaml:11:5: 'exclude' is said more than once: first on line 9
              hint: keep one of them
            /etc/lifeboat/lifeboat.yaml:12:20: 'files' names the unknown day 'sundy'
              hint: did you mean 'sunday'?
            /etc/lifeboat/lifeboat.yaml:12:41: 'verify' has an impossible time of day: '25:00'
              hint: write hours and minutes from 00:00 to 23:59
            /etc/lifeboat/lifeboat.yaml:13:22: 'read_data' must be a percentage such as 5%, a size such as 500MiB or 5GiB, 'all' or 'none'
            """
        let thrown = try #require(throws: SettingsProblems.self) { try read(text) }
        #expect(thrown.description == golden)
        #expect(thrown.failure.code == .configInvalid)
        #expect(thrown.failure.message.hasPrefix("/etc/lifeboat/lifeboat.yaml has 15 problems:\n"))
    }

    @Test(arguments: [
        ("app: /a\nkey: hunter2", "2:6 'key' must be a map of keys and values, but is text | write keys such as `file:` below it, indented"),
        (
            "app: /a\nkey: { env: hunter2! }",
            "2:13 'env' is not the name of a variable | write the name alone, for example LIFEBOAT_PASSWORD: never the secret itself"
        ),
        (
            "app: /a\nkey: { credential: hunter2! }",
            "2:20 'credential' is not the name of a systemd credential | write the name given to LoadCredential=: never the secret itself"
        ),
        ("app: /a\nkey: { file: /k, env: K }", "2:6 'key' names more than one place | keep one of file, env, command and credential"),
        (
            "app: /a\nkey: { password: hunter2 }",
            "2:8 'password': a password is never written in this file | put it in a file of mode 0600 and name that with password_file"
        ),
        ("app: /a\npassword_file: /k\nkey: { file: /k }", "2:16 'key' and 'password_file' both say where the password is | keep one of them"),
        (
            "app: /a\nrepository: rest:https://me:hunter2@host/",
            "2:13 'repository' holds a password | leave user and password out of the URL and say `credentials: { file: … }`"
        ),
    ]) func `never repeat a secret`(_ text: String, _ expected: String) {
        #expect(problems(text) == [expected])
        #expect(!problems(text).joined().contains("hunter2"))
    }

    @Test(arguments: [
        ("app: ~/sms", "1:6 'app' begins with '~', which is not expanded here | write the full path"),
        ("app: \"\"", "1:6 'app' is an empty path | write a path, or '.' for the directory itself"),
        ("app:", "1:5 'app' has no value | remove the key, or give it a value: a path or a map of keys and values"),
        ("app: $HOME/sms", "1:6 'app' contains a variable, which is not expanded here | write the full path"),
        ("app: [/a]", "1:6 'app' must be a path or a map of keys and values, but is a list"),
        ("app: { name: sms }", "1:6 'app' needs 'root' | add `root:` (the application's directory; relative to this file)"),
        ("app: !secret /a", "1:6 'app' has a YAML tag | leave the tag (!…) out"),
        ("app: /a\nrepository: b2:bucket", "2:13 'repository' has the scheme 'b2:', which is reached through rclone only | write rclone:REMOTE:PATH"),
        ("app: /a\nrepository: https://host/x", "2:13 'repository' does not say which kind of server this is | write rest:https://… or s3:https://…"),
        ("app: /a\nrepository: sfpt:host:/x", "2:13 'repository' has the unknown scheme 'sfpt:' | did you mean 'sftp:'?"),
        (
            "app: /a\nsources: { files: { exclude: [/] } }",
            "2:31 entry 1 of 'exclude' would leave everything out: '/' | name what is to be left out, or `files: false`"
        ),
        (
            "app: /a\nsources: { files: { exclude_larger_than: 5 } }",
            "2:42 'exclude_larger_than' has no unit: '5' | write a whole number and KiB, MiB, GiB or TiB, for example 5GiB"
        ),
        (
            "app: /a\nsources: { database: { type: sqlite, host: h, path: a.db } }",
            "2:44 'host' means nothing for an SQLite database | remove it: the file is all there is"
        ),
        ("app: /a\nsources: { database: { type: sqlite } }", "2:22 the SQLite database has no file | add path: database/database.sqlite"),
        ("app: /a\nsources: { database: { type: mysql, path: x } }", "2:43 'path' means nothing for a MySQL database | say database: and its name"),
        (
            "app: /a\nsources: { database: [ { from_env: DB }, { from_env: LOG, name: log } ] }",
            "2:24 a database among several needs a name | add name: and a short word"
        ),
        (
            "app: /a\nrepositories: { a: { url: /m, copy_from: b }, b: { url: /n, copy_from: a } }",
            "2:42 'a' would be copied from itself | let one repository be written by backups"
        ),
        (
            "app: /a\nrepositories: { local: /m, away: { url: /n, copy_from: lokal } }",
            "2:56 'copy_from' names the unknown repository 'lokal' | did you mean 'local'?"
        ),
        ("app: /a\nrepositories: { daily: /m }", "2:17 a repository cannot have the name 'daily', which is a retention rule | choose another name"),
        (
            "app: /a\nrepository: /m\nretention: { lokal: { daily: 7 } }",
            "3:14 'retention' names the unknown repository 'lokal' | did you mean 'local'?"
        ),
        ("app: /a\nretention: { dayly: 7 }", "2:14 unknown key 'dayly' in 'retention' | did you mean 'daily'?"),
        ("app: /a\nretention: { keep-daily: 7 }", "2:14 unknown key 'keep-daily' in 'retention' | did you mean 'daily'?"),
        ("app: /a\nretention: { daily: 0 }", "2:12 these rules keep nothing | add daily: 7, or another rule"),
        (
            "app: /a\nretention: { within: 30 }",
            "2:22 'within' has no unit after '30' | units are y, m (months), w, d and h; write for example 30d, 6m (months) or 1y6m"
        ),
        (
            "app: /a\nschedule: { timezone: Kyiv time }",
            "2:23 'timezone' is not a time zone: 'Kyiv time' | write an IANA name such as Europe/Kyiv, or UTC"
        ),
        (
            "app: /a\nschedule: { drill: 5th sunday 05:00 }",
            "2:20 'drill' names the unknown week '5th' | weeks of a month are 1st, 2nd, 3rd, 4th and last: not every month has a 5th"
        ),
        ("app: /a\nschedule: { drill: monthly }", "2:20 'drill' names no day | name the day: 1st sunday 05:00"),
        ("app: /a\nschedule: { catch_up: 'yes' }", "2:23 'catch_up' must be true or false, but is quoted text | remove the quotes"),
        ("app: /a\nnotify: [ { to: it@school.example } ]", "2:17 'to' has no known kind of address | write mailto:it@school.example"),
        (
            "app: /a\nnotify: [ { to: 'mailto:a@b', on: [failed] } ]",
            "2:36 entry 1 of 'on' must be one of success, failure, recovered, overdue, drill, verify, but is 'failed' | did you mean 'failure'?"
        ),
        ("app: /a\nhooks: [ { run: ls } ]", "2:10 a hook needs 'before' or 'after' | add before: backup"),
        ("app: /a\ndrill: { checks: [ { sql: SELECT 1 } ] }", "2:20 a check with 'sql' needs 'expect' | add expect: \">= 1\""),
        ("app: /a\nserve: { listen: 8250 }", "2:18 'listen' is not an address with a port | write 127.0.0.1:8250"),
        (
            "app: /a\nverify: &v { dumps: parse }\ndrill: { <<: *v }",
            "3:10 unknown key '<<' in 'drill' | merge keys are not supported: write the keys out"
        ),
    ]) func `say what to write instead`(_ text: String, _ expected: String) {
        #expect(problems(text).first == expected)
    }

    @Test(arguments: [
        (
            "app: /a\nsources: { files: { exclude: [*.log] } }",
            "2:32 this is not YAML: while scanning an alias, did not find expected alphabetic or numeric character | quote a pattern that begins with a star: \"*.log\""
        ),
        (
            "app: [/a",
            "2:1 this is not YAML: while parsing a flow sequence, did not find expected ',' or ']' | close the bracket, and separate entries with commas"
        ),
        (
            "app: /a\n---\napp: /b",
            "2:1 this is not YAML: expected a single document in the stream, but found another document | describe one application per file, without `---` in between"
        ),
        ("app: /a\n\trepository: /b", "2:1 this is not YAML"),
        (
            "app: a: b",
            "1:7 this is not YAML: mapping values are not allowed in this context | quote a value that contains a colon and a space, or check the indentation"
        ),
        ("app: /a\u{1}", "1:8 this is not YAML: control characters are not allowed"),
        ("", "1:1 the file is empty | write at least app:, repository: and password_file:"),
        ("# nothing\n", "1:1 the file is empty | write at least app:, repository: and password_file:"),
        ("- app", "1:1 the file must be a map of keys and values, but is a list"),
        ("app", "1:1 the file must be a map of keys and values, but is text"),
    ]) func `say where a text is no settings at all`(_ text: String, _ expected: String) {
        #expect(problems(text).first?.hasPrefix(expected) == true, "\(problems(text))")
    }

    @Test func `include every duplicate key, and what else is wrong beside them`() {
        let text = """
            app: { root: /a, root: /b }
            repository: /m
            "repository": /n
            repository: /o
            retention: { daily: 7, weekly: x, daily: 8 }
            """
        #expect(
            problems(text) == [
                "1:18 'root' is said more than once: first on line 1 | keep one of them",
                "3:1 'repository' is said more than once: first on line 2 | keep one of them",
                "4:1 'repository' is said more than once: first on line 2 | keep one of them",
                "5:32 'weekly' must be a whole number from 0 to 1000000 or 'all'",
                "5:35 'daily' is said more than once: first on line 5 | keep one of them",
            ])
    }

    @Test func `are bounded: size, encoding, aliases and nesting`() {
        let bom = [UInt8](repeating: UInt8(ascii: "#"), count: SettingsReader.maximumByteCount + 1)
        #expect(throws: SettingsProblems.self) { try SettingsReader.read(bom, file: settingsPath) }
        let latin = Array("app: /a\nrepository: /m".utf8) + [0xE9]
        let thrown = #expect(throws: SettingsProblems.self) { try SettingsReader.read(latin, file: settingsPath) }
        #expect(thrown?.description == "/etc/lifeboat/lifeboat.yaml:2:15: the text is not UTF-8\n  hint: save the file as UTF-8")
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...9 { bomb += "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n" }
        #expect(problems(bomb) == ["3:45 more than 16 aliases (*name) are used | write the values out"])
        #expect(problems("app: " + String(repeating: "[", count: 200_000)).count == 1)
        #expect(problems(String(repeating: "{app: ", count: 900) + String(repeating: "}", count: 900)).count == 2)
    }
}
