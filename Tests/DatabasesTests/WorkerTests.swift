// WorkerTests: the language between parent and worker, and a worker that breaks down.

import Bytes
import HostOS
import Testing

import Databases

@Suite struct `The SQLite worker` {
    private static let odd = BytePath([0x2f, 0xff, 0x22, 0x0a])

    @Test(
        arguments: [
            SQLiteRequest.probe(odd), .capture(odd, "/x", CaptureOptions(lockTimeoutMilliseconds: 7, depth: .full)),
            .inspect("/a", .none), .check("/a", .quick),
            .swap(
                "/a", odd,
                SwapOptions(
                    lockTimeoutMilliseconds: 9, replacesWhileOpen: true, ownership: FileOwnership(userID: 1, groupID: 2, mode: 0o640))),
            .replaceTables("/a", "/b", ["order", SchemaText([0xfe])], SwapOptions()), .query(odd, "SELECT '\"'\n"),
        ])
    func `reads what was asked`(_ request: SQLiteRequest) throws {
        #expect(try SQLiteRequest(json: request.json) == request)
    }

    @Test func `tells failures with every part`() throws {
        let failure = DatabaseFailure(.inUse, "replace", Self.odd, "it is \"open\"", hint: nil)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("failure")
        failure.write(to: &writer)
        writer.endObject()
        #expect(try SQLiteAnswer.outcome(json: writer.bytes) == .failure(failure))
        #expect(failure.failure.hint?.contains("maintenance mode") == true)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"verb\":\"format the disk\"}", "{\"verb\":\"open\"", "\u{0}"])
    func `answers nonsense with a failure`(_ request: String) throws {
        let outcome = try SQLiteAnswer.outcome(json: SQLiteWorker.serve(request: Array(request.utf8)))
        guard case .failure(let failure) = outcome else {
            Issue.record("nonsense was answered")
            return
        }
        #expect(failure.kind == .worker)
    }

    @Test func `that dies is a failure that quotes its last words`() throws {
        let client = SQLiteClient(
            executable: "/bin/sh",
            arguments: [Array("-c".utf8), Array("cat >/dev/null; echo first >&2; echo 'out of luck' >&2; exit 9".utf8)])
        let failure = failure { _ = try client.probe("/x/app.db") }
        #expect(failure?.kind == .worker)
        #expect(failure?.description == "could not open the database '/x/app.db': the worker process ended with status 9: out of luck")
    }

    @Test(arguments: ["", "{}", "{\"answer\":{}}", "{\"answer\":{\"integrity\":{\"outcome\":\"sound\"}}}", "Segmentation fault"])
    func `that answers nonsense is a failure`(_ answer: String) throws {
        let client = SQLiteClient { (_) throws(SystemError) in Child.Result(exitStatus: 0, output: Array(answer.utf8), errorOutput: []) }
        #expect(failure { _ = try client.probe("/x/app.db") }?.kind == .worker)
    }

    @Test func `that cannot be started is a failure`() throws {
        #expect(failure { _ = try SQLiteClient(executable: "/nonexistent/lifeboat", arguments: []).probe("/x") }?.kind == .worker)
    }

    @Test func `probes without changing anything`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", strangeSchema)
        let before = try bytes(of: database)
        let probe = try SQLiteClient.inProcess.probe(database)
        #expect(probe.journalMode == .wal && probe.path == database && probe.byteCount == UInt64(before.count) && probe.isWritable)
        #expect(probe.estimatedRowCount >= 8 && probe.tableCount >= 7)
        #expect(try bytes(of: database) == before)
        #expect(try SQLiteClient.inProcess.checkIntegrity(database) == .sound)
    }

    @Test func `answers a query with its first value, and changes nothing`() throws {
        let scratch = try Scratch()
        let database = try scratch.database("app.db", "CREATE TABLE t (a); INSERT INTO t VALUES (7), (NULL), (x'ff');"), client = SQLiteClient.inProcess
        let before = try bytes(of: database)
        #expect(try client.value(of: "SELECT a, 1 FROM t ORDER BY rowid", in: database) == "7")
        #expect(try client.value(of: "SELECT a FROM t WHERE a IS NULL", in: database) == nil)
        #expect(try client.value(of: "SELECT a FROM t WHERE a > 100 AND a < 'a'", in: database) == nil)
        #expect(try client.value(of: "SELECT a FROM t WHERE typeof(a) = 'blob'", in: database) == SchemaText([0xff]))
        for sql in ["DELETE FROM t", "CREATE TABLE u (a)", "PRAGMA user_version = 9", "SELECT", "SELECT * FROM u"] {
            _ = failure { _ = try client.value(of: sql, in: database) }
        }
        #expect(failure { _ = try client.value(of: "DELETE FROM t", in: database) } != nil)
        #expect(failure { _ = try client.value(of: "SELECT randomblob(100000)", in: database) }?.kind == .unsupported)
        #expect(try bytes(of: database) == before)
        #expect(scratch.names == ["app.db"])
    }

    @Test func `does not describe a file whose log it would ignore`() throws {
        let scratch = try Scratch()
        let database = try OldDatabase.logOfCrashedApplication.make(scratch)
        #expect(failure { _ = try SQLiteClient.inProcess.inspect(database) }?.kind == .unsupported)
    }
}
