// MySQLRestoreTests: what was captured comes back, whatever lay there meanwhile; and nothing live is touched before it is proved.

import Bytes
import Databases
import HostOS
import TestKit
import Testing

/// A database on the shared server, with what a restore needs.
struct RestoreBench {
    let server: MariaDBServer
    let database: String

    init(_ sql: String = "", server: MariaDBServer? = nil) throws {
        let server = try server ?? MariaDBServer.shared()
        self.server = server
        database = try server.newDatabase("restore")
        if !sql.isEmpty { try server.sql(sql, in: database) }
    }

    var name: SchemaText { SchemaText(database) }
    var access: MySQLServer { MySQLServer(.socket(server.socket), user: "root", database: name) }

    func dump() throws -> ServerDump { try ServerDump(access) }

    func restore(_ dump: ServerDump, _ change: (inout MySQLRestore.Options) -> Void = { _ in }) -> MySQLRestore {
        var options = MySQLRestore.Options()
        change(&options)
        return MySQLRestore(access, password: [], source: dump.source, manifest: dump.manifest, options: options)
    }

    @discardableResult
    func run(_ dump: ServerDump, _ change: (inout MySQLRestore.Options) -> Void = { _ in }) throws -> MySQLRestoreReport {
        let fetched = try restore(dump, change).fetch()
        defer { fetched.discard() }
        return try fetched.apply()
    }

    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, in: database) }

    /// The server's own dump of the definitions, and the checksum of every table.
    func picture(_ database: String? = nil, ignoring views: [String] = []) throws -> Picture {
        let database = database ?? self.database
        let ignored = views.map { "--ignore-table=\(database).\($0)" }
        let result = try Child.run(
            "mariadb-dump",
            [
                "--no-defaults", "--user=root", "--socket=\(server.socket)", "--default-character-set=utf8mb4", "--no-data", "--routines", "--triggers", "--events",
                "--skip-dump-date", "--skip-comments",
            ] + ignored + [database])
        guard result.exitStatus == 0 else { throw ServerProblem(text: result.errorText) }
        return Picture(schema: result.outputText, checksums: try server.checksums(database))
    }

    struct Picture: Equatable {
        let schema: String
        let checksums: [String: String]

        /// Lines and checksums that one has and the other has not.
        func differences(from other: Picture) -> [String] {
            let lines = schema.split(separator: "\n"), others = other.schema.split(separator: "\n")
            let missing = Set(others).subtracting(lines).map { "- \($0)" }, added = Set(lines).subtracting(others).map { "+ \($0)" }
            let order = missing.isEmpty && added.isEmpty && lines != others ? ["other order"] : []
            return (missing + added).sorted() + order + Set(checksums.keys).union(other.checksums.keys).filter { checksums[$0] != other.checksums[$0] }.sorted()
        }
    }

    /// Databases of ours that are on the server for this bench's restores. Other tests run beside us: so by what they hold.
    func leftovers() throws -> [String] {
        try server.sql("SHOW DATABASES LIKE 'lifeboat\\_%'").split(separator: "\n").map(String.init).filter { name in
            let journal = try? server.sql("SELECT statement FROM `\(name)`.lifeboat_journal WHERE list = 'target'")
            return journal?.contains(database) ?? false
        }
    }
}

func mysqlFailure(_ body: () throws -> Void) -> MySQLFailure? {
    do {
        try body()
        return nil
    } catch {
        if !(error is MySQLFailure) { Issue.record("\(error)") }
        return error as? MySQLFailure
    }
}

@Suite struct `A restored MariaDB database` {
    /// MariaDB shows a member of an ENUM that needs four bytes as `?`: its definition cannot be read back.
    static let everything =
        Everything.types.replacing("'d''e','🎒'", with: "'d''e','f'")
        .replacing("'中','🎒'", with: "'中','f'") + Everything.allBytes + Everything.objects

