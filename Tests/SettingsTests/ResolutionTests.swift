// ResolutionTests: settings applied to machines of literal files.

import Bytes
import Settings
import Testing

private func resolved(_ text: String, _ probe: FakeProbe, file: BytePath = settingsPath) throws -> ResolvedApplication {
    let settings = try read(text, file: file)
    let root = BytePath.resolve(settings.app.root, in: file.parent)
    return try resolve(settings, env: DotEnv.read(settings.app.environmentFile, root: root, probe: probe), probe: probe)
}

@Suite struct `Resolution` {
    static let machine = FakeProbe(files: laravel)

    @Test func `fills the minimal form from detection and defaults`() throws {
        let application = try resolved("app: /srv/sms\nrepository: /mnt/backup/sms\npassword_file: keys/sms.key", Self.machine)
        #expect(application.name == "school-sms")
        #expect(application.title == "School SMS")
        #expect(application.root == "/srv/sms")
        #expect(application.databases.map(\.file) == ["/srv/sms/database/database.sqlite"])
        #expect(application.files?.paths == ["/srv/sms/storage/app", "/srv/sms/public/uploads"])
        #expect(application.files?.excludePatterns == ["node_modules"])
        #expect(application.config == ["/srv/sms/.env", "/srv/sms/config"])
        #expect(application.repositories.map(\.url) == ["/mnt/backup/sms"])
        #expect(application.repositories.first?.retention == .standard)
        #expect(application.key == .file("/srv/sms/keys/sms.key"))
        #expect(application.notices.isEmpty)
    }

    @Test func `takes relative paths from the root, and a relative root from the settings file`() throws {
        let application = try resolved(
            "app: { root: ../sms, name: x }\nrepository: ../backup\nsources: { files: [storage/../public/uploads, /etc/hosts] }", Self.machine,
            file: "/srv/settings/lifeboat.yaml")
        #expect(application.root == "/srv/sms")
        #expect(application.name == "x")
        #expect(application.repositories.first?.localPath == "/srv/backup")
        #expect(application.files?.paths == ["/srv/sms/public/uploads", "/etc/hosts"])
        #expect(application.notices == ["'/etc/hosts' does not exist"])
    }

    @Test func `keeps live databases and local repositories out of the files`() throws {
        let probe = FakeProbe(
            files: ["/srv/sms/live.db": FakeProbe.sqlite, "/srv/sms/backup/config": "x"], links: ["/srv/sms/link.db": "/srv/sms/live.db"])
        let application = try resolved("app: /srv/sms\nrepository: backup\nsources: { database: { path: link.db } }", probe)
        #expect(
            application.files?.skippedPaths == [
                "/srv/sms/backup", "/srv/sms/link.db", "/srv/sms/link.db-journal", "/srv/sms/link.db-shm", "/srv/sms/link.db-wal",
                "/srv/sms/live.db", "/srv/sms/live.db-journal", "/srv/sms/live.db-shm", "/srv/sms/live.db-wal",
            ])
        #expect(ResolvedFiles.literalPattern("/srv/a*[b]\\") == "/srv/a\\*\\[b]\\\\")
    }

    @Test func `knows a live database again behind a link further up`() throws {
        let probe = FakeProbe(files: ["/mnt/data/sms/live.db": FakeProbe.sqlite], links: ["/data": "/mnt/data"])
        let application = try resolved("app: /data/sms\nsources: { database: { path: /mnt/data/sms/live.db } }", probe)
        #expect(application.files?.paths == ["/data/sms"])
        #expect(application.files?.skippedPaths.contains("/data/sms/live.db-wal") == true)
    }

    @Test func `leaves a person's own paths and excludes alone`() throws {
        let probe = FakeProbe(files: ["/srv/sms/vendor/x": "", "/srv/sms/a": ""])
        #expect(try resolved("app: /srv/sms", probe).files?.skippedPaths == ["/srv/sms/vendor"])
        #expect(try resolved("app: /srv/sms\nsources: { files: { paths: [.] } }", probe).files?.skippedPaths == [])
        let own = try resolved("app: /srv/sms\nsources: { files: { exclude: [], exclude_larger_than: 1GiB } }", probe).files
        #expect(own?.skippedPaths == [] && own?.excludePatterns == [] && own?.excludeLargerThan == ByteCount(1 << 30))
    }

    @Test func `follows a link that is saved, and drops paths inside others`() throws {
        let probe = FakeProbe(files: ["/data/uploads/a": ""], links: ["/srv/sms/uploads": "/data/uploads"])
        let application = try resolved("app: /srv/sms\nsources: { files: [uploads, /data/uploads/a] }", probe)
        #expect(application.files?.paths == ["/data/uploads"])
    }

    @Test func `reads the variables that from_env names, and what is said beside them wins`() throws {
        var files = laravel
        files["/srv/sms/.env"] = "DB_CONNECTION=mysql\nLOG_CONNECTION=pgsql\nLOG_HOST=db\nLOG_DATABASE=logs\nLOG_PASSWORD=hunter2\n"
        let application = try resolved(
            "app: /srv/sms\nsources: { database: [ { name: log, from_env: LOG, host: other }, { name: main, from_env: DB, type: mariadb } ] }",
            FakeProbe(files: files))
        #expect(application.databases.map(\.name) == ["log", "main"])
        #expect(application.databases.map(\.type) == [.postgresql, .mariadb])
        #expect(application.databases.first?.summary == "PostgreSQL at other/logs")
        #expect(!"\(application)".contains("hunter2"))
    }

    @Test func `serves a restore on a machine where nothing exists yet`() throws {
        let application = try resolved(Examples.full, FakeProbe())
        #expect(application.notices == ["the application's root '/var/www/sms' does not exist"])
        let reason = "the settings take the database from '/var/www/sms/.env', which is not there"
        #expect(
            application.databases == [
                ResolvedDatabase(name: "database", type: .mysql, location: .unknown(reason: reason), reading: ServerReading(dataOnlyExclude: ["cache", "sessions"]))
            ])
        #expect(application.files?.paths == ["/var/www/sms/storage/app", "/var/www/sms/public/uploads"])
        #expect(application.repositories.map(\.localPath) == ["/mnt/backup/sms", nil])
        #expect(application.repositories.last?.credentials == .file("/etc/lifeboat/s3.env"))
    }

    @Test func `refuses what contradicts the machine`() throws {
        let probe = FakeProbe(files: ["/srv/file": "", "/usr/share/zoneinfo/Europe/Kyiv": "TZif"])
        let thrown = try #require(throws: SettingsProblems.self) { try resolved("app: /srv/file\nschedule: { timezone: Europe/Kiew }", probe) }
        #expect(
            thrown.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" } == [
                "1:6 the root '/srv/file' is not a directory", "2:23 the time zone 'Europe/Kiew' is not known on this machine",
            ])
        let inside = try #require(throws: SettingsProblems.self) { try resolved("app: /srv/sms\nrepository: /srv", Self.machine) }
        #expect(inside.problems.first?.message == "the files at '/srv/sms/storage/app' lie inside the repository '/srv'")
    }

    @Test func `needs no settings file at all`() throws {
        let application = try resolve(
            DefaultSettings.settings(root: "/srv/sms"), env: DotEnv.read(root: "/srv/sms", probe: Self.machine), probe: Self.machine)
        #expect(application.name == "school-sms")
        #expect(application.repositories.isEmpty && application.key == nil)
        #expect(application.databases.count == 1)
    }
}
