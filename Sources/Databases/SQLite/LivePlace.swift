// LivePlace: the path of a live database, held so that nobody uses what is there while it is replaced.
//
// Holding settles the database (SQLiteSwap, step 2). Giving up sets the journal mode back and unlocks; going out of scope unlocks.

package import Bytes
import HostOS

package final class LivePlace {
    enum Content {
        case missing
        /// Something that SQLite cannot open as a database, and why.
        case unreadable(String)
        /// Settled and locked through this connection.
        case database(SQLiteConnection)
    }

    /// Every symbolic link resolved.
    let path: BytePath
    /// Of what is there; nil if nothing is.
    let status: FileStatus?
    let content: Content
    /// Whether the database used a write-ahead log before it was settled.
    let usedLog: Bool

    private init(path: BytePath, status: FileStatus?, content: Content, usedLog: Bool) {
        self.path = path
        self.status = status
        self.content = content
        self.usedLog = usedLog
    }

    package static func hold(_ live: BytePath, operation: String, _ options: SwapOptions) throws(DatabaseFailure) -> LivePlace {
        let there = try system(operation, live) { () throws(SystemError) in try FileStatus.ifExists(live) }
        guard there != nil else { return LivePlace(path: live, status: nil, content: .missing, usedLog: false) }
        guard let path = Directory.canonical(live) else {
            throw DatabaseFailure(
                .missing, operation, live, "it is a symbolic link to nowhere", hint: "remove the link, or create what it leads to")
        }
        let status = try system(operation, path) { () throws(SystemError) in try FileStatus.of(path) }
        guard status.kind == .regular else { throw DatabaseFailure(.notAFile, operation, path, "it is not a regular file") }
        if !options.replacesWhileOpen { try refuseIfOpen(path, status, operation) }
        do {
            _ = try SQLiteFiles.existing(path, operation: operation)
            let header = try SQLiteHeader.read(path, operation: operation)
            let connection = try settle(path, operation, options)
            return LivePlace(path: path, status: status, content: .database(connection), usedLog: header.journalMode == .wal)
        } catch {
            guard [.empty, .notADatabase, .damaged].contains(error.kind) else { throw error }
            return LivePlace(path: path, status: status, content: .unreadable(error.reason), usedLog: false)
        }
    }

    /// Undoes the settling after a failure, as far as that can be done.
    package func giveUp() {
        guard case .database(let connection) = content else { return }
        // The lock is let go by the first read in normal mode.
        try? connection.run("PRAGMA locking_mode = NORMAL")
        _ = try? connection.integer("SELECT count(*) FROM sqlite_master")
        if usedLog { try? connection.run("PRAGMA journal_mode = WAL") }
    }

    private static func refuseIfOpen(_ path: BytePath, _ status: FileStatus, _ operation: String) throws(DatabaseFailure) {
        let openers = SQLiteOpeners.find(status, named: path.name).map(\.description)
        guard openers.isEmpty else {
            throw DatabaseFailure(.inUse, operation, path, "it is open in \(openers.joined(separator: ", "))")
        }
    }

    private static func settle(_ path: BytePath, _ operation: String, _ options: SwapOptions) throws(DatabaseFailure) -> SQLiteConnection {
        let connection = try SQLiteConnection(path, .live, operation: operation)
        connection.setBusyTimeout(milliseconds: 200)
        var waited = 0
        while true {
            do {
                try lock(connection)
                return connection
            } catch {
                guard error.kind == .busy else { throw error }
                guard waited < options.lockTimeoutMilliseconds else {
                    throw DatabaseFailure(
                        .busy, operation, path, "another process still used it after \(options.lockTimeoutMilliseconds / 1000) seconds",
                        hint: "stop the application and its queue workers, or put it into maintenance mode")
                }
            }
            SQLiteConnection.sleep(milliseconds: 50)
            waited += 250
        }
    }

    /// Keeps the exclusive lock without a transaction: SQLite copies no pages out of a connection that is inside a write transaction.
    private static func lock(_ connection: SQLiteConnection) throws(DatabaseFailure) {
        try connection.run("PRAGMA locking_mode = NORMAL")
        try connection.run("PRAGMA journal_mode = DELETE")
        // Not before: a journal made in this mode would be deleted late, by its name, after the file was replaced.
        try connection.run("PRAGMA locking_mode = EXCLUSIVE")
        try connection.run("BEGIN EXCLUSIVE")
        let mode = try connection.text("PRAGMA journal_mode")
        try connection.run("COMMIT")
        // Between the first statements another process may have turned the log on again.
        guard mode != "wal" else {
            throw DatabaseFailure(.busy, connection.operation, connection.path, "another process turned its write-ahead log on again")
        }
    }
}