    @Test func `is what it was after it was dropped, to the last byte`() throws {
        let bench = try RestoreBench(Self.everything)
        let before = try bench.picture(ignoring: ["broken"]), dump = try bench.dump()
        try bench.server.sql("DROP DATABASE `\(bench.database)`")
        let report = try bench.run(dump)
        let after = try bench.picture()
        #expect(after.differences(from: before) == [])
        #expect(report.comparison.isEqual && report.comparison.comparedTables == dump.manifest.tables.count)
        #expect(report.problems.map { $0.prefix(26) } == ["view 'broken' could not be"])
        #expect(try bench.leftovers().isEmpty)
    }

    @Test func `replaces what became of it, whatever that is`() throws {
        let bench = try RestoreBench(Self.everything)
        let before = try bench.picture(ignoring: ["broken"]), dump = try bench.dump()
        try bench.sql(
            """
            DROP TABLE numbers; CREATE TABLE numbers (other INT); DROP VIEW z_base; CREATE TABLE z_base (id INT, v INT); DROP TABLE counted;
            CREATE VIEW counted AS SELECT 1 AS id, 2 AS v; CREATE TABLE added (id INT PRIMARY KEY); INSERT INTO added VALUES (1);
            CREATE TRIGGER added_trigger BEFORE INSERT ON added FOR EACH ROW SET NEW.id = 5; DROP FUNCTION twice;
            CREATE FUNCTION twice(a INT, b INT) RETURNS INT DETERMINISTIC RETURN a + b; CREATE PROCEDURE added_procedure() SELECT 2; DROP EVENT nightly;
            UPDATE versioned SET v = 'x'; SELECT NEXTVAL(counter); ALTER DATABASE COLLATE latin1_swedish_ci; DELETE FROM composite; UPDATE texts SET v = 'x';
            CREATE VIEW added_view AS SELECT * FROM added; CREATE EVENT added_event ON SCHEDULE EVERY 1 DAY DO SELECT 1;
            """)
        let report = try bench.run(dump)
        let after = try bench.picture(ignoring: ["broken"])
        #expect(after.differences(from: before) == [])
        #expect(try bench.sql("SHOW CREATE VIEW broken").contains("gone"))
        #expect(report.replaced == nil)
        #expect(try bench.leftovers().isEmpty)
    }

    @Test func `goes on counting where it stopped`() throws {
        let bench = try RestoreBench(Everything.objects), dump = try bench.dump()
        try bench.server.sql("DROP DATABASE `\(bench.database)`")
        try bench.run(dump)
        #expect(try bench.sql("INSERT INTO counted (v) VALUES (0); SELECT MAX(id), v FROM counted GROUP BY v HAVING MAX(id) >= 500") == "500\t10\n")
        #expect(try bench.sql("INSERT INTO with_sequence (v) VALUES (9); SELECT COUNT(*) FROM with_sequence") == "3\n")
        #expect(try bench.sql("SHOW CREATE TABLE with_sequence").contains("nextval(`\(bench.database)`.`counter`)"))
    }

    @Test func `comes back under another name, and the first one is not touched`() throws {
        let bench = try RestoreBench(Self.everything), dump = try bench.dump()
        let before = try bench.picture(ignoring: ["broken"]), other = bench.database + "_other"
        let report = try bench.run(dump) { $0.target = SchemaText(other) }
        #expect(report.database == SchemaText(other))
        let copy = try bench.picture(other)
        let renamed = RestoreBench.Picture(schema: before.schema.replacing("`\(bench.database)`", with: "`\(other)`"), checksums: before.checksums)
        #expect(copy.differences(from: renamed) == [])
        #expect(try bench.picture(ignoring: ["broken"]).differences(from: before) == [])
    }

