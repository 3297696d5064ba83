// SettingsWriterTests: what init writes reads back; the schema is JSON and speaks of every key.

import Bytes
import Foundation
import Settings
import Testing

@Suite struct `The settings file that init writes` {
    @Test func `is the minimal form with what was found as comments`() throws {
        let probe = FakeProbe(files: laravel)
        let detected = Detection.detect(root: "/srv/sms", env: DotEnv.read(root: "/srv/sms", probe: probe), probe: probe)
        let text = try SettingsWriter(root: "/srv/sms", repository: "/mnt/backup/sms", passwordFile: "/etc/lifeboat/sms.key", detected: detected)
            .text()
        #expect(
            text == """
                # lifeboat: what is protected, where it goes, and where the key is.
                # `lifeboat config show` prints everything in force, `lifeboat config schema` every key there is.
                app: /srv/sms
                repository: /mnt/backup/sms
                password_file: /etc/lifeboat/sms.key    # without this file nobody can read the backups: keep a copy elsewhere

                # Found: Laravel 11.3.0 (artisan, composer.json, composer.lock)
                #   database  SQLite at /srv/sms/database/database.sqlite
                #   files     storage/app, public/uploads
                #   config    .env, config
                # To choose for yourself, say it under `sources:`; what is not said stays as found.

                # In force without being said here:
                # objectives: { rpo: 24h, rto: 4h, drill_every: 30d }
                # schedule: { database: daily 02:00, files: sunday 03:00, config: saturday 01:00, verify: daily 04:00 }
                # retention: { last: 3, daily: 7, weekly: 5, monthly: 12, minimum: 3 }

                """)
        let settings = try read(text)
        #expect(settings.app.root == "/srv/sms")
        #expect(settings.key == .file("/etc/lifeboat/sms.key"))
    }

    @Test(arguments: [
        "plain", "School SMS", "a: b", "# no", "-x", "no", "12", "\"quoted\" 'too'", "back\\slash", "*star", "Школа", " lead", "a #b", "[x]", "{y}",
        "&z", "%", "@", "`", "!t", "?", "a\u{85}b", "\u{1F600}", ".",
    ])
    func `reads back whatever it is given`(_ name: String) throws {
        let root = BytePath("/srv/\(name)")
        let text = try SettingsWriter(root: root, name: "n", repository: "/mnt/\(name)", passwordFile: BytePath("/etc/\(name).key")).text()
        if name.unicodeScalars.contains("\u{85}") {
            #expect(throws: SettingsProblems.self) { try read(text) }  // a control character in a path is refused when read
        } else {
            let settings = try read(text)
            #expect(settings.app.root == root)
            #expect(settings.repositories.first?.url == "/mnt/\(name)")
            #expect(settings.key == .file(BytePath("/etc/\(name).key")))
        }
    }

    @Test func `cannot be made to say more by the names that were found`() throws {
        let probe = FakeProbe(files: ["/srv/a/x\u{2028}key: { env: X }.db": FakeProbe.sqlite, "/srv/a/y\u{85}version: 2\u{85}.db": FakeProbe.sqlite])
        let evil = Detection.detect(root: "/srv/a", env: nil, probe: probe)
        #expect(evil.databases.count == 2)
        let text = try SettingsWriter(root: "/srv/a", repository: "/m", passwordFile: "/k", detected: evil).text()
        #expect(try read(text).key == .file("/k"))
    }

    @Test func `refuses a path that YAML cannot hold`() {
        #expect(throws: Failure.self) { try SettingsWriter(root: BytePath([0x2F, 0xFF]), repository: "/m", passwordFile: "/k").text() }
    }
}

@Suite struct `The schema` {
    @Test func `is JSON and describes every key of the full example`() throws {
        let schema = try #require(try JSONSerialization.jsonObject(with: Data(SettingsSchema.text().utf8)) as? [String: Any])
        let properties = try #require(schema["properties"] as? [String: Any])
        let keys = Examples.full.split(separator: "\n").filter { $0.first?.isLetter == true }.map { String($0.prefix { $0 != ":" }) }
        #expect(keys.count == 15)
        for key in keys { #expect(properties[key] != nil, "\(key)") }
        #expect(properties["password"] == nil)
        #expect(schema["required"] as? [String] == ["app"])
        #expect(schema["additionalProperties"] as? Bool == false)
    }
}
