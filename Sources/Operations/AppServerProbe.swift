// AppServerProbe: a quick look at a database on a server, before anything is saved: does it let us in, how much is there, can all of it be
// saved at one moment?

import Bytes
package import Databases
package import Settings

package struct AppServerProbe: Sendable {
    package let version: MySQLVersion
    package let tableCount: UInt64
    /// As the server estimates it.
    package let byteCount: UInt64
    /// Tables that no snapshot covers: MyISAM, Aria, MEMORY …
    package let looseTableCount: UInt64

    /// - Throws: `Failure` with exit status 78 if the settings do not say enough; what the server says.
    package init(_ database: ResolvedDatabase, _ place: DatabaseServer, env: DotEnv?) throws {
        let server = try AppDatabaseServer(database, place, env: env)
        let connection = try MySQLConnection(server.server, password: server.passwordBytes)
        let sql: SQLText = """
            SELECT COUNT(*), COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0), COALESCE(SUM(ENGINE <> 'InnoDB'), 0) FROM information_schema.TABLES \
            WHERE TABLE_SCHEMA = \(literal: server.database) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
            """
        let figures = try connection.query(sql, to: "look at the tables of '\(server.database)'").first
        version = connection.version
        tableCount = figures?.unsigned(0) ?? 0
        byteCount = figures?.unsigned(1) ?? 0
        looseTableCount = figures?.unsigned(2) ?? 0
    }

    /// "61 tables, 1.8 GiB, all InnoDB: a consistent snapshot is possible".
    package var summary: String {
        let engines =
            looseTableCount == 0
            ? "all InnoDB: a consistent snapshot is possible"
            : "\(FigureText.count(looseTableCount, "table")) of which no snapshot is possible: see `non_transactional:`"
        return "\(version), \(FigureText.count(tableCount, "table")), \(ByteCount(byteCount)), \(engines)"
    }
}
