// SQLite under a heavy writer: every backup made meanwhile is a consistent database, proved by restoring each of them.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

/// A sqlite3 shell that commits without a pause; each transaction moves value between two tables and counts itself.
private final class Writer {
    private let process = Process()
    private let stopFile: BytePath

    static let schema = """
        CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER, filler TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, v INTEGER);
        CREATE TABLE log (id INTEGER PRIMARY KEY, filler BLOB); CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0);
        WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO a SELECT i, 100, hex(randomblob(150)) FROM n;
        INSERT INTO b SELECT id, 100 FROM a;
        """

    /// True in every committed state, and in no torn one.
    static let invariant = """
        SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b) = 600000 AND (SELECT count(*) FROM log) = (SELECT n FROM counter);
        """

    init(_ school: School) throws {
        stopFile = school.scratch["stop"]
        let transaction = """
            BEGIN IMMEDIATE; UPDATE a SET v = v - 7, filler = hex(randomblob(150)) WHERE id = abs(random()) % 3000 + 1;
            UPDATE b SET v = v + 7 WHERE id = abs(random()) % 3000 + 1; INSERT INTO log (filler) VALUES (randomblob(500));
            UPDATE counter SET n = n + 1; COMMIT;

            """
        try school.scratch.add("writer.sql", .file(String(repeating: transaction, count: 50)))
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            "(while [ ! -e '\(stopFile)' ] && kill -0 \(Host.processID); do cat '\(school.scratch["writer.sql"])'; sleep 0.02; done) | sqlite3 -cmd '.timeout 20000' '\(school.database)' > '\(school.scratch["writer.out"])' 2>&1",
        ]
        try process.run()
    }

    /// Ends the writer and returns what it complained about.
    func stop(_ school: School) throws -> String {
        try school.scratch.add("stop", .file(""))
        process.waitUntilExit()
        return try school.scratch.text("writer.out")
    }
}

@Suite(.serialized) struct `A database that is written all the time` {
    @Test(arguments: [("WAL", 40), ("DELETE", 10)]) func `is whole in each of its backups`(_ mode: String, _ rounds: Int) throws {
        let school = try School()
        try school.sql("PRAGMA journal_mode = \(mode); \(Writer.schema)")
        let writer = try Writer(school)
        for _ in 0..<rounds { try school.lifeboat("backup", "database", "--quiet") }
        let complaints = try writer.stop(school)
        #expect(!complaints.contains("rror"), "the writer was disturbed: \(complaints.suffix(300))")
        let snapshots = try school.snapshots(tagged: "source=database")
        #expect(snapshots.count == rounds)
        var counts: Set<String> = []
        for snapshot in snapshots {
            let id = try AnswerJSON.text(snapshot, "short_id")
            try school.scratch.remove("out")
            // The restore compares every table and every byte with the manifest before it says that it is done.
            try school.lifeboat("restore", "database", "--snapshot", id, "--target", "../out")
            let copy = BytePath("\(school.scratch["out"])\(school.database)")
            #expect(try school.isSound(copy), "\(id)")
            #expect(try school.sql(Writer.invariant, on: copy) == "1", "\(id)")
            counts.insert(try school.sql("SELECT n FROM counter;", on: copy))
        }
        #expect(counts.count > rounds / 2, "the writer wrote all the time")
        try school.lifeboat("verify", "--read-data", "100%", "--all")
    }
}
