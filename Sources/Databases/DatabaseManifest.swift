// DatabaseManifest: what a database held at the moment it was captured. Written at backup time into the snapshot, compared at
// every restore and drill: the only thing that proves that what came back is what was there.

package import Bytes

/// What a self-check of a database file said.
package enum IntegrityResult: Hashable, Sendable {
    case sound
    /// What SQLite complained about, at most 100 lines.
    case problems([String])
    /// The check itself could not run, for example because the schema uses a collation only the application has.
    case inconclusive(String)

    package var isSound: Bool { self == .sound }
}

/// One row of sqlite_schema: a table, index, view or trigger.
package struct SchemaObject: Hashable, Sendable, Comparable {
    package let type: String
    package let name: SchemaText
    /// The table it belongs to; for tables and views their own name.
    package let table: SchemaText
    /// The statement that made it; nil for indexes SQLite makes by itself.
    package let sql: SchemaText?

    package init(type: String, name: SchemaText, table: SchemaText, sql: SchemaText?) {
        self.type = type
        self.name = name
        self.table = table
        self.sql = sql
    }

    package static func < (a: SchemaObject, b: SchemaObject) -> Bool {
        a.type == b.type ? a.name < b.name : a.type < b.type
    }
}

/// The content of one table.
package struct TableSummary: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case rows(TableChecksum)
        /// A virtual table: its rows live in its shadow tables, which are listed as tables of their own, or outside the database.
        case virtual
        /// The table could not be read to its end, and why.
        case unreadable(String)
    }

    package let name: SchemaText
    package let content: Content

    package init(name: SchemaText, content: Content) {
        self.name = name
        self.content = content
    }

    package var rowCount: UInt64? {
        if case .rows(let checksum) = content { checksum.rowCount } else { nil }
    }
}

package struct DatabaseManifest: Hashable, Sendable {
    /// The version of this document that we write; newer ones are refused.
    package static let formatVersion: UInt64 = 1

    package enum JournalMode: String, Sendable {
        /// A rollback journal of any kind: DELETE, TRUNCATE, PERSIST.
        case rollback
        /// A write-ahead log.
        case wal
    }

    /// What the file is, apart from its tables.
    package struct Format: Hashable, Sendable {
        package let pageSize: UInt64
        package let pageCount: UInt64
        package let userVersion: Int64
        package let applicationID: Int64
        /// "UTF-8", "UTF-16le" or "UTF-16be".
        package let encoding: String
        package let journalMode: JournalMode

        package init(
            pageSize: UInt64, pageCount: UInt64, userVersion: Int64, applicationID: Int64, encoding: String, journalMode: JournalMode
        ) {
            self.pageSize = pageSize
            self.pageCount = pageCount
            self.userVersion = userVersion
            self.applicationID = applicationID
            self.encoding = encoding
            self.journalMode = journalMode
        }
    }

    /// "sqlite".
    package let engine: String
    /// Of the SQLite library that read the database.
    package let libraryVersion: String
    package let format: Format
    /// Of the captured file, byte for byte as it goes into the repository.
    package let byteCount: UInt64
    package let sha256: Digest
    package let captureStarted: Timestamp
    package let captureEnded: Timestamp
    package let integrity: IntegrityResult
    /// Sorted by type and name.
    package let schema: [SchemaObject]
    /// Sorted by name.
    package let tables: [TableSummary]

    package init(
        engine: String = "sqlite", libraryVersion: String, format: Format, byteCount: UInt64, sha256: Digest, captureStarted: Timestamp,
        captureEnded: Timestamp, integrity: IntegrityResult, schema: [SchemaObject], tables: [TableSummary]
    ) {
        self.engine = engine
        self.libraryVersion = libraryVersion
        self.format = format
        self.byteCount = byteCount
        self.sha256 = sha256
        self.captureStarted = captureStarted
        self.captureEnded = captureEnded
        self.integrity = integrity
        self.schema = schema.sorted()
        self.tables = tables.sorted { $0.name < $1.name }
    }

    /// Rows of all tables that could be counted.
    package var rowCount: UInt64 { tables.reduce(0) { $0 + ($1.rowCount ?? 0) } }

    package func table(_ name: SchemaText) -> TableSummary? { tables.first { $0.name == name } }
}
