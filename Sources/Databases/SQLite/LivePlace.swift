// LivePlace: the path of a live database, held so that nobody uses what is there while it is replaced.
//
// Holding settles the database (SQLiteSwap, step 2). Giving up sets the journal mode back and unlocks; going out of scope unlocks.
//
// A database in WAL mode that other processes keep open cannot become one file. Where that is permitted it is held shared: 1. a TRUNCATE
// checkpoint moves every commit from the log into the file; 2. at once the write lock is taken; 3. if the log is still empty, the
// file alone holds every commit, and nobody can add one; else again from 1.

package import Bytes
import HostOS

package final class LivePlace {
    enum Content {
        case missing
        /// Something that SQLite cannot open as a database, and why.
        case unreadable(String)
        /// Settled and locked through this connection.
        case database(SQLiteConnection)
        /// Open elsewhere. `writer` is inside a transaction that keeps others from writing, `reader` can copy pages.
        case shared(writer: SQLiteConnection, reader: SQLiteConnection)
    }

    /// Every symbolic link resolved.
    let path: BytePath
    /// Of what is there; nil if nothing is.
    let status: FileStatus?
    let content: Content
    /// Whether the database used a write-ahead log before it was settled.
    let usedLog: Bool

    /// A connection that the held database can be copied from; nil if there is no database.
    var reader: SQLiteConnection? {
        switch content {
        case .database(let connection), .shared(_, let connection): connection
        case .missing, .unreadable: nil
        }
    }

    /// Whether the old file is moved aside: it may be all there is of somebody's data, or is still used.
    var keepsOldFile: Bool {
        switch content {
        case .unreadable, .shared: true
        case .missing, .database: false
        }
    }

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
            let content = try occupy(path, header, operation, options)
            return LivePlace(path: path, status: status, content: content, usedLog: header.journalMode == .wal)
        } catch {
            guard [.empty, .notADatabase, .damaged].contains(error.kind) else { throw error }
            return LivePlace(path: path, status: status, content: .unreadable(error.reason), usedLog: false)
        }
    }

    /// Undoes the settling after a failure, as far as that can be done.
    package func giveUp() {
        if case .shared(let writer, _) = content { try? writer.run("ROLLBACK") }
        guard case .database(let connection) = content else { return }
        // The lock is let go by the first read in normal mode.
        try? connection.run("PRAGMA locking_mode = NORMAL")
        _ = try? connection.integer("SELECT count(*) FROM sqlite_master")
        if usedLog { try? connection.run("PRAGMA journal_mode = WAL") }
    }

    private static func refuseIfOpen(_ path: BytePath, _ status: FileStatus, _ operation: String) throws(DatabaseFailure) {
        let openers = SQLiteOpeners.find(status, named: [path.name]).map(\.description)
        guard openers.isEmpty else {
            throw DatabaseFailure(.inUse, operation, path, "it is open in \(openers.joined(separator: ", "))")
        }
    }

    private static func occupy(
        _ path: BytePath, _ header: SQLiteHeader, _ operation: String, _ options: SwapOptions
    ) throws(DatabaseFailure) -> Content {
        guard options.replacesWhileOpen && header.journalMode == .wal else { return .database(try settle(path, operation, options)) }
        // An idle connection to a database in WAL mode keeps its lock: waiting long would not help.
        var brief = options
        brief.lockTimeoutMilliseconds = min(1_000, options.lockTimeoutMilliseconds)
        do {
            return .database(try settle(path, operation, brief))
        } catch {
            guard error.kind == .busy else { throw error }
            return try share(path, operation, options)
        }
    }

    private static func share(_ path: BytePath, _ operation: String, _ options: SwapOptions) throws(DatabaseFailure) -> Content {
        let writer = try SQLiteConnection(path, .live, operation: operation)
        let reader = try SQLiteConnection(path, .live, operation: operation)
        for connection in [writer, reader] { connection.setBusyTimeout(milliseconds: 500) }
        try retryWhileBusy(path, operation, options, pauseMilliseconds: 20) { () throws(DatabaseFailure) in
            try writer.run("PRAGMA wal_checkpoint(TRUNCATE)")
            try writer.run("BEGIN IMMEDIATE")
            if SQLiteFiles.byteCount(path.adding("-wal")) == 0 { return }
            try writer.run("ROLLBACK")
            throw DatabaseFailure(.busy, operation, path, "another process wrote to it again")
        }
        return .shared(writer: writer, reader: reader)
    }

    private static func settle(_ path: BytePath, _ operation: String, _ options: SwapOptions) throws(DatabaseFailure) -> SQLiteConnection {
        let connection = try SQLiteConnection(path, .live, operation: operation)
        connection.setBusyTimeout(milliseconds: 200)
        try retryWhileBusy(path, operation, options, pauseMilliseconds: 50) { () throws(DatabaseFailure) in try lock(connection) }
        return connection
    }

    private static func retryWhileBusy(
        _ path: BytePath, _ operation: String, _ options: SwapOptions, pauseMilliseconds: Int, _ attempt: () throws(DatabaseFailure) -> Void
    ) throws(DatabaseFailure) {
        let deadline = Host.monotonicNanoseconds() + Int64(options.lockTimeoutMilliseconds) * 1_000_000
        while true {
            do {
                return try attempt()
            } catch {
                guard error.kind == .busy else { throw error }
                guard Host.monotonicNanoseconds() < deadline else {
                    throw DatabaseFailure(
                        .busy, operation, path, "another process still used it after \(options.lockTimeoutMilliseconds / 1000) seconds",
                        hint: "stop the application and its queue workers, or put it into maintenance mode")
                }
            }
            SQLiteConnection.sleep(milliseconds: pauseMilliseconds)
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