    @Test func `comes back while others write to other databases`() throws {
        let bench = try RestoreBench(Self.everything), busy = try RestoreBench("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
        let before = try bench.picture(ignoring: ["broken"]), dump = try bench.dump()
        let writer = Workers(), written = BoundedQueue<Int>(limit: 1), stop = BoundedQueue<Int>(limit: 1)
        writer.start("writer") {
            let connection = try MySQLConnection(busy.access, password: [])
            var count = 0
            while stop.tryPop() == nil {
                try connection.execute("INSERT INTO t (v) VALUES (\(count))", to: "write")
                count += 1
            }
            written.push(count)
        }
        try bench.sql("DELETE FROM numbers")
        try bench.run(dump)
        stop.push(1)
        try writer.join()
        let count = try #require(written.pop())
        #expect(count > 0)
        #expect(try busy.sql("SELECT COUNT(*) FROM t") == "\(count)\n")
        #expect(try bench.picture(ignoring: ["broken"]).differences(from: before) == [])
    }

    @Test func `may keep what it replaced`() throws {
        let bench = try RestoreBench("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)"), dump = try bench.dump()
        try bench.sql("INSERT INTO t VALUES (2)")
        let report = try bench.run(dump) { $0.keepsReplaced = true }
        let kept = try #require(report.replaced)
        #expect(try bench.server.sql("SELECT COUNT(*) FROM `\(kept)`.t") == "2\n")
        #expect(try bench.sql("SELECT COUNT(*) FROM t") == "1\n")
        let next = try bench.run(dump)
        #expect(next.notes.contains { $0.contains("'\(kept)' keeps what an earlier restore replaced") })
        try bench.server.sql("DROP DATABASE `\(kept)`")
    }

    @Test func `tells rows that refer to nothing, and comes back with them`() throws {
        let bench = try RestoreBench(
            """
            CREATE TABLE parent (id INT PRIMARY KEY); CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id));
            SET foreign_key_checks = 0; INSERT INTO child VALUES (1, 7), (2, NULL), (3, 8);
            """)
        let report = try bench.run(try bench.dump())
        #expect(report.orphans == ["2 rows of the table 'child' refer to rows of 'parent' that are not there ('to_parent')"])
        #expect(try bench.sql("SELECT COUNT(*) FROM child") == "3\n")
    }

    @Test func `names accounts that are missing, and brings them if asked`() throws {
        let server = try MariaDBServer()
        let bench = try RestoreBench("CREATE TABLE t (id INT PRIMARY KEY)", server: server)
        try bench.sql(
            "CREATE USER 'shop owner'@'%' IDENTIFIED BY 'se;cr''et'; GRANT SELECT ON `\(bench.database)`.* TO 'shop owner'@'%'; "
                + "CREATE DEFINER = 'shop owner'@'%' VIEW v AS SELECT id FROM t")
        let dump = try bench.dump()
        try server.sql("DROP USER 'shop owner'@'%'")
        let without = try bench.run(dump)
        #expect(without.notes.contains { $0.contains("view 'v'") && $0.contains("CREATE USER 'shop owner'@'%'") }, "\(without.notes)")
        let with = try bench.run(dump) { $0.restoresAccounts = true }
        #expect(!with.notes.contains { $0.contains("CREATE USER") }, "\(with.notes)")
        #expect(try server.sql("SHOW GRANTS FOR 'shop owner'@'%'").contains("GRANT SELECT ON `\(bench.database)`.*"))
    }
}

@Suite struct `An account that restores` {
    @Test func `is told every privilege it lacks, and can restore with exactly these`() throws {
        let server = try MariaDBServer()
        let bench = try RestoreBench(
            """
            CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT); CREATE TABLE u (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id)); INSERT INTO t VALUES (1, 1);
            CREATE VIEW w AS SELECT id FROM t; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1; CREATE PROCEDURE p() SELECT 1;
            CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;
            """, server: server)
        let dump = try bench.dump(), before = try bench.picture()
        try server.sql("CREATE USER little@localhost IDENTIFIED BY 'pass'")
        let access = MySQLServer(.socket(server.socket), user: "little")
        func attempt() throws { _ = try MySQLRestore.run(access, password: Array("pass".utf8), source: dump.source, manifest: dump.manifest) }
        let refused = try #require(mysqlFailure { try attempt() })
        #expect(refused.kind == .denied)
        let hint = try #require(refused.hint)
        let statements = hint.split(separator: ": ", maxSplits: 1)[1].replacing("; ", with: ";\n")
        try server.sql(String(statements))
        try bench.sql("DROP TABLE u; INSERT INTO t VALUES (2, 2)")
        // Seeing routines of others takes a privilege of the server's own table; the restore reads back what it made.
        try server.sql("GRANT SELECT ON mysql.proc TO little@localhost")
        try attempt()
        #expect(try bench.picture().differences(from: before) == [])
    }
}

@Suite struct `Chosen tables of MariaDB` {
    private static let shop = """
        CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20));
        CREATE TABLE orders (id INT PRIMARY KEY, customer INT, CONSTRAINT order_customer FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE);
        CREATE TABLE items (id INT PRIMARY KEY, order_id INT, CONSTRAINT item_order FOREIGN KEY (order_id) REFERENCES orders (id));
        CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
        CREATE VIEW open_orders AS SELECT id FROM orders;
        CREATE TRIGGER logged AFTER INSERT ON orders FOR EACH ROW INSERT INTO log (what) VALUES ('order');
        INSERT INTO customers VALUES (1, 'a'), (2, 'b'); INSERT INTO orders VALUES (1, 1), (2, 2); INSERT INTO items VALUES (1, 1), (2, 2);
        """

