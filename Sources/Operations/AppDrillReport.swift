// AppDrillReport: what a drill tried, what came of it and how long it took, as a value.

package import Bytes
package import Journal
package import RepositoryEngine
import RepositoryFormat
package import Settings

package struct AppDrillReport: Sendable {
    package typealias Outcome = DrillRecord.Outcome

    /// One source, or one database of several.
    package struct Part: Sendable {
        /// Nil for the repository as a whole.
        package let source: AppSource?
        package let label: String
        package var snapshot: CatalogedSnapshot?
        package var outcome: Outcome
        /// Why it is not proved.
        package var failure: Failure?
        /// Tables whose rows are what the manifest says, and how many there should be.
        package var tables: UInt64 = 0
        package var expectedTables: UInt64 = 0
        package var rows: UInt64 = 0
        package var expectedRows: UInt64 = 0
        /// False where the backup says how many rows there were and not what was in them: a dump of the vendor's own program.
        package var comparesValues = true
        /// Files restored, each verified while it was written.
        package var restoredFiles: UInt64 = 0
        /// Files read back and found equal, and how many were to be.
        package var files: UInt64 = 0
        package var expectedFiles: UInt64 = 0
        package var byteCount: UInt64 = 0
        /// "MariaDB 10.11.19": in what a server's database was loaded.
        package var server: String?
        /// What a person should know.
        package var notes: [String] = []

        package init(source: AppSource?, label: String, snapshot: CatalogedSnapshot? = nil, outcome: Outcome = .proved, failure: Failure? = nil) {
            self.source = source
            self.label = label
            self.snapshot = snapshot
            self.outcome = outcome
            self.failure = failure
        }

        mutating func fail(_ failure: Failure) {
            outcome = .failed
            self.failure = failure
        }

        mutating func doubt(_ failure: Failure) {
            outcome = .inconclusive
            self.failure = failure
        }
    }

    /// A question of the settings, or of our own.
    package struct Check: Sendable {
        package let question: String
        /// What it is about: a check that does not hold counts against this source.
        package let source: AppSource
        package var expectation: String?
        /// Nil if there was none.
        package var answer: String?
        package var outcome: Outcome
        package var failure: Failure?
    }

    package let application: String
    package let title: String
    package let repository: String
    package let host: String
    package let program: String
    package let runID: RunID
    package let time: Timestamp
    package let objectives: Objectives
    /// What was to be drilled. Only of all of it a verdict speaks of the application.
    package let sources: Set<AppSource>
    package private(set) var parts: [Part] = []
    package private(set) var checks: [Check] = []
    /// "fetch", "load", "proof", "checks", in the order in which they first began.
    package internal(set) var phases: [PhaseDuration] = []
    /// From the first to the last phase; removing everything is not counted.
    package internal(set) var durationNanoseconds: Int64 = 0

    init(
        application: String, title: String, repository: String, host: String, program: String, runID: RunID, time: Timestamp, objectives: Objectives,
        sources: Set<AppSource>
    ) {
        self.application = application
        self.title = title
        self.repository = repository
        self.host = host
        self.program = program
        self.runID = runID
        self.time = time
        self.objectives = objectives
        self.sources = sources
    }

    mutating func add(_ part: Part) { parts.append(part) }
    mutating func add(_ check: Check) { checks.append(check) }

    // MARK: What it amounts to

    package func total(_ figure: (Part) -> UInt64) -> UInt64 { parts.reduce(0) { $0 + figure($1) } }

    package var outcome: Outcome {
        let outcomes = parts.map(\.outcome) + checks.map(\.outcome)
        if outcomes.contains(.failed) { return .failed }
        if outcomes.contains(.inconclusive) { return .inconclusive }
        return total(\.tables) + total(\.files) > 0 ? .proved : .failed
    }

    /// How the run ends; nil for success. What is not proved does not count as proved, whatever the reason.
    package var code: FailureCode? { outcome == .proved ? nil : .drillFailed }

    /// Why it is not proved: the first thing that failed, else the first that could not be tried.
    package var reason: Failure? {
        let all = parts.map { ($0.outcome, $0.label, $0.failure) } + checks.map { ($0.outcome, "check", $0.failure) }
        let decisive = outcome
        if decisive == .proved { return nil }
        guard let (_, label, failure) = all.first(where: { $0.0 == decisive && $0.2 != nil }), let failure else {
            return Failure(.drillFailed, "nothing was compared", hint: "make a backup first: `lifeboat backup`")
        }
        return Failure(.drillFailed, "\(label): \(failure.message)", hint: failure.hint)
    }

    /// The measured time is longer than the objective allows.
    package var isTooSlow: Bool { durationNanoseconds / 1_000_000_000 > objectives.rto.components.seconds }

    /// The worst of the parts and checks of each source.
    private var sourceOutcomes: [String: Outcome] {
        let all = parts.compactMap { part in part.source.map { ($0, part.outcome) } } + checks.map { ($0.source, $0.outcome) }
        let order: [Outcome] = [.failed, .inconclusive, .proved]
        return Dictionary(all.map { ($0.0.rawValue, $0.1) }) { a, b in order.first { $0 == a || $0 == b } ?? a }
    }

    var record: DrillRecord {
        DrillRecord(
            outcome: outcome, sources: sourceOutcomes, tables: total(\.tables), rows: total(\.rows), files: total(\.files),
            checks: UInt64(checks.count { $0.outcome == .proved }))
    }

    var result: RunResult {
        RunResult(
            exitStatus: code?.rawValue ?? 0, bytesRead: total(\.byteCount), bytesStored: 0, fileCount: total(\.files),
            snapshotIDs: parts.compactMap { $0.snapshot?.id.hex }, message: reason.map { "\(outcome.rawValue): \($0.message)" }, phases: phases)
    }
}
