// A dump while others write, change tables, kill the server, or hide what the account may not see.

import Bytes
import Databases
import HostOS
import Synchronization
import Testing
import TestKit

/// Clients that move money between accounts until told to stop. The sum stays what it was.
private final class Transfers: Sendable {
    private let workers = Workers()
    private let stopped = Mutex(false)

    init(_ server: MariaDBServer, _ database: String, writers: Int, accounts: Int) throws {
        for writer in 0..<writers {
            let connection = try server.connect(database)
            workers.start("transfers") { [self] in
                var random = SeededRandom(seed: UInt64(writer))
                while !stopped.withLock({ $0 }) {
                    let from = Int.random(in: 1...accounts, using: &random), to = Int.random(in: 1...accounts, using: &random)
                    do {
                        try connection.execute("START TRANSACTION", to: "transfer")
                        try connection.execute("UPDATE account_a SET amount = amount - 1 WHERE id = \(min(from, to))", to: "transfer")
                        try connection.execute("UPDATE account_b SET amount = amount + 1 WHERE id = \(max(from, to))", to: "transfer")
                        try connection.execute("INSERT INTO ledger (a, b) VALUES (\(from), \(to))", to: "transfer")
                        try connection.execute("COMMIT", to: "transfer")
                    } catch {
                        // A deadlock, or a table that is being changed: the transaction did not happen.
                        try connection.execute("ROLLBACK", to: "transfer")
                    }
                }
            }
        }
    }

    func stop() throws {
        stopped.withLock { $0 = true }
        try workers.join()
    }

    static func tables(_ server: MariaDBServer, accounts: Int) throws -> String {
        let name = try server.newDatabase("bank")
        try server.sql(
            """
            CREATE TABLE account_a (id INT PRIMARY KEY, amount INT NOT NULL); CREATE TABLE account_b LIKE account_a;
            INSERT INTO account_a SELECT seq, 1000 FROM seq_1_to_\(accounts); INSERT INTO account_b SELECT seq, 1000 FROM seq_1_to_\(accounts);
            CREATE TABLE ledger (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT);
            """, in: name)
        return name
    }
}

@Suite struct `A dump while others write` {
    /// The amounts in both tables and the number of ledger entries, from the files of a dump.
    private func sums(_ dump: ServerDump) throws -> (money: Int, moved: Int, entries: UInt64) {
        func amounts(_ table: SchemaText) throws -> Int {
            var sum = 0
            for chunk in try #require(dump.manifest.table(table)).chunks {
                for line in try dump.text(DumpPath.data(table, chunk.file)).split(separator: "\n") { sum += Int(line.split(separator: "\t")[1]) ?? 0 }
            }
            return sum
        }
        let a = try amounts("account_a"), b = try amounts("account_b")
        return (a + b, b - a, try #require(dump.manifest.table("ledger")).rows.rowCount)
    }

    @Test(arguments: [true, false]) func `is one moment of the database`(_ binaryLog: Bool) throws {
        let server = try MariaDBServer(binaryLog: binaryLog)
        let name = try Transfers.tables(server, accounts: 20_000)
        let transfers = try Transfers(server, name, writers: 3, accounts: 20_000)
        for readers in [1, 2, 4] {
            let dump = try ServerDump(server.server(name), options: MySQLCaptureOptions(readerCount: readers))
            let sums = try sums(dump)
            #expect(sums.money == 40_000_000)
            #expect(sums.moved == 2 * Int(sums.entries))
            #expect((dump.manifest.coordinates != nil) == binaryLog)
        }
        try transfers.stop()
    }

    @Test func `begins again when a table is changed under it`() throws {
        let server = try MariaDBServer.shared(), name = try server.newDatabase("ddl")
        try server.sql("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM seq_1_to_1000", in: name)
        let dump = try MeddlingSink(meddlesUntilLane: 1) { try server.sql("ALTER TABLE t ADD COLUMN added INT DEFAULT 5", in: name) }
        let manifest = try MySQLCapture.run(server.server(name), password: [], options: MySQLCaptureOptions(readerCount: 1), sink: dump)
        #expect(dump.restarts == 1)
        #expect(manifest.table("t")?.columns.map(\.name) == ["id", "v", "added"])
        #expect(manifest.table("t")?.rows.rowCount == 1000)
    }

