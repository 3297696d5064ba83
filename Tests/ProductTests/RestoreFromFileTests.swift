// RestoreFromFileTests: what was exported, and what other programs wrote, comes back like any backup.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `A file restored instead of a snapshot` {
    @Test(arguments: ["tar", "tar.gz", "tar.zst"]) func `brings back a whole application`(ending: String) throws {
        let school = try School()
        try school.lifeboat("backup")
        let files = try school.picture(), rows = try school.content(), file = "\(school.scratch[BytePath("all.\(ending)")])"
        try school.lifeboat("export", "--output", file)
        try school.ruin()
        let count = try school.snapshots().count
        #expect(try school.lifeboat("restore", "--from", file, status: 13).outputText.isEmpty)
        try school.lifeboat("restore", "--from", file, "--force")
        let differences = try Set(school.picture().map { "\($0): \($1)" }).symmetricDifference(files.map { "\($0): \($1)" })
        #expect(differences.isEmpty, "\(differences.sorted().joined(separator: "\n"))")
        #expect(try school.content() == rows)
        // What was imported is gone again, and what was replaced is kept.
        #expect(try school.snapshots(tagged: "imported").isEmpty)
        #expect(try school.snapshots(tagged: "safety").count == school.snapshots().count - count)
        #expect(try !school.snapshots(tagged: "safety").isEmpty)
    }

    @Test(arguments: ["sqlite", "sqlite.gz", "sqlite.zst", "sql", "sql.gz", "sql.zst"]) func `brings back an SQLite database`(ending: String) throws {
        let school = try School()
        try school.lifeboat("backup", "database")
        let rows = try school.content(), file = "\(school.scratch[BytePath("x.\(ending)")])"
        try school.lifeboat("export", "database", "--output", file)
        try school.sql("DELETE FROM grades")
        try school.lifeboat("restore", "database", "--from", file, "--force")
        #expect(try school.content() == rows)
    }

    @Test func `may come from sqlite3's own dump, if it is whole`() throws {
        let school = try School()
        let rows = try school.content(), dump = school.scratch["dump.sql"], cut = school.scratch["cut.sql"]
        try school.scratch.add("dump.sql", .file(rows + "\n"))
        try school.scratch.add("cut.sql", .file(String(rows.prefix(rows.count / 2))))
        try school.scratch.add("evil.sql", .file("ATTACH '\(school.scratch["evil.sqlite"])' AS e; CREATE TABLE e.t (a);"))
        try school.sql("DELETE FROM grades")
        for refused in ["cut.sql", "evil.sql"] {
            try school.lifeboat("restore", "database", "--from", "\(school.scratch[BytePath(refused)])", "--force", status: 20)
            #expect(try school.sql("SELECT count(*) FROM grades") == "0")
        }
        #expect(try school.scratch.status("evil.sqlite") == nil && school.snapshots().isEmpty && FileStatus.ifExists(cut) != nil)
        try school.lifeboat("restore", "database", "--from", "\(dump)", "--force")
        #expect(try school.content() == rows)
    }

    @Test func `clears away what a killed one left in the repository`() throws {
        let school = try School()
        try school.lifeboat("backup", "database")
        let file = "\(school.scratch["x.sqlite"])"
        try school.lifeboat("export", "database", "--output", file)
        // As a kill leaves it: a snapshot with the tags of an import, of this machine.
        try school.lifeboat("tag", "--set", "lifeboat,app=small-school,imported,replaced=database", "latest")
        #expect(try school.snapshots(tagged: "imported").count == 1)
        try school.lifeboat("restore", "database", "--from", file, "--force")
        #expect(try school.snapshots(tagged: "imported").isEmpty)
    }

    @Test(arguments: ["sql", "sql.gz", "sql.zst", "tar.zst"]) func `brings back a database on a server`(ending: String) throws {
        let school = try ServerSchool()
        try school.lifeboat("backup", "database")
        let before = try school.picture(), file = "\(school.scratch[BytePath("x.\(ending)")])"
        try school.lifeboat("export", "database", "--output", file)
        try school.server.sql("DELETE FROM grades; DROP VIEW best; CREATE TABLE later (a INT)", in: school.database)
        try school.lifeboat("restore", "database", "--from", file, "--force")
        #expect(try school.picture() == before)
        let other = "\(school.database)_copy"
        try school.lifeboat("restore", "database", "--from", file, "--into", other, "--force")
        #expect(try school.picture(of: other) == before)
        try school.server.sql("DROP DATABASE `\(other)`")
    }

    @Test func `may come from the vendor's dump program, if it is whole`() throws {
        let school = try ServerSchool()
        // The vendor's program writes a FLOAT with six digits.
        try school.server.sql("UPDATE students SET gpa = 0.5", in: school.database)
        let before = try school.picture(), dump = school.scratch["dump.sql.gz"]
        let cut = school.scratch["cut.sql"], use = school.scratch["use.sql"]
        let socket = BytePath("\(school.server.socket)")
        try Tools.shell("mariadb-dump --socket=\"$1\" --user=root --routines --triggers \"$2\" | gzip > \"$3\"", socket, BytePath(school.database), dump)
        try school.server.sql("DELETE FROM grades", in: school.database)
        let damaged = try school.picture()
        try Tools.shell("zcat \"$1\" | head -n -1 > \"$2\"; zcat \"$1\" | (echo 'USE `mysql`;'; cat) > \"$3\"", dump, cut, use)
        #expect(try school.lifeboat("restore", "database", "--from", "\(cut)", "--force", status: 20).errorText.contains("not complete"))
        #expect(try school.lifeboat("restore", "database", "--from", "\(use)", "--force", status: 1).errorText.contains("USE"))
        #expect(try school.picture() == damaged)
        try school.lifeboat("restore", "database", "--from", "\(dump)", "--force")
        #expect(try school.picture() == before)
        try school.server.sql("DELETE FROM grades", in: school.database)
        try school.lifeboat("restore", "database", "--from", "\(cut)", "--force-truncated", "--force")
        #expect(try school.picture() == before)
    }

    @Test(arguments: [true, false]) func `may be a zip of laravel-backup`(absolute: Bool) throws {
        let school = try ServerSchool()
        try school.server.sql("UPDATE students SET gpa = 0.5", in: school.database)
        let before = try school.picture()
        try Tools.shell(
            """
            mkdir -p "$4/db-dumps"; mariadb-dump --socket="$1" --user=root --routines "$2" | gzip > "$4/db-dumps/mysql-school.sql.gz"; cd "$4"
            \(absolute ? "cp -a --parents \"$3/storage\" \"$3/public\" ." : "cp -a \"$3/storage\" \"$3/public\" .")
            zip -qr ../backup.zip .
            """, BytePath("\(school.server.socket)"), BytePath(school.database), school.root, school.scratch["zipped"])
        try school.server.sql("DELETE FROM grades", in: school.database)
        for gone in ["school/storage", "school/public"] { try school.scratch.remove(BytePath(gone)) }
        try school.lifeboat("restore", "--from", "\(school.scratch["backup.zip"])", "--force")
        #expect(try school.picture() == before)
        #expect(try school.scratch.text("school/storage/app/term.txt") == "term one")
        #expect(try school.scratch.read("school/public/uploads/photo.jpg") == School.noise(50_000, seed: 3))
    }

    @Test func `may be an archive of GNU tar`() throws {
        let school = try School()
        let before = try school.picture()
        try Tools.shell("tar --xattrs -czf \"$2\" -C \"$1\" storage public", school.root, school.scratch["x.tar.gz"])
        for gone in ["school/storage", "school/public"] { try school.scratch.remove(BytePath(gone)) }
        try school.lifeboat("restore", "files", "--from", "\(school.scratch["x.tar.gz"])", "--force")
        // GNU tar's own format has whole seconds.
        func withoutTimes(_ picture: [BytePath: String]) -> Set<String> { Set(picture.map { "\($0) \($1.replacing(/\ [0-9]+\.[0-9]+/, with: ""))" }) }
        #expect(try withoutTimes(school.picture()) == withoutTimes(before))
    }
}

