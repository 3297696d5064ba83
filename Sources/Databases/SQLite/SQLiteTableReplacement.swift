// SQLiteTableReplacement: chosen tables of a live database go back to what a snapshot holds; everything else stays as it is now.
//
// 1. The live database is held (LivePlace): no commit between the copy and the swap can be lost, there is none.
// 2. It is copied, in one step, to a file beside it.
// 3. In the copy, in one transaction without foreign keys: each chosen table is dropped and created again with the snapshot's own
//    SQL, filled with the snapshot's rows under the same rowids, then its indexes and triggers, and its AUTOINCREMENT counter.
//    Triggers come last, so that filling fires none.
// 4. The copy must pass integrity_check, and the chosen tables must equal the snapshot's, value by value. Foreign keys that
//    lead nowhere now are reported, not refused: other tables have moved on since the snapshot.
// 5. The copy takes the live database's place (SQLiteSwap).
//
// Not possible: virtual tables (full text search) and their shadow tables, SQLite's own tables, views.

package import Bytes
import HostOS

package struct TableReplacementReport: Hashable, Sendable {
    package let swap: SwapReport
    /// The tables as they are now.
    package let tables: [TableSummary]
    package let foreignKeyProblems: [String]
}

enum SQLiteTableReplacement {
    static let operation = "restore tables of"

    static func run(
        _ live: BytePath, from snapshot: BytePath, tables names: [SchemaText], _ options: SwapOptions
    ) throws(DatabaseFailure) -> TableReplacementReport {
        let recorded = try SQLiteInspection.manifest(of: snapshot, depth: .none, operation: operation, only: [])
        let chosen = try names.map { (name) throws(DatabaseFailure) in try TableChoice.resolve(name, in: recorded.schema, of: snapshot) }
        let expected = try SQLiteInspection.manifest(of: snapshot, depth: .none, operation: operation, only: Set(chosen))
        let place = try LivePlace.hold(live, operation: operation, options)
        let staging = SQLiteFiles.stagingPath(beside: place.path)
        do throws(DatabaseFailure) {
            guard let connection = place.reader else {
                throw DatabaseFailure(
                    .missing, operation, live, "there is no readable database to put tables into",
                    hint: "restore the whole database instead")
            }
            try SQLiteCapture.copy(connection, into: staging, lockTimeoutMilliseconds: 1_000)
            let problems = try rebuild(staging, from: snapshot, chosen, expected.schema, usesLog: place.usedLog)
            let found = try verify(staging, expected, chosen)
            try SQLiteSwap.prepare(staging, for: place, options)
            let report = try SQLiteSwap.replace(place, with: staging) { _ in }
            return TableReplacementReport(swap: report, tables: found.tables, foreignKeyProblems: problems)
        } catch {
            place.giveUp()
            for path in [staging] + SQLiteFiles.companions(of: staging) { try? Directory.remove(path) }
            throw error
        }
    }

    /// Step 3. Returns what the foreign keys say. The connection is closed on return and no companion is left.
    private static func rebuild(
        _ staging: BytePath, from snapshot: BytePath, _ chosen: [SchemaText], _ schema: [SchemaObject], usesLog: Bool
    ) throws(DatabaseFailure) -> [String] {
        let connection = try SQLiteConnection(staging, .scratch, operation: operation)
        for setting in ["journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = OFF", "ignore_check_constraints = ON"] {
            try connection.run("PRAGMA \(setting)")
        }
        let attach = try connection.prepare("ATTACH ? AS snapshot")
        try attach.bind(SchemaText(SQLiteConnection.immutableAddress(snapshot)), at: 1)
        _ = try attach.step()
        try connection.run("BEGIN IMMEDIATE")
        for table in chosen { try replace(table, schema, connection) }
        try connection.run("COMMIT")
        let problems = SQLiteInspection.foreignKeyProblems(connection)
        // Closing the only connection removes the log again; the header keeps saying that the database uses one.
        if usesLog { try connection.run("PRAGMA journal_mode = WAL") }
        return problems
    }

    private static func replace(_ table: SchemaText, _ schema: [SchemaObject], _ connection: SQLiteConnection) throws(DatabaseFailure) {
        guard let create = schema.first(where: { $0.type == "table" && $0.name == table })?.sql else {
            throw DatabaseFailure(.unsupported, operation, connection.path, "the snapshot does not say how table '\(table)' is made")
        }
        try connection.run(Array("DROP TABLE IF EXISTS main.".utf8) + table.quoted)
        try connection.run(create.bytes)
        try fill(table, connection)
        try copySequence(of: table, schema, connection)
        for type in ["index", "trigger"] {
            for object in schema where object.type == type && object.table == table {
                if let sql = object.sql { try connection.run(sql.bytes) }
            }
        }
    }

