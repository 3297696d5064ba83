// MySQLCapture: a MySQL or MariaDB database as a set of files: definitions, rows, scripts, and the manifest that proves the set whole.
//
// 1. The account's privileges are checked (GrantCheck). 2. N connections see one moment (SnapshotSet). 3. The definitions are read and
// the rows planned. 4. N readers write rows into files, hashing and counting them (RowReading). 5. The definitions are read again: a
// difference, or an error that says a table changed, starts everything over, three times in all. 6. Definitions, restore.sql and
// RESTORE.md are written; 7. the manifest last.
//
// Rows and definitions agree, and the rows are of one moment. Not promised: the position of sequences, AUTO_INCREMENT and tables
// outside transactions belong to a moment shortly after. Nothing is written to the server; no temporary file is made.

import Bytes
import HostOS

package enum MySQLCapture {
    /// Dumps `server.database` into `sink`.
    ///
    /// - Throws: `MySQLFailure`; what the sink throws. Then the sink holds no manifest, and must be thrown away.
    package static func run(
        _ server: MySQLServer, password: [UInt8], options: MySQLCaptureOptions = MySQLCaptureOptions(), sink: any DumpSink
    ) throws -> ServerManifest {
        guard let named = server.database else {
            throw MySQLFailure(.missing, "back up a database", server, "no database is named", hint: "name it in the configuration")
        }
        var attempt = 1
        while true {
            do {
                return try CaptureAttempt(server, named, password, options, sink).run()
            } catch let error as MySQLFailure where isChange(error) && attempt < options.attempts {
                options.clock.sleep(nanoseconds: Int64(attempt) * 500_000_000)
                attempt += 1
                try sink.startOver()
            }
        }
    }

    /// Whether a table was changed, dropped or locked under us, so that another run may go better: among others "table definition has
    /// changed", "no such table", "unknown column", a lock not given in time.
    private static func isChange(_ failure: MySQLFailure) -> Bool {
        failure.kind == .schemaChanged || failure.kind == .busy || [1146, 1054, 1176, 1356, 4091, 1360, 1539, 1305].contains(failure.number)
    }
}

private final class CaptureAttempt {
    private let server: MySQLServer
    private let password: [UInt8]
    private let options: MySQLCaptureOptions
    private let sink: any DumpSink
    /// Reads definitions and holds locks; outside the snapshot.
    private let control: MySQLConnection
    private let database: SchemaText
    private var notes: [String] = []

    init(_ server: MySQLServer, _ named: SchemaText, _ password: [UInt8], _ options: MySQLCaptureOptions, _ sink: any DumpSink) throws(MySQLFailure) {
        self.server = server
        self.password = password
        self.options = options
        self.sink = sink
        control = try MySQLSession.openForReading(server, password)
        database = try MySQLSession.database(of: control) ?? named
    }

    func run() throws -> ServerManifest {
        let started = Timestamp(options.clock.now())
        let grants = try GrantCheck(control, database, locksTables: options.nonTransactional == .lock)
        if options.checksGrants, let failure = grants.failure(server, database) { throw failure }
        try keepTablesUnchanged(grants)
        let before = try SchemaReader(connection: control, database: database).read()
        let locked = try handleNonTransactional(before)
        let snapshot = try openSnapshot(grants)
        let loose = try readLooseTables(before.layouts)
        if locked { try control.execute("UNLOCK TABLES", to: "unlock the non-transactional tables") }
        let plan = try ReadingPlan(before.layouts, where: { $0.isTransactional && !self.isExcluded($0) }, snapshot.connections[0])
        let files = try RowReading.run(plan, snapshot.connections, sink).merging(loose) { rows, _ in rows }
        let schema = try unchangedSchema(since: before)
        return try write(schema, files, snapshot, started)
    }

    // MARK: Before the rows

    private func keepTablesUnchanged(_ grants: GrantCheck) throws(MySQLFailure) {
        guard control.version.vendor == .mysql, control.version.isAtLeast(8, 0), grants.holdsGlobally("BACKUP_ADMIN") else { return }
        try control.execute("LOCK INSTANCE FOR BACKUP", to: "keep tables from being changed")
    }

    private func openSnapshot(_ grants: GrantCheck) throws(MySQLFailure) -> SnapshotSet {
        var readers: [MySQLConnection] = []
        for _ in 0..<max(1, options.readerCount) {
            let reader = try MySQLSession.openForReading(server, password)
            readers.append(reader)
        }
        let snapshot = try SnapshotSet.open(readers, locker: lockConnection(), grants)
        notes += snapshot.notes
        return snapshot
    }

    /// The connection that holds table locks must not be asked for another: BACKUP STAGE and a read lock would give the first up.
    private func lockConnection() throws(MySQLFailure) -> MySQLConnection {
        guard options.nonTransactional == .lock else { return control }
        let locker = try MySQLSession.openForReading(server, password)
        return locker
    }

    private func isExcluded(_ layout: TableLayout) -> Bool { !layout.hasRowsOfItsOwn || options.keepsOnlyStructure(layout.name) }

