// AppSchedule: the schedule of one application on this machine: its time zone, and the journal as the record of what was done.

package import Bytes
import HostOS
import Journal
import RepositoryEngine
import Settings

package struct AppSchedule: Sendable {
    package let workbench: AppWorkbench
    package let timetable: Timetable
    package let zone: TimeZoneRules

    /// - Throws: if the time zone of the settings cannot be read. Without one, the machine's own is used.
    package init(_ workbench: AppWorkbench) throws {
        let application = workbench.application
        let zone = try application.schedule.timeZone.map { try TimeZoneFile.load($0).rules } ?? Host.utcOffset
        self.workbench = workbench
        self.zone = zone
        timetable = Timetable(
            application.schedule, drillEvery: application.objectives.drillEvery, zone: zone, host: workbench.identity.hostName,
            application: application.name)
    }

    /// Every job with its state, in the order in which they run. Jobs that have nothing to do in this application are left out.
    package func entries() throws -> [Timetable.Entry] {
        let now = workbench.identity.now().seconds
        let journal = try hasJournal() ? RunJournal.open(workbench.state.journalPath) : nil
        return try jobs.map { timetable.entry(for: $0, try history(of: $0, journal), now: now) }
    }

    /// What of the schedule this application has a use for.
    package var jobs: [ScheduledJob] {
        let application = workbench.application
        return ScheduledJob.allCases.filter { job in
            switch job {
            case .config: !application.config.isEmpty
            case .database: !application.databases.isEmpty
            case .files: application.files.map { !$0.paths.isEmpty } ?? false
            case .verify, .drill: true
            }
        }
    }

    /// Asking must not create anything.
    private func hasJournal() -> Bool { ((try? FileStatus.ifExists(workbench.state.journalPath)) ?? nil) != nil }

    private func history(of job: ScheduledJob, _ journal: RunJournal?) throws -> JobHistory {
        guard let journal else { return JobHistory() }
        let name = workbench.application.name, source = job.source?.rawValue
        let last = try journal.lastResult(verb: job.verb, application: name, source: source, statuses: job.resultStatuses)
        let later = try journal.runs(verb: job.verb, application: name, source: source, after: last?.id, limit: 50)
        return JobHistory(
            lastResult: last?.started.seconds,
            failures: later.filter { $0.outcome != .running }.map { ($0.ended ?? $0.started).seconds })
    }
}
