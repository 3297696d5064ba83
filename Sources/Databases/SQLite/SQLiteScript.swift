// SQLiteScript: a database file as an SQL script that the stock `sqlite3` program loads into an empty file.
//
// 1. Settings of the file; 2. CREATE TABLE in the order the tables were made, each with its rows; 3. virtual tables: made, and the tables
//    they keep their contents in emptied and filled; 4. what counts (sqlite_sequence) and what is known of the values (sqlite_stat…);
// 5. indexes, triggers, views; 6. COMMIT, and a last line with the number of rows.
//
// Complete where `.dump` is not: row numbers nobody named, user_version and application_id, texts with NUL. Reals come
// back as the same numbers (SQLiteReals); texts that are no UTF-8 pass as they are.
// Not promised: the same file. Pages lie elsewhere, and the mode of the log is chosen by whoever opens it.

import Bytes
import HostOS

enum SQLiteScript {
    /// What the last line of a whole script starts with.
    static let footer = "-- Dump completed"

    /// Writes `file`, which nobody writes meanwhile, to the new file `script`. Returns the number of rows.
    static func write(_ file: BytePath, to script: BytePath) throws(DatabaseFailure) -> UInt64 {
        let path = try SQLiteFiles.existing(file, operation: "export").path
        let connection = try SQLiteConnection(path, .privateCopy, operation: "export")
        let output = try ScriptOutput(script, of: path)
        let writer = SQLiteScriptWriter(connection: connection, output: output, reals: try SQLiteReals(connection))
        let rowCount = try writer.run()
        try output.finish()
        return rowCount
    }
}

private struct SQLiteScriptWriter {
    let connection: SQLiteConnection
    let output: ScriptOutput
    let reals: SQLiteReals

    private struct Entry {
        let type: String
        let name: SchemaText
        let sql: [UInt8]

        var isVirtual: Bool { type == "table" && String(decoding: sql.prefix(20), as: UTF8.self).uppercased() == "CREATE VIRTUAL TABLE" }
        /// Made and kept by SQLite itself.
        var isInternal: Bool { name.description.hasPrefix("sqlite_") }
    }

    func run() throws(DatabaseFailure) -> UInt64 {
        let entries = try self.entries(), virtual = entries.filter { $0.isVirtual }
        let shadows = try names("SELECT name FROM pragma_table_list WHERE type = 'shadow' AND schema = 'main'")
        try settings()
        var rowCount: UInt64 = 0
        let tables = entries.filter { $0.type == "table" && !$0.isVirtual && !shadows.contains($0.name) && !$0.isInternal }
        for table in tables {
            try output.add(table.sql, ";\n")
            rowCount += try rows(of: table.name)
        }
        for table in virtual { try output.add(table.sql, ";\n") }
        for table in entries where table.type == "table" && shadows.contains(table.name) {
            try output.add("DELETE FROM ", table.name.quoted, ";\n")
            rowCount += try rows(of: table.name)
        }
        try internalTables(entries, &rowCount)
        for type in ["index", "view", "trigger"] {
            for entry in entries where entry.type == type { try output.add(entry.sql, ";\n") }
        }
        try output.add("COMMIT;\n\(SQLiteScript.footer) by lifeboat: \(rowCount) rows in \(tables.count) tables\n")
        return rowCount
    }

    // MARK: Parts

