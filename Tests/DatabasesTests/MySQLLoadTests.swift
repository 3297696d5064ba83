// MySQLLoadTests: the ways into the scratch database: large tables that are read back while others are loaded, and statements instead of files.

import Bytes
import Databases
import HostOS
import TestKit
import Testing

@Suite struct `A large table that is restored` {
    /// More than 8 MiB of text each, so that both are read back while others are loaded.
    private static let large = """
        CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(100), k INT, KEY (k), up INT, CONSTRAINT to_self FOREIGN KEY (up) REFERENCES big (id)) STATS_SAMPLE_PAGES=30;
        INSERT INTO big SELECT seq, REPEAT(MD5(seq), 3), seq % 77, NULL FROM seq_1_to_120000;
        CREATE TABLE wide (a VARCHAR(40), b INT, c TEXT, PRIMARY KEY (a, b)) PARTITION BY KEY (a) PARTITIONS 3; INSERT INTO wide SELECT MD5(seq), seq, REPEAT('é', 60) FROM seq_1_to_70000;
        CREATE TABLE fixed (id INT PRIMARY KEY, v VARCHAR(200)) STATS_AUTO_RECALC=0; INSERT INTO fixed SELECT seq, REPEAT('x', 150) FROM seq_1_to_70000;
        CREATE TABLE small (id INT PRIMARY KEY, big INT, FOREIGN KEY (big) REFERENCES big (id)); INSERT INTO small VALUES (1, 5);
        """

    @Test(arguments: [1, 2, 5]) func `is what it was, its definition too, and has statistics`(connections: Int) throws {
        let bench = try RestoreBench(Self.large), dump = try bench.dump(), before = try bench.picture()
        #expect(dump.manifest.tables.count { $0.byteCount >= 8 << 20 } == 3)
        try bench.sql("SET foreign_key_checks = 0; DELETE FROM big WHERE id > 10; DROP TABLE wide")
        let report = try bench.run(dump) { $0.loaderCount = connections }
        #expect(report.comparison.comparedTables == 4 && report.comparison.comparedRows == 260_001 && report.notes.isEmpty, "\(report.notes)")
        #expect(try bench.picture().differences(from: before) == [])
        #expect(try bench.sql("SELECT n_rows > 100000 FROM mysql.innodb_table_stats WHERE database_name = DATABASE() AND table_name = 'big'") == "1\n")
    }

    @Test func `and that has another value in one row is found while others are loaded`() throws {
        let bench = try RestoreBench(Self.large), dump = try bench.dump(), before = try bench.picture()
        let table = try #require(dump.manifest.table("big")), file = try #require(table.chunks.last).file
        let path = DumpPath.data("big", file).reduce(dump.scratch.root) { $0.appending($1) }
        var content = try bytes(of: path)
        let place = try #require(content.lastIndex(of: UInt8(ascii: "a")))
        content[place] = UInt8(ascii: "b")
        try AtomicFile.write(content.span, to: path)
        let failure = mysqlFailure { try bench.run(dump) }
        #expect(failure?.kind == .differs && failure?.reason.contains("'big'") == true, "\(String(describing: failure))")
        #expect(try bench.picture().differences(from: before) == [])
        #expect(try bench.leftovers().isEmpty)
    }
}

@Suite struct `Where clients may not load data` {
    private static let slow = "local_infile is off"

    @Test func `everything comes back by statements all the same, and that is said`() throws {
        let server = try MariaDBServer(arguments: ["--local-infile=0", "--max-allowed-packet=16M"])
        let bench = try RestoreBench(Everything.types + Everything.allBytes + Everything.objects, server: server)
        try bench.sql("CREATE TABLE many (id INT PRIMARY KEY, v VARCHAR(100)); INSERT INTO many SELECT seq, REPEAT(CHAR(39, 92), 50) FROM seq_1_to_100000")
        let dump = try bench.dump(), before = try bench.picture(ignoring: ["broken"])
        try bench.sql("DROP TABLE many; DELETE FROM bytes")
        let report = try bench.run(dump)
        #expect(report.notes.contains { $0.contains(Self.slow) })
        #expect(try bench.picture(ignoring: ["broken"]).differences(from: before) == [])
        #expect(try server.sql("SELECT @@global.local_infile") == "0\n")
    }

    @Test func `a row that the server would not take is refused in words that help`() throws {
        let server = try MariaDBServer(arguments: ["--local-infile=0", "--max-allowed-packet=1M"])
        let bench = try RestoreBench("CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB); INSERT INTO t VALUES (1, REPEAT('x', 700000))", server: server)
        let dump = try bench.dump(), before = try bench.picture()
        let failure = mysqlFailure { try bench.run(dump) }
        #expect(failure?.kind == .unsupported && failure?.hint?.contains("local_infile") == true, "\(String(describing: failure))")
        #expect(try bench.picture().differences(from: before) == [])
        #expect(try bench.leftovers().isEmpty)
    }
}
