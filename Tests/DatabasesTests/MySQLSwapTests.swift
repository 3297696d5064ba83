// MySQLSwapTests: a swap that is killed at any step, a restore as a drill does it, many tables, and dumps of the vendor's own program.

import Bytes
import Databases
import HostOS
import TestKit
import Testing

@Suite struct `A restore of MariaDB that is killed in the middle of the swap` {
    struct Killed: Error {}

    private static let shop = """
        CREATE TABLE parent (id INT PRIMARY KEY, v TEXT); CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id));
        CREATE TABLE stays (id INT PRIMARY KEY, p INT, CONSTRAINT stays_parent FOREIGN KEY (p) REFERENCES parent (id));
        CREATE VIEW names AS SELECT v FROM parent; CREATE PROCEDURE touch() UPDATE parent SET v = 'touched';
        CREATE TRIGGER marked BEFORE INSERT ON parent FOR EACH ROW SET NEW.v = CONCAT('new ', NEW.v);
        INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1); INSERT INTO stays VALUES (1, 1);
        """

    private static let changes = """
        DELETE FROM child; DROP VIEW names; CREATE VIEW names AS SELECT 1 AS other; CREATE TABLE extra (id INT); DROP PROCEDURE touch;
        CREATE TRIGGER live_only AFTER INSERT ON child FOR EACH ROW UPDATE stays SET p = 1;
        """

    @Test(arguments: MySQLSwapStep.allCases, [false, true]) func `is finished or undone by the next one`(_ step: MySQLSwapStep, _ chosen: Bool) throws {
        let bench = try RestoreBench(Self.shop), dump = try bench.dump(), backedUp = try bench.picture()
        try bench.sql(Self.changes)
        let live = try bench.picture()
        try kill(bench, dump, at: step, chosen)
        let isInPlace = step.rawValue >= MySQLSwapStep.renamed.rawValue
        // The rows are the old ones or the new ones, never both or none.
        #expect(try bench.sql("SELECT COUNT(*) FROM child") == (isInPlace ? "1\n" : "0\n"))
        // What ends it: a restore that then goes no further, because it is refused.
        let cut = try #require(dump.manifest.table("child")?.chunks.first)
        try Directory.remove(DumpPath.data("child", cut.file).reduce(dump.scratch.root) { $0.appending($1) })
        #expect(throws: SystemError.self) { try bench.run(dump) }
        let after = try bench.picture()
        if !isInPlace { #expect(after.differences(from: live) == []) }
        if isInPlace && !chosen { #expect(after.differences(from: backedUp) == []) }
        if isInPlace && chosen {
            #expect(after.checksums["child"] == backedUp.checksums["child"] && after.checksums["extra"] != nil)
            #expect(try bench.sql("SHOW TRIGGERS").contains("marked") && !bench.sql("SHOW TRIGGERS").contains("live_only"))
            #expect(try bench.sql("SHOW CREATE TABLE stays").contains("REFERENCES `parent`"))
        }
        #expect(try bench.leftovers().isEmpty)
    }

    private func kill(_ bench: RestoreBench, _ dump: ServerDump, at step: MySQLSwapStep, _ chosen: Bool) throws {
        let fetched = try bench.restore(dump) { if chosen { $0.tables = ["child", "parent"] } }.fetch()
        #expect(throws: Killed.self) { _ = try fetched.apply { if $0 == step { throw Killed() } } }
    }
}

@Suite struct `A restore of MariaDB into a server of its own` {
    @Test func `proves a backup without touching anything, as a drill does`() throws {
        let bench = try RestoreBench(`A restored MariaDB database`.everything), dump = try bench.dump()
        let own = try ThrowawayServer.start(
            ThrowawayServer.Options(
                source: dump.manifest.version, sqlMode: dump.manifest.sqlMode, lowerCaseTableNames: Int(dump.manifest.lowerCaseTableNames),
                expectedByteCount: dump.manifest.byteCount))
        defer { own.stop() }
        let fetched = try MySQLRestore(own.server, password: [], source: dump.source, manifest: dump.manifest).fetch()
        #expect(fetched.report.comparison.isEqual && fetched.report.comparison.comparedRows == dump.manifest.rowCount)
        let connection = try MySQLConnection(own.server.with(database: fetched.scratch), password: [])
        #expect(try connection.query("SELECT COUNT(*) FROM no_key", to: "look").first?.text(0) == "500")
        let report = try fetched.apply()
        #expect(report.database == dump.manifest.database)
    }

    /// In memory: on a disk each of the 4,000 renames waits twice for it, as servers want to survive a power cut.
    @Test func `of two thousand tables takes seconds, not minutes`() throws {
        let own = try ThrowawayServer.start(ThrowawayServer.Options(source: MySQLVersion("10.11.0-MariaDB"), directory: "/dev/shm"))
        defer { own.stop() }
        let connection = try MySQLConnection(own.server, password: [])
        try connection.execute("CREATE DATABASE many", to: "prepare")
        try connection.execute("USE many", to: "prepare")
        for number in 1...2000 {
            try connection.execute("CREATE TABLE t\(number) (id INT PRIMARY KEY, v VARCHAR(20))", to: "prepare")
            try connection.execute("INSERT INTO t\(number) VALUES (1, 'x\(number)')", to: "prepare")
        }
        let dump = try ServerDump(own.server.with(database: "many")), started = Host.monotonicNanoseconds()
        let report = try MySQLRestore.run(own.server, password: [], source: dump.source, manifest: dump.manifest)
        let seconds = Double(Host.monotonicNanoseconds() - started) / 1e9
        #expect(report.comparison.comparedTables == 2000)
        #expect(
            seconds < 60,
            "\(seconds) s: load \(report.loadNanoseconds / 1_000_000) ms, proof \(report.proofNanoseconds / 1_000_000) ms, swap \(report.swapNanoseconds / 1_000_000) ms")
    }
}

@Suite struct `A dump of MariaDB's own program` {
    /// As `mariadb-dump` writes it, with the manifest that goes with it.
    /// - Parameter surplus: rows that were counted in each table shortly before, and are not in the dump.
    private func dump(_ bench: RestoreBench, surplus: UInt64 = 0) throws -> (native: ServerDump, manifest: ServerManifest) {
        let native = try bench.dump(), m = native.manifest
        let result = try Child.run(
            "mariadb-dump",
            [
                "--no-defaults", "--user=root", "--socket=\(bench.server.socket)", "--default-character-set=utf8mb4", "--single-transaction", "--routines", "--triggers",
                "--events", "--hex-blob",
                bench.database,
            ])
        #expect(result.exitStatus == 0 && result.errorText.isEmpty, "\(result.errorText)")
        try AtomicFile.write(result.output.span, to: DumpPath.clientDump.reduce(native.scratch.root) { $0.appending($1) })
        let tables = m.tables.map { table in
            ServerTable(
                name: table.name, engine: table.engine, columns: table.columns, hasHistory: false, isExcluded: false, autoIncrement: nil,
                chunks: [TableChunk(file: "dump.sql", byteCount: 0, rows: RowSum(rowCount: table.rows.rowCount + surplus))])
        }
        let manifest = ServerManifest(
            method: .client, vendor: m.vendor, serverVersion: m.serverVersion, database: m.database, sqlMode: m.sqlMode, lowerCaseTableNames: m.lowerCaseTableNames,
            characterSet: m.characterSet, collation: m.collation, coordinates: nil, captureStarted: m.captureStarted, captureEnded: m.captureEnded, objects: [],
            tables: tables, notes: [])
        return (native, manifest)
    }

