// MySQL9RestoreTests: the same restore with a real MySQL: other definitions, other foreign keys, other ways to rename.

import Bytes
import Databases
import HostOS
import TestKit
import Testing

extension `With MySQL 9` {
    @Suite struct `A restored MySQL database` {
        private static let shop = """
            CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(50) DEFAULT (UUID()), j JSON, b BIT(9), f FLOAT, g INT AS (LENGTH(v)) STORED, e POINT, CHECK (f >= 0));
            CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
            CREATE TABLE cycle_a (id INT PRIMARY KEY, b INT); CREATE TABLE cycle_b (id INT PRIMARY KEY, a INT, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES cycle_a (id));
            ALTER TABLE cycle_a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES cycle_b (id);
            CREATE TABLE `odd ``name é` (`k 1` VARCHAR(20) PRIMARY KEY, t LONGTEXT) PARTITION BY KEY () PARTITIONS 3;
            SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
            INSERT INTO parent (id, v, j, b, f, e) VALUES (0, 'zero', '{"a": 1.5}', b'101010101', 16777217, POINT(1, 2)), (1, '🎒', NULL, NULL, 1234567.875, NULL), (7, '', '[]', 0, 0.1, NULL);
            INSERT INTO child VALUES (1, 0), (2, 7), (3, NULL); INSERT INTO `odd ``name é` VALUES ('a\\tb', 'x\\ny\\\\'), ('ä', NULL);
            SET sql_mode = DEFAULT;
            CREATE VIEW z_base AS SELECT id, v FROM parent; CREATE VIEW a_top AS SELECT v FROM z_base WHERE id > 0;
            CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2; CREATE PROCEDURE counted(OUT x INT) SELECT COUNT(*) INTO x FROM child;
            CREATE TRIGGER first_one BEFORE INSERT ON parent FOR EACH ROW SET NEW.v = CONCAT(NEW.v, '!'); CREATE TRIGGER second_one BEFORE INSERT ON parent FOR EACH ROW FOLLOWS first_one SET NEW.v = CONCAT(NEW.v, '?');
            CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 03:00:00' DISABLE DO DELETE FROM child WHERE id > 1000;
            """

        private let server: MySQL9Server
        private let database: String
        private let access: MySQLServer

        init() throws {
            server = try MySQL9Server.shared()
            database = try server.newDatabase("restore")
            access = MySQLServer(.socket(server.socket), user: "root", database: SchemaText(database))
            try server.sql(Self.shop, in: database)
        }

        /// Every definition as the server shows it, and the checksum of every table.
        private func picture() throws -> [String] {
            let manifest = try MySQLCapture.run(access, password: [], sink: DiscardingSink())
            let names = manifest.tables.map { SQLText(identifier: $0.name).description }.joined(separator: ", ")
            let counters = manifest.tables.map { "\($0.name): \($0.autoIncrement ?? 0)" }
            return manifest.objects.map { "\($0.kind) \($0.name) \($0.sha256) \($0.context) \($0.definer)" }.sorted() + counters
                + (try server.sql("CHECKSUM TABLE \(names)", in: database).split(separator: "\n").map(String.init))
        }

