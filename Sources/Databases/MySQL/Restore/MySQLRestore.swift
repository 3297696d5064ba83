// MySQLRestore: a MySQL or MariaDB database, or chosen tables of it, on the way back. Three steps, each callable by itself:
//
// 1. fetch    Checks what could go wrong, ends what an earlier, killed restore left, loads everything into a scratch database on the same
//             server and proves it against the manifest. Nothing live was touched; applications notice nothing but the load.
// 2. apply    The scratch database's tables take the place of the live ones (MySQLSwap). All or nothing.
// 3. discard  Removes the scratch database. After `apply` there is nothing left to remove.
//
//     let fetched = try MySQLRestore(server, password: password, source: files, manifest: manifest).fetch()
//     defer { fetched.discard() }
//     … safety backup …
//     let report = try fetched.apply()
//
// Killed in between, it leaves databases called `lifeboat_…`; the next restore of the same database finishes or undoes them first.

package import Bytes
import HostOS

package struct MySQLRestore: Sendable {
    package struct Options: Sendable {
        /// The database to restore into; nil: the one the backup is of. It is made if it is not there.
        package var target: SchemaText?
        /// Only these tables (and sequences), with their triggers; empty for everything.
        package var tables: [SchemaText] = []
        /// Connections that load at the same time.
        package var loaderCount = 2
        /// Whether the server's replicas are to get what is restored.
        package var writesBinaryLog = true
        /// Whether accounts.sql is run too: accounts that exist are left as they are.
        package var restoresAccounts = false
        /// Whether the replaced tables stay in a database of their own.
        package var keepsReplaced = false
        /// How long the swap waits for transactions that use the live tables.
        package var lockWaitSeconds = 30
        /// The stock client for a dump of method `client`; nil: looked for in PATH by the server's vendor.
        package var client: BytePath?
        /// Hears how many bytes were sent, from any thread; what it throws ends the fetch.
        package var onBytes: @Sendable (Int) throws -> Void = { _ in }

        package init() {}
    }

    let server: RestoreServer
    let source: any DumpSource
    let manifest: ServerManifest
    let options: Options

    package init(_ server: MySQLServer, password: [UInt8], source: any DumpSource, manifest: ServerManifest, options: Options = Options()) {
        self.server = RestoreServer(
            server: server.with(database: nil), password: password, writesBinaryLog: options.writesBinaryLog, lockWaitSeconds: options.lockWaitSeconds)
        self.source = source
        self.manifest = manifest
        self.options = options
    }

    /// All three steps, without a safety backup in between.
    package static func run(
        _ server: MySQLServer, password: [UInt8], source: any DumpSource, manifest: ServerManifest, options: Options = Options()
    ) throws -> MySQLRestoreReport {
        let fetched = try MySQLRestore(server, password: password, source: source, manifest: manifest, options: options).fetch()
        defer { fetched.discard() }
        return try fetched.apply()
    }

    private var target: SchemaText { options.target ?? manifest.database }

    /// Loads and proves. On failure everything made is removed.
    ///
    /// - Throws: `MySQLFailure`; `.differs` if what was loaded is not what the manifest says, `.damaged` if the snapshot's files are not.
    package func fetch() throws -> FetchedServerDatabase {
        let started = Host.monotonicNanoseconds(), connection = try server.connect()
        let selection = try RestoreSelection(options.tables, of: manifest, server.server), names = RestoreNames()
        let checks = RestoreChecks(connection: connection, manifest: manifest, selection: selection, target: target, scratch: names.scratch)
        try checks.run()
        try names.hold(connection)
        var report = MySQLRestoreReport(database: target)
        report.notes += try Leftovers.clear(target: target, connection)
        if options.restoresAccounts { report.notes += try AccountsRestore.run(source, connection) }
        report.notes += checks.missingDefiners()
        let loadsFiles = try checks.loadsFiles()
        if !loadsFiles && manifest.method == .native { report.notes.append(RestoreChecks.slowLoadNote) }
        do {
            let built = try build(names, selection, connection, loadsFiles: loadsFiles)
            let loaded = Host.monotonicNanoseconds()
            let proof = ScratchProof(
                server: server, manifest: manifest, selection: selection, scratch: names.scratch, threadCount: options.loaderCount)
            let verdict = try proof.verdict(built, connection)
            guard verdict.comparison.isEqual else { throw differs(verdict.comparison) }
            report.comparison = verdict.comparison
            report.problems += built.problems
            report.orphans = verdict.orphans
            report.notes += built.notes + verdict.notes + verdict.tolerated.map { "\($0) in the text of this server's version" }
            report.loadNanoseconds = loaded - started
            report.proofNanoseconds = Host.monotonicNanoseconds() - loaded
            return FetchedServerDatabase(restore: self, connection: connection, names: names, selection: selection, content: built.content, report: report)
        } catch {
            try? RestoreNames.drop(names.scratch, connection)
            throw error
        }
    }

    private func build(
        _ names: RestoreNames, _ selection: RestoreSelection, _ connection: MySQLConnection, loadsFiles: Bool
    ) throws -> ScratchBuilder.Built {
        let scheduler = try connection.query("SELECT @@global.event_scheduler", to: "look whether events run").first?.text(0)
        let builder = ScratchBuilder(
            server: server, source: source, manifest: manifest, selection: selection, scratch: names.scratch, target: target,
            threadCount: options.loaderCount, makesEvents: scheduler != "ON", loadsFiles: loadsFiles, onBytes: options.onBytes)
        return try manifest.method == .native ? builder.build(connection) : builder.loadWithClient(connection, program: options.client)
    }

    private func differs(_ comparison: ServerComparison) -> MySQLFailure {
        let first = comparison.differences.prefix(3).map(\.description).joined(separator: "; ")
        let more = comparison.differences.count > 3 ? " and \(comparison.differences.count - 3) more differences" : ""
        return MySQLFailure(
            .differs, "restore the database '\(manifest.database)'", server.server, "what was loaded is not what was backed up: \(first)\(more)",
            hint: "nothing was replaced; `lifeboat verify` shows whether the snapshot is damaged, another snapshot may be sound")
    }

    // MARK: Apply

    /// The swap; see FetchedServerDatabase.apply.
    func apply(
        _ names: RestoreNames, _ selection: RestoreSelection, _ content: ScratchContent, _ connection: MySQLConnection,
        _ observe: MySQLSwap.Observer
    ) throws -> SchemaText? {
        let exists = try RestoreNames.exists(target, connection)
        let live = exists ? try readLive() : nil
        let plan = SwapPlan(
            connection: connection, names: names, target: target, isWhole: selection.isWhole, keepsOld: options.keepsReplaced, restored: content,
            live: live)
        try plan.waitForTables()
        return try MySQLSwap(connection: connection, names: names).run(try plan.journal(), observe)
    }

    /// On a connection of its own: reading wants another session.
    private func readLive() throws(MySQLFailure) -> DatabaseSchema {
        let connection = try MySQLSession.openForReading(server.server.with(database: target), server.password)
        return try SchemaReader(connection: connection, database: target).read()
    }

    /// Foreign keys that could be made only in the live database, looked at after the swap.
    func deferredOrphans(_ content: ScratchContent, _ connection: MySQLConnection) throws(MySQLFailure) -> [String] {
        var lines: [String] = []
        for entry in content.deferredForeignKeys {
            if let line = try ForeignKeyCheck.line(entry.key, entry.table, in: target, connection) { lines.append(line) }
        }
        return lines
    }
}