@Suite struct `A hostile or broken file` {
    private static let script = """
        import io, sys, tarfile, zipfile
        out = sys.argv[1]
        def tar(name, *entries):
            with tarfile.open(out + '/' + name, 'w') as archive:
                for path, kind, target, body in entries:
                    entry = tarfile.TarInfo(path); entry.type = kind; entry.linkname = target; entry.size = len(body); entry.mode = 0o644
                    archive.addfile(entry, io.BytesIO(body))
        tar('up.tar', ('../../outside', tarfile.REGTYPE, '', b'evil'))
        tar('hard.tar', ('public/x', tarfile.LNKTYPE, '/etc/passwd', b''))
        tar('through.tar', ('public/door', tarfile.SYMTYPE, out + '/outside', b''), ('public/door/evil', tarfile.REGTYPE, '', b'evil'))
        with zipfile.ZipFile(out + '/up.zip', 'w') as archive: archive.writestr('../outside', 'evil')
        with zipfile.ZipFile(out + '/bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive: archive.writestr('public/zeros', bytes(200 << 20))
        """

    @Test(arguments: ["up.tar", "hard.tar", "up.zip", "bomb.zip"]) func `is refused, and nothing is changed`(name: String) throws {
        let school = try School()
        try Directory.createAll(school.scratch["out/outside"])
        let made = try Child.run("python3", ["-c", Self.script, "\(school.scratch["out"])"])
        try #require(made.exitStatus == 0, "\(made.errorText)")
        let before = try school.picture(), around = try school.scratch.allPaths().count
        try school.lifeboat("restore", "files", "--from", "\(school.scratch["out"])/\(name)", "--force", status: 20)
        #expect(try school.picture() == before)
        #expect(try school.scratch.status("outside") == nil && school.scratch.status("school/public/zeros") == nil)
        #expect(around > 0)
        #expect(try school.snapshots().isEmpty)
    }

    @Test func `writes nothing through a link`() throws {
        let school = try School()
        try Directory.createAll(school.scratch["out/outside"])
        let made = try Child.run("python3", ["-c", Self.script, "\(school.scratch["out"])"])
        try #require(made.exitStatus == 0, "\(made.errorText)")
        _ = try school.program().run(["restore", "files", "--from", "\(school.scratch["out/through.tar"])", "--force"])
        #expect(try Directory.entries(of: school.scratch["out/outside"]).isEmpty)
    }

    @Test(arguments: ["tar", "tar.gz", "tar.zst"]) func `that was cut is refused`(ending: String) throws {
        let school = try School()
        try school.lifeboat("backup")
        let file = school.scratch[BytePath("all.\(ending)")]
        try school.lifeboat("export", "--output", "\(file)")
        let before = try school.picture(), rows = try school.content()
        try Tools.shell("truncate -s -1024 \"$1\" 2>/dev/null || true; [ \(ending) = tar ] || truncate -s -7 \"$1\"", file)
        try school.lifeboat("restore", "--from", "\(file)", "--force", status: 20)
        #expect(try school.picture() == before && school.content() == rows)
    }
}
