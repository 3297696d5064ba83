// ExportTests: files outside a repository, read by the programs they are made for.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

enum Tools {
    /// Runs a script with the places as $1, $2, …
    @discardableResult
    static func shell(_ script: String, _ places: BytePath..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try Child.run("bash", ["-euo", "pipefail", "-c", script, "script"] + places.map { "\($0)" })
        try #require(result.exitStatus == 0, "\(script): \(result.errorText)", sourceLocation: sourceLocation)
        return result.outputText
    }

    /// As `TreePicture`, without what a tar archive does not hold of an upper directory.
    static func unpack(_ archive: BytePath, into directory: BytePath) throws {
        try Directory.createAll(directory)
        try shell("tar -x --xattrs --xattrs-include='*' -p -f \"$1\" -C \"$2\"", archive, directory)
    }
}

@Suite struct `A database exported as SQL` {
    static let shapes = """
        CREATE TABLE shapes (id INT AUTO_INCREMENT PRIMARY KEY, exact FLOAT, wide DOUBLE, sum DECIMAL(30,10), flags BIT(9), raw VARBINARY(40),
          note TEXT CHARACTER SET utf8mb4, old VARCHAR(40) CHARACTER SET latin1, place POINT, kind ENUM('1','a b','it''s'), born DATE, seen TIMESTAMP(6) NULL,
          doubled INT AS (YEAR(born) * 2) STORED, hidden VARCHAR(50) AS (CONCAT('x', old)) VIRTUAL) ENGINE=InnoDB;
        SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
        INSERT INTO shapes (id, exact, wide, sum, flags, raw, note, old, place, kind, born, seen) VALUES
          (0, 0.1, 1e308, 12345678901234567890.0123456789, b'101010101', X'0027005C0D0A1A', 'it''s \\\\ a "line"\\r\\n\\ttab \\0 nul é✓', 'caf\u{e9}', POINT(1.5, -2), '1', '2024-02-29', '2024-03-31 01:30:00.123456'),
          (7, 3.4028235e38, -0, -1, b'0', '', '', '', NULL, 'it''s', '0000-00-00', NULL),
          (8, NULL, NULL, NULL, NULL, NULL, 'NULL', '\\\\N', NULL, NULL, NULL, NULL);
        CREATE TABLE `od``d, (name` (`a'b` INT, `c``d` TEXT); INSERT INTO `od``d, (name` VALUES (1, ');'), (2, '-- no comment'), (3, 'DELIMITER $$');
        CREATE TABLE empty_one (a INT);
        """

    static let tables = "`students`, `grades`, `shapes`, `od``d, (name`, `empty_one`"

    @Test(arguments: ["sql", "sql.gz", "sql.zst"]) func `is loaded by the stock client, every table with the same checksum`(ending: String) throws {
        let school = try ServerSchool()
        try school.server.sql(Self.shapes, in: school.database)
        try school.lifeboat("backup", "database")
        let sums = try school.server.sql("CHECKSUM TABLE \(Self.tables)", in: school.database), before = try school.picture()
        let file = school.scratch[BytePath("out.\(ending)")]
        try school.lifeboat("export", "database", "--output", "\(file)")
        #expect(try FileStatus.of(file).mode & 0o777 == 0o600)
        let reader = ending.hasSuffix("gz") ? "zcat" : ending.hasSuffix("zst") ? "zstdcat" : "cat"
        let text = try Tools.shell("\(reader) \"$1\"", file)
        #expect(text.hasSuffix("-- Dump completed by lifeboat: 20306 rows in 5 tables\n"))
        #expect(!text.contains("doubled`,") && !text.contains("LOAD DATA"))
        let other = try school.server.newDatabase("loaded")
        let loaded = try school.server.client(Array(text.utf8), arguments: ["--binary-mode", "--comments", "--default-character-set=utf8mb4", other])
        try #require(loaded.exitStatus == 0, "\(loaded.errorText)")
        #expect(try school.server.sql("CHECKSUM TABLE \(Self.tables)", in: other).replacing(other, with: school.database) == sums)
        #expect(try school.picture(of: other) == before)
    }

