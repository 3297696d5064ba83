// SQLiteCapture: a consistent copy of a database that other processes go on using.
//
// 1. Refuse what is no SQLite file, before SQLite could create or change anything.
// 2. Open it like any reader, read-write where permitted: a write-ahead log needs its shared memory. `immutable=1` is never
//    used on somebody's database, since it ignores the log. The journal mode is left as it is and nothing is checkpointed; a
//    journal left by a crashed application is rolled back by SQLite, as any reader of the database would do.
// 3. Copy all pages in one step of the online backup, that is in one read transaction. With a write-ahead log writers go on
//    meanwhile; with a rollback journal they wait for the time of the raw copy, which is why everything else happens on the
//    copy. A lock that cannot be had is tried for again and again, up to a limit.
// 4. On the copy: quick_check, settings, schema, checksums of all tables, SHA-256.
//
// The copy is one plain file. A database in WAL mode says so in its header (bytes 18 and 19), and so does the copy.
//
// Not promised: databases on NFS or other network file systems. Their locks are not dependable and shared memory does not work
// between machines; SQLite itself warns of them. The copy is as good as the application's own reads there: capture on the machine
// that runs the application.

import Bytes
import HostOS

package struct CaptureOptions: Sendable, Hashable {
    /// How long to try for a lock before the database counts as busy.
    package var lockTimeoutMilliseconds: Int
    package var depth: IntegrityDepth

    package init(lockTimeoutMilliseconds: Int = 30_000, depth: IntegrityDepth = .quick) {
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
        self.depth = depth
    }
}

enum SQLiteCapture {
    static let operation = "copy"

    /// Copies `database` to the new file `staging` (mode 0600, in a directory of ours) and describes the copy.
    static func run(_ database: BytePath, into staging: BytePath, _ options: CaptureOptions) throws(DatabaseFailure) -> DatabaseManifest {
        let started = Timestamp.current
        let (path, status) = try SQLiteFiles.existing(database, operation: operation)
        _ = try SQLiteHeader.read(path, operation: operation)
        try checkSpace(for: path, byteCount: status.size, at: staging)
        do {
            let source = try openLive(path, operation: operation, busyTimeoutMilliseconds: 0)
            try copy(source, into: staging, lockTimeoutMilliseconds: options.lockTimeoutMilliseconds)
            return try SQLiteInspection.manifest(of: staging, depth: options.depth, operation: operation, started: started)
        } catch {
            try? Directory.remove(staging)
            throw error
        }
    }

    /// A connection to somebody's database that changes nothing by being there.
    static func openLive(
        _ path: BytePath, operation: String, busyTimeoutMilliseconds: Int
    ) throws(DatabaseFailure) -> SQLiteConnection {
        // A log that is there belongs to the application, also when it crashed: without this the last one to close writes it back.
        let hasLog = SQLiteFiles.byteCount(path.adding("-wal")) > 0
        let connection = try SQLiteConnection(path, .live, operation: operation)
        connection.setBusyTimeout(milliseconds: busyTimeoutMilliseconds)
        if hasLog { connection.keepLogOnClose() }
        return connection
    }

    /// Copies into a new file. The destination connection is closed on return, and no companion is left.
    ///
    /// - Parameter lockTimeoutMilliseconds: how long to try for the read lock; `source` itself should not wait for locks.
    static func copy(_ source: SQLiteConnection, into staging: BytePath, lockTimeoutMilliseconds: Int) throws(DatabaseFailure) {
        try system(source.operation, source.path) { () throws(SystemError) in _ = try Descriptor.open(staging, .createNew) }
        let destination = try SQLiteConnection(staging, .scratch, operation: source.operation)
        // The file is new and worthless until it is whole: no journal, no flushing page by page, no locks.
        for setting in ["journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"] { try destination.run("PRAGMA \(setting)") }
        let deadline = Host.monotonicNanoseconds() + Int64(max(lockTimeoutMilliseconds, 0)) * 1_000_000
        while try !source.copyPages(into: destination) {
            guard Host.monotonicNanoseconds() < deadline else {
                throw DatabaseFailure(
                    .busy, source.operation, source.path, "another process kept it locked for \(lockTimeoutMilliseconds) ms")
            }
            // Short, uneven pauses. SQLite's own waiting sleeps 100 ms at a time and starves for ever beside a busy writer with
            // a rollback journal, whose lock is free for a fraction of a millisecond between two commits.
            SQLiteConnection.sleep(milliseconds: Int.random(in: 1...5))
        }
    }

    private static func checkSpace(for database: BytePath, byteCount: UInt64, at staging: BytePath) throws(DatabaseFailure) {
        let needed = byteCount + SQLiteFiles.byteCount(database.adding("-wal"))
        let free = try system(operation, database) { () throws(SystemError) in try Directory.freeSpace(at: staging.parent) }
        guard free > needed else {
            throw DatabaseFailure(
                .noSpace, operation, database,
                "the copy needs \(ByteCount(needed)), but '\(staging.parent)' has only \(ByteCount(free)) free")
        }
    }
}
