// AppStatus+Drills: what the journal's drills say about recovery, and what the objective `drill_every` says about them.
//
// A drill of the whole application counts for each of its sources, a drill of one source for that one; drills of chosen snapshots say
// nothing about the newest state. Where no drill ever proved a source, its age is counted from the first backup.

import Bytes
import Journal
import RepositoryEngine
import Settings

extension AppStatus {
    private static let shownDrillCount = 400

    /// Notes for each source its newest drill and its newest proof. Returns the newest proved drill of the whole application.
    func readDrills(_ journal: RunJournal, _ report: inout AppStatusReport) throws(JournalFailure) -> RunRecord? {
        let runs = try journal.recent(limit: AppStatus.shownDrillCount, verb: "drill", application: workbench.application.name)
        var whole: RunRecord?
        for run in runs {
            guard run.result != nil, run.start.source != AppDrill.snapshotsOnly, let drill = try journal.drill(of: run.id) else { continue }
            if whole == nil, drill.outcome == .proved, run.start.source == nil { whole = run }
            for index in report.sources.indices {
                guard let outcome = AppStatus.outcome(of: report.sources[index].source, drill) else { continue }
                if report.sources[index].drill == nil {
                    report.sources[index].drill = AppStatusReport.Drill(time: run.started, outcome: outcome, message: run.result?.message)
                }
                if report.sources[index].lastProof == nil, outcome == .proved { report.sources[index].lastProof = run.started }
            }
        }
        return whole
    }

    /// Nil if the source was no part of the drill. A drill that could not even read the repository failed for all.
    private static func outcome(of source: AppSource, _ drill: DrillRecord) -> DrillRecord.Outcome? {
        drill.sources.isEmpty ? drill.outcome : drill.sources[source.rawValue]
    }

    /// How long bringing everything back took: of a drill its phases, without the removal of what it made.
    static func recoveryNanoseconds(_ run: RunRecord) -> Int64? {
        guard run.start.verb == "drill", let phases = run.result?.phases, !phases.isEmpty else { return run.nanoseconds }
        return phases.reduce(0) { $0 + $1.nanoseconds }
    }

    func judgeDrills(_ report: inout AppStatusReport) {
        let failed = report.sources.filter { $0.drill?.outcome == .failed }
        if let first = failed.first?.drill {
            report.reasons.append("the last drill of the \(AppStatus.names(failed)) did not prove it: \(first.message ?? "it failed")")
            report.isBreached = true
        }
        let doubtful = report.sources.filter { $0.drill?.outcome == .inconclusive }
        if let first = doubtful.first?.drill {
            report.warnings.append("the last drill of the \(AppStatus.names(doubtful)) proved nothing: \(first.message ?? "it was inconclusive")")
        }
        let limit = workbench.application.objectives.drillEvery
        let overdue = report.sources.filter { source in
            (source.lastProof ?? source.firstBackup).map { report.now.seconds - $0.seconds > limit.components.seconds } ?? false
        }
        guard !overdue.isEmpty else { return }
        let last = overdue.compactMap(\.lastProof).min().map { "since \(Timestamp(seconds: $0.seconds))" } ?? "yet"
        report.warnings.append(
            "no drill has proved the \(AppStatus.names(overdue)) \(last), and the objective is one every \(limit.settingsText): `lifeboat drill`")
        report.isBreached = true
    }

    private static func names(_ sources: [AppStatusReport.Source]) -> String { sources.map(\.label).joined(separator: ", ") }
}