    private static let shop = """
        CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20)); CREATE TABLE b (id INT PRIMARY KEY, a INT, b BLOB, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id));
        INSERT INTO a VALUES (1, 'ä🎒'), (2, 'y'); INSERT INTO b VALUES (1, 1, 0x00ff0a), (2, 2, NULL);
        CREATE VIEW w AS SELECT v FROM a; CREATE TRIGGER g BEFORE INSERT ON b FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE p() SELECT 1;
        """

    @Test func `comes back through the stock client, whole or a table of it`() throws {
        let bench = try RestoreBench(Self.shop), before = try bench.picture(), (native, manifest) = try dump(bench)
        try bench.sql("DELETE FROM b; ALTER TABLE a ADD x INT; DROP VIEW w; DROP PROCEDURE p")
        let report = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest)
        #expect(report.comparison.comparedTables == 2 && report.comparison.comparedRows == 4)
        #expect(try bench.picture().differences(from: before) == [])
        try bench.sql("DELETE FROM b; UPDATE a SET v = 'live'")
        var options = MySQLRestore.Options()
        options.tables = ["b"]
        _ = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest, options: options)
        #expect(try bench.sql("SELECT COUNT(*) FROM b; SELECT DISTINCT v FROM a") == "2\nlive\n")
        #expect(try bench.sql("SHOW CREATE TABLE b").contains("REFERENCES `a` (`id`)"))
    }

    @Test func `comes back although rows were counted before others were deleted, and that is said`() throws {
        let bench = try RestoreBench(Self.shop), before = try bench.picture(), (native, manifest) = try dump(bench, surplus: 3)
        try bench.sql("DELETE FROM b")
        let report = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest)
        #expect(report.notes.contains { $0.contains("table 'b' has 2 rows; 5 were counted shortly before") }, "\(report.notes)")
        #expect(try bench.picture().differences(from: before) == [])
    }

    @Test func `is refused when a table that had rows comes back empty`() throws {
        let bench = try RestoreBench(Self.shop + " CREATE TABLE c (id INT PRIMARY KEY);"), (native, manifest) = try dump(bench, surplus: 1), live = try bench.picture()
        let failure = mysqlFailure { _ = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest) }
        #expect(failure?.kind == .differs)
        #expect(try bench.picture().differences(from: live) == [])
    }

    @Test func `is refused when it was cut, before anything is loaded`() throws {
        let bench = try RestoreBench(Self.shop), (native, manifest) = try dump(bench), path = DumpPath.clientDump.reduce(native.scratch.root) { $0.appending($1) }
        let whole = try bytes(of: path), live = try bench.picture()
        let cut = Array(whole[..<(try #require(whole.lastIndex(of: UInt8(ascii: ";"))) + 1)])
        try AtomicFile.write(cut.span, to: path)
        let failure = mysqlFailure { _ = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest) }
        #expect(failure?.kind == .damaged)
        #expect(try bench.picture().differences(from: live) == [])
    }

    @Test func `that the client stumbles over is refused with the client's words`() throws {
        Interrupts.install()
        let bench = try RestoreBench(Self.shop), (native, manifest) = try dump(bench), path = DumpPath.clientDump.reduce(native.scratch.root) { $0.appending($1) }
        let broken = Array("NONSENSE;\n".utf8) + (try bytes(of: path)), live = try bench.picture()
        try AtomicFile.write(broken.span, to: path)
        let failure = mysqlFailure { _ = try MySQLRestore.run(bench.access, password: [], source: native.source, manifest: manifest) }
        #expect(failure?.reason.contains("NONSENSE") == true, "\(String(describing: failure))")
        #expect(try bench.picture().differences(from: live) == [])
    }
}