/// What a restore did.
package struct MySQLRestoreReport: Sendable {
    /// The database restored into.
    package let database: SchemaText
    /// What was compared with the manifest, all of it equal.
    package internal(set) var comparison = ServerComparison(differences: [], comparedTables: 0, comparedRows: 0)
    /// What did not come back: a line for each view, trigger, routine or event that this server refused.
    package internal(set) var problems: [String] = []
    /// Rows whose foreign keys lead nowhere, a line for each key. They may have been so in the backup.
    package internal(set) var orphans: [String] = []
    /// What an administrator should know.
    package internal(set) var notes: [String] = []
    /// The database that keeps what was replaced, if asked.
    package internal(set) var replaced: SchemaText?
    package internal(set) var loadNanoseconds: Int64 = 0
    package internal(set) var proofNanoseconds: Int64 = 0
    package internal(set) var swapNanoseconds: Int64 = 0

    init(database: SchemaText) { self.database = database }
}

/// A proved database, waiting beside the live one. Belongs to one thread.
package final class FetchedServerDatabase {
    private let restore: MySQLRestore
    private let connection: MySQLConnection
    private let names: RestoreNames
    private let selection: RestoreSelection
    private let content: ScratchContent
    private var isOver = false
    /// Of the steps so far.
    package private(set) var report: MySQLRestoreReport

    init(
        restore: MySQLRestore, connection: MySQLConnection, names: RestoreNames, selection: RestoreSelection, content: ScratchContent,
        report: MySQLRestoreReport
    ) {
        self.restore = restore
        self.connection = connection
        self.names = names
        self.selection = selection
        self.content = content
        self.report = report
    }

    deinit { discard() }

    /// Where the restored tables are until `apply`: for checks of a drill.
    package var scratch: SchemaText { names.scratch }

    /// Puts it in place of the live tables. On failure the live database is as it was, and the scratch database still there, unless the
    /// failure says otherwise.
    ///
    /// - Parameter observe: for tests: what it throws ends the swap where it is, as a kill would.
    package func apply(_ observe: (MySQLSwapStep) throws -> Void = { _ in }) throws -> MySQLRestoreReport {
        precondition(!isOver, "a fetched database is applied once")
        let started = Host.monotonicNanoseconds()
        var isInterrupted = false
        do {
            report.replaced = try restore.apply(names, selection, content, connection) { step in
                do {
                    try observe(step)
                } catch {
                    isInterrupted = true
                    throw error
                }
            }
        } catch {
            // As after a kill: everything stays where it is for the next restore.
            if isInterrupted { isOver = true }
            throw error
        }
        isOver = true
        report.orphans += try restore.deferredOrphans(content, connection)
        report.swapNanoseconds = Host.monotonicNanoseconds() - started
        return report
    }

    /// Removes the scratch database. Harmless when there is none.
    package func discard() {
        if isOver { return }
        isOver = true
        // A swap that could be neither finished nor undone still needs it.
        if (try? RestoreNames.exists(names.old, connection)) == true { return }
        try? RestoreNames.drop(names.scratch, connection)
    }
}

