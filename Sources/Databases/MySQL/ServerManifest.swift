// ServerManifest: what a MySQL or MariaDB database held at the moment it was dumped. Written last into the dump, compared at every
// restore and drill: the only thing that proves that what came back is what was there, and that the dump is whole.
//
// It describes: the texts of the definitions and the rows lie in files beside it, at the paths of DumpPath.

package import Bytes

/// Where in the server's binary log the dump's moment is. Empty parts are unknown.
package struct BinlogCoordinates: Hashable, Sendable {
    package let file: String
    package let position: UInt64
    /// MariaDB: "0-1-270"; MySQL: a set of "uuid:1-5".
    package let gtid: String

    package init(file: String, position: UInt64, gtid: String) {
        self.file = file
        self.position = position
        self.gtid = gtid
    }
}

/// The session a definition must be created in to mean what it meant. Empty where the kind of object has no such thing.
package struct DefinitionContext: Hashable, Sendable {
    package var sqlMode: String
    package var characterSet: String
    package var collation: String
    package var databaseCollation: String
    package var timeZone: String

    package init(sqlMode: String = "", characterSet: String = "", collation: String = "", databaseCollation: String = "", timeZone: String = "") {
        self.sqlMode = sqlMode
        self.characterSet = characterSet
        self.collation = collation
        self.databaseCollation = databaseCollation
        self.timeZone = timeZone
    }
}

/// A table, view, sequence, trigger, routine or event. Its SHOW CREATE text is the file `path`.
package struct ServerObject: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case table, sequence, function, procedure, package
        case packageBody = "package body"
        case view, trigger, event

        /// The folder below `schema/`.
        package var folder: String { self == .packageBody ? "package-bodies" : rawValue + "s" }
    }

    package let kind: Kind
    package let name: SchemaText
    /// The table a trigger belongs to; else the object's own name.
    package let table: SchemaText
    /// Of the normalised definition: without what changes while the definition stays the same, such as AUTO_INCREMENT=….
    package let sha256: Digest
    package let context: DefinitionContext
    /// "user@host" as the server writes it; empty if the kind has none.
    package let definer: String
    /// A view's columns, for a stand-in while views refer to each other.
    package let columns: [SchemaText]
    /// A view that cannot be used: it refers to something that is not there, or its definer lacks rights. Why.
    package let problem: String?
    /// A sequence's next value.
    package let position: String?

    package init(
        kind: Kind, name: SchemaText, table: SchemaText? = nil, sha256: Digest, context: DefinitionContext = DefinitionContext(), definer: String = "",
        columns: [SchemaText] = [], problem: String? = nil, position: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.table = table ?? name
        self.sha256 = sha256
        self.context = context
        self.definer = definer
        self.columns = columns
        self.problem = problem
        self.position = position
    }

    package var path: [[UInt8]] { DumpPath.schema(kind.folder, name) }
}

/// One file of rows.
package struct TableChunk: Hashable, Sendable {
    /// Its name below `data/TABLE/`.
    package let file: String
    package let byteCount: UInt64
    package let rows: RowSum

    package init(file: String, byteCount: UInt64, rows: RowSum) {
        self.file = file
        self.byteCount = byteCount
        self.rows = rows
    }
}

package struct ServerTable: Hashable, Sendable {
    package let name: SchemaText
    package let engine: String
    /// Columns that are stored as the user wrote them, in the order of the files' fields. Generated ones follow from them.
    package let columns: [ServerColumn]
    /// Whether `columns` and the rows include those that a system-versioned table has outdated.
    package let hasHistory: Bool
    /// Rows that were left out because the configuration says so: only the structure is here.
    package let isExcluded: Bool
    package let autoIncrement: UInt64?
    /// In the order of the key.
    package let chunks: [TableChunk]

    package init(
        name: SchemaText, engine: String, columns: [ServerColumn], hasHistory: Bool, isExcluded: Bool, autoIncrement: UInt64?, chunks: [TableChunk]
    ) {
        self.name = name
        self.engine = engine
        self.columns = columns
        self.hasHistory = hasHistory
        self.isExcluded = isExcluded
        self.autoIncrement = autoIncrement
        self.chunks = chunks
    }

    /// Of all rows, whatever files they are in.
    package var rows: RowSum {
        var sum = RowSum()
        for chunk in chunks { sum.add(chunk.rows) }
        return sum
    }

    package var byteCount: UInt64 { chunks.reduce(0) { $0 + $1.byteCount } }
}

package struct ServerManifest: Hashable, Sendable {
    /// The version of this document that we write; newer ones are refused.
    package static let formatVersion: UInt64 = 1

    package enum Method: String, Sendable {
        /// Read by lifeboat: one file for each definition and for each range of rows.
        case native
        /// Written by the vendor's own program into `dump.sql`; tables have names and counts, but no files and no hashes.
        case client
    }

    package let method: Method
    package let vendor: MySQLVersion.Vendor
    /// As the server says it.
    package let serverVersion: String
    package let database: SchemaText
    /// Of the server, not of our session.
    package let sqlMode: String
    package let lowerCaseTableNames: UInt64
    /// Of the database.
    package let characterSet: String
    package let collation: String
    package let coordinates: BinlogCoordinates?
    package let captureStarted: Timestamp
    package let captureEnded: Timestamp
    /// In an order in which they can be created, views apart.
    package let objects: [ServerObject]
    /// Sorted by name.
    package let tables: [ServerTable]
    /// What a person should know: for each line, what is not as it should be and why.
    package let notes: [String]

    package init(
        method: Method, vendor: MySQLVersion.Vendor, serverVersion: String, database: SchemaText, sqlMode: String, lowerCaseTableNames: UInt64,
        characterSet: String, collation: String, coordinates: BinlogCoordinates?, captureStarted: Timestamp, captureEnded: Timestamp,
        objects: [ServerObject], tables: [ServerTable], notes: [String]
    ) {
        self.method = method
        self.vendor = vendor
        self.serverVersion = serverVersion
        self.database = database
        self.sqlMode = sqlMode
        self.lowerCaseTableNames = lowerCaseTableNames
        self.characterSet = characterSet
        self.collation = collation
        self.coordinates = coordinates
        self.captureStarted = captureStarted
        self.captureEnded = captureEnded
        self.objects = objects
        self.tables = tables.sorted { $0.name < $1.name }
        self.notes = notes
    }

    package var version: MySQLVersion { MySQLVersion(serverVersion) }
    package var rowCount: UInt64 { tables.reduce(0) { $0 + $1.rows.rowCount } }
    package var byteCount: UInt64 { tables.reduce(0) { $0 + $1.byteCount } }

    package func table(_ name: SchemaText) -> ServerTable? { tables.first { $0.name == name } }
    package func objects(_ kind: ServerObject.Kind) -> [ServerObject] { objects.filter { $0.kind == kind } }
}
