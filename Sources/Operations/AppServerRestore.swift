// AppServerRestore: one database on a server on its way back.
//
// Fetch: everything goes into a scratch database on the same server and is proved there, row by row (MySQLRestore). Apply: the scratch
// tables take the place of the live ones, all or nothing. To a target directory only the files of the dump are written, with the
// script that the stock client loads.

import Archiving
import Bytes
import Databases
import HostOS
import RepositoryEngine
import RepositoryFormat

struct AppServerRestore {
    let indexed: IndexedRepository
    let restoresAccounts: Bool
    let progress: Progress
    let cancellation: Cancellation

    func fetch(_ database: AppRestorePlan.Database, into server: AppDatabaseServer, _ manifest: ServerManifest) throws -> any FetchedDatabase {
        var options = MySQLRestore.Options()
        options.target = server.database
        options.tables = database.tables
        options.restoresAccounts = restoresAccounts
        let progress = progress, cancellation = cancellation
        options.onBytes = { count in
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            progress.add(bytes: UInt64(count))
        }
        let saved = database.saved.snapshot
        progress.expect(files: 0, bytes: database.saved.figures.byteCount)
        let source = RepositoryDumpSource(indexed, tree: saved.snapshot.tree, snapshotName: saved.id.short)
        let fetched = try MySQLRestore(server.server, password: server.passwordBytes, source: source, manifest: manifest, options: options).fetch()
        guard database.saved.figures.tables.isEmpty || fetched.report.comparison.comparedTables > 0 || manifest.tables.allSatisfy(\.isExcluded) else {
            throw Failure(.failed, "nothing of the database '\(manifest.database)' could be compared with its manifest, so nothing was replaced")
        }
        return FetchedServer(database: database, fetched: fetched)
    }

    /// Writes the files of the dump below `directory`, each verified; the rows are counted and hashed once more.
    func extract(_ database: AppRestorePlan.Database, to directory: BytePath) throws -> any FetchedDatabase {
        guard case .dump(let manifest) = database.saved.content else { preconditionFailure("an SQLite database is a file") }
        let saved = database.saved.snapshot
        try DumpCheck.rows(of: manifest, in: RepositoryDumpSource(indexed, tree: saved.snapshot.tree, snapshotName: saved.id.short))
        let request = RestoreRequest(tree: saved.snapshot.tree, target: directory)
        let plan = try RestorePlan.make(indexed, request, snapshotName: saved.id.short)
        let summary = try RestoreRun(indexed, request, plan: plan, progress: progress, cancellation: cancellation).run()
        if let problem = summary.problems.first { throw problem.failure }
        return ExtractedDump(database: database, summary: summary, directory: directory)
    }
}

extension AppRestorePlan.Database {
    /// Whether the vendor's own program made the dump, of which only counts are known.
    fileprivate var isClientDump: Bool {
        if case .dump(let manifest) = saved.content { manifest.method == .client } else { false }
    }
}

/// A proved database, waiting to take its place.
protocol FetchedDatabase {
    var database: AppRestorePlan.Database { get }
    var summary: RestoreSummary { get }
    /// What the administrator should know already.
    var notes: [String] { get }
    /// How it was proved.
    var proof: String { get }
    /// Puts it in its place; returns what the administrator should know.
    func apply() throws -> [String]
    /// Removes it, unless it is in its place.
    func discard()
}

private struct FetchedServer: FetchedDatabase {
    let database: AppRestorePlan.Database
    let fetched: FetchedServerDatabase

    var summary: RestoreSummary {
        var summary = RestoreSummary()
        summary.totalItems = 1
        summary.totalBytes = database.saved.figures.byteCount
        summary.itemsRestored = 1
        summary.bytesRestored = database.saved.figures.byteCount
        return summary
    }

    var notes: [String] { fetched.report.notes + fetched.report.problems.map { "not back: \($0)" } }
    var proof: String {
        if database.isUndescribed { return "loaded by the stock client; the file does not say what it should hold" }
        return database.isClientDump ? "loaded by the stock client, rows counted" : "every row compared with the manifest"
    }

    func apply() throws -> [String] {
        let known = Set(fetched.report.notes)
        let report = try fetched.apply()
        return report.notes.filter { !known.contains($0) } + report.orphans.map { "rows whose references lead nowhere: \($0)" }
    }

    func discard() { fetched.discard() }
}

private struct ExtractedDump: FetchedDatabase {
    let database: AppRestorePlan.Database
    let summary: RestoreSummary
    let directory: BytePath

    var notes: [String] { ["'\(directory)/RESTORE.md' says how to load these files with the stock client"] }
    var proof: String { database.isClientDump ? "the dump ends as a whole one" : "every row hashed" }
    func apply() -> [String] { [] }
    func discard() {}
}
