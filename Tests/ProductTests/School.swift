// School: a small application in a scratch directory, with a repository whose key opens quickly, and the program that protects it.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

final class School {
    static let password = "a key for tests"

    let scratch: ScratchTree
    var root: BytePath { scratch["school"] }
    var database: BytePath { scratch["school/database/database.sqlite"] }
    var repository: BytePath { scratch["backup"] }
    var settings: BytePath { scratch["school/lifeboat.yaml"] }

    /// A Laravel application with an SQLite database in WAL mode whose newest rows are in the log alone.
    /// - Parameter more: lines for lifeboat.yaml.
    init(settings more: String = "") throws {
        scratch = try ScratchTree([
            "home": .directory,
            "key": .file(School.password + "\n", mode: 0o600),
            "school/artisan": .file("#!/usr/bin/env php\n", mode: 0o755),
            "school/composer.json": .file("{ \"require\": { \"laravel/framework\": \"^11.0\" } }"),
            "school/config/app.php": .file("<?php return [];"),
            "school/config/secret.php": .file("<?php return 'secret';", mode: 0o600),
            "school/storage/app/reports/term.txt": .file("term one"),
            "school/storage/app/private/key": .file("private", mode: 0o640),
            "school/public/uploads/photo.jpg": .bytes(School.noise(300_000, seed: 7)),
            "school/public/uploads/letters/a.txt": .file("Dear parents"),
            "school/public/uploads/link": .link("letters/a.txt"),
            "school/vendor/autoload.php": .file("<?php"),
        ])
        try scratch.hardLink("school/public/uploads/published.txt", to: "school/storage/app/reports/term.txt")
        try scratch.add(
            "school/.env",
            .file("APP_NAME=\"Small School\"\nDB_CONNECTION=sqlite\nDB_DATABASE=\"\(root)/database/database.sqlite\"\n", mode: 0o640))
        try scratch.add("school/database", .directory)
        try sql("PRAGMA journal_mode = WAL; \(School.schema)")
        try Directory.setMode(database, 0o640)
        try writeSettings(more)
        try QuickRepository.make(at: repository, password: School.password)
    }

    static func noise(_ byteCount: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(byteCount)
    }

    static let schema = """
        CREATE TABLE students (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB);
        CREATE TABLE grades (id INTEGER PRIMARY KEY, student INTEGER REFERENCES students (id), grade INTEGER);
        CREATE INDEX grades_by_student ON grades (student);
        CREATE VIEW averages AS SELECT student, avg(grade) AS average FROM grades GROUP BY student;
        WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO students SELECT i, 'Student ' || i, randomblob(100) FROM n;
        INSERT INTO grades SELECT id * 10 + 1, id, id % 12 + 1 FROM students;
        """

    func writeSettings(_ more: String = "") throws {
        let text = "app: { name: small-school, root: \(root) }\nrepository: \(repository)\npassword_file: \(scratch["key"])\n\(more)\n"
        try scratch.add("school/lifeboat.yaml", .file(text, mode: 0o600))
    }

    // MARK: The program

    /// In the application's directory, with a home of its own.
    func program() throws -> CommandLineProgram {
        CommandLineProgram(
            try Program.binary(),
            environment: [
                "HOME": "\(scratch["home"])", "PATH": Host.environment("PATH") ?? "/usr/bin:/bin", "TZ": "UTC",
                "XDG_STATE_HOME": "\(scratch["home/state"])",
            ],
            directory: root)
    }

    @discardableResult
    func lifeboat(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let result = try program().run(arguments)
        try #require(
            result.exitStatus == status, "lifeboat \(arguments): \(result.errorText)\(result.outputText.suffix(3000))",
            sourceLocation: sourceLocation)
        return result
    }

    // MARK: The database

    /// Runs SQL without a checkpoint at the end: committed rows stay in the log, as beside a running application.
    @discardableResult
    func sql(_ text: String, on file: BytePath? = nil) throws -> String {
        let result = try Child.run(
            "sqlite3", ["-batch", "-bail", "-cmd", ".timeout 10000", "-cmd", ".dbconfig no_ckpt_on_close on", "\(file ?? database)"],
            standardInput: Array((text + "\n").utf8))
        try #require(result.exitStatus == 0 && result.errorOutput.isEmpty, "sqlite3: \(result.errorText)")
        return result.outputText.split(separator: "\n").filter { !$0.contains("no_ckpt_on_close") }.joined(separator: "\n")
    }

    /// Schema and rows as text.
    func content(of file: BytePath? = nil) throws -> String { try sql(".dump", on: file) }
    func isSound(_ file: BytePath? = nil) throws -> Bool { try sql("PRAGMA integrity_check;", on: file) == "ok" }

    // MARK: Disaster

    /// Garbage over the database beside its old, valid log; files, configuration and .env gone.
    func ruin() throws {
        let log = try AtomicFile.read(BytePath("\(database)-wal"), limit: 1 << 24)
        try #require(!log.isEmpty)
        try scratch.add("school/database/database.sqlite", .bytes(School.noise(200_000, seed: 99)))
        try scratch.add("school/database/database.sqlite-wal", .bytes(log))
        for gone in ["public/uploads", "storage/app/private", ".env", "config"] { try scratch.remove(BytePath("school/\(gone)")) }
        try scratch.add("school/storage/app/reports/term.txt", .file("ransom", mode: 0o777))
    }

    /// Everything that is protected but the database.
    func picture() throws -> [BytePath: String] {
        let protected: [BytePath] = ["storage/app", "public/uploads", ".env", "config", "lifeboat.yaml"]
        return try TreePicture(of: root).lines.filter { path, _ in protected.contains { $0.contains(path) } }
    }

    func snapshots() throws -> [[String: Any]] { try AnswerJSON.array(lifeboat("snapshots", "--json").outputText) }

    func snapshots(tagged tag: String) throws -> [[String: Any]] {
        try snapshots().filter { (($0["tags"] as? [String]) ?? []).contains(tag) }
    }
}

enum AnswerJSON {
    static func array(_ text: String) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }
    static func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
    static func text(_ object: [String: Any], _ key: String) throws -> String { try #require(object[key] as? String) }
}
