// MySQLSession: the settings under which a database is read: the same values come out whatever the server's own settings are.

enum MySQLSession {
    /// A connection that reads as a backup reads.
    static func openForReading(_ server: MySQLServer, _ password: [UInt8]) throws(MySQLFailure) -> MySQLConnection {
        let connection = try MySQLConnection(server, password: password)
        try prepareForReading(connection)
        return connection
    }

    /// The name of the connection's database as the server spells it: lower_case_table_names may have changed the case.
    static func database(of connection: MySQLConnection) throws(MySQLFailure) -> SchemaText? {
        try connection.query("SELECT DATABASE()", to: "read the database's name").first?.schemaText(0)
    }

    /// - sql_mode '': names in backticks, zero dates readable. The objects' own modes travel in their definitions.
    /// - time zone +00:00: what TIMESTAMP columns hold, independent of daylight saving.
    /// - No limit on how long a statement may run or we may be slow to read; a lock is waited for only so long.
    private static func prepareForReading(_ connection: MySQLConnection) throws(MySQLFailure) {
        let isMariaDB = connection.version.vendor == .mariadb
        let statementLimit: SQLText = isMariaDB ? "max_statement_time = 0" : "max_execution_time = 0, information_schema_stats_expiry = 0"
        try connection.execute(
            """
            SET SESSION sql_mode = '', time_zone = '+00:00', net_write_timeout = 86400, net_read_timeout = 86400, wait_timeout = 86400, \
            lock_wait_timeout = 30, sql_quote_show_create = 1, sql_select_limit = DEFAULT, \(sql: statementLimit)
            """, to: "set up the session")
        try connection.execute("SET NAMES utf8mb4", to: "set up the session")
        try connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", to: "set up the session")
        // We write nothing; but with its log off, a server lets go of a table that a savepoint is rolled back behind (SnapshotStep).
        // Without the right to this, ALTER TABLE waits for the end of the dump, as it does for every dump program.
        _ = try? connection.execute("SET SESSION sql_log_bin = 0", to: "set up the session")
    }

    /// How long a lock that makes writers wait may itself be waited for: longer, and the application would stand still behind us.
    static let lockWaitSeconds = 5
}
