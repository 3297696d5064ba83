// SQLiteClient: the parent's side of SQLiteWorker: asks a child process of ourselves, and turns whatever comes back, or does not come
// back, into a value or a DatabaseFailure.

package import Bytes
package import HostOS

package struct SQLiteClient: Sendable {
    /// Runs a worker on a request and returns how it ended. Replaced in tests.
    package typealias Runner = @Sendable (_ request: [UInt8]) throws(SystemError) -> Child.Result

    private let run: Runner

    package init(runner: @escaping Runner) { self.run = runner }

    /// - Parameter arguments: what makes `executable` a worker: `["sqlite-worker"]` for lifeboat itself.
    package init(executable: BytePath, arguments: [[UInt8]]) {
        self.run = { (request) throws(SystemError) in
            try Child.run(executable, arguments, standardInput: request, outputLimit: SQLiteWorker.maximumByteCount)
        }
    }

    // MARK: Looking

    /// A quick look: is it a database, how large, how is it used.
    package func probe(_ database: BytePath) throws(DatabaseFailure) -> DatabaseProbe {
        guard case .probe(let probe) = try ask(.probe(database)) else { throw misunderstood(database) }
        return probe
    }

    /// The manifest and the foreign keys of a file at rest: one that nobody writes.
    package func inspect(_ file: BytePath, depth: IntegrityDepth = .full) throws(DatabaseFailure) -> SQLiteInspectionReport {
        guard case .inspection(let report) = try ask(.inspect(file, depth)) else { throw misunderstood(file) }
        return report
    }

    /// SQLite's self-check of a live database, as one of its readers.
    package func checkIntegrity(_ database: BytePath, depth: IntegrityDepth = .full) throws(DatabaseFailure) -> IntegrityResult {
        guard case .integrity(let result) = try ask(.check(database, depth)) else { throw misunderstood(database) }
        return result
    }

    /// The first value that a query of a file at rest gives; nil for NULL, and for no row. The file cannot be changed by it.
    package func value(of sql: String, in file: BytePath) throws(DatabaseFailure) -> SchemaText? {
        guard case .value(let value) = try ask(.query(file, sql)) else { throw misunderstood(file) }
        return value
    }

    // MARK: Backup

    /// Copies a live database to the new file `staging`, consistently, while others write it; see SQLiteCapture.
    ///
    /// - Parameter staging: does not exist yet; in a directory only we can enter. Removed again on failure.
    package func capture(
        _ database: BytePath, into staging: BytePath, options: CaptureOptions = CaptureOptions()
    ) throws(DatabaseFailure) -> DatabaseManifest {
        guard case .manifest(let manifest) = try ask(.capture(database, staging, options)) else { throw misunderstood(database) }
        return manifest
    }

    // MARK: Restore

    /// Checks a file that came out of the repository against its manifest. The file is not changed.
    package func verify(_ file: BytePath, against manifest: DatabaseManifest) throws(DatabaseFailure) -> RestoreVerification {
        let report = try inspect(file, depth: .full)
        return RestoreVerification(
            comparison: .file(expected: manifest, found: report.manifest), integrity: report.manifest.integrity,
            wasSoundWhenCaptured: manifest.integrity.isSound, foreignKeyProblems: report.foreignKeyProblems)
    }

    /// Puts a verified file in the place of a live database; see SQLiteSwap for the order and what a kill leaves behind.
    ///
    /// Take a safety copy (`capture`) between `verify` and this. The application should be in maintenance mode: commits made after
    /// the safety copy are in neither.
    /// - Parameter staged: from `SQLiteFiles.stagingPath(beside: live)`. Gone afterwards; still there after a failure.
    package func swap(
        _ staged: BytePath, onto live: BytePath, options: SwapOptions = SwapOptions()
    ) throws(DatabaseFailure) -> SwapReport {
        guard case .swap(let report) = try ask(.swap(staged, live, options)) else { throw misunderstood(live) }
        return report
    }

    /// Verifies and swaps. For callers that took their safety copy, or want none.
    ///
    /// - Throws: `.differs` or `.damaged`, with the live database untouched, if the file is not what the manifest says.
    package func restore(
        _ staged: BytePath, onto live: BytePath, expecting manifest: DatabaseManifest, options: SwapOptions = SwapOptions()
    ) throws(DatabaseFailure) -> (verification: RestoreVerification, swap: SwapReport) {
        let verification = try verify(staged, against: manifest)
        try verification.requireProof(of: live)
        return (verification, try swap(staged, onto: live, options: options))
    }

    /// Puts chosen tables back as a snapshot has them; see SQLiteTableReplacement.
    ///
    /// - Parameter snapshot: a file with the snapshot's database, verified, anywhere.
    package func replaceTables(
        _ tables: [SchemaText], of live: BytePath, from snapshot: BytePath, options: SwapOptions = SwapOptions()
    ) throws(DatabaseFailure) -> TableReplacementReport {
        guard case .tableReplacement(let report) = try ask(.replaceTables(live, snapshot, tables, options)) else {
            throw misunderstood(live)
        }
        return report
    }

    // MARK: Scripts

    /// Writes a file at rest as an SQL script to the new file `script`; see SQLiteScript.
    package func writeScript(of file: BytePath, to script: BytePath) throws(DatabaseFailure) {
        guard case .value = try ask(.writeScript(file, script)) else { throw misunderstood(file) }
    }

    /// Makes the new database `file` from an SQL script, which can touch nothing else; see SQLiteScriptRun.
    ///
    /// - Parameter acceptsTruncated: whether a script is taken that ends in the middle of its transaction.
    package func runScript(_ script: BytePath, into file: BytePath, acceptsTruncated: Bool = false) throws(DatabaseFailure) {
        guard case .value = try ask(.runScript(file, script, acceptsTruncated: acceptsTruncated)) else { throw misunderstood(file) }
    }

    // MARK: Asking

    private func ask(_ request: SQLiteRequest) throws(DatabaseFailure) -> SQLiteAnswer {
        let result: Child.Result
        do {
            result = try run(request.json)
        } catch {
            throw DatabaseFailure(.worker, request.verb, request.subject, "the worker process could not be run: \(error)")
        }
        guard result.exitStatus == 0 else {
            let lastLine = result.errorText.split(separator: "\n").last.map { ": " + BytePath.display(Array($0.utf8)) } ?? ""
            throw DatabaseFailure(
                .worker, request.verb, request.subject, "the worker process ended with status \(result.exitStatus)\(lastLine)")
        }
        let outcome: Result<SQLiteAnswer, DatabaseFailure>
        do {
            outcome = try SQLiteAnswer.outcome(json: result.output)
        } catch {
            throw DatabaseFailure(.worker, request.verb, request.subject, "the worker process answered nonsense: \(error.failure.message)")
        }
        return try outcome.get()
    }

    private func misunderstood(_ path: BytePath) -> DatabaseFailure {
        DatabaseFailure(.worker, "work on", path, "the worker process answered another question")
    }
}

/// Whether a file from the repository is the database that was captured.
package struct RestoreVerification: Hashable, Sendable {
    package let comparison: DatabaseComparison
    package let integrity: IntegrityResult
    /// False if the database was damaged already when it was captured: then its restored twin fails its check as well.
    package let wasSoundWhenCaptured: Bool
    package let foreignKeyProblems: [String]

    /// The file is byte for byte and row for row what was captured, and as sound as it was then.
    package var isProved: Bool {
        guard comparison.isEqual else { return false }
        if case .problems = integrity { return !wasSoundWhenCaptured }
        return true
    }

    package func requireProof(of live: BytePath) throws(DatabaseFailure) {
        guard !isProved else { return }
        if let first = comparison.differences.first {
            let more = comparison.differences.count > 1 ? " (and \(comparison.differences.count - 1) more differences)" : ""
            throw DatabaseFailure(
                .differs, "restore", live, "\(first)\(more)", hint: "run `lifeboat check --read-data`, or restore another snapshot")
        }
        if case .problems(let lines) = integrity {
            throw DatabaseFailure(.damaged, "restore", live, "integrity_check: \(lines.first ?? "")", hint: "restore another snapshot")
        }
    }
}
