// DetectionTests: what is found in directories of literal files.

import Bytes
import Settings
import Testing

let laravel: [String: String] = [
    "/srv/sms/artisan": "#!/usr/bin/env php",
    "/srv/sms/composer.json": "{ \"require\": { \"laravel/framework\": \"^11.0\" } }",
    "/srv/sms/composer.lock": "{ \"packages\": [ { \"name\": \"laravel/framework\", \"version\": \"v11.3.0\" } ] }",
    "/srv/sms/.env": "APP_NAME=\"School SMS\"\nDB_CONNECTION=sqlite\n",
    "/srv/sms/config/app.php": "<?php",
    "/srv/sms/database/database.sqlite": FakeProbe.sqlite,
    "/srv/sms/storage/app/public/photo.jpg": "jpg",
    "/srv/sms/storage/framework/cache/x": "",
    "/srv/sms/public/uploads/a.pdf": "pdf",
    "/srv/sms/vendor/autoload.php": "<?php",
]

private func detect(_ files: [String: String], links: [String: String] = [:], root: BytePath = "/srv/sms") -> DetectedApplication {
    let probe = FakeProbe(files: files, links: links)
    return Detection.detect(root: root, env: DotEnv.read(root: root, probe: probe), probe: probe)
}

private func withEnv(_ text: String, besides files: [String: String] = laravel) -> [String: String] {
    files.merging(["/srv/sms/.env": text]) { $1 }
}

@Suite struct `Detection of Laravel` {
    @Test func `finds the version, the default SQLite file, uploads and configuration`() {
        let found = detect(laravel, links: ["/srv/sms/public/storage": "/srv/sms/storage/app/public"])
        #expect(found.framework == .laravel(version: "v11.3.0"))
        #expect("\(found.framework)" == "Laravel 11.3.0")
        #expect(found.evidence == ["artisan", "composer.json", "composer.lock"])
        #expect(found.title == "School SMS")
        #expect(found.databases == [ResolvedDatabase(name: "database", type: .sqlite, location: .file("/srv/sms/database/database.sqlite"))])
        #expect(found.files == ["/srv/sms/storage/app", "/srv/sms/public/uploads"])
        #expect(found.config == ["/srv/sms/.env", "/srv/sms/config"])
        #expect(found.skippedPaths.isEmpty)
    }

    @Test(arguments: [
        ("DB_CONNECTION=sqlite\nDB_DATABASE=/data/live.sqlite", "/data/live.sqlite"),
        ("DB_CONNECTION=sqlite\nDB_DATABASE=data/x.db", "/srv/sms/data/x.db"),
        ("DB_CONNECTION=sqlite\nDB_DATABASE=null", "/srv/sms/database/database.sqlite"), ("APP_NAME=x", "/srv/sms/database/database.sqlite"),
        ("DB_URL=sqlite:////data/u.sqlite", "/data/u.sqlite"), ("DATABASE_URL=sqlite:///data/u%20v.sqlite", "/srv/sms/data/u v.sqlite"),
    ]) func `follows DB_DATABASE and DB_URL to the SQLite file`(_ env: String, _ path: String) {
        #expect(detect(withEnv(env)).databases.map(\.file) == [BytePath(path)])
    }

    @Test func `describes a server that this version cannot save, without its password`() throws {
        let found = detect(withEnv("DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT=3306\nDB_DATABASE=sms\nDB_USERNAME=app\nDB_PASSWORD=hunter2\n"))
        let database = try #require(found.databases.first)
        #expect(database.type == .mysql)
        #expect(database.name == "sms")
        #expect(database.summary == "MySQL at 127.0.0.1:3306/sms")
        guard case .server(let server) = database.location else {
            Issue.record("no server")
            return
        }
        #expect(server.user == "app" && server.password == .applicationVariable("DB_PASSWORD"))
        #expect(!"\(found)".contains("hunter2"))
        #expect(detect(withEnv("DB_CONNECTION=pgsql\nDB_DATABASE=sms")).databases.map(\.type) == [.postgresql])
        let url = try #require(detect(withEnv("DB_URL=postgres://me:hunter2@db.example:5433/sms?sslmode=require")).databases.first)
        #expect(url.summary == "PostgreSQL at db.example:5433/sms")
        #expect(!"\(url)".contains("hunter2"))
    }

