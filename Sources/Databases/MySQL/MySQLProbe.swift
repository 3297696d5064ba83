// MySQLProbe: a quick look at a database on a MySQL or MariaDB server, for `init`, `doctor` and plans. Changes nothing, reads no rows.

package import Bytes

package struct MySQLProbe: Sendable {
    package struct Table: Sendable {
        package let name: SchemaText
        package let engine: String
    }

    package let version: MySQLVersion
    /// As the server spells it.
    package let database: SchemaText
    package let tableCount: Int
    /// Data and indexes, as the server estimates them.
    package let byteCount: UInt64
    /// Tables that no snapshot covers.
    package let nonTransactional: [Table]
    /// Privileges without which a backup would not be whole.
    package let missing: [GrantCheck.Missing]
    /// Privileges that make a backup better.
    package let useful: [GrantCheck.Missing]
    /// The statements that give the account what a restore takes and it lacks.
    package let restoreGrants: [String]
    package let keepsBinaryLog: Bool
    /// Since 1970, by the server's clock.
    package let time: Timestamp

    /// - Throws: `MySQLFailure`: nobody answers, the account is not let in, there is no such database.
    package static func run(_ server: MySQLServer, password: [UInt8]) throws(MySQLFailure) -> MySQLProbe {
        let connection = try MySQLSession.openForReading(server, password)
        let basics = try connection.query("SELECT DATABASE(), @@GLOBAL.log_bin, UNIX_TIMESTAMP()", to: "look at the server").first
        guard let basics, let named = basics[0].map({ SchemaText($0) }) ?? server.database else {
            throw MySQLFailure(.missing, "look at a database", server, "no database is named", hint: "name it in the configuration")
        }
        let sql: SQLText = """
            SELECT TABLE_NAME, ENGINE, COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0) FROM information_schema.TABLES
            WHERE TABLE_SCHEMA = \(literal: named) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME
            """
        let rows = try connection.query(sql, to: "look at the tables of '\(named)'")
        let tables = rows.map { Table(name: $0.schemaText(0), engine: $0.text(1)) }
        let nonTransactional = tables.filter { !TableLayout.isTransactional($0.engine) && TableLayout.hasRowsOfItsOwn($0.engine) }
        let grants = try GrantCheck(connection, named)
        return MySQLProbe(
            version: connection.version, database: named, tableCount: tables.count, byteCount: rows.reduce(0) { $0 &+ ($1.unsigned(2) ?? 0) },
            nonTransactional: nonTransactional, missing: grants.required, useful: grants.useful,
            restoreGrants: try restoreGrants(grants, connection, named),
            keepsBinaryLog: ["1", "ON"].contains(basics.text(1)), time: Timestamp(seconds: Int64(clamping: basics.unsigned(2) ?? 0)))
    }

    /// On the database itself, and on the scratch databases that a restore makes.
    private static func restoreGrants(_ grants: GrantCheck, _ connection: MySQLConnection, _ database: SchemaText) throws(MySQLFailure) -> [String] {
        let account = AccountReader.quoted(try connection.query("SELECT CURRENT_USER()", to: "read the account's name").first?.text(0) ?? "")
        var statements: [String] = []
        for (held, name): (SchemaText, SQLText) in [(database, SQLText(identifier: database)), ("lifeboat_", "`lifeboat\\_%`")] {
            let missing = RestoreChecks.basicPrivileges.filter { !grants.holds($0, on: held) }
            if missing.isEmpty { continue }
            statements.append(SQLText("GRANT \(sql: .joined(missing.map { SQLText($0) })) ON \(sql: name).* TO \(sql: account);").description)
        }
        return statements
    }

    /// "61 tables, 1.8 GiB, all InnoDB, consistent snapshot possible".
    package var summary: String {
        let size = "\(tableCount) \(tableCount == 1 ? "table" : "tables"), \(ByteCount(byteCount))"
        if !missing.isEmpty { return "\(size), but the account may not see all of it" }
        if nonTransactional.isEmpty { return "\(size), all InnoDB, consistent snapshot possible" }
        let names = nonTransactional.prefix(5).map { "'\($0.name)' (\($0.engine))" }.joined(separator: ", ")
        return "\(size), consistent snapshot possible, except of \(names)\(nonTransactional.count > 5 ? " and \(nonTransactional.count - 5) more" : "")"
    }

    /// The statements that give the account what it lacks; nil if it lacks nothing.
    package var grantStatements: String? { missing.isEmpty ? nil : missing.map { $0.statement + ";" }.joined(separator: " ") }
}
