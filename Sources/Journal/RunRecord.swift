// RunRecord: one execution of a verb, as the journal remembers it.

package import Bytes

/// How a run ended, or that it did not.
package enum RunOutcome: Hashable, Sendable {
    case running
    /// Its process is gone and never said how it ended: killed, or the machine failed.
    case interrupted
    /// The exit status of product.md's table: 0 is success, 3 is success with unreadable source data.
    case finished(exitStatus: Int32)

    package var isSuccess: Bool { self == .finished(exitStatus: 0) }
}

/// How long one part of a run took: "fetch", "load", "verify".
package struct PhaseDuration: Hashable, Sendable {
    package let name: String
    package let nanoseconds: Int64

    package init(name: String, nanoseconds: Int64) {
        self.name = name
        self.nanoseconds = nanoseconds
    }
}

/// What is known when a run begins.
package struct RunStart: Hashable, Sendable {
    /// "backup", "restore", "verify", "drill", …
    package let verb: String
    package let application: String?
    /// "database", "files", "config"; nil for verbs that concern all.
    package let source: String?

    package init(verb: String, application: String? = nil, source: String? = nil) {
        self.verb = verb
        self.application = application
        self.source = source
    }
}

/// What is known when a run ends.
package struct RunResult: Hashable, Sendable {
    package var exitStatus: Int32
    package var bytesRead: UInt64
    package var bytesStored: UInt64
    package var fileCount: UInt64
    /// Of the snapshots made or restored, in hex.
    package var snapshotIDs: [String]
    /// Why it failed, or what an administrator should know; never a secret.
    package var message: String?
    package var phases: [PhaseDuration]

    package init(
        exitStatus: Int32, bytesRead: UInt64 = 0, bytesStored: UInt64 = 0, fileCount: UInt64 = 0, snapshotIDs: [String] = [],
        message: String? = nil, phases: [PhaseDuration] = []
    ) {
        self.exitStatus = exitStatus
        self.bytesRead = bytesRead
        self.bytesStored = bytesStored
        self.fileCount = fileCount
        self.snapshotIDs = snapshotIDs
        self.message = message
        self.phases = phases
    }
}

package struct RunRecord: Hashable, Sendable {
    package let id: RunID
    package let start: RunStart
    package let started: Timestamp
    /// Nil while it runs, and if it was interrupted.
    package let ended: Timestamp?
    package let outcome: RunOutcome
    /// Nil unless the run finished.
    package let result: RunResult?

    /// How long it took, measured: the answer to "how long will a restore take". Nil unless it finished.
    package var nanoseconds: Int64? {
        guard let ended else { return nil }
        let (seconds, overflow) = ended.seconds.subtractingReportingOverflow(started.seconds)
        guard !overflow, seconds >= 0, seconds < 1 << 33 else { return nil }
        return seconds * 1_000_000_000 + Int64(ended.nanoseconds) - Int64(started.nanoseconds)
    }
}

/// Something that happened during a run.
package struct RunEvent: Hashable, Sendable {
    package enum Level: String, Sendable {
        case note, warning, error
    }

    package let time: Timestamp
    package let level: Level
    package let message: String

    package init(time: Timestamp, level: Level, message: String) {
        self.time = time
        self.level = level
        self.message = message
    }
}