    @Test func `gives up when tables never stop changing`() throws {
        let server = try MariaDBServer.shared(), name = try server.newDatabase("ddl")
        try server.sql("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM seq_1_to_1000", in: name)
        let counter = Mutex(0)
        let dump = try MeddlingSink(meddlesUntilLane: 100) {
            let number = counter.withLock { value in
                value += 1
                return value
            }
            try server.sql("CREATE TABLE new\(number) (id INT)", in: name)
        }
        let failure = #expect(throws: MySQLFailure.self) {
            try MySQLCapture.run(server.server(name), password: [], options: MySQLCaptureOptions(readerCount: 1), sink: dump)
        }
        #expect(failure?.kind == .schemaChanged)
        #expect(dump.restarts == 2)
    }

    @Test func `leaves no lock on a table it has read`() throws {
        let server = try MariaDBServer.shared(), name = try server.newDatabase("mdl")
        try server.sql(
            "CREATE TABLE a (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO a SELECT seq, REPEAT('x', 1000) FROM seq_1_to_2000; CREATE TABLE b (id INT PRIMARY KEY); INSERT INTO b VALUES (1)",
            in: name)
        // The larger table comes first; when the second one's file begins, the first must be free for ALTER.
        let sink = MeddlingSink(meddlesAtFile: "b") { try server.sql("SET lock_wait_timeout = 2; ALTER TABLE a ADD COLUMN w INT", in: name) }
        let failure = #expect(throws: MySQLFailure.self) {
            try MySQLCapture.run(server.server(name), password: [], options: MySQLCaptureOptions(readerCount: 1, attempts: 1), sink: sink)
        }
        #expect(failure?.kind == .schemaChanged)
    }

    @Test func `fails at once and says so when the server is killed`() throws {
        let server = try MariaDBServer(binaryLog: false), name = try server.newDatabase("killed")
        try server.sql("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t SELECT seq, REPEAT('x', 10000) FROM seq_1_to_20000", in: name)
        let sink = MeddlingSink(meddlesAtFile: "t") { server.kill() }
        let failure = #expect(throws: MySQLFailure.self) { try MySQLCapture.run(server.server(name), password: [], sink: sink) }
        #expect(failure?.kind == .connectionLost || failure?.kind == .unreachable)
        #expect(failure?.failure.code == .unreachable)
    }

    @Test func `passes on what its sink throws`() throws {
        struct Full: Error {}
        let server = try MariaDBServer.shared(), name = try server.newDatabase("full")
        try server.sql("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t SELECT seq, REPEAT('x', 10000) FROM seq_1_to_5000", in: name)
        let sink = MeddlingSink(meddlesAtFile: "t") { throw Full() }
        #expect(throws: Full.self) { try MySQLCapture.run(server.server(name), password: [], sink: sink) }
    }
}

/// Discards everything, and does something to the database in the middle of it.
private final class MeddlingSink: DumpSink {
    private let meddle: @Sendable () throws -> Void
    private let lanes = Mutex(0)
    private let lastLane: Int
    private let file: String?
    private let restartCount = Mutex(0)

    /// When a lane is asked for: at the start of reading rows, and then for the scripts. Only the first `meddlesUntilLane` times.
    init(meddlesUntilLane: Int, _ meddle: @escaping @Sendable () throws -> Void) throws {
        self.meddle = meddle
        lastLane = meddlesUntilLane
        file = nil
    }

    /// When the first file of a table's rows begins.
    init(meddlesAtFile table: String, _ meddle: @escaping @Sendable () throws -> Void) {
        self.meddle = meddle
        lastLane = 0
        file = table
    }

    var restarts: Int { restartCount.withLock { $0 } }

    func startOver() { restartCount.withLock { $0 += 1 } }

    func lane() throws -> any DumpLane {
        let number = lanes.withLock { count in
            count += 1
            return count
        }
        if number <= lastLane { try meddle() }
        return Lane(self)
    }

    private final class Lane: DumpLane {
        let sink: MeddlingSink
        init(_ sink: MeddlingSink) { self.sink = sink }

        func begin(_ path: [[UInt8]]) throws {
            if let file = sink.file, path.count == 3, path[0] == Array("data".utf8), path[1] == Array(file.utf8) { try sink.meddle() }
        }
        func write(_ bytes: Span<UInt8>) {}
        func end() {}
    }
}

@Suite struct `An account with few privileges` {
    private func account(_ server: MariaDBServer, _ name: String, _ grants: [String]) throws -> MySQLServer {
        let database = try server.newDatabase("grants")
        try server.sql(
            "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id; CREATE PROCEDURE p() SELECT 1",
            in: database)
        try server.sql("CREATE USER \(name)@localhost IDENTIFIED BY 'secret'")
        for grant in grants { try server.sql(grant.replacingDatabase(database) + " TO \(name)@localhost") }
        return server.server(database, user: name)
    }

    private func failure(_ target: MySQLServer) -> MySQLFailure? {
        do {
            _ = try MySQLCapture.run(target, password: Array("secret".utf8), sink: DiscardingSink())
            return nil
        } catch { return error as? MySQLFailure }
    }

