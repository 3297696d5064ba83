// ScratchProof: what the scratch database really holds, read back like for a backup, against what the manifest says was there.
//
// 1. Definitions by SHOW CREATE, rows by the reader that made the backup, hashed on the way and thrown away. Rows of large tables were read
//    like that already while others were loaded (TableLoader): nothing has written to them since.
// 2. Definitions of tables are compared without what a restore may change: the counter of AUTO_INCREMENT, the database's own name, the order
//    of foreign keys, and foreign keys that can be made only in the live database.
// 3. References: rows whose foreign keys lead nowhere are counted. Servers do not look when their checks are switched on again. Such rows may
//    have been in the backup already, so they are told and do not stop a restore.
//
// A server of another version may print definitions in another way; then differences of definitions are told, and rows decide.

import Bytes
import Codecs
import HostOS
import Synchronization

struct ScratchProof {
    let server: RestoreServer
    let manifest: ServerManifest
    let selection: RestoreSelection
    let scratch: SchemaText
    let threadCount: Int

    struct Verdict: Sendable {
        var comparison: ServerComparison
        /// Definitions that this version prints in another way.
        var tolerated: [ServerDifference] = []
        /// What a comparison could not decide, in words.
        var notes: [String] = []
        /// Rows that refer to nothing, a line for each foreign key.
        var orphans: [String] = []
    }

    func verdict(_ built: ScratchBuilder.Built, _ connection: MySQLConnection) throws -> Verdict {
        let reading = try MySQLSession.openForReading(server.server.with(database: scratch), server.password)
        let schema = try SchemaReader(connection: reading, database: scratch).read()
        if manifest.method == .client {
            let (comparison, notes) = counted(try readTables(schema.layouts, built.readBack))
            return Verdict(comparison: comparison, notes: notes, orphans: try orphans(schema, connection))
        }
        let found = manifest.with(
            objects: try comparable(schema.entries.filter { !isHelper($0, built) }), tables: try readTables(schema.layouts, built.readBack))
        let expected = manifest.with(objects: built.expected, tables: selection.tables)
        var comparison = ServerComparison.compare(expected: expected, found: found), tolerated: [ServerDifference] = []
        if !isSameVersion(connection.version) {
            tolerated = comparison.differences.filter { if case .objectChanged = $0 { true } else { false } }
            comparison = comparison.without(tolerated)
        }
        return Verdict(comparison: comparison, tolerated: tolerated, orphans: try orphans(schema, connection))
    }

    private func isSameVersion(_ version: MySQLVersion) -> Bool {
        (version.vendor, version.major, version.minor) == (manifest.version.vendor, manifest.version.major, manifest.version.minor)
    }

    private func isHelper(_ entry: SchemaEntry, _ built: ScratchBuilder.Built) -> Bool {
        entry.object.kind == .sequence && built.content.helperSequences.contains(entry.object.name)
    }

    /// A dump of the vendor's program has counts and nothing else to compare with, and they were taken shortly before it began: while an
    /// application worked, they may well differ from what was dumped. So a missing table, or one that came back empty, is a difference;
    /// another number of rows is told. That the script is whole its last line shows, and that all of it was taken the client's status.
    private func counted(_ found: [ServerTable]) -> (ServerComparison, notes: [String]) {
        let rows = Dictionary(found.map { ($0.name, $0.rows.rowCount) }, uniquingKeysWith: { first, _ in first })
        let counted = selection.tables.filter { !$0.isExcluded }
        var differences: [ServerDifference] = [], notes: [String] = []
        for table in selection.tables {
            let expected = table.rows.rowCount
            guard let count = rows[table.name] else {
                differences.append(.tableMissing(table.name, expectedRows: expected))
                continue
            }
            if count == expected || table.isExcluded { continue }
            if count == 0 {
                differences.append(.rowCount(table.name, expected: expected, found: count))
            } else {
                notes.append("table '\(table.name)' has \(count) rows; \(expected) were counted shortly before it was dumped")
            }
        }
        let comparison = ServerComparison(
            differences: differences, comparedTables: counted.count, comparedRows: counted.reduce(0) { $0 + $1.rows.rowCount })
        return (comparison, notes)
    }

    // MARK: Definitions

    private func comparable(_ entries: [SchemaEntry]) throws -> [ServerObject] {
        entries.map { entry in
            guard entry.object.kind == .table else { return entry.object }
            let text = SequenceDefaults.moving(entry.sql.bytes, from: scratch, to: manifest.database).text
            return entry.object.with(ScratchProof.comparableHash(text, isKept: { _ in true }))
        }
    }