    @Test func `come back alone, with their triggers, and foreign keys lead to and from them as before`() throws {
        let bench = try RestoreBench(Self.shop), dump = try bench.dump()
        let before = try bench.picture()
        try bench.sql(
            """
            SET foreign_key_checks = 0; DROP TABLE orders; CREATE TABLE orders (x INT, id INT PRIMARY KEY); CREATE TRIGGER other BEFORE INSERT ON orders FOR EACH ROW SET NEW.x = 1;
            INSERT INTO customers VALUES (3, 'new'); INSERT INTO log (what) VALUES ('kept');
            """)
        let report = try bench.run(dump) { $0.tables = ["orders"] }
        #expect(report.comparison.comparedTables == 1 && report.orphans.isEmpty)
        #expect(try bench.picture().schema.replacing(/\ AUTO_INCREMENT=\d+/, with: "") == before.schema.replacing(/\ AUTO_INCREMENT=\d+/, with: ""))
        #expect(try bench.sql("SELECT COUNT(*) FROM customers; SELECT what FROM log WHERE what = 'kept'; SELECT COUNT(*) FROM orders") == "3\nkept\n2\n")
        // The foreign keys work, in both directions.
        #expect(throws: ServerProblem.self) { try bench.sql("DELETE FROM orders WHERE id = 1") }
        try bench.sql("DELETE FROM items WHERE order_id = 2; DELETE FROM customers WHERE id = 2")
        #expect(try bench.sql("SELECT COUNT(*) FROM orders") == "1\n")
    }

    @Test func `that lead to rows which are gone are told`() throws {
        let bench = try RestoreBench(Self.shop), dump = try bench.dump()
        try bench.sql("DELETE FROM items; DELETE FROM customers WHERE id = 1")
        let report = try bench.run(dump) { $0.tables = ["orders"] }
        #expect(report.orphans == ["1 rows of the table 'orders' refer to rows of 'customers' that are not there ('order_customer')"])
    }

    @Test func `that do not exist are refused with what is there`() throws {
        let bench = try RestoreBench(Self.shop), dump = try bench.dump()
        let failure = mysqlFailure { try bench.run(dump) { $0.tables = ["Orders"] } }
        #expect(failure?.kind == .missing && failure?.hint == "did you mean 'orders'?")
    }