    @Test func `backs up with what it needs and no more`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "exact", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON DB.*", "GRANT SELECT ON mysql.proc"])
        let manifest = try MySQLCapture.run(target, password: Array("secret".utf8), sink: DiscardingSink())
        #expect(manifest.objects(.trigger).count == 1)
        #expect(manifest.objects(.procedure).count == 1)
        #expect(manifest.table("t")?.rows.rowCount == 1)
    }

    @Test func `is told each grant it lacks, as the statement that gives it`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "lacking", ["GRANT SELECT, SHOW VIEW ON DB.*"])
        let refused = try #require(failure(target))
        #expect(refused.kind == .denied)
        let database = try #require(target.database)
        #expect(
            refused.hint
                == "run as an administrator of the server: GRANT TRIGGER ON `\(database)`.* TO 'lacking'@'localhost'; "
                + "GRANT EVENT ON `\(database)`.* TO 'lacking'@'localhost'; GRANT SELECT ON mysql.proc TO 'lacking'@'localhost';")
        for statement in try #require(refused.hint).split(separator: ": ")[1].split(separator: ";") where statement.count > 2 { try server.sql(String(statement)) }
        #expect(failure(target) == nil)
    }

    /// The account that an application has. Its routines may belong to an administrator, who keeps their text.
    @Test func `with all rights on its database is told of routines it cannot read, and of nothing where there are none`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "application", ["GRANT ALL PRIVILEGES ON DB.*"])
        let refused = try #require(failure(target))
        #expect(refused.hint == "run as an administrator of the server: GRANT SELECT ON mysql.proc TO 'application'@'localhost';")
        let database = "\(try #require(target.database))"
        for routine in try server.sql(
            "SELECT CONCAT(ROUTINE_TYPE, ' `', ROUTINE_NAME, '`') FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()", in: database
        )
        .split(separator: "\n") { try server.sql("DROP \(routine)", in: database) }
        #expect(failure(target) == nil)
    }

    @Test func `may have its grants by a pattern, by name or everywhere, but not on columns or single tables`() throws {
        let server = try MariaDBServer.shared()
        let whole = ["GRANT SELECT ON mysql.proc"]
        #expect(failure(try account(server, "by_pattern", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `grant%`.*"] + whole)) == nil)
        #expect(failure(try account(server, "everywhere", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.*"])) == nil)
        #expect(failure(try account(server, "everything", ["GRANT ALL PRIVILEGES ON DB.*"] + whole)) == nil)
        #expect(failure(try account(server, "by_escape", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `grants\\_0`.*"] + whole))?.kind != nil)
        #expect(
            failure(try account(server, "single", ["GRANT SELECT ON DB.t", "GRANT SHOW VIEW, TRIGGER, EVENT ON DB.*"] + whole))?.hint?.contains("GRANT SELECT ON") == true
        )
        #expect(
            failure(try account(server, "columns", ["GRANT SELECT (id) ON DB.t", "GRANT SHOW VIEW, TRIGGER, EVENT ON DB.*"] + whole))?.hint?.contains("GRANT SELECT ON")
                == true)
    }

    @Test func `reads with one connection where a lock would be needed and may not be had`() throws {
        let server = try MariaDBServer(binaryLog: false)
        let target = try account(server, "unlocked", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON DB.*", "GRANT SELECT ON mysql.proc"])
        let manifest = try MySQLCapture.run(target, password: Array("secret".utf8), sink: DiscardingSink())
        #expect(manifest.notes.contains { $0.contains("GRANT RELOAD ON *.* TO 'unlocked'@'localhost'") })
        #expect(manifest.table("t")?.rows.rowCount == 1)
    }

    @Test func `does not stop the accounts of others from being missing, only from being read`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "curious", ["GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON DB.*", "GRANT SELECT ON mysql.proc"])
        let dump = try ServerDump(target, password: Array("secret".utf8))
        #expect(dump.manifest.notes.contains { $0.contains("GRANT SELECT ON mysql.*") })
        let full = try ServerDump(server.server(target.database.map { "\($0)" }))
        let accounts = try full.text(DumpPath.accounts)
        #expect(accounts.contains("CREATE USER IF NOT EXISTS `root`@`localhost`"))
        #expect(accounts.contains("CREATE USER IF NOT EXISTS `curious`@`localhost` IDENTIFIED BY PASSWORD"))
        #expect(accounts.contains("GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON `\(try #require(target.database))`.* TO `curious`@`localhost`"))
        #expect(!accounts.contains("secret"))
    }
}

extension String {
    fileprivate func replacingDatabase(_ name: String) -> String { split(separator: "DB.", omittingEmptySubsequences: false).joined(separator: "`\(name)`.") }
}
