// AppBackupOutcome: what became of a backup of an application, source by source.

package import Archiving
package import Bytes
package import Journal
import RepositoryFormat

/// What became of one source.
package struct AppUnitOutcome: Sendable {
    package let unit: AppUnit
    /// Nil if no snapshot was made.
    package var summary: BackupSummary?
    /// Of a database.
    package var database: AppDatabaseFigures?
    package var failure: Failure?
    package var durationNanoseconds: Int64 = 0

    init(unit: AppUnit) { self.unit = unit }

    /// Saved, but something of it could not be read.
    package var isIncomplete: Bool { summary.map { !$0.isComplete } ?? false }
}

package struct AppBackupOutcome: Sendable {
    package let runID: RunID
    package let units: [AppUnitOutcome]
    package let isDryRun: Bool
    package let durationNanoseconds: Int64

    package var bytesRead: UInt64 { units.reduce(0) { $0 + ($1.summary?.figures.totalBytesProcessed ?? 0) } }
    package var bytesStored: UInt64 { units.reduce(0) { $0 + ($1.summary?.figures.dataAddedPacked ?? 0) } }
    package var fileCount: UInt64 { units.reduce(0) { $0 + ($1.summary?.figures.totalFilesProcessed ?? 0) } }

    /// How the run ends; nil for complete success. Failures that mean the same for every source keep their own exit status.
    package var code: FailureCode? {
        let failures = units.compactMap(\.failure)
        guard let first = failures.first else { return units.contains(where: \.isIncomplete) ? .sourceIncomplete : nil }
        return failures.count == units.count && failures.allSatisfy({ $0.code == first.code }) ? first.code : .failed
    }

    func record(phases: [PhaseDuration]) -> RunResult {
        let failures = units.compactMap { unit in unit.failure.map { "\(unit.unit.label): \($0.message)" } }
        let unreadable = units.reduce(0) { $0 + ($1.summary?.problems.count ?? 0) }
        let message = failures.isEmpty ? (unreadable > 0 ? "\(unreadable) items could not be read" : nil) : failures.joined(separator: "; ")
        return RunResult(
            exitStatus: code?.rawValue ?? 0, bytesRead: bytesRead, bytesStored: bytesStored, fileCount: fileCount,
            snapshotIDs: units.compactMap { $0.summary?.snapshotID?.hex }, message: message, phases: phases)
    }
}