        @Test func `is what it was, after it was dropped and after it was changed`() throws {
            let before = try picture(), dump = try ServerDump(access)
            try server.sql("DROP DATABASE `\(database)`")
            _ = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest)
            #expect(try picture() == before)
            try server.sql(
                """
                SET foreign_key_checks = 0; ALTER TABLE parent DROP COLUMN f, ADD x INT; DELETE FROM child; DROP VIEW z_base; CREATE TABLE extra (id INT PRIMARY KEY);
                CREATE TRIGGER extra_one BEFORE INSERT ON extra FOR EACH ROW SET NEW.id = 1; DROP FUNCTION twice; DROP EVENT nightly; INSERT INTO cycle_a VALUES (9, NULL);
                """, in: database)
            let report = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest)
            #expect(report.problems.isEmpty && report.orphans.isEmpty)
            #expect(try picture() == before)
            #expect(try server.sql("SHOW DATABASES LIKE 'lifeboat%'").isEmpty)
        }

        @Test func `gives back chosen tables, foreign keys in both directions included`() throws {
            let before = try picture(), dump = try ServerDump(access)
            try server.sql("SET foreign_key_checks = 0; DELETE FROM parent; ALTER TABLE parent DROP COLUMN f; DROP TRIGGER second_one", in: database)
            var options = MySQLRestore.Options()
            options.tables = ["parent"]
            _ = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest, options: options)
            #expect(try picture() == before)
            options.tables = ["child"]
            try server.sql("DROP TABLE child", in: database)
            _ = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest, options: options)
            #expect(try picture() == before)
            try server.sql("DELETE FROM parent WHERE id = 7", in: database)
            #expect(try server.sql("SELECT COUNT(*) FROM child", in: database) == "2\n")
        }

        @Test(arguments: MySQLSwapStep.allCases) func `killed in the middle is finished or undone by the next restore`(_ step: MySQLSwapStep) throws {
            let backedUp = try picture(), dump = try ServerDump(access)
            try server.sql("DELETE FROM child; DROP VIEW a_top; CREATE TABLE extra (id INT)", in: database)
            let live = try picture()
            try kill(dump, at: step)
            try Directory.removeTree(dump.scratch.root.appending("data"))
            #expect(throws: (any Error).self) { _ = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest) }
            let after = try picture(), expected = step.rawValue >= MySQLSwapStep.renamed.rawValue ? backedUp : live
            #expect(Set(after).symmetricDifference(expected) == [])
        }

        /// The server of the tests' root folder as a program that needs no chroot.
        private func program(in tree: ScratchTree) throws {
            let root = Host.environment("LIFEBOAT_MYSQL_ROOT") ?? "/var/cache/lifeboat-test/mysql"
            let script = """
                #!/bin/sh
                first=$1; shift
                case "$*" in *--version*) ;; *) set -- --basedir=\(root)/usr --plugin-dir=\(root)/usr/lib/mysql/plugin --lc-messages-dir=\(root)/usr/share/mysql "$@" ;; esac
                exec \(root)/lib64/ld-linux-x86-64.so.2 --library-path \(root)/usr/lib/x86_64-linux-gnu:\(root)/usr/lib/mysql/private \(root)/usr/sbin/mysqld "$first" "$@"

                """
            try Directory.setMode(tree.path, 0o755)
            try tree.add("mysqld", .file(script, mode: 0o755))
        }

        @Test func `is proved in a throw-away server of its own`() throws {
            let dump = try ServerDump(access), tree = try ScratchTree()
            try program(in: tree)
            var options = ThrowawayServer.Options(source: dump.manifest.version, sqlMode: dump.manifest.sqlMode, directory: tree.path)
            options.programPlaces = [tree.path]
            let own = try ThrowawayServer.start(options)
            #expect(own.program.version.vendor == .mysql)
            let report = try MySQLRestore.run(own.server, password: [], source: dump.source, manifest: dump.manifest)
            #expect(report.comparison.comparedRows == dump.manifest.rowCount && report.problems.isEmpty)
            let process = own.processID
            own.stop()
            #expect(!Host.processExists(process))
            #expect(try Directory.entries(of: tree.path).count == 1)
        }

        /// As MySQL has it unless told otherwise.
        @Test func `comes back by statements where clients may not load data`() throws {
            let before = try picture(), dump = try ServerDump(access)
            try server.sql("SET GLOBAL local_infile = 0")
            defer { _ = try? server.sql("SET GLOBAL local_infile = 1") }
            try server.sql("SET foreign_key_checks = 0; DELETE FROM parent; DROP TABLE `odd ``name é`", in: database)
            let report = try MySQLRestore.run(access, password: [], source: dump.source, manifest: dump.manifest)
            #expect(report.notes.contains { $0.contains("local_infile is off") })
            #expect(try picture() == before)
        }

        private struct Killed: Error {}

        /// In a function: its connection ends with it, as a killed program's does.
        private func kill(_ dump: ServerDump, at step: MySQLSwapStep) throws {
            let fetched = try MySQLRestore(access, password: [], source: dump.source, manifest: dump.manifest).fetch()
            #expect(throws: Killed.self) { _ = try fetched.apply { if $0 == step { throw Killed() } } }
        }
    }
}
