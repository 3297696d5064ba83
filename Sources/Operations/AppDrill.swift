// AppDrill: the verb `drill`: the newest recovery point is brought back in a private place, compared with what was saved, and timed.
//
// 1. Choose: the newest good snapshot of each source, or those at an instant, or those named.
// 2. Place: a private directory; the space is asked for before anything is written.
// 3. Fetch and load: files and configuration below the directory, an SQLite database as a file, a MySQL or MariaDB database in a
//    throw-away server of the same kind that nobody else can reach.
// 4. Proof: every table with its manifest, every definition; a sample of the files read back from the disk (every file's content was
//    verified while it was written). 5. Checks: the questions of the settings, APP_KEY. 6. Everything is removed.
//
// Nothing of the application is touched, stopped or asked: backups may run meanwhile. Three outcomes: proved, failed, and inconclusive,
// where something could not be tried here. A drill that compared nothing has failed. Not promised: that the application works on
// what comes back; only its own tests know.

package import Archiving
package import Bytes
import Databases
import HostOS
import Journal
import RepositoryEngine
import Settings

package struct AppDrill {
    package enum Event: Sendable {
        /// "restoring the files".
        case phase(String)
        case note(String)
        case finished(AppDrillReport.Part)
    }

    package let workbench: AppWorkbench
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    /// The newest state at or before this instant; nil for the newest of all.
    package var instant: Timestamp?
    /// Exactly these snapshots instead, by their ids or the beginnings of them.
    package var snapshotIDs: [String] = []
    /// Where to work; nil for the state directory.
    package var scratch: BytePath?
    /// Where server programs are looked for.
    package var programPlaces = ServerProgram.usualPlaces
    /// How many files are read back; nil for what the settings say.
    package var sample: Int?
    /// What was restored stays for a look until the result is let go of.
    package var keeps = false

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package struct Result: Sendable {
        package let report: AppDrillReport
        /// What was kept, if that was asked for.
        package let kept: AppDrillRemains?
    }

    /// - Throws: what kept the drill from being tried at all: no repository, wrong key, no space, locked, cancelled. What was tried and
    ///   went wrong is in the report. Either way nothing is left behind, unless it is to be kept.
    package func run(
        progress: Progress = Progress(), cancellation: Cancellation = Cancellation(), onEvent: @escaping (Event) -> Void = { _ in }
    ) throws -> Result {
        let lock = try workbench.state.acquireDrillLock()
        defer { withExtendedLifetime(lock) {} }
        let run = AppRun.begin(
            RunStart(verb: "drill", application: workbench.application.name, source: recordedSource), in: workbench.state,
            now: workbench.identity.now())
        defer { for warning in run.warnings { onEvent(.note(warning)) } }
        let remains = AppDrillRemains()
        do {
            let hooks = AppHooks(workbench: workbench, verb: .drill) { onEvent(.note($0)) }
            let report = try recorded(run) {
                try hooks.around(isDryRun: false) { try drill(run, remains, progress, cancellation, onEvent) }
            }
            if !keeps { remains.remove() }
            return Result(report: report, kept: keeps ? remains : nil)
        } catch {
            remains.remove()
            throw error
        }
    }

    static let snapshotsOnly = "snapshots"

    /// Drills of older states are kept apart in the journal: they say nothing about the newest.
    private var recordedSource: String? {
        if !snapshotIDs.isEmpty { return AppDrill.snapshotsOnly }
        return sources.count == AppSource.allCases.count ? nil : AppSource.allCases.filter(sources.contains).map(\.rawValue).joined(separator: "+")
    }

    private func recorded(_ run: AppRun, _ body: () throws -> AppDrillReport) throws -> AppDrillReport {
        let action = AuditTrail.Action("drill", "\(workbench.application.name) from \(workbench.access.address)", run: run.id.text)
        return try run.record {
            let report = try workbench.access.audit.record(action, announced: false, body) { ($0.code?.rawValue ?? 0, $0.verdict) }
            run.keep(report.record)
            return report
        } result: { report in
            report.result
        }
    }

    private func drill(
        _ run: AppRun, _ remains: AppDrillRemains, _ progress: Progress, _ cancellation: Cancellation, _ onEvent: @escaping (Event) -> Void
    ) throws -> AppDrillReport {
        var report = AppDrillReport(
            application: workbench.application.name, title: workbench.application.title, repository: "\(workbench.access.address)",
            host: workbench.identity.hostName, program: workbench.programVersion, runID: run.id, time: workbench.identity.now(),
            objectives: workbench.application.objectives, sources: sources)
        let damaged = DamagedSnapshots(), access = damaged.watching(workbench.access.uncached)
        do {
            try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
                for message in damaged.messages { onEvent(.note(message)) }
                let session = AppDrillSession(
                    options: self, indexed: indexed, snapshots: snapshots, remains: remains, run: run, progress: progress, cancellation: cancellation,
                    onEvent: onEvent)
                try session.carryOut(&report)
            }
        } catch {
            // A repository that cannot be read because it is damaged is what a drill is there to find out.
            let failure = Failure(describing: error)
            guard failure.code == .damaged else { throw error }
            report.add(AppDrillReport.Part(source: nil, label: "repository", outcome: .failed, failure: failure))
        }
        return report
    }
}

extension AppState {
    /// What keeps two drills of an application apart. Not the run lock: a long drill must not hold up tonight's backup.
    func acquireDrillLock() throws -> RunLock {
        guard let lock = try tryLock("drill.lock") else {
            throw Failure(
                .locked, "another drill of this application is running on this machine", hint: "wait for it to end; `lifeboat history` shows it")
        }
        return lock
    }
}