    /// - Returns: whether tables are locked on the control connection.
    private func handleNonTransactional(_ schema: DatabaseSchema) throws(MySQLFailure) -> Bool {
        let tables = schema.layouts.filter { !$0.isTransactional && !isExcluded($0) }
        guard !tables.isEmpty else { return false }
        let names = tables.map { "'\($0.name)' (\($0.engine))" }.joined(separator: ", ")
        switch options.nonTransactional {
        case .warn:
            notes.append("no snapshot covers these tables, which may have changed while they were read: \(names)")
            return false
        case .refuse:
            throw MySQLFailure(
                .unsupported, "back up the database '\(database)'", server, "no snapshot covers the tables \(names)",
                hint: "convert them (`ALTER TABLE … ENGINE=InnoDB`), exclude them, or allow them in the configuration")
        case .lock:
            let operation = "lock the tables \(names)"
            try control.execute("SET SESSION lock_wait_timeout = \(MySQLSession.lockWaitSeconds)", to: operation)
            let locks = tables.map { layout -> SQLText in "\(identifier: layout.name) READ" }
            try control.execute("LOCK TABLES \(sql: .joined(locks))", to: operation)
            return true
        }
    }

    /// Tables outside transactions: at once after the snapshot, so that they drift little from it, and on a connection of their own,
    /// because some engines cannot take part in a transaction with savepoints.
    private func readLooseTables(_ layouts: [TableLayout]) throws -> [Int: [TableChunk]] {
        let isLoose = { (layout: TableLayout) in !layout.isTransactional && !self.isExcluded(layout) }
        guard layouts.contains(where: isLoose) else { return [:] }
        let connection = try MySQLSession.openForReading(server, password)
        return try RowReading.run(ReadingPlan(layouts, where: isLoose, connection), [connection], sink)
    }

    // MARK: After the rows

    private func unchangedSchema(since before: DatabaseSchema) throws(MySQLFailure) -> DatabaseSchema {
        let after = try SchemaReader(connection: control, database: database).read()
        if let change = after.firstChange(since: before) {
            throw MySQLFailure(.schemaChanged, "back up the database '\(database)'", server, "the \(change) changed meanwhile")
        }
        return after
    }

    private func write(_ schema: DatabaseSchema, _ files: [Int: [TableChunk]], _ snapshot: SnapshotSet, _ started: Timestamp) throws -> ServerManifest {
        for entry in schema.entries {
            if let problem = entry.object.problem { notes.append("the view '\(entry.object.name)' cannot be used: \(problem)") }
        }
        for layout in schema.layouts where !layout.hasRowsOfItsOwn {
            notes.append("the rows of the table '\(layout.name)' (\(layout.engine)) lie elsewhere and are not in this backup")
        }
        notes += unreadableDefinitions(schema)
        let accounts = options.readsAccounts ? AccountReader(connection: control).read(schema) : nil
        if let accounts { notes += accounts.notes }
        let settings = try serverSettings()
        let manifest = ServerManifest(
            method: .native, vendor: control.version.vendor, serverVersion: control.version.text, database: database, sqlMode: settings.sqlMode,
            lowerCaseTableNames: settings.lowerCase, characterSet: schema.characterSet, collation: schema.collation,
            coordinates: snapshot.coordinates, captureStarted: started, captureEnded: Timestamp(options.clock.now()),
            objects: schema.entries.map(\.object), tables: tables(schema, files), notes: notes)
        let lane = try sink.lane()
        try DumpScripts(schema: schema, manifest: manifest, accounts: accounts?.sql).write(to: lane)
        try lane.file(DumpPath.manifest, manifest.json)
        return manifest
    }

    /// Servers show characters beyond the first 65,536 as '?' in the list of an ENUM's values, where the rows have them right.
    private func unreadableDefinitions(_ schema: DatabaseSchema) -> [String] {
        schema.layouts.flatMap { layout in
            layout.columns.filter { ($0.type.hasPrefix("enum(") || $0.type.hasPrefix("set(")) && $0.type.contains("?") }.map {
                "the server shows a '?' among the values of '\(layout.name)'.'\($0.name)': if it stands for an emoji or the like, the definition "
                    + "cannot be restored as it was; make it a column of text"
            }
        }
    }

    private func tables(_ schema: DatabaseSchema, _ files: [Int: [TableChunk]]) -> [ServerTable] {
        schema.layouts.enumerated().map { index, layout in
            ServerTable(
                name: layout.name, engine: layout.engine, columns: layout.columns, hasHistory: layout.hasHistory, isExcluded: isExcluded(layout),
                autoIncrement: layout.autoIncrement, chunks: files[index] ?? [])
        }
    }

    private func serverSettings() throws(MySQLFailure) -> (sqlMode: String, lowerCase: UInt64) {
        let row = try control.query("SELECT @@GLOBAL.sql_mode, @@lower_case_table_names", to: "read the server's settings").first
        return (row?.text(0) ?? "", row?.unsigned(1) ?? 0)
    }
}

extension Timestamp {
    init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}