    private func entries() throws(DatabaseFailure) -> [Entry] {
        let statement = try connection.prepare("SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        var entries: [Entry] = []
        while try statement.step() {
            entries.append(
                Entry(type: String(decoding: statement.text(0), as: UTF8.self), name: SchemaText(statement.text(1)), sql: statement.text(2)))
        }
        return entries
    }

    private func names(_ sql: String) throws(DatabaseFailure) -> Set<SchemaText> { Set(try connection.column(sql)) }

    private func settings() throws(DatabaseFailure) {
        try output.add("-- An SQLite database, saved by lifeboat. Loads into an empty file: sqlite3 NEW.sqlite < THIS.sql\n")
        let encoding = try connection.text("PRAGMA encoding")
        if encoding != "UTF-8" { try output.add("PRAGMA encoding='\(encoding)';\n") }
        for name in ["page_size", "auto_vacuum", "user_version", "application_id"] {
            try output.add("PRAGMA \(name)=\(try connection.integer("PRAGMA \(name)"));\n")
        }
        try output.add("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n")
    }

    /// SQLite makes these itself as soon as something needs them.
    private func internalTables(_ entries: [Entry], _ rowCount: inout UInt64) throws(DatabaseFailure) {
        let names = entries.filter { $0.type == "table" && $0.isInternal }.map(\.name)
        if names.contains(where: { $0.description.hasPrefix("sqlite_stat") }) { try output.add("ANALYZE sqlite_master;\n") }
        for name in names {
            try output.add("DELETE FROM ", name.quoted, ";\n")
            rowCount += try rows(of: name)
        }
    }

    private func rows(of table: SchemaText) throws(DatabaseFailure) -> UInt64 {
        let columns = try SQLiteInspection.storedColumns(connection, table)
        guard !columns.isEmpty else { return 0 }
        let named = try rowNumber(of: table, columns).map { [Array($0.utf8)] + columns.map(\.quoted) } ?? columns.map(\.quoted)
        let list = Array(named.joined(separator: Array(",".utf8)))
        let statement = try connection.prepare(Array("SELECT ".utf8) + list + Array(" FROM main.".utf8) + table.quoted + Array(" NOT INDEXED".utf8))
        var count: UInt64 = 0
        while try statement.step() {
            var row = Array("INSERT INTO ".utf8) + table.quoted + Array("(".utf8) + list + Array(") VALUES(".utf8)
            for column in 0..<statement.columnCount {
                if column > 0 { row.append(UInt8(ascii: ",")) }
                try statement.appendLiteral(column, to: &row, reals)
            }
            try output.add(row, ");\n")
            count += 1
        }
        return count
    }

    /// How the number of a row is called that no column shows; nil if one shows it, there is none, or every name for it is taken.
    private func rowNumber(of table: SchemaText, _ columns: [SchemaText]) throws(DatabaseFailure) -> String? {
        let taken = Set(columns.map { $0.description.lowercased() })
        guard let name = ["rowid", "_rowid_", "oid"].first(where: { !taken.contains($0) }) else { return nil }
        // A table WITHOUT ROWID has none, and virtual ones may not.
        let kind = try connection.prepare("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'")
        try kind.bind(table, at: 1)
        guard try kind.step(), kind.integer(0) == 0 else { return nil }
        // INTEGER PRIMARY KEY is the row's number itself; any other primary key has an index of its own.
        let key = try connection.prepare("SELECT count(*), max(upper(type) = 'INTEGER') FROM pragma_table_xinfo(?) WHERE pk > 0")
        try key.bind(table, at: 1)
        guard try key.step(), key.integer(0) == 1, key.integer(1) == 1 else { return name }
        let index = try connection.prepare("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'")
        try index.bind(table, at: 1)
        return try index.step() ? name : nil
    }
}

/// The new file, written through a buffer.
private final class ScriptOutput {
    private let file: NewFile
    private let path: BytePath
    private var buffer: [UInt8] = []

    init(_ script: BytePath, of database: BytePath) throws(DatabaseFailure) {
        path = database
        file = try system("export", database) { () throws(SystemError) in try NewFile(script, replaces: true) }
    }

    func add(_ text: String) throws(DatabaseFailure) { try add(Array(text.utf8), "") }

    func add(_ before: String, _ bytes: [UInt8], _ after: String) throws(DatabaseFailure) { try add(Array(before.utf8) + bytes, after) }

    func add(_ bytes: [UInt8], _ after: String) throws(DatabaseFailure) {
        buffer += bytes
        buffer += Array(after.utf8)
        if buffer.count >= 1 << 18 { try flush() }
    }

    private func flush() throws(DatabaseFailure) {
        let bytes = buffer
        try system("export", path) { () throws(SystemError) in try file.write(bytes.span) }
        buffer.removeAll(keepingCapacity: true)
    }

    func finish() throws(DatabaseFailure) {
        try flush()
        try system("export", path) { () throws(SystemError) in try file.finish() }
    }
}

/// Values as the script has them.
enum SQLiteLiteral {
    /// The program drops a carriage return at the end of a line, and NUL would end the text: both are put in by replace(), as `.dump` does.
    static func append(text: [UInt8], to row: inout [UInt8]) {
        var body = text, calls: [(marker: [UInt8], code: Int)] = []
        for (byte, name, code) in [(UInt8(0x0d), "\\r", 13), (0x00, "\\0", 0)] where body.contains(byte) {
            var marker = Array(name.utf8), number = 0
            while body.firstRange(of: marker) != nil || text.firstRange(of: marker) != nil {
                number += 1
                marker = Array("(\(name)\(number))".utf8)
            }
            body = body.flatMap { $0 == byte ? marker : [$0] }
            calls.append((marker, code))
        }
        for _ in calls { row += Array("replace(".utf8) }
        row.append(UInt8(ascii: "'"))
        for byte in body {
            if byte == UInt8(ascii: "'") { row.append(byte) }
            row.append(byte)
        }
        row.append(UInt8(ascii: "'"))
        for call in calls { row += Array(",'".utf8) + call.marker + Array("',char(\(call.code)))".utf8) }
    }

    static func append(blob: [UInt8], to row: inout [UInt8]) { row += Array("X'".utf8) + Array(Hex.encode(blob).utf8) + Array("'".utf8) }
}
