// Fixture: a scratch directory with SQLite databases made by the stock `sqlite3` shell, and a client whose worker runs in this process.

import Foundation
import HostOS
import Testing

import Databases
import Bytes

/// A directory of its own, removed at the end of the test.
final class Scratch {
    let root: BytePath

    init() throws {
        root = BytePath("/tmp/lifeboat-databases-\(UInt64.random(in: 0 ... .max))")
        try Directory.create(root)
    }

    deinit { try? Directory.removeTree(root) }

    func path(_ name: String) -> BytePath { root.appending(name) }

    /// Every name in the directory but the hidden ones sqlite3 or we left would show up here.
    var names: Set<String> { Set(((try? Directory.entries(of: root)) ?? []).map { String(decoding: $0.name, as: UTF8.self) }) }

    /// Makes a database with the shell and returns its path.
    @discardableResult
    func database(_ name: String, _ sql: String) throws -> BytePath {
        let path = path(name)
        try Shell.run(path, sql)
        return path
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> BytePath {
        let path = path(name)
        try AtomicFile.write(bytes.span, to: path, mode: 0o640)
        return path
    }
}

enum Shell {
    /// Runs SQL in the sqlite3 shell; a complaint fails the test.
    @discardableResult
    static func run(_ database: BytePath, _ sql: String, allowingFailure: Bool = false) throws -> String {
        let result = try Child.run(
            BytePath("sqlite3"), [Array("-bail".utf8), Array("-cmd".utf8), Array(".timeout 10000".utf8), database.bytes],
            standardInput: Array((sql + "\n").utf8))
        if !allowingFailure { #expect(result.exitStatus == 0 && result.errorOutput.isEmpty, "sqlite3: \(result.errorText)") }
        return result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs SQL and then dies by SIGKILL, as an application whose machine fails: logs and journals stay behind.
    static func runAndDie(_ database: BytePath, _ sql: String) throws {
        try run(database, sql + "\n.shell kill -9 $PPID", allowingFailure: true)
    }

    static func isSound(_ database: BytePath) throws -> Bool { try run(database, "PRAGMA integrity_check;") == "ok" }
}

extension SQLiteClient {
    /// The worker in this process: every request and answer goes through its JSON form all the same.
    static var inProcess: SQLiteClient {
        SQLiteClient { (request) throws(SystemError) in
            Child.Result(exitStatus: 0, output: SQLiteWorker.serve(request: request), errorOutput: [])
        }
    }
}

func bytes(of path: BytePath) throws -> [UInt8] { try AtomicFile.read(path, limit: 1 << 30) }

func failure(_ body: () throws -> Void) -> DatabaseFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? DatabaseFailure
    }
}

/// A sqlite3 shell that writes transactions without a pause until `stop`; each keeps sum(a.v) + sum(b.v) and count(log) in step.
final class HeavyWriter {
    private let process = Process()
    private let stopFile: BytePath
    private let output: BytePath

    static let schema = """
        CREATE TABLE a(id INTEGER PRIMARY KEY, v INTEGER, filler TEXT); CREATE TABLE b(id INTEGER PRIMARY KEY, v INTEGER);
        CREATE TABLE log(id INTEGER PRIMARY KEY, filler BLOB); CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES(0);
        WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<5000)
        INSERT INTO a SELECT i, 100, hex(randomblob(200)) FROM n; INSERT INTO b SELECT id, 100 FROM a;
        """

    init(_ database: BytePath, in scratch: Scratch) throws {
        stopFile = scratch.path("stop")
        output = scratch.path("writer.out")
        let transaction = """
            BEGIN IMMEDIATE; UPDATE a SET v = v - 7, filler = hex(randomblob(200)) WHERE id = abs(random()) % 5000 + 1;
            UPDATE b SET v = v + 7 WHERE id = abs(random()) % 5000 + 1; INSERT INTO log(filler) VALUES(randomblob(2000));
            UPDATE counter SET n = n + 1; COMMIT;

            """
        let script = try scratch.write("writer.sql", Array(String(repeating: transaction, count: 20).utf8))
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            "(echo '.timer on'; while [ ! -e '\(stopFile)' ] && kill -0 \(Host.processID); do cat '\(script)'; done) | sqlite3 -cmd '.timeout 20000' '\(database)' > '\(output)' 2>&1",
        ]
        try process.run()
    }

    /// Ends the writer and returns the longest time one of its statements took, in seconds.
    func stop() throws -> Double {
        try AtomicFile.write([UInt8]().span, to: stopFile)
        process.waitUntilExit()
        let text = String(decoding: try bytes(of: output), as: UTF8.self)
        #expect(!text.contains("Error"), "the writer failed: \(text.suffix(300))")
        return text.split(separator: "\n").compactMap { line in
            line.hasPrefix("Run Time: real ") ? Double(line.dropFirst(15).prefix { $0 != " " }) : nil
        }.max() ?? 0
    }

    static let invariant = """
        SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b) = 1000000 AND (SELECT count(*) FROM log) = (SELECT n FROM counter);
        """
}
