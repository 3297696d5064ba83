// RestoreNames: the databases a restore makes on a server, recognisable as ours, and known to be in use or left behind.
//
// `lifeboat_scratch_<id>` holds what is being restored until it is proved, `lifeboat_old_<id>` what it replaced, with the journal of the
// swap. While a restore lives, its connection holds the server's lock `lifeboat_<id>`: the server gives it back when the connection ends,
// however that happens. A database whose lock is free was left by a restore that died.

import Bytes

struct RestoreNames: Hashable, Sendable {
    let id: String

    var scratch: SchemaText { SchemaText(RestoreNames.scratchPrefix + id) }
    var old: SchemaText { SchemaText(RestoreNames.oldPrefix + id) }
    var lock: SchemaText { SchemaText("lifeboat_" + id) }

    private static let scratchPrefix = "lifeboat_scratch_"
    private static let oldPrefix = "lifeboat_old_"

    init() { id = Hex.encode((0..<6).map { _ in UInt8.random(in: 0...255) }) }

    /// From the name of a database; nil for one that is not ours.
    init?(database: SchemaText) {
        let name = String(decoding: database.bytes, as: UTF8.self)
        guard let prefix = [RestoreNames.scratchPrefix, RestoreNames.oldPrefix].first(where: { name.hasPrefix($0) }) else { return nil }
        let id = String(name.dropFirst(prefix.count))
        guard id.utf8.count == 12, id.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
        self.id = id
    }

    /// Takes the lock for the life of `connection`.
    func hold(_ connection: MySQLConnection) throws(MySQLFailure) {
        let answer = try connection.query("SELECT GET_LOCK(\(literal: lock), 0)", to: "mark the restore as running")
        guard answer.first?.text(0) == "1" else {
            throw MySQLFailure(.busy, "mark the restore as running", connection.server, "another restore has the mark '\(lock)'")
        }
    }

    /// Whether nobody works with it any more.
    func isLeftBehind(_ connection: MySQLConnection) throws(MySQLFailure) -> Bool {
        try connection.query("SELECT IS_FREE_LOCK(\(literal: lock))", to: "look for running restores").first?.text(0) == "1"
    }

    /// Every restore whose databases are on the server, as far as this account sees them.
    static func all(_ connection: MySQLConnection) throws(MySQLFailure) -> [RestoreNames] {
        let rows = try connection.query("SHOW DATABASES LIKE 'lifeboat\\\\_%'", to: "look for earlier restores")
        var found: [RestoreNames] = []
        for row in rows {
            if let names = RestoreNames(database: row.schemaText(0)), !found.contains(names) { found.append(names) }
        }
        return found
    }

    static func exists(_ database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) -> Bool {
        try !connection.query(
            "SELECT 1 FROM information_schema.SCHEMATA WHERE \(sql: .isDatabase("SCHEMA_NAME", database))", to: "look for a database"
        ).isEmpty
    }

    static func drop(_ database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) {
        try connection.define("DROP DATABASE IF EXISTS \(identifier: database)", to: "remove the database '\(database)'")
    }
}
