// JournalSchema: the tables of the journal, and their rows as values.

import Bytes
import GRDB
import HostOS

enum JournalSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 runs and events") { database in
            try database.execute(
                sql: """
                    CREATE TABLE runs (
                        id TEXT PRIMARY KEY NOT NULL, verb TEXT NOT NULL, application TEXT, source TEXT,
                        started INTEGER NOT NULL, ended INTEGER,
                        process INTEGER NOT NULL, process_started INTEGER NOT NULL, boot TEXT NOT NULL,
                        exit_status INTEGER, bytes_read INTEGER, bytes_stored INTEGER, file_count INTEGER,
                        snapshot_ids TEXT, message TEXT, phases TEXT
                    ) WITHOUT ROWID;
                    CREATE INDEX runs_by_success ON runs (verb, exit_status, id);
                    CREATE TABLE events (
                        run TEXT NOT NULL REFERENCES runs (id), time INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL
                    );
                    CREATE INDEX events_by_run ON events (run);
                    """)
        }
        migrator.registerMigration("2 audit heads") { database in
            // Where the audit log ended when a run ended: lines that are missing at its end are missed here.
            try database.execute(sql: "ALTER TABLE runs ADD COLUMN audit_sequence INTEGER; ALTER TABLE runs ADD COLUMN audit_hash TEXT")
        }
        migrator.registerMigration("3 packs read") { database in
            try database.execute(
                sql: """
                    CREATE TABLE packs_read (
                        repository TEXT NOT NULL, pack TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (repository, pack)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("4 drills") { database in
            try database.execute(
                sql: """
                    CREATE TABLE drills (
                        run TEXT PRIMARY KEY NOT NULL REFERENCES runs (id), outcome TEXT NOT NULL, sources TEXT NOT NULL, tables INTEGER NOT NULL, rows INTEGER NOT NULL,
                        files INTEGER NOT NULL, checks INTEGER NOT NULL
                    ) WITHOUT ROWID
                    """)
        }
        return migrator
    }

    /// Since 1970; holds until the year 2262.
    static func nanoseconds(_ time: FileTime) -> Int64 {
        let (product, overflow) = time.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + Int64(time.nanoseconds)
    }

    static func timestamp(_ nanoseconds: Int64) -> Timestamp {
        let seconds = nanoseconds / 1_000_000_000
        return Timestamp(seconds: seconds, nanoseconds: Int32(clamping: nanoseconds - seconds * 1_000_000_000))
    }

    /// Nil for a row whose id is not one of ours.
    static func record(_ row: Row) -> RunRecord? {
        guard let id = RunID(parsing: row["id"] ?? "") else { return nil }
        let start = RunStart(verb: row["verb"] ?? "", application: row["application"], source: row["source"])
        let ended: Int64? = row["ended"], exitStatus: Int32? = row["exit_status"]
        var outcome = RunOutcome.interrupted, result: RunResult?
        if let exitStatus, ended != nil {
            outcome = .finished(exitStatus: exitStatus)
            result = self.result(row, exitStatus)
        } else if ProcessIdentity(number: row["process"] ?? 0, started: row["process_started"] ?? 0, boot: row["boot"] ?? "").isAlive {
            outcome = .running
        }
        return RunRecord(
            id: id, start: start, started: timestamp(row["started"] ?? 0), ended: ended.map(timestamp), outcome: outcome, result: result)
    }

    private static func result(_ row: Row, _ exitStatus: Int32) -> RunResult {
        let snapshots: String = row["snapshot_ids"] ?? ""
        return RunResult(
            exitStatus: exitStatus, bytesRead: count(row["bytes_read"]), bytesStored: count(row["bytes_stored"]),
            fileCount: count(row["file_count"]), snapshotIDs: snapshots.split(separator: " ").map(String.init), message: row["message"],
            phases: phases(row["phases"] ?? "[]"))
    }

    private static func count(_ value: Int64?) -> UInt64 { UInt64(clamping: value ?? 0) }

    static func anchor(_ row: Row) -> AuditAnchor? {
        guard let run = RunID(parsing: row["id"] ?? ""), let sequence: Int64 = row["audit_sequence"], sequence >= 0,
            let hash = Digest(hex: row["audit_hash"] ?? "")
        else { return nil }
        return AuditAnchor(run: run, head: AuditHead(sequence: UInt64(sequence), hash: hash))
    }

    static func event(_ row: Row) -> RunEvent {
        RunEvent(
            time: timestamp(row["time"] ?? 0), level: RunEvent.Level(rawValue: row["level"] ?? "") ?? .note, message: row["message"] ?? "")
    }

    // MARK: Phases as JSON: [["fetch",1200], …]

    static func json(_ phases: [PhaseDuration]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for phase in phases {
            writer.beginArray()
            writer.string(phase.name)
            writer.integer(phase.nanoseconds)
            writer.endArray()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Empty for text that is not ours: a duration nobody can read is no reason to lose the record.
    static func phases(_ json: String) -> [PhaseDuration] {
        var phases: [PhaseDuration] = []
        var scanner = JSONScanner(Array(json.utf8))
        do {
            try scanner.beginArray()
            while try scanner.nextElement() {
                try scanner.beginArray()
                guard try scanner.nextElement() else { return phases }
                let name = try scanner.text()
                guard try scanner.nextElement() else { return phases }
                phases.append(PhaseDuration(name: name, nanoseconds: try scanner.signed()))
                guard try !scanner.nextElement() else { return phases }
            }
        } catch {
            return phases
        }
        return phases
    }
}
