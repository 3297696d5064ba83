// SQLiteWorker: the child process in which every database file is opened. One request in, one answer out, end.
//
// Why a process: SQLite's POSIX locks die when any descriptor of the same file in the same process is closed. A backup program opens
// thousands of files on many threads; one of them being a database (or its -shm) would let another process write in the
// middle of our transaction. In a process of its own nothing else opens anything.
//
// The hidden command `lifeboat sqlite-worker` reads its standard input to the end, calls `serve`, prints the answer and
// exits 0, also when the answer is a failure: a status other than 0 means that the worker itself broke down.

import Bytes

package enum SQLiteWorker {
    /// Requests and answers larger than this are refused.
    package static let maximumByteCount = DatabaseManifest.maximumByteCount + (1 << 20)
    /// The longest answer to a query.
    private static let maximumValueByteCount = 1 << 16

    /// Answers one request. Never throws: a failure is an answer.
    package static func serve(request: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: 4096)
        writer.beginObject()
        do {
            let answer = try answer(to: SQLiteRequest(json: request))
            writer.key("answer")
            answer.write(to: &writer)
        } catch let failure as DatabaseFailure {
            writer.key("failure")
            failure.write(to: &writer)
        } catch {
            writer.key("failure")
            DatabaseFailure(.worker, "read a request for", BytePath("?"), "\(Failure(describing: error).message)").write(to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    private static func answer(to request: SQLiteRequest) throws(DatabaseFailure) -> SQLiteAnswer {
        switch request {
        case .probe(let database): .probe(try SQLiteProbe.run(database))
        case .capture(let database, let staging, let options): .manifest(try SQLiteCapture.run(database, into: staging, options))
        case .inspect(let file, let depth): .inspection(try inspect(file, depth))
        case .check(let database, let depth): .integrity(try check(database, depth))
        case .swap(let staged, let live, let options): .swap(try SQLiteSwap.run(staged, onto: live, options))
        case .replaceTables(let live, let snapshot, let tables, let options):
            .tableReplacement(try SQLiteTableReplacement.run(live, from: snapshot, tables: tables, options))
        case .query(let file, let sql): .value(try query(file, sql))
        case .writeScript(let file, let script): .value(SchemaText("\(try SQLiteScript.write(file, to: script))"))
        case .runScript(let file, let script, let acceptsTruncated):
            .value(try load(script, into: file, acceptsTruncated))
        }
    }

    private static func inspect(_ file: BytePath, _ depth: IntegrityDepth) throws(DatabaseFailure) -> SQLiteInspectionReport {
        let path = try SQLiteFiles.existing(file, operation: "inspect").path
        guard SQLiteFiles.byteCount(path.adding("-wal")) == 0 else {
            // Read at rest, the commits in the log would be missing from the description without a word.
            throw DatabaseFailure(
                .unsupported, "inspect", path, "a write-ahead log lies beside it", hint: "capture it as a live database instead")
        }
        let manifest = try SQLiteInspection.manifest(of: path, depth: depth, operation: "inspect")
        let connection = try SQLiteConnection(path, .privateCopy, operation: "inspect")
        return SQLiteInspectionReport(manifest: manifest, foreignKeyProblems: SQLiteInspection.foreignKeyProblems(connection))
    }

    /// The first value of the first row; the file cannot be changed by it, whatever it says.
    private static func query(_ file: BytePath, _ sql: String) throws(DatabaseFailure) -> SchemaText? {
        let path = try SQLiteFiles.existing(file, operation: "query").path
        let statement = try SQLiteConnection(path, .privateCopy, operation: "query").prepare(sql)
        guard try statement.step(), statement.columnCount > 0, !statement.isNull(0) else { return nil }
        let value = SchemaText(statement.text(0))
        guard value.bytes.count <= maximumValueByteCount else {
            throw DatabaseFailure(.unsupported, "query", path, "the answer has more than \(maximumValueByteCount) bytes")
        }
        return value
    }

    private static func load(_ script: BytePath, into file: BytePath, _ acceptsTruncated: Bool) throws(DatabaseFailure) -> SchemaText? {
        try SQLiteScriptRun.run(script, into: file, acceptsTruncated: acceptsTruncated)
        return nil
    }

    private static func check(_ database: BytePath, _ depth: IntegrityDepth) throws(DatabaseFailure) -> IntegrityResult {
        let path = try SQLiteFiles.existing(database, operation: "check").path
        _ = try SQLiteHeader.read(path, operation: "check")
        return SQLiteInspection.check(try SQLiteCapture.openLive(path, operation: "check", busyTimeoutMilliseconds: 5_000), depth)
    }
}

/// A file at rest, described and checked.
package struct SQLiteInspectionReport: Hashable, Sendable {
    package let manifest: DatabaseManifest
    /// One line for each pair of tables between which references lead nowhere.
    package let foreignKeyProblems: [String]
}
