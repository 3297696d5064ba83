// ServerSchool: a small application whose database is on a MariaDB server, with an account of its own, as the program finds it.

import Bytes
import HostOS
import TestKit
import Testing

final class ServerSchool {
    static let databasePassword = "pa\"ss #w'ord ✓"

    let scratch: ScratchTree
    let server: MariaDBServer
    let database: String
    var root: BytePath { scratch["school"] }
    var repository: BytePath { scratch["backup"] }
    private var account: String { "\(database)_app" }

    /// - Parameters:
    ///   - settings: more of `app:` in lifeboat.yaml.
    ///   - more: further lines there.
    ///   - mayRestore: whether the account may also make databases and what a restore needs.
    init(settings: String = "", more: String = "", mayRestore: Bool = true) throws {
        server = try MariaDBServer.shared()
        database = try server.newDatabase("school")
        scratch = try ScratchTree([
            "home": .directory, "key": .file(School.password + "\n", mode: 0o600),
            "school/artisan": .file("#!/usr/bin/env php\n", mode: 0o755), "school/config/app.php": .file("<?php return [];"),
            "school/storage/app/term.txt": .file("term one"), "school/public/uploads/photo.jpg": .bytes(School.noise(50_000, seed: 3)),
        ])
        try server.sql(Self.schema, in: database)
        let rights =
            mayRestore
            ? "GRANT ALL ON *.* TO '\(account)'@'localhost' WITH GRANT OPTION"
            : "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `\(database)`.* TO '\(account)'@'localhost'; GRANT SELECT ON mysql.proc TO '\(account)'@'localhost'"
        try server.sql("CREATE OR REPLACE USER '\(account)'@'localhost' IDENTIFIED BY '\(Self.databasePassword.replacing("'", with: "''"))'; \(rights)")
        try writeEnvironment(key: "base64:first")
        let text =
            "app: { name: server-school, root: \(root)\(settings.isEmpty ? "" : ", \(settings)") }\nrepository: \(repository)\npassword_file: \(scratch["key"])\n\(more)\n"
        try scratch.add("lifeboat.yaml", .file(text, mode: 0o600))
        try QuickRepository.make(at: repository, password: School.password)
    }

    func writeEnvironment(key: String) throws {
        let lines = [
            "APP_NAME=\"Server School\"", "APP_KEY=\(key)", "DB_CONNECTION=mysql", "DB_SOCKET=\(server.socket)", "DB_DATABASE=\(database)",
            "DB_USERNAME=\(account)", "DB_PASSWORD=\"\(Self.databasePassword.replacing("\"", with: "\\\""))\"",
        ]
        try scratch.add("school/.env", .file(lines.joined(separator: "\n") + "\n", mode: 0o640))
    }

    private static let schema = """
        CREATE TABLE students (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), gpa FLOAT, photo BLOB) ENGINE=InnoDB;
        CREATE TABLE grades (id BIGINT AUTO_INCREMENT PRIMARY KEY, student INT UNSIGNED NOT NULL, grade DECIMAL(5,2), note TEXT,
          FOREIGN KEY (student) REFERENCES students (id)) ENGINE=InnoDB;
        INSERT INTO students (name, gpa, photo) SELECT CONCAT('Pupil ', seq, ' é✓'), seq / 7, UNHEX(SHA2(seq, 512)) FROM seq_1_to_300;
        INSERT INTO grades (student, grade, note) SELECT 1 + seq % 300, seq % 100, MD5(seq) FROM seq_1_to_20000;
        CREATE VIEW best AS SELECT * FROM grades WHERE grade > 90;
        CREATE TRIGGER no_negatives BEFORE INSERT ON grades FOR EACH ROW SET NEW.grade = GREATEST(NEW.grade, 0);
        CREATE PROCEDURE counted() SELECT COUNT(*) FROM students;
        """

    // MARK: The program

    @discardableResult
    func lifeboat(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let program = CommandLineProgram(
            try Program.binary(),
            environment: [
                "HOME": "\(scratch["home"])", "PATH": Host.environment("PATH") ?? "/usr/bin:/bin", "TZ": "UTC",
                "XDG_STATE_HOME": "\(scratch["home/state"])", "LIFEBOAT_CONFIG": "\(scratch["lifeboat.yaml"])",
            ],
            directory: scratch.path)
        let result = try program.run(arguments)
        try #require(
            result.exitStatus == status, "lifeboat \(arguments): \(result.errorText)\(result.outputText.suffix(3000))", sourceLocation: sourceLocation)
        #expect(
            !result.outputText.contains(Self.databasePassword) && !result.errorText.contains(Self.databasePassword), "the password was printed",
            sourceLocation: sourceLocation)
        return result
    }

    // MARK: Looking

    /// Checksums, definitions and counters of everything in a database.
    func picture(of other: String? = nil) throws -> String {
        let name = other ?? database
        let sums = try server.sql("CHECKSUM TABLE students, grades; SHOW CREATE TABLE students; SHOW CREATE TABLE grades", in: name)
        let objects = try server.sql(
            """
            SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE();
            SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE();
            SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE(); SELECT COUNT(*) FROM best
            """, in: name)
        return (sums + objects).replacing("\(name).", with: "")
    }
}
