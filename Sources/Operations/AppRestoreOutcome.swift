// AppRestoreOutcome: what a restore of an application brought back.

package import Archiving
package import Bytes
package import Journal
package import RepositoryEngine
import RepositoryFormat

package struct AppRestoreOutcome: Sendable {
    package struct Part: Sendable {
        package let source: AppSource
        package let snapshot: CatalogedSnapshot
        package var summary = RestoreSummary()
        /// Of a database.
        package var tableCount = 0
        package var rowCount: UInt64 = 0
        package var proof = ""
        package var failure: Failure?

        package var isComplete: Bool { failure == nil && summary.problems.isEmpty }
    }

    package let plan: AppRestorePlan
    package let isDryRun: Bool
    package let runID: RunID?
    package var parts: [Part] = []
    /// Snapshots of what was replaced.
    package var safetyBackups: [CatalogedSnapshot] = []
    package var durationNanoseconds: Int64 = 0

    init(plan: AppRestorePlan, isDryRun: Bool, runID: RunID? = nil) {
        self.plan = plan
        self.isDryRun = isDryRun
        self.runID = runID
    }

    /// How the run ends; nil for complete success.
    package var code: FailureCode? { parts.allSatisfy(\.isComplete) ? nil : .failed }

    /// The instants of the snapshots, oldest first.
    package var times: [Timestamp] { plan.snapshots.map(\.snapshot.time).sorted() }

    func record(phases: [PhaseDuration]) -> RunResult {
        let failures = parts.compactMap { part in part.failure.map { "\(part.source.rawValue): \($0.message)" } }
        let problems = parts.reduce(0) { $0 + $1.summary.problems.count }
        let message =
            failures.isEmpty
            ? (problems > 0 ? "\(problems) items could not be restored completely" : nil) : failures.joined(separator: "; ")
        return RunResult(
            exitStatus: code?.rawValue ?? 0, bytesRead: parts.reduce(0) { $0 + $1.summary.totalBytes },
            bytesStored: parts.reduce(0) { $0 + $1.summary.bytesRestored }, fileCount: parts.reduce(0) { $0 + $1.summary.totalItems },
            snapshotIDs: plan.snapshots.map(\.id.hex), message: message, phases: phases)
    }
}
