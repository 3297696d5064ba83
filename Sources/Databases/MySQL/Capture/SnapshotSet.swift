// SnapshotSet: several connections that see the database at one and the same moment.
//
// MariaDB with a binary log: every connection starts its snapshot, and says which place of the log it sees. All the same: one
// moment, that place, and nobody was kept waiting. Not the same: again, up to 50 times (1 to 4 are usual under 1,000 commits a second).
// Otherwise a lock that stops commits for the millisecond in which the snapshots start: BACKUP STAGE on MariaDB, a global read lock on
// MySQL. It is waited for 5 seconds at most, because writers queue behind it. Without the right to it, there is one reader.

import HostOS

struct SnapshotSet {
    /// At least one; all see the same.
    let connections: [MySQLConnection]
    let coordinates: BinlogCoordinates?
    /// What a person should know about how it was made.
    let notes: [String]

    /// - Parameters:
    ///   - connections: one for each reader.
    ///   - locker: another, that holds the lock if one is needed: giving it up would end a transaction of its own.
    static func open(_ connections: [MySQLConnection], locker: MySQLConnection, _ grants: GrantCheck) throws(MySQLFailure) -> SnapshotSet {
        precondition(!connections.isEmpty, "a snapshot needs a connection")
        let first = connections[0], isMariaDB = locker.version.vendor == .mariadb
        if isMariaDB, let coordinates = try openComparing(connections) {
            return SnapshotSet(connections: connections, coordinates: coordinates, notes: [])
        }
        if grants.holdsGlobally("RELOAD") || (!isMariaDB && grants.holdsGlobally("FLUSH_TABLES")) {
            return SnapshotSet(connections: connections, coordinates: try openLocked(connections, locker), notes: [])
        }
        try start(first)
        let missing = grants.useful.filter { $0.statement.hasPrefix("GRANT RELOAD") }.map(\.statement)
        let note = "read by one connection, its place in the binary log unknown: with `\(missing.first ?? "GRANT RELOAD ON *.*")` lifeboat can use several"
        return SnapshotSet(connections: [first], coordinates: nil, notes: connections.count > 1 || !isMariaDB ? [note] : [])
    }

    private static func start(_ connection: MySQLConnection) throws(MySQLFailure) {
        try connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", to: "start a snapshot")
    }

    // MARK: Comparing (MariaDB)

    /// nil if there is no binary log to compare by, or the snapshots would not agree.
    private static func openComparing(_ connections: [MySQLConnection]) throws(MySQLFailure) -> BinlogCoordinates? {
        for _ in 0..<50 {
            for connection in connections { try start(connection) }
            var places: Set<BinlogCoordinates> = []
            for connection in connections {
                guard let place = try snapshotPlace(connection) else { return nil }
                places.insert(place)
            }
            if places.count == 1, let place = places.first { return withGTID(place, connections[0]) }
        }
        return nil
    }

    private static func snapshotPlace(_ connection: MySQLConnection) throws(MySQLFailure) -> BinlogCoordinates? {
        let rows = try connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'", to: "read the snapshot's place in the binary log")
        let values = Dictionary(rows.map { ($0.text(0).lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        guard let file = values["binlog_snapshot_file"]?.text(1), !file.isEmpty, let position = values["binlog_snapshot_position"]?.unsigned(1)
        else { return nil }
        return BinlogCoordinates(file: file, position: position, gtid: "")
    }

    private static func withGTID(_ place: BinlogCoordinates, _ connection: MySQLConnection) -> BinlogCoordinates {
        // Some servers want a privilege for it; the place itself is enough to go on from.
        let rows = try? connection.query(
            "SELECT BINLOG_GTID_POS(\(literal: SchemaText(place.file)), \(place.position))", to: "read the snapshot's GTID")
        return BinlogCoordinates(file: place.file, position: place.position, gtid: rows?.first?.text(0) ?? "")
    }

    // MARK: Locking

    private static func openLocked(_ connections: [MySQLConnection], _ locker: MySQLConnection) throws(MySQLFailure) -> BinlogCoordinates? {
        let lock = locker.version.vendor == .mariadb && locker.version.isAtLeast(10, 4) ? BackupLock.stages : .globalRead
        defer { lock.release(locker) }
        for attempt in 1...3 {
            do throws(MySQLFailure) {
                try lock.take(locker)
                break
            } catch {
                lock.release(locker)
                guard error.kind == .busy, attempt < 3 else { throw error }
                SystemClock().sleep(nanoseconds: Int64(attempt) * 1_000_000_000)
            }
        }
        for connection in connections { try start(connection) }
        return place(locker)
    }

    private enum BackupLock {
        /// BACKUP STAGE, MariaDB 10.4 and newer.
        case stages
        /// FLUSH TABLES WITH READ LOCK.
        case globalRead

        func take(_ connection: MySQLConnection) throws(MySQLFailure) {
            let operation = "stop commits for a moment"
            try connection.execute("SET SESSION lock_wait_timeout = \(MySQLSession.lockWaitSeconds)", to: operation)
            switch self {
            case .stages:
                try connection.execute("BACKUP STAGE START", to: operation)
                try connection.execute("BACKUP STAGE BLOCK_COMMIT", to: operation)
            case .globalRead: try connection.execute("FLUSH TABLES WITH READ LOCK", to: operation)
            }
        }

        /// Never fails: a connection that is gone holds no lock.
        func release(_ connection: MySQLConnection) {
            _ = try? connection.execute(self == .stages ? "BACKUP STAGE END" : "UNLOCK TABLES", to: "let commits go on")
            _ = try? connection.execute("SET SESSION lock_wait_timeout = 30", to: "let commits go on")
        }
    }

    /// The log's place now, while nothing can be committed; nil without a log or the right to ask.
    private static func place(_ connection: MySQLConnection) -> BinlogCoordinates? {
        let isMariaDB = connection.version.vendor == .mariadb
        let statement: SQLText = !isMariaDB && connection.version.isAtLeast(8, 2) ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS"
        guard let row = (try? connection.query(statement, to: "read the place in the binary log"))?.first else { return nil }
        let place = BinlogCoordinates(file: row.text(0), position: row.unsigned(1) ?? 0, gtid: "")
        if isMariaDB { return withGTID(place, connection) }
        return BinlogCoordinates(file: place.file, position: place.position, gtid: row.text("Executed_Gtid_Set"))
    }
}