/// What restores that died left on the server.
enum Leftovers {
    /// Ends them. Returns what happened, for the report.
    static func clear(target: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) -> [String] {
        var notes: [String] = []
        for names in try RestoreNames.all(connection) where try names.isLeftBehind(connection) {
            switch try MySQLSwap.recover(names, target: target, connection) {
            case .undone: notes.append("an earlier restore was interrupted before its tables were in place; it was undone first")
            case .finished: notes.append("an earlier restore was interrupted after its tables were in place; it was finished first")
            case .kept: notes.append("the database '\(names.old)' keeps what an earlier restore replaced; remove it when you no longer need it")
            case nil: break
            }
            // A swap of another database, which its own next restore will end, still needs its scratch database.
            if try !RestoreNames.exists(names.old, connection) { try RestoreNames.drop(names.scratch, connection) }
        }
        return notes
    }
}

/// Accounts and their rights, from a dump's accounts.sql.
enum AccountsRestore {
    /// Runs it line by line; what the server refuses (an account that exists, a plugin that is not there) is told and stops nobody.
    static func run(_ source: any DumpSource, _ connection: MySQLConnection) throws -> [String] {
        let text: [UInt8]
        do {
            text = try source.read(DumpPath.accounts, limit: 16 << 20)
        } catch {
            return ["the backup has no accounts: the account it was made by could not read them"]
        }
        var notes: [String] = []
        for line in DefinitionScanner.statements(of: text) {
            do throws(MySQLFailure) {
                try connection.execute(SQLText(line), to: "restore an account")
            } catch {
                if error.kind == .connectionLost { throw error }
                notes.append("an account was not restored as it was: \(error.reason)")
            }
        }
        return notes
    }
}
