// RunJournal: the local database of runs. Several processes use it at once: a timer, an administrator, the daemon.
//
// Opening: 1. under a lock file, so that two processes neither migrate nor repair at the same time; 2. the file is made with mode 0600;
// 3. self-check and migrations; 4. a broken file is moved to `<path>.damaged-<time>` and an empty journal begun: history is worth
// less than tonight's backup. SQLite runs in WAL mode and waits up to 5 s for other writers.
//
// A run that never finished is told from one that still runs by its process: number, start time and the machine's boot id.
// Only snapshots in the repository are evidence of a backup; the journal is a record for people and for `status`.

package import Bytes
import GRDB
package import HostOS

package final class RunJournal: Sendable {
    package let path: BytePath
    /// Where a broken journal was moved when this one was opened.
    package let movedAside: BytePath?
    private let queue: DatabaseQueue
    private let clock: any Clock

    /// Opens the journal, creating it and its directory if need be.
    package static func open(_ path: BytePath, clock: any Clock = SystemClock()) throws(JournalFailure) -> RunJournal {
        do {
            try Directory.createAll(path.parent)
            let lock = try Descriptor.open(path.adding(".lock"), .openOrCreate)
            try lock.lock()
            do {
                return RunJournal(path, try openQueue(path), clock, movedAside: nil)
            } catch {
                guard JournalFailure(error, path).kind == .damaged else { throw error }
                let aside = try moveAside(path, clock)
                return RunJournal(path, try openQueue(path), clock, movedAside: aside)
            }
        } catch {
            throw JournalFailure(error, path)
        }
    }

    private init(_ path: BytePath, _ queue: DatabaseQueue, _ clock: any Clock, movedAside: BytePath?) {
        self.path = path
        self.queue = queue
        self.clock = clock
        self.movedAside = movedAside
    }

    private static func openQueue(_ path: BytePath) throws -> DatabaseQueue {
        guard let name = String(validating: path.bytes, as: UTF8.self) else {
            throw JournalFailure(.other, path, "its path is not valid UTF-8")
        }
        // Only if missing: opening and closing a database file by other means would drop SQLite's locks on it in this process.
        if try FileStatus.ifExists(path) == nil { _ = try Descriptor.open(path, .createNew, permissions: 0o600) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") }
        let queue = try DatabaseQueue(path: name, configuration: configuration)
        let check = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard check == "ok" else { throw JournalFailure(.damaged, path, check ?? "the self-check did not answer") }
        let migrator = JournalSchema.migrator
        if try queue.read({ try migrator.hasBeenSuperseded($0) }) {
            throw JournalFailure(.newer, path, "it was written by a newer lifeboat")
        }
        try migrator.migrate(queue)
        return queue
    }

    private static func moveAside(_ path: BytePath, _ clock: any Clock) throws(SystemError) -> BytePath {
        let time = Timestamp(seconds: clock.now().seconds).description.filter { $0 != ":" }
        var aside = path.adding(".damaged-\(time)")
        while try FileStatus.ifExists(aside) != nil { aside = aside.adding("-again") }
        for suffix in ["-wal", "-shm"] where try FileStatus.ifExists(path.adding(suffix)) != nil {
            try Directory.rename(path.adding(suffix), to: aside.adding(suffix))
        }
        try Directory.rename(path, to: aside)
        return aside
    }

    // MARK: Writing

    /// Records that a run of this process begins.
    package func begin(_ start: RunStart) throws(JournalFailure) -> RunID {
        let now = clock.now()
        let id = RunID(at: Timestamp(seconds: now.seconds, nanoseconds: now.nanoseconds))
        let process = ProcessIdentity.current
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO runs (id, verb, application, source, started, process, process_started, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id.text, start.verb, start.application, start.source, JournalSchema.nanoseconds(now), process.number, process.started,
                    process.boot,
                ])
        }
        return id
    }

    /// Records how a run ended. A run that finished already keeps its first result.
    /// - Parameter auditHead: where the audit log ends now.
    package func finish(_ id: RunID, _ result: RunResult, auditHead: AuditHead? = nil) throws(JournalFailure) {
        let ended = JournalSchema.nanoseconds(clock.now())
        try write { database in
            try database.execute(
                sql: """
                    UPDATE runs SET ended = ?, exit_status = ?, bytes_read = ?, bytes_stored = ?, file_count = ?, snapshot_ids = ?, message = ?, phases = ?,
                        audit_sequence = ?, audit_hash = ?
                    WHERE id = ? AND ended IS NULL
                    """,
                arguments: [
                    ended, result.exitStatus, Int64(clamping: result.bytesRead), Int64(clamping: result.bytesStored),
                    Int64(clamping: result.fileCount), result.snapshotIDs.joined(separator: " "), result.message,
                    JournalSchema.json(result.phases), auditHead.map { Int64(clamping: $0.sequence) }, auditHead?.hash.hex, id.text,
                ])
        }
    }

    /// Records something that happened during a run, now.
    package func append(_ level: RunEvent.Level, _ message: String, to id: RunID) throws(JournalFailure) {
        let time = JournalSchema.nanoseconds(clock.now())
        try write { database in
            try database.execute(
                sql: "INSERT INTO events (run, time, level, message) VALUES (?, ?, ?, ?)",
                arguments: [id.text, time, level.rawValue, message])
        }
    }

    // MARK: Reading

    /// The newest runs first.
    package func recent(limit: Int, verb: String? = nil, application: String? = nil) throws(JournalFailure) -> [RunRecord] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM runs WHERE (?1 IS NULL OR verb = ?1) AND (?2 IS NULL OR application = ?2) ORDER BY id DESC LIMIT ?3
                    """,
                arguments: [verb, application, limit])
        }.compactMap(JournalSchema.record)
    }

    package func run(_ id: RunID) throws(JournalFailure) -> RunRecord? {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id.text]) }.compactMap(JournalSchema.record)
            .first
    }

    /// The newest run of `verb` that ended with exit status 0.
    ///
    /// - Parameters:
    ///   - source: only runs of this source; nil for any.
    ///   - application: only runs of this application; nil for any.
    package func lastSuccess(
        verb: String, source: String? = nil, application: String? = nil
    ) throws(JournalFailure) -> RunRecord? {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM runs WHERE verb = ?1 AND exit_status = 0 AND (?2 IS NULL OR source = ?2)
                    AND (?3 IS NULL OR application = ?3) ORDER BY id DESC LIMIT 1
                    """,
                arguments: [verb, source, application])
        }.compactMap(JournalSchema.record).first
    }

    /// The newest run of `verb`, of this source or of all, that ended with one of `statuses`.
    package func lastResult(
        verb: String, application: String, source: String?, statuses: Set<Int32>
    ) throws(JournalFailure) -> RunRecord? {
        let list = statuses.sorted().map(String.init).joined(separator: ", ")
        return try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM runs WHERE verb = ?1 AND application = ?2 AND (source IS NULL OR source = ?3) AND exit_status IN (\(list))
                    ORDER BY id DESC LIMIT 1
                    """,
                arguments: [verb, application, source])
        }.compactMap(JournalSchema.record).first
    }

    /// The runs of `verb`, of this source or of all, after another run; the newest first, at most `limit`.
    package func runs(
        verb: String, application: String, source: String?, after earlier: RunID?, limit: Int
    ) throws(JournalFailure) -> [RunRecord] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM runs WHERE verb = ?1 AND application = ?2 AND (source IS NULL OR source = ?3) AND id > ?4
                    ORDER BY id DESC LIMIT ?5
                    """,
                arguments: [verb, application, source, earlier?.text ?? "", limit])
        }.compactMap(JournalSchema.record)
    }

    /// Where the audit log ended when runs ended, the oldest first.
    package func auditAnchors() throws(JournalFailure) -> [AuditAnchor] {
        try read { try Row.fetchAll($0, sql: "SELECT id, audit_sequence, audit_hash FROM runs WHERE audit_sequence IS NOT NULL ORDER BY id") }
            .compactMap(JournalSchema.anchor)
    }

    /// In the order they happened.
    package func events(of id: RunID) throws(JournalFailure) -> [RunEvent] {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM events WHERE run = ? ORDER BY rowid", arguments: [id.text]) }
            .map(JournalSchema.event)
    }

    func write(_ body: (Database) throws -> Void) throws(JournalFailure) {
        do {
            try queue.write(body)
        } catch {
            throw JournalFailure(error, path)
        }
    }

    func read(_ body: (Database) throws -> [Row]) throws(JournalFailure) -> [Row] {
        do {
            return try queue.read(body)
        } catch {
            throw JournalFailure(error, path)
        }
    }
}

extension BytePath {
    fileprivate func adding(_ suffix: String) -> BytePath { BytePath(bytes + Array(suffix.utf8)) }
}
