// SettingsReaderTests: what a settings file means, and how its mistakes read.

import Bytes
import Settings
import Testing

@Suite struct `A settings file` {
    @Test func `in its minimal form says the application, the repository and the key`() throws {
        let settings = try read(Examples.minimal)
        #expect(settings.app == Application(name: nil, root: "/var/www/sms"))
        #expect(settings.repositories.map(\.name) == ["local"])
        #expect(settings.repositories.first?.localPath == "/mnt/backup/sms")
        #expect(settings.key == .file("/etc/lifeboat/sms.key"))
        #expect(settings.sources == .allDetected)
        #expect(settings.schedule == .standard)
        #expect(settings.objectives == .standard)
        #expect(settings.retention.policy(for: "local") == .standard)
        #expect(settings.inactive.isEmpty)
    }

    @Test func `in its full form is accepted with every value`() throws {
        let settings = try read(Examples.full)
        #expect(settings.app.name == "school-sms")
        #expect(settings.app.maintenance?.down == "php artisan down")
        #expect(settings.objectives.rpo == .seconds(86_400))
        #expect(settings.objectives.drillEvery == .seconds(30 * 86_400))
        guard case .said(let databases) = settings.sources.databases, let database = databases.first else {
            Issue.record("no database")
            return
        }
        #expect(database.type == .mysql)
        #expect(database.variablePrefix == "DB")
        #expect(database.reading.dataOnlyExclude == ["cache", "sessions"])
        #expect(database.pointInTimeInterval == .seconds(10))
        #expect(
            settings.sources.files
                == .said(
                    FileSettings(
                        paths: ["storage/app", "public/uploads"], exclude: ["*.log", "node_modules", "vendor"], excludeLargerThan: ByteCount(5 << 30))
                ))
        #expect(settings.sources.config == .said([".env", "config", "docker-compose.yml", "/etc/nginx/sites-enabled/sms.conf"]))
        #expect(settings.repositories.map(\.name) == ["local", "offsite"])
        #expect(settings.repositories.last?.copyFrom == "local")
        #expect(settings.repositories.last?.credentials == .file("/etc/lifeboat/s3.env"))
        let protection = try #require(settings.repositories.last?.protection)
        #expect(protection.appendOnly && protection.objectLock == .seconds(30 * 86_400) && protection.prove == .weekly)
        #expect(settings.repositories.last?.uploadLimitPerSecond == ByteCount(8 << 20))
        #expect(settings.schedule.timeZone == "Europe/Kyiv")
        #expect(settings.schedule.drill == .monthly(.first, .sunday, TimeOfDay(hour: 5, minute: 0)))
        #expect(settings.retention.policy(for: "local") == .standard)
        #expect(settings.retention.policy(for: "offsite").within == RetentionSpan(days: 30))
        #expect(settings.retention.policy(for: "offsite").monthly == 24)
        #expect(settings.retention.policy(for: "offsite").daily == 0)
        #expect(settings.verify == VerifySettings(readData: .share(try #require(Percentage(hundredths: 500))), dumps: .parse))
        let expectation = try #require(Expectation(parsing: ">= 500"))
        #expect(settings.drill.checks == [.rowsAgainstManifest, .query("SELECT COUNT(*) FROM students", expect: expectation), .files(sample: 200)])
        let notification = try #require(settings.notifications.first)
        #expect(notification.to == "mailto:it@school.example" && notification.on == [.failure, .recovered, .overdue, .drill])
        let hook = try #require(settings.hooks.first)
        #expect(hook.moment == .before && hook.verb == .backup && hook.run == ["php", "artisan", "queue:pause"])
        #expect(hook.timeout == .seconds(60) && hook.onError == .warn)
        #expect(settings.monitoring.heartbeats == [.backup: "https://hc.example/aaaa"])
        #expect(settings.monitoring.metricsFile == "/var/lib/node_exporter/lifeboat.prom")
        #expect(settings.monitoring.listenAddress == "127.0.0.1:8250")
    }

    @Test func `names what it asks for and this version does not do`() throws {
        let settings = try read(Examples.full)
        #expect(
            settings.inactive == [
                "sources.database.pitr: line 13: accepted, has no effect in this version",
                "repository offsite: line 22: s3: addresses are accepted, and cannot be opened by this version",
                "repositories.offsite.copy_from: line 22: accepted, has no effect in this version",
                "repositories.offsite.credentials: line 22: accepted, has no effect in this version",
                "repositories.offsite.protect: line 23: accepted, has no effect in this version",
                "repositories.offsite.limit: line 23: accepted, has no effect in this version",
                "notify: line 44: accepted, has no effect in this version",
                "heartbeat: line 45: accepted, has no effect in this version",
                "metrics: line 47: accepted, has no effect in this version",
                "serve: line 48: accepted, has no effect in this version",
            ])
    }

    @Test func `takes a number as a name and keeps words that YAML would turn into something else`() throws {
        let settings = try read("app: { name: 123, root: /srv/a }\nsources: { config: [no, 02:00, 0x10, ~x/on] }".replacing("~x/on", with: "x/on"))
        #expect(settings.app.name == "123")
        #expect(settings.sources.config == .said(["no", "02:00", "0x10", "x/on"]))
    }

    @Test func `may switch a source off and list paths shortly`() throws {
        let settings = try read("app: /srv/a\nsources: { database: false, files: [uploads], config: off }")
        #expect(settings.sources.databases == .none)
        #expect(settings.sources.files == .said(FileSettings(paths: ["uploads"], exclude: nil, excludeLargerThan: nil)))
        #expect(settings.sources.config == .none)
    }

    @Test func `may begin with a byte order mark, end lines with CR LF and use an anchor`() throws {
        let text = "\u{FEFF}app: /srv/a\r\nretention:\r\n  a: &rules { daily: 7 }\r\n  b: *rules\r\nrepositories: { a: /mnt/a, b: /mnt/b }\r\n"
        let settings = try read(text)
        #expect(settings.retention.policy(for: "b").daily == 7)
    }

    @Test func `gives one policy to all repositories when it stands directly below retention`() throws {
        let settings = try read("app: /srv/a\nrepository: /mnt/a\nretention: { keep_daily: 9 }".replacing("keep_daily", with: "daily"))
        #expect(settings.retention.policy(for: "local").daily == 9)
        #expect(settings.retention.policy(for: "local").last == 0)
        #expect(try read("app: /srv/a\nretention: { yearly: all, minimum: 5 }").retention.general.yearly == Retention.unlimited)
        #expect(try read("app: /srv/a\nretention: { minimum: 5 }").retention.general.daily == 7)
        #expect(try read("app: /srv/a\nretention: { minimum: 5 }").retention.general.minimum == 5)
    }

    @Test func `names the key's place in each of the ways`() throws {
        #expect(try read("app: /a\nkey: { credential: sms }").key == .credential("sms"))
        #expect(try read("app: /a\nkey: { env: SMS_KEY }").key == .environment("SMS_KEY"))
        #expect(try read("app: /a\nkey: { command: [pass, show, sms] }").key == .command(["pass", "show", "sms"]))
        #expect(try read("app: /a\npassword_command: pass show sms").key == .command(["sh", "-c", "pass show sms"]))
    }
}
