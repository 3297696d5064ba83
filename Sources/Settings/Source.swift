// Source: the parts of an application that are saved: databases, files, configuration.

package import Bytes

/// The engines whose databases lifeboat knows.
package enum DatabaseType: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case mysql, mariadb, postgresql, sqlite

    /// Whether a database is a file of ours to read rather than a server to ask.
    package var isFile: Bool { self == .sqlite }
    package var description: String {
        switch self {
        case .mysql: "MySQL"
        case .mariadb: "MariaDB"
        case .postgresql: "PostgreSQL"
        case .sqlite: "SQLite"
        }
    }
}

/// What the settings file says about one kind of source.
package enum SourceSelection<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Nothing: what detection finds is saved.
    case detected
    /// `false`: this kind is not saved, on purpose.
    case none
    case said(Value)
}

/// The `sources:` of a settings file.
package struct Sources: Hashable, Sendable {
    package let databases: SourceSelection<[DatabaseSettings]>
    package let files: SourceSelection<FileSettings>
    /// Paths of configuration, absolute or relative to the root.
    package let config: SourceSelection<[BytePath]>

    package static let allDetected = Sources(databases: .detected, files: .detected, config: .detected)
}

/// Who reads a database on a server.
package enum DumpMethod: String, Hashable, Sendable, CaseIterable {
    case native, client
}

/// What is done about tables that no snapshot covers.
package enum NonTransactionalTables: String, Hashable, Sendable, CaseIterable {
    case lock, warn, refuse
}

/// How a database on a server is read.
package struct ServerReading: Hashable, Sendable {
    /// Tables whose structure is kept and whose rows are skipped.
    package var dataOnlyExclude: [String]
    package var method: DumpMethod
    package var nonTransactional: NonTransactionalTables

    package init(dataOnlyExclude: [String] = [], method: DumpMethod = .native, nonTransactional: NonTransactionalTables = .warn) {
        self.dataOnlyExclude = dataOnlyExclude
        self.method = method
        self.nonTransactional = nonTransactional
    }
}

/// One database, as written. What is nil comes from `variablePrefix`'s variables or from the engine's own defaults.
package struct DatabaseSettings: Hashable, Sendable {
    package let name: String?
    package let type: DatabaseType?
    /// `DB` reads DB_CONNECTION, DB_HOST, DB_DATABASE … from the application's env file.
    package let variablePrefix: String?
    package let host: String?
    package let port: Int?
    package let socket: BytePath?
    package let database: String?
    package let user: String?
    package let password: SecretReference?
    /// The file of an SQLite database.
    package let path: BytePath?
    package let reading: ServerReading
    /// How often logs are shipped for point-in-time recovery.
    package let pointInTimeInterval: Duration?
    package let position: SettingsPosition
}

/// The `files:` of a settings file. Nil means: as detected.
package struct FileSettings: Hashable, Sendable {
    package let paths: [BytePath]?
    /// restic exclude patterns. Nil means the default ones; an empty list means none.
    package let exclude: [String]?
    package let excludeLargerThan: ByteCount?

    package init(paths: [BytePath]? = nil, exclude: [String]? = nil, excludeLargerThan: ByteCount? = nil) {
        self.paths = paths
        self.exclude = exclude
        self.excludeLargerThan = excludeLargerThan
    }
}