    private static func fill(_ table: SchemaText, _ connection: SQLiteConnection) throws(DatabaseFailure) {
        let columns = try SQLiteInspection.storedColumns(connection, table, in: "snapshot")
        var list = columns.map(\.quoted)
        if let rowid = rowidName(table, columns, connection) { list.insert(Array(rowid.utf8), at: 0) }
        let names = Array(list.joined(separator: Array(", ".utf8)))
        let sql =
            Array("INSERT INTO main.".utf8) + table.quoted + Array(" (".utf8) + names + Array(") SELECT ".utf8) + names
            + Array(" FROM snapshot.".utf8) + table.quoted + Array(" NOT INDEXED".utf8)
        try connection.run(sql)
    }

    /// The name under which the hidden rowid can be reached; nil if there is none (WITHOUT ROWID) or columns hide all three names.
    private static func rowidName(_ table: SchemaText, _ columns: [SchemaText], _ connection: SQLiteConnection) -> String? {
        let taken = Set(columns.map(\.folded))
        return ["rowid", "_rowid_", "oid"].first { name in
            let sql = Array("SELECT \(name) FROM snapshot.".utf8) + table.quoted
            return !taken.contains(Array(name.utf8)) && (try? connection.prepare(sql)) != nil
        }
    }

    /// The last number AUTOINCREMENT gave out. The counter's table exists as soon as a table with one was created.
    private static func copySequence(of table: SchemaText, _ schema: [SchemaObject], _ connection: SQLiteConnection) throws(DatabaseFailure) {
        guard schema.contains(where: { $0.name == "sqlite_sequence" }) else { return }
        let exists = try connection.integer("SELECT count(*) FROM main.sqlite_master WHERE name = 'sqlite_sequence'")
        guard exists > 0 else { return }
        for sql in [
            "DELETE FROM main.sqlite_sequence WHERE name = ?",
            "INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM snapshot.sqlite_sequence WHERE name = ?",
        ] {
            let statement = try connection.prepare(sql)
            try statement.bind(table, at: 1)
            _ = try statement.step()
        }
    }

    /// Step 4.
    private static func verify(
        _ staging: BytePath, _ expected: DatabaseManifest, _ chosen: [SchemaText]
    ) throws(DatabaseFailure) -> DatabaseManifest {
        let found = try SQLiteInspection.manifest(of: staging, depth: .full, operation: operation, only: Set(chosen))
        if case .problems(let lines) = found.integrity {
            throw DatabaseFailure(.damaged, operation, staging, "the rebuilt database fails its check: \(lines.first ?? "")")
        }
        let comparison = DatabaseComparison.content(expected: expected, found: found, tables: Set(chosen))
        if let difference = comparison.differences.first {
            throw DatabaseFailure(.differs, operation, staging, "\(difference)")
        }
        return found
    }
}

/// Finds the table a person means, or says which ones come near.
package enum TableChoice {
    package static func resolve(_ name: SchemaText, in schema: [SchemaObject], of snapshot: BytePath) throws(DatabaseFailure) -> SchemaText {
        let tables = schema.filter { $0.type == "table" }
        // SQLite's table names differ by more than the case of ASCII letters, so this finds at most one.
        guard let table = tables.first(where: { $0.name.folded == name.folded }) else {
            throw DatabaseFailure(
                .noSuchTable, SQLiteTableReplacement.operation, snapshot, "the snapshot has no table '\(name)'",
                hint: suggestion(name, tables))
        }
        let isShadow = tables.contains { $0.isVirtual && table.name.folded.starts(with: $0.name.folded + Array("_".utf8)) }
        if table.isVirtual || isShadow || table.name.folded.starts(with: Array("sqlite_".utf8)) {
            throw DatabaseFailure(
                .unsupported, SQLiteTableReplacement.operation, snapshot,
                "'\(table.name)' is \(table.isVirtual ? "a virtual table" : "a table that SQLite keeps for itself")",
                hint: "restore the whole database, or the ordinary tables and rebuild the search index from them")
        }
        return table.name
    }

    private static func suggestion(_ name: SchemaText, _ tables: [SchemaObject]) -> String {
        let wanted = name.folded
        let ranked = tables.map { (distance: editDistance(wanted, $0.name.folded), name: $0.name) }
            .filter { $0.distance <= max(2, wanted.count / 2) || $0.name.folded.starts(with: wanted) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
        let names = ranked.isEmpty ? tables.map(\.name) : ranked.map(\.name)
        let shown = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        return ranked.isEmpty ? "it has \(tables.count) tables, among them \(shown)" : "did you mean \(shown)?"
    }

    /// Levenshtein's distance in bytes.
    static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