    @Test func `replaces no file unasked, and leaves none behind that is not whole`() throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        try school.scratch.add("out/x.sql", .file("mine"))
        let file = "\(school.scratch["out/x.sql"])"
        #expect(try school.lifeboat("export", "database", "--output", file, status: 1).errorText.contains("--force"))
        #expect(try school.scratch.text("out/x.sql") == "mine")
        try school.lifeboat("export", "database", "--output", file, "--force")
        #expect(try school.scratch.text("out/x.sql").contains("INSERT INTO `grades`"))
        for pack in try school.scratch.allPaths() where "\(pack)".contains("backup/data/") {
            guard let status = try school.scratch.status(pack), status.kind == .regular else { continue }
            try Tools.shell("printf XXXX | dd of=\"$1\" bs=1 seek=200 conv=notrunc status=none", school.scratch[pack])
        }
        try school.lifeboat("export", "database", "--output", "\(school.scratch["out/y.sql"])", status: 20)
        #expect(try Directory.entries(of: school.scratch["out"]).map(\.name) == [Array("x.sql".utf8)])
    }

    @Test func `is refused for what does not fit into such a file`() throws {
        let school = try School()
        try school.lifeboat("backup")
        #expect(try school.lifeboat("export", "all", "--output", "x.sql", status: 64).errorText.contains(".tar"))
        #expect(try school.lifeboat("export", "database", "--output", "x.zip", status: 64).errorText.contains(".tar"))
        try school.lifeboat("export", "database", "--output", "\(school.scratch["x.sqlite.gz"])")
        try Tools.shell("gunzip \"$1\"", school.scratch["x.sqlite.gz"])
        #expect(try school.content(of: school.scratch["x.sqlite"]) == school.content())
    }
}

@Suite struct `An SQLite database exported as SQL` {
    @Test(arguments: ["sql", "sql.gz", "sql.zst"]) func `is loaded by the stock program`(ending: String) throws {
        let school = try School()
        try school.lifeboat("backup", "database")
        let file = school.scratch[BytePath("x.\(ending)")]
        try school.lifeboat("export", "database", "--output", "\(file)")
        let reader = ending.hasSuffix("gz") ? "zcat" : ending.hasSuffix("zst") ? "zstdcat" : "cat"
        try Tools.shell("\(reader) \"$1\" | sqlite3 \"$2\"", file, school.scratch["loaded.sqlite"])
        #expect(try school.content(of: school.scratch["loaded.sqlite"]) == school.content())
    }
}

@Suite struct `An exported archive` {
    @Test(arguments: ["tar", "tar.gz", "tar.zst"]) func `is unpacked by GNU tar with modes, times, links and attributes`(ending: String) throws {
        let school = try School()
        try Tools.shell(
            """
            cd "$1"; setfattr -n user.origin -v 'a=b' public/uploads/photo.jpg; touch -d '1969-12-31 23:59:58.25 UTC' public/uploads/letters/a.txt
            touch -d '2024-02-29 12:00:00.123456789 UTC' storage/app/private/key; chmod 1751 public/uploads; touch public/uploads/$'na\\nme é'
            touch public/uploads/$(printf 'long%.0s' {1..40}); ln -s "/$(printf 'far%.0s' {1..60})" public/uploads/far
            """, school.root)
        try school.lifeboat("backup")
        let before = try school.picture()
        let file = school.scratch[BytePath("out.\(ending)")]
        try school.lifeboat("export", "--output", "\(file)")
        let place = school.scratch["unpacked"]
        try Tools.unpack(file, into: place)
        var found: [BytePath: String] = [:]
        for source in ["files", "config"] {
            let root = BytePath("\(place)/\(source)\(school.root)")
            guard try FileStatus.ifExists(root) != nil else { continue }
            found.merge(try TreePicture(of: root).lines) { first, _ in first }
        }
        let differences = before.filter { path, line in found[path] != line }
        #expect(differences.isEmpty, "\(differences)\n\(found.filter { differences[$0.key] != nil })")
        #expect(try school.content(of: BytePath("\(place)/database\(school.database)/database.sqlite")) == school.content())
    }

    @Test func `goes through a pipe`() throws {
        let school = try School()
        try school.lifeboat("backup")
        let program = try Program.binary()
        try school.scratch.add("piped", .directory)
        let script = "cd \"$2\"; HOME=\"$4\" XDG_STATE_HOME=\"$4/state\" \"$1\" export files --output - --format tar.gz | tar -xz -C \"$3\" --strip-components 1"
        try Tools.shell(script, program, school.root, school.scratch["piped"], school.scratch["home"])
        #expect(try school.scratch.text(BytePath("piped\(school.root)/public/uploads/letters/a.txt")) == "Dear parents")
    }
}