    /// Of a table's definition without its counter and without the foreign keys that are not kept, the others in the order of their names.
    static func comparableHash(_ text: [UInt8], isKept: (ForeignKey) -> Bool) -> Digest {
        let definition = TableDefinition(NormalisedDefinition.withoutCounter(text))
        let clauses = definition.foreignKeys.filter(isKept).map { $0.clause.bytes }.sorted { $0.lexicographicallyPrecedes($1) }
        let whole: [UInt8] = Array(([definition.withoutForeignKeys.bytes] + clauses).joined(separator: [0x0a]))
        return SHA256.hash(whole)
    }

    // MARK: Rows

    /// - Parameter readBack: what was read while other tables were loaded. It counts where it was read by the columns that are there now.
    private func readTables(_ layouts: [TableLayout], _ readBack: [SchemaText: ReadBack]) throws -> [ServerTable] {
        let known = { (layout: TableLayout) in readBack[layout.name].flatMap { $0.layout.columns == layout.columns ? $0.chunks : nil } }
        let withoutRows = Set(selection.tables.filter(\.isExcluded).map(\.name))
        let done = layouts.compactMap { layout in known(layout).map { layout.table(withoutRows.contains(layout.name), $0) } }
        let sorted = layouts.filter { known($0) == nil }.sorted { $0.estimatedBytes > $1.estimatedBytes }
        let next = Mutex(0), tables = Mutex(done), workers = Workers()
        for _ in 0..<max(1, min(threadCount, sorted.count)) {
            workers.start("proof reader") {
                let reader = try RangeReader(server, scratch)
                while !workers.failed {
                    let index = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard index < sorted.count else { return }
                    let layout = sorted[index], isExcluded = withoutRows.contains(layout.name)
                    let chunks = isExcluded ? [] : try reader.read(ReadingTask(layout: layout, grid: KeyGrid(), keys: nil))
                    let table = layout.table(isExcluded, chunks)
                    tables.withLock { $0.append(table) }
                }
            }
        }
        try workers.join()
        return tables.withLock { $0 }
    }

    // MARK: References

    private func orphans(_ schema: DatabaseSchema, _ connection: MySQLConnection) throws(MySQLFailure) -> [String] {
        var lines: [String] = []
        for entry in schema.entries(.table) {
            for key in TableDefinition(entry.sql.bytes).foreignKeys {
                if let line = try ForeignKeyCheck.line(key, entry.object.name, in: scratch, connection) { lines.append(line) }
            }
        }
        return lines
    }
}

enum ForeignKeyCheck {
    /// What is to be said of a foreign key; nil if all of its rows lead somewhere.
    static func line(
        _ key: ForeignKey, _ table: SchemaText, in database: SchemaText, _ connection: MySQLConnection
    ) throws(MySQLFailure) -> String? {
        do throws(MySQLFailure) {
            let count =
                try connection.query(key.orphanCount(table, in: database), to: "check the foreign key '\(key.name)' of the table '\(table)'")
                .first?.unsigned(0) ?? 0
            return count == 0 ? nil : "\(count) rows of the table '\(table)' refer to rows of '\(key.referencedTable)' that are not there ('\(key.name)')"
        } catch {
            guard error.kind == .missing else { throw error }
            return "the foreign key '\(key.name)' of the table '\(table)' leads to a table that is not there: '\(key.referencedTable)'"
        }
    }
}

extension ServerComparison {
    /// The same but for some differences.
    func without(_ tolerated: [ServerDifference]) -> ServerComparison {
        let told = Set(tolerated)
        return ServerComparison(differences: differences.filter { !told.contains($0) }, comparedTables: comparedTables, comparedRows: comparedRows)
    }
}

extension TableLayout {
    /// As a manifest describes it.
    fileprivate func table(_ isExcluded: Bool, _ chunks: [TableChunk]) -> ServerTable {
        ServerTable(
            name: name, engine: engine, columns: columns, hasHistory: hasHistory, isExcluded: isExcluded, autoIncrement: autoIncrement, chunks: chunks)
    }
}

extension ServerManifest {
    /// The same with other contents.
    func with(objects: [ServerObject], tables: [ServerTable]) -> ServerManifest {
        ServerManifest(
            method: method, vendor: vendor, serverVersion: serverVersion, database: database, sqlMode: sqlMode, lowerCaseTableNames: lowerCaseTableNames,
            characterSet: characterSet, collation: collation, coordinates: coordinates, captureStarted: captureStarted, captureEnded: captureEnded,
            objects: objects, tables: tables, notes: notes)
    }
}
