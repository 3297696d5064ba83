// SQLiteInspection: reads a database file that nobody writes (a capture, a file about to be restored) and describes it.
//
// 1. The header, then the file's length and SHA-256, before a connection exists.
// 2. Through a connection that leaves no companions beside the file: a self-check, settings, schema, every table's checksum.
// A damaged table does not end the inspection: it is listed as unreadable, because even a damaged database is worth keeping.

import Bytes
import Codecs
import HostOS

/// How deep a self-check goes.
package enum IntegrityDepth: String, Sendable {
    case none
    /// PRAGMA quick_check: pages and rows, not whether indexes agree with tables.
    case quick
    /// PRAGMA integrity_check: everything; about ten times as long.
    case full
}

enum SQLiteInspection {
    /// The manifest of a file at rest.
    ///
    /// - Parameters:
    ///   - started: when its capture began, for files that were just captured.
    ///   - only: the tables whose rows are read and listed; nil for all.
    static func manifest(
        of file: BytePath, depth: IntegrityDepth, operation: String, started: Timestamp? = nil, only: Set<SchemaText>? = nil
    ) throws(DatabaseFailure) -> DatabaseManifest {
        let began = started ?? .current
        let header = try SQLiteHeader.read(file, operation: operation)
        let content = try hash(file, operation: operation)
        let connection = try SQLiteConnection(file, .privateCopy, operation: operation)
        let integrity = check(connection, depth)
        let schema = try schema(connection)
        return DatabaseManifest(
            libraryVersion: SQLiteConnection.libraryVersion, format: try format(connection, header.journalMode),
            byteCount: content.byteCount, sha256: content.sha256, captureStarted: began, captureEnded: .current, integrity: integrity,
            schema: schema, tables: try tables(connection, schema, only))
    }

    static func hash(_ file: BytePath, operation: String) throws(DatabaseFailure) -> (sha256: Digest, byteCount: UInt64) {
        try system(operation, file) { () throws(SystemError) in
            let source = try Descriptor.open(file, .read)
            let hasher = SHA256(), block = Block(capacity: 1 << 20)
            var byteCount: UInt64 = 0
            while true {
                block.removeAll()
                let count = try block.appendUpTo(block.capacity) { (span) throws(SystemError) in try source.read(into: &span) }
                if count == 0 { return (hasher.finish(), byteCount) }
                block.withBytes { hasher.update($0) }
                byteCount += UInt64(count)
            }
        }
    }

    // MARK: Self-checks

    static func check(_ connection: SQLiteConnection, _ depth: IntegrityDepth) -> IntegrityResult {
        let pragma: String
        switch depth {
        case .none: return .inconclusive("not asked for")
        case .quick: pragma = "PRAGMA quick_check(100)"
        case .full: pragma = "PRAGMA integrity_check(100)"
        }
        do {
            let lines = findings(try connection.column(pragma))
            return lines == ["ok"] ? .sound : .problems(lines)
        } catch {
            return error.kind == .damaged || error.kind == .notADatabase ? .problems([error.reason]) : .inconclusive(error.reason)
        }
    }

    /// What SQLite finds in the pages comes as many lines in one row, under the heading "*** in database main ***".
    private static func findings(_ rows: [SchemaText]) -> [String] {
        let lines = rows.flatMap { $0.bytes.split(separator: 0x0a) }.map { SchemaText(Array($0)).description }
        let found = lines.filter { !$0.hasPrefix("*** in database") }
        return found.isEmpty ? lines : found
    }

    /// One line for each foreign key that is violated, at most 100. Never a reason to refuse a restore: it was so when captured.
    static func foreignKeyProblems(_ connection: SQLiteConnection) -> [String] {
        do {
            let statement = try connection.prepare(
                "SELECT \"table\", \"parent\", count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 LIMIT 100")
            var lines: [String] = []
            while try statement.step() {
                let child = SchemaText(statement.text(0)), parent = SchemaText(statement.text(1))
                lines.append("\(statement.integer(2)) rows of table '\(child)' refer to missing rows of '\(parent)'")
            }
            return lines
        } catch {
            return ["the foreign keys could not be checked: \(error.reason)"]
        }
    }

    // MARK: Parts of the manifest

    private static func format(
        _ connection: SQLiteConnection, _ journalMode: DatabaseManifest.JournalMode
    ) throws(DatabaseFailure) -> DatabaseManifest.Format {
        DatabaseManifest.Format(
            pageSize: UInt64(clamping: try connection.integer("PRAGMA page_size")),
            pageCount: UInt64(clamping: try connection.integer("PRAGMA page_count")),
            userVersion: try connection.integer("PRAGMA user_version"), applicationID: try connection.integer("PRAGMA application_id"),
            encoding: try connection.text("PRAGMA encoding"), journalMode: journalMode)
    }

    static func schema(_ connection: SQLiteConnection, in database: String = "main") throws(DatabaseFailure) -> [SchemaObject] {
        let statement = try connection.prepare("SELECT type, name, tbl_name, sql FROM \(database).sqlite_master ORDER BY type, name")
        var objects: [SchemaObject] = []
        while try statement.step() {
            objects.append(
                SchemaObject(
                    type: String(decoding: statement.text(0), as: UTF8.self), name: SchemaText(statement.text(1)),
                    table: SchemaText(statement.text(2)), sql: statement.isNull(3) ? nil : SchemaText(statement.text(3))))
        }
        return objects
    }

    private static func tables(
        _ connection: SQLiteConnection, _ schema: [SchemaObject], _ only: Set<SchemaText>?
    ) throws(DatabaseFailure) -> [TableSummary] {
        var summaries: [TableSummary] = []
        for object in schema where object.type == "table" && only?.contains(object.name) ?? true {
            summaries.append(TableSummary(name: object.name, content: try content(connection, object)))
        }
        return summaries
    }

    private static func content(_ connection: SQLiteConnection, _ table: SchemaObject) throws(DatabaseFailure) -> TableSummary.Content {
        if table.isVirtual { return .virtual }
        do {
            let columns = try storedColumns(connection, table.name)
            guard !columns.isEmpty else { return .unreadable("it has no columns") }
            let list = columns.map(\.quoted).joined(separator: Array(", ".utf8))
            // NOT INDEXED: a damaged index must not answer for the table.
            let sql = Array("SELECT ".utf8) + Array(list) + Array(" FROM main.".utf8) + table.name.quoted + Array(" NOT INDEXED".utf8)
            return .rows(try TableChecksum.of(try connection.prepare(sql)))
        } catch {
            if error.kind == .busy { throw error }
            return .unreadable(error.reason)
        }
    }

    /// The declared columns without generated ones, in their order.
    static func storedColumns(
        _ connection: SQLiteConnection, _ table: SchemaText, in database: String = "main"
    ) throws(DatabaseFailure) -> [SchemaText] {
        let statement = try connection.prepare("SELECT name FROM pragma_table_xinfo(?, '\(database)') WHERE hidden = 0 ORDER BY cid")
        try statement.bind(table, at: 1)
        var names: [SchemaText] = []
        while try statement.step() { names.append(SchemaText(statement.text(0))) }
        return names
    }
}

extension SchemaObject {
    /// CREATE VIRTUAL TABLE, which SQLite stores with exactly this beginning.
    var isVirtual: Bool {
        type == "table" && String(decoding: (sql?.bytes ?? []).prefix(20), as: UTF8.self).uppercased() == "CREATE VIRTUAL TABLE"
    }
}

extension Timestamp {
    static var current: Timestamp {
        let now = SystemClock().now()
        return Timestamp(seconds: now.seconds, nanoseconds: now.nanoseconds)
    }
}
