// RestoreServer: connections of a restore: sessions in which definitions and rows mean what they meant when they were dumped.

import Bytes
import HostOS

struct RestoreServer: Sendable {
    let server: MySQLServer
    let password: [UInt8]
    /// Whether replicas get what is restored.
    let writesBinaryLog: Bool
    /// How long a statement waits for a table that the application uses.
    let lockWaitSeconds: Int

    func connect(_ database: SchemaText? = nil) throws(MySQLFailure) -> MySQLConnection {
        let connection = try MySQLConnection(server.with(database: database), password: password)
        try RestoreServer.makePlain(connection)
        try connection.execute(
            "SET SESSION wait_timeout = 2592000, net_read_timeout = 3600, net_write_timeout = 3600, lock_wait_timeout = \(lockWaitSeconds)",
            to: "prepare the session")
        if !writesBinaryLog { try connection.execute("SET SESSION sql_log_bin = 0", to: "keep the restore out of the binary log") }
        // Not every server knows each of these, and some want a privilege for it. Where one is missing, its default does no harm, or the
        // server refuses a table in so many words.
        let wishes: [SQLText] = [
            "SET SESSION max_statement_time = 0", "SET SESSION check_constraint_checks = 0", "SET SESSION explicit_defaults_for_timestamp = 1",
            "SET SESSION innodb_strict_mode = 0", "SET SESSION sql_require_primary_key = 0", "SET SESSION sql_generate_invisible_primary_key = 0",
        ]
        for wish in wishes { _ = try? connection.execute(wish, to: "prepare the session") }
        return connection
    }

    /// The session for tables and rows; definitions with a context of their own change it and change it back.
    static func makePlain(_ connection: MySQLConnection) throws(MySQLFailure) {
        for statement in plainSession { try connection.execute(statement, to: "prepare the session") }
    }

    /// Zero is a value of an AUTO_INCREMENT column like any other. Checks are off: rows come in any order, and what holds is proved
    /// afterwards.
    static let plainSession: [SQLText] = [
        "SET NAMES utf8mb4", "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0",
    ]
}

extension MySQLConnection {
    /// Runs a definition statement outside of a transaction. Servers may find a deadlock between two of these (MySQL's backup lock and its
    /// dictionary): then one of them did nothing and is tried again.
    func define(_ sql: SQLText, to operation: String) throws(MySQLFailure) {
        var attempt = 1
        while true {
            do throws(MySQLFailure) {
                try execute(sql, to: operation)
                return
            } catch {
                if error.number != 1213 || attempt == 20 { throw error }
            }
            SystemClock().sleep(nanoseconds: Int64(attempt) * 50_000_000)
            attempt += 1
        }
    }
}
