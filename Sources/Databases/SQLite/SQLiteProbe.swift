// SQLiteProbe: a quick look at a database, for `init`, `doctor` and plans. Changes nothing, reads a few pages.

package import Bytes
import HostOS

/// What a quick look told.
package struct DatabaseProbe: Hashable, Sendable {
    /// The path with every symbolic link resolved.
    package let path: BytePath
    package let libraryVersion: String
    package let journalMode: DatabaseManifest.JournalMode
    package let encoding: String
    package let pageSize: UInt64
    package let byteCount: UInt64
    /// Bytes in the write-ahead log, 0 if there is none.
    package let logByteCount: UInt64
    /// Tables without SQLite's own.
    package let tableCount: UInt64
    /// From the highest rowid of each table: quick, exact only where nothing was deleted.
    package let estimatedRowCount: UInt64
    /// Whether this process may write the database file: what a restore needs.
    package let isWritable: Bool
    /// What an administrator should know, one line each.
    package let advice: [String]
}

enum SQLiteProbe {
    static let operation = "open"

    static func run(_ database: BytePath) throws(DatabaseFailure) -> DatabaseProbe {
        let (path, status) = try SQLiteFiles.existing(database, operation: operation)
        let header = try SQLiteHeader.read(path, operation: operation)
        let isWritable = (try? Descriptor.open(path, .update)) != nil
        let logByteCount = SQLiteFiles.byteCount(path.adding("-wal"))
        let connection = try SQLiteCapture.openLive(path, operation: operation, busyTimeoutMilliseconds: 2_000)
        let schema = try SQLiteInspection.schema(connection)
        let tables = schema.filter { $0.type == "table" && !$0.isVirtual && !$0.name.bytes.starts(with: Array("sqlite_".utf8)) }
        return DatabaseProbe(
            path: path, libraryVersion: SQLiteConnection.libraryVersion, journalMode: header.journalMode,
            encoding: try connection.text("PRAGMA encoding"), pageSize: UInt64(header.pageSize), byteCount: status.size,
            logByteCount: logByteCount, tableCount: UInt64(tables.count), estimatedRowCount: estimate(connection, tables),
            isWritable: isWritable, advice: advice(header, logByteCount, status))
    }

    private static func estimate(_ connection: SQLiteConnection, _ tables: [SchemaObject]) -> UInt64 {
        tables.reduce(0) { sum, table in
            // A table WITHOUT ROWID has no such column; it counts as nothing here.
            guard let statement = try? connection.prepare(Array("SELECT max(rowid) FROM main.".utf8) + table.name.quoted),
                (try? statement.step()) == true
            else { return sum }
            return sum + UInt64(clamping: statement.integer(0))
        }
    }

    private static func advice(_ header: SQLiteHeader, _ logByteCount: UInt64, _ status: FileStatus) -> [String] {
        var lines: [String] = []
        if header.journalMode == .rollback {
            lines.append("a rollback journal makes writers wait while the copy is taken; `PRAGMA journal_mode=WAL` avoids that")
        }
        if logByteCount > 256 << 20 {
            lines.append(
                "the write-ahead log holds \(ByteCount(logByteCount)): some process keeps a read transaction open or never checkpoints")
        }
        if status.linkCount > 1 {
            lines.append("the file has \(status.linkCount) names (hard links); a restore replaces only this one")
        }
        return lines
    }
}
