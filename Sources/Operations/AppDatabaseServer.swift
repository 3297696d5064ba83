// AppDatabaseServer: from what the settings and the application's variables say to a server that can be connected to.
//
// `localhost` means the server's socket, as PHP and the client programs take it: the usual places are tried in order. The password is
// fetched here, held as SecretBytes, and given to the client library only.

import Bytes
import Codecs
import Databases
import HostOS
import Settings

/// What a restore does otherwise than the settings say.
package struct AppServerOverride: Sendable {
    /// Restore into a database of this name; it is made if it is not there.
    package var database: String?
    package var user: String?
    package var password: PasswordSource?

    package init() {}

    var isEmpty: Bool { database == nil && user == nil && password == nil }
}

package struct AppDatabaseServer: Sendable, CustomStringConvertible {
    let server: MySQLServer
    let password: SecretBytes
    let database: SchemaText

    package var description: String { "\(server)/\(database)" }

    /// - Throws: exit status 78 if the settings do not say enough, 1 if its kind cannot be saved.
    init(_ database: ResolvedDatabase, _ place: DatabaseServer, env: DotEnv?) throws {
        guard database.type == .mysql || database.type == .mariadb else {
            throw Failure(
                .failed, "\(database.summary) was not saved: this version of lifeboat backs up MySQL, MariaDB and SQLite databases",
                hint: "dump it into a directory that `sources: files:` names, or set `sources: { database: false }` if it is saved otherwise")
        }
        guard let name = place.database, !name.isEmpty else {
            throw Failure(.configInvalid, "\(database.summary): no database is named", hint: "set DB_DATABASE, or `database:` under `sources: database:`")
        }
        guard let user = place.user, !user.isEmpty else {
            throw Failure(.configInvalid, "\(database.summary): no account is named", hint: "set DB_USERNAME, or `user:` under `sources: database:`")
        }
        self.database = SchemaText(name)
        server = MySQLServer(try Self.address(place), user: user, database: self.database)
        password = try place.password.map { try Self.secret($0, database, env) } ?? SecretBytes([])
    }

    /// With another account or another database's name.
    func applying(_ override: AppServerOverride) throws -> AppDatabaseServer {
        if override.isEmpty { return self }
        let name = override.database.map { SchemaText($0) } ?? database
        let server = MySQLServer(server.address, user: override.user ?? server.user, database: name, encryption: server.encryption)
        // Another account does not have this one's password.
        let password = try override.password?.resolve() ?? (override.user == nil ? password : SecretBytes([]))
        return AppDatabaseServer(server: server, password: password, database: name)
    }

    private init(server: MySQLServer, password: SecretBytes, database: SchemaText) {
        self.server = server
        self.password = password
        self.database = database
    }

    var passwordBytes: [UInt8] { password.withBytes { [UInt8](copying: $0) } }

    func probe() throws -> MySQLProbe { try MySQLProbe.run(server, password: passwordBytes) }

    func capture(_ reading: ServerReading, into sink: any DumpSink) throws -> ServerManifest {
        let nonTransactional: MySQLCaptureOptions.NonTransactional =
            switch reading.nonTransactional {
            case .lock: .lock
            case .warn: .warn
            case .refuse: .refuse
            }
        let options = MySQLCaptureOptions(structureOnly: reading.dataOnlyExclude, nonTransactional: nonTransactional)
        switch reading.method {
        case .native: return try MySQLCapture.run(server, password: passwordBytes, options: options, sink: sink)
        case .client: return try MySQLCapture.runClient(server, password: passwordBytes, options: options, sink: sink)
        }
    }

    /// Whether the database is there and has anything in it that a restore would replace.
    func holdsTables() throws -> Bool {
        let connection = try MySQLConnection(server.with(database: nil), password: passwordBytes)
        let sql: SQLText = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = \(literal: database)"
        return try connection.query(sql, to: "look at the tables of '\(database)'").first?.unsigned(0) ?? 0 > 0
    }

    /// The tables as the manifest spells them. Letter case counts only where it tells two tables apart.
    func choose(_ names: [SchemaText], from manifest: ServerManifest) throws -> [SchemaText] {
        try names.map { name in
            if manifest.table(name) != nil { return name }
            let alike = manifest.tables.filter { $0.name.folded == name.folded }
            guard alike.count == 1, let only = alike.first else {
                throw Failure(
                    .usage, "there is no table '\(name)' in the backup of '\(manifest.database)'",
                    hint: "it holds \(manifest.tables.prefix(10).map(\.name.description).joined(separator: ", "))\(manifest.tables.count > 10 ? ", …" : "")")
            }
            return only.name
        }
    }

    private static let usualSockets: [BytePath] = [
        "/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock",
    ]

    private static func address(_ place: DatabaseServer) throws -> MySQLServer.Address {
        if let socket = place.socket { return .socket(socket) }
        let host = place.host ?? "localhost"
        if host == "localhost", let socket = usualSockets.first(where: { (try? FileStatus.ifExists($0)) ?? nil != nil }) { return .socket(socket) }
        guard let port = UInt16(exactly: place.port ?? 3306), port > 0 else {
            throw Failure(.configInvalid, "'\(place.port ?? 0)' is not a port", hint: "set DB_PORT, or `port:` under `sources: database:`")
        }
        return .tcp(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }

    private static func secret(_ reference: SecretReference, _ database: ResolvedDatabase, _ env: DotEnv?) throws -> SecretBytes {
        if case .applicationVariable(let name) = reference {
            guard let value = env?.secret(name) else {
                throw Failure(.configInvalid, "\(database.summary): its password should be in the variable \(name), which is not there")
            }
            return SecretBytes(Array(value.utf8))
        }
        return try PasswordSource(reference).resolve()
    }
}

extension ResolvedDatabase {
    /// The path under which its snapshots are found; nil where the location is unknown.
    var savedPath: BytePath? {
        switch location {
        case .file(let path): path
        case .server(let server): server.database.map { AppDatabaseSnapshot.path(ofServerDatabase: SchemaText($0)) }
        case .unknown: nil
        }
    }
}