    @Test func `says when a connection is none it knows, and finds nothing in memory`() {
        let unknown = detect(withEnv("DB_CONNECTION=sqlsrv")).databases.first
        #expect(unknown?.location == .unknown(reason: "DB_CONNECTION names 'sqlsrv', which is no kind of database that lifeboat knows"))
        #expect(detect(withEnv("DB_CONNECTION=sqlite\nDB_DATABASE=:memory:")).databases.isEmpty)
    }

    @Test func `takes the connection that config/database.php falls back to`() {
        var files = withEnv("APP_NAME=x")
        files["/srv/sms/config/database.php"] = "<?php return ['default' => env('DB_CONNECTION', 'mysql')];"
        #expect(detect(files).databases.map(\.type) == [.mysql])
    }

    @Test func `knows Laravel without composer files, and finds the database that its variables leave unnamed`() {
        let env = "DB_CONNECTION=sqlite"
        #expect(detect(withEnv(env, besides: ["/srv/sms/artisan": ""])).databases.map(\.file) == ["/srv/sms/database/database.sqlite"])
        #expect(detect(withEnv(env, besides: ["/srv/sms/data/app.db": FakeProbe.sqlite])).databases.map(\.file) == ["/srv/sms/data/app.db"])
    }

    @Test func `ignores the example name and an artisan that is somebody else's`() {
        #expect(detect(withEnv("APP_NAME=Laravel")).title == nil)
        #expect(detect(["/srv/sms/artisan": "", "/srv/sms/composer.json": "{}"]).framework == .generic)
    }
}

@Suite struct `Detection of other applications` {
    @Test func `finds Hyperf with its SQLite file and uploads`() {
        let found = detect([
            "/srv/sms/bin/hyperf.php": "<?php", "/srv/sms/composer.json": "{ \"require\": { \"hyperf/framework\": \"~3.1\" } }",
            "/srv/sms/.env": "APP_NAME=skeleton\nDB_DRIVER=sqlite\nDB_DATABASE=runtime/sms.db\n", "/srv/sms/public/upload/a": "a",
            "/srv/sms/docker-compose.yml": "services: {}",
        ])
        #expect(found.framework == .hyperf)
        #expect(found.title == nil)
        #expect(found.databases.map(\.file) == ["/srv/sms/runtime/sms.db"])
        #expect(found.files == ["/srv/sms/public/upload"])
        #expect(found.config == ["/srv/sms/.env", "/srv/sms/docker-compose.yml"])
    }

    @Test func `saves a framework without upload directories whole, but for its caches`() {
        let found = detect([
            "/srv/sms/bin/hyperf.php": "", "/srv/sms/composer.lock": "\"name\": \"hyperf/db\"", "/srv/sms/runtime/container/x": "",
            "/srv/sms/vendor/a": "",
        ])
        #expect(found.files == ["/srv/sms"])
        #expect(found.skippedPaths == ["/srv/sms/vendor", "/srv/sms/runtime"])
    }

    @Test func `finds real SQLite files in the usual places of a generic application`() {
        let found = detect([
            "/srv/sms/app.db": FakeProbe.sqlite, "/srv/sms/data/app.sqlite3": FakeProbe.sqlite, "/srv/sms/data/Thumbs.db": "not a database",
            "/srv/sms/uploads/deep/other.db": FakeProbe.sqlite, "/srv/sms/uploads/vendor/letter.pdf": "pdf", "/srv/sms/cache/x": "",
        ])
        #expect(found.framework == .generic)
        #expect(found.databases.map(\.name) == ["app", "app-2"])
        #expect(found.databases.map(\.file) == ["/srv/sms/app.db", "/srv/sms/data/app.sqlite3"])
        #expect(found.files == ["/srv/sms"])
        #expect(found.skippedPaths == ["/srv/sms/cache"])
    }

    @Test func `finds an empty directory empty`() {
        let found = detect([:])
        #expect(found.databases.isEmpty && found.config.isEmpty && found.evidence.isEmpty)
    }

    @Test(arguments: [("School SMS", "school-sms"), ("Школа №1", "школа-1"), ("  ", nil), ("..", nil), ("a,b", "a-b")] as [(String, String?)])
    func `makes an identifier of a title`(_ title: String, _ identifier: String?) {
        #expect(Detection.identifier(title) == identifier)
    }
}