    @Test func `with sequences bring the sequence only where it is gone`() throws {
        let bench = try RestoreBench("CREATE SEQUENCE s; SELECT NEXTVAL(s); CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXTVAL(s)); INSERT INTO t () VALUES ();")
        let dump = try bench.dump()
        try bench.sql("DROP TABLE t; DO SETVAL(s, 5000)")
        try bench.run(dump) { $0.tables = ["t"] }
        #expect(try bench.sql("INSERT INTO t () VALUES (); SELECT MAX(id) FROM t") == "5001\n")
        try bench.sql("DROP TABLE t; DROP SEQUENCE s")
        try bench.run(dump) { $0.tables = ["t"] }
        #expect(try bench.sql("INSERT INTO t () VALUES (); SELECT MAX(id) < 5000 FROM t") == "1\n")
    }

    @Test func `of another database's foreign keys keep them`() throws {
        let bench = try RestoreBench(Self.shop), other = try RestoreBench(), dump = try bench.dump()
        try other.sql(
            "CREATE TABLE notes (id INT PRIMARY KEY, c INT, CONSTRAINT note_customer FOREIGN KEY (c) REFERENCES `\(bench.database)`.customers (id)); INSERT INTO notes VALUES (1, 1)"
        )
        try bench.run(dump)
        #expect(try other.sql("SHOW CREATE TABLE notes").contains("REFERENCES `\(bench.database)`.`customers`"))
        #expect(throws: ServerProblem.self) { try other.sql("INSERT INTO notes VALUES (2, 99)") }
    }
}

@Suite struct `A restore of MariaDB that cannot be` {
    private func bench() throws -> (RestoreBench, ServerDump, RestoreBench.Picture) {
        let bench = try RestoreBench(
            "CREATE TABLE t (id INT PRIMARY KEY, v TEXT); INSERT INTO t SELECT seq, CONCAT('row ', seq) FROM seq_1_to_200000; CREATE VIEW w AS SELECT id FROM t")
        let dump = try bench.dump()
        try bench.sql("UPDATE t SET v = 'live' WHERE id = 5")
        return (bench, dump, try bench.picture())
    }

    private func chunk(_ dump: ServerDump) throws -> BytePath {
        let file = try #require(dump.manifest.tables[0].chunks.dropFirst().first).file
        return DumpPath.data("t", file).reduce(dump.scratch.root) { $0.appending($1) }
    }

    private func expectRefusal(_ kinds: Set<MySQLFailure.Kind>, _ damage: (ServerDump) throws -> Void) throws {
        let (bench, dump, live) = try bench()
        try damage(dump)
        let failure = mysqlFailure { try bench.run(dump) }
        #expect(failure.map { kinds.contains($0.kind) } == true, "\(String(describing: failure))")
        #expect(try bench.picture().differences(from: live) == [])
        #expect(try bench.leftovers().isEmpty)
    }

    @Test func `because a file of rows has another value`() throws {
        try expectRefusal([.differs]) { dump in
            var bytes = try bytes(of: chunk(dump))
            let place = try #require(bytes.firstIndex(of: UInt8(ascii: "w")))
            bytes[place] = UInt8(ascii: "W")
            try AtomicFile.write(bytes.span, to: chunk(dump))
        }
    }

    @Test func `because a file of rows is cut`() throws {
        try expectRefusal([.damaged]) { dump in
            let cut = Array(try bytes(of: chunk(dump)).dropLast(20))
            try AtomicFile.write(cut.span, to: chunk(dump))
        }
    }

    @Test func `because a file of rows is longer`() throws {
        try expectRefusal([.damaged]) { dump in
            let longer = try bytes(of: chunk(dump)) + Array("999999\tx\n".utf8)
            try AtomicFile.write(longer.span, to: chunk(dump))
        }
    }

    @Test func `because a row came twice`() throws {
        try expectRefusal([.differs]) { dump in
            var lines = try bytes(of: chunk(dump)).split(separator: 0x0a, omittingEmptySubsequences: false).map(Array.init)
            lines[1] = Array(lines[0].prefix(lines[1].count)) + Array(repeating: UInt8(ascii: "x"), count: max(0, lines[1].count - lines[0].count))
            let joined = Array(lines.joined(separator: [0x0a]))
            try AtomicFile.write(joined.span, to: chunk(dump))
        }
    }

