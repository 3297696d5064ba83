// PausedStatistics: a table of MariaDB whose statistics are not kept while it is filled, and are made once when it is full.
//
// InnoDB notices at once that a table which is being filled has changed a lot, and has its statistics made anew, but not more often than
// every ten seconds. Until these are over the background thread asks again and again without a pause: it keeps one processor as busy as the
// load itself (seen in 10.11). `STATS_AUTO_RECALC=0` keeps the table out of its hands. The definition is as it was afterwards: the proof
// compares it.

import Bytes

struct PausedStatistics {
    private let table: ServerTable
    private let connection: MySQLConnection

    /// nil where there is nothing to pause, or the server will not: then the load is only slower.
    init?(_ table: ServerTable, _ connection: MySQLConnection) {
        let operation = "pause the statistics of the table '\(table.name)'"
        guard connection.version.vendor == .mariadb, table.engine.lowercased() == "innodb", !table.hasHistory,
            let definition = try? connection.query("SHOW CREATE TABLE \(identifier: table.name)", to: operation).first?[1],
            definition.firstRange(of: Array("STATS_AUTO_RECALC".utf8)) == nil
        else { return nil }
        self.table = table
        self.connection = connection
        do throws(MySQLFailure) {
            try connection.execute("ALTER TABLE \(identifier: table.name) STATS_AUTO_RECALC = 0, ALGORITHM = INSTANT", to: operation)
        } catch {
            return nil
        }
    }

    /// As the definition says, with statistics of what is in the table now.
    func goOn() throws(MySQLFailure) {
        let operation = "make the statistics of the table '\(table.name)'"
        try connection.define("ALTER TABLE \(identifier: table.name) STATS_AUTO_RECALC = DEFAULT, ALGORITHM = INSTANT", to: operation)
        try connection.execute("ANALYZE NO_WRITE_TO_BINLOG TABLE \(identifier: table.name)", to: operation)
    }
}