    @Test func `because a definition is not what the manifest says`() throws {
        try expectRefusal([.damaged]) { dump in
            let path = DumpPath.schema("views", "w").reduce(dump.scratch.root) { $0.appending($1) }
            let other = Array("CREATE VIEW `w` AS select 1\n".utf8)
            try AtomicFile.write(other.span, to: path)
        }
    }

    @Test func `because the backup is of a newer server or another vendor`() throws {
        let (bench, dump, live) = try bench()
        for (version, vendor) in [("12.3.1-MariaDB", MySQLVersion.Vendor.mariadb), ("8.4.2", .mysql)] {
            let m = dump.manifest
            let manifest = ServerManifest(
                method: m.method, vendor: vendor, serverVersion: version, database: m.database, sqlMode: m.sqlMode, lowerCaseTableNames: m.lowerCaseTableNames,
                characterSet: m.characterSet, collation: m.collation, coordinates: nil, captureStarted: m.captureStarted, captureEnded: m.captureEnded,
                objects: m.objects, tables: m.tables, notes: [])
            let failure = mysqlFailure {
                _ = try MySQLRestore.run(bench.access, password: [], source: dump.source, manifest: manifest)
            }
            #expect(failure?.kind == .unsupported && failure?.hint != nil, "\(String(describing: failure))")
        }
        #expect(try bench.picture().differences(from: live) == [])
    }

    @Test func `because somebody uses a table for too long is undone, triggers and all`() throws {
        let (bench, dump, _) = try bench()
        try bench.sql("CREATE TRIGGER kept BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, '!')")
        let live = try bench.picture()
        let busy = try MySQLConnection(bench.access, password: [])
        try busy.execute("START TRANSACTION", to: "use")
        _ = try busy.query("SELECT COUNT(*) FROM t", to: "use")
        let failure = mysqlFailure { try bench.run(dump) { $0.lockWaitSeconds = 1 } }
        #expect(failure?.kind == .busy, "\(String(describing: failure))")
        try busy.execute("COMMIT", to: "use")
        #expect(try bench.picture().differences(from: live) == [])
        #expect(try bench.leftovers().isEmpty)
    }

    @Test func `because a trigger's name is taken by a table that stays`() throws {
        let bench = try RestoreBench(
            "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY); CREATE TRIGGER moved BEFORE INSERT ON a FOR EACH ROW SET NEW.id = NEW.id + 1")
        let dump = try bench.dump()
        try bench.sql("DROP TRIGGER moved; CREATE TRIGGER moved BEFORE INSERT ON b FOR EACH ROW SET NEW.id = 7; INSERT INTO a VALUES (2)")
        let live = try bench.picture()
        let failure = mysqlFailure { try bench.run(dump) { $0.tables = ["a"] } }
        #expect(failure?.kind == .unsupported && failure?.hint?.contains("'b'") == true)
        #expect(try bench.picture().differences(from: live) == [])
        #expect(try bench.leftovers().isEmpty)
    }

    @Test func `because the last step fails is undone as a whole`() throws {
        let (bench, dump, _) = try bench()
        try bench.sql(
            "DROP VIEW w; CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x'; CREATE TABLE u (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id))"
        )
        let live = try bench.picture()
        let fetched = try bench.restore(dump).fetch()
        // Somebody makes a table that has the name of a view, after the tables were swapped and before the view is made.
        let failure = mysqlFailure { _ = try fetched.apply { if $0 == .recorded { try bench.sql("CREATE TABLE w (x INT)") } } }
        #expect(failure?.number == 1050, "\(String(describing: failure))")
        fetched.discard()
        try bench.sql("DROP TABLE w")
        #expect(try bench.picture().differences(from: live) == [])
        #expect(try bench.leftovers().isEmpty)
    }
}
