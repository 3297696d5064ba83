// AppScheduleRun: the verb `schedule run`: does everything that is due, one job after the other, and ends with the worst result.
//
// 1. A lock in the state directory: two runs of the schedule never overlap. 2. Low priority, for this process and its children.
// 3. Each job that is due, in order. One that fails is reported and the others still run; it is tried again by a later tick
//    (Timetable). 4. After complete backups, the retention of the sources that were saved.
//
// A backup or restore started by hand stands before the schedule: then the job waits for the next tick. What a job does is a row of a
// table, so that a verb that is not there yet needs no more than a row of its own.

import Archiving
package import Bytes
import HostOS
import Settings
package import Upkeep

package struct AppScheduleRun: Sendable {
    package enum Event: Sendable {
        case started(ScheduledJob)
        /// A sentence about what was done.
        case finished(ScheduledJob, String)
        case note(String)
        case warning(String)
        /// Of a job, or of the retention after them.
        case failed(String, Failure)
        /// Somebody else works on the application; the next tick tries again.
        case putOff(ScheduledJob)
    }

    /// What one job does.
    /// - Returns: how it ended, and a sentence about it.
    package typealias Action = @Sendable (AppWorkbench, _ onEvent: @escaping (Event) -> Void) throws -> (code: FailureCode?, text: String)

    package let schedule: AppSchedule
    package var actions: [ScheduledJob: Action] = AppScheduleRun.standardActions
    /// Frees what the retention drops. Nil: nothing is forgotten after backups.
    package var retention: PruneOptions? = PruneOptions()
    package var lowersPriority = true

    private var workbench: AppWorkbench { schedule.workbench }

    package init(_ schedule: AppSchedule) { self.schedule = schedule }

    package struct Outcome: Sendable {
        package internal(set) var results: [(job: ScheduledJob, code: FailureCode?)] = []
        /// The worst of all; nil if everything went well, or nothing was due.
        package internal(set) var code: FailureCode?

        mutating func add(_ other: FailureCode?) {
            if AppScheduleRun.severity(other) > AppScheduleRun.severity(code) { code = other }
        }
    }

    /// Jobs this version can do.
    package var jobs: [ScheduledJob] { schedule.jobs.filter { actions[$0] != nil } }

    /// - Throws: exit status 75 if another run of the schedule is not over yet.
    package func run(onEvent: @escaping (Event) -> Void = { _ in }) throws -> Outcome {
        guard let lock = try workbench.state.tryScheduleLock() else {
            throw Failure(.skipped, "the schedule of this application is running already", hint: "`lifeboat history` shows what it does")
        }
        defer { withExtendedLifetime(lock) {} }
        if lowersPriority { Host.lowerPriority() }
        var outcome = Outcome(), saved: Set<AppSource> = []
        for job in try due() {
            let code = perform(job, onEvent)
            outcome.results.append((job, code))
            outcome.add(code)
            if code == .cancelled { return outcome }
            if code == nil, let source = job.source { saved.insert(source) }
        }
        if !saved.isEmpty, let retention { outcome.add(retain(saved, retention, onEvent)) }
        return outcome
    }

    private func due() throws -> [ScheduledJob] {
        try schedule.entries().filter { $0.state == .due && actions[$0.job] != nil }.map(\.job)
    }

    private func perform(_ job: ScheduledJob, _ onEvent: @escaping (Event) -> Void) -> FailureCode? {
        guard let action = actions[job] else { return nil }
        do {
            _ = try workbench.state.acquireRunLock()
        } catch {
            let failure = Failure(describing: error)
            onEvent(failure.code == .locked ? .putOff(job) : .failed(job.rawValue, failure))
            return failure.code == .locked ? .skipped : failure.code
        }
        onEvent(.started(job))
        do {
            let (code, text) = try action(workbench, onEvent)
            onEvent(.finished(job, text))
            return code
        } catch {
            let failure = Failure(describing: error)
            onEvent(.failed(job.rawValue, failure))
            return failure.code
        }
    }

    private func retain(_ sources: Set<AppSource>, _ options: PruneOptions, _ onEvent: (Event) -> Void) -> FailureCode? {
        var verb = AppRetain(workbench)
        verb.sources = sources
        verb.prune = options
        do {
            let outcome = try verb.run()
            onEvent(.note("retention: \(outcome.forgotten.removed.count) old snapshots removed, \(outcome.keptCount) kept"))
            return outcome.forgotten.failed.isEmpty ? nil : .sourceIncomplete
        } catch {
            let failure = Failure(describing: error)
            onEvent(.failed("retention", failure))
            return failure.code
        }
    }

    /// What an administrator has to hear of first.
    static func severity(_ code: FailureCode?) -> Int {
        guard let code else { return 0 }
        let order: [FailureCode] = [
            .skipped, .sourceIncomplete, .objectiveBreached, .locked, .unreachable, .failed, .confirmationNeeded, .usage, .configInvalid, .wrongKey,
            .repositoryMissing, .drillFailed, .damaged, .cancelled,
        ]
        return (order.firstIndex(of: code) ?? order.count) + 1
    }

    // MARK: What the jobs do

    package static let standardActions: [ScheduledJob: Action] = [
        .config: { try backup(.config, $0, $1) }, .database: { try backup(.database, $0, $1) }, .files: { try backup(.files, $0, $1) },
        .verify: { try verify($0, $1) }, .drill: { try drill($0, $1) },
    ]

    private static func backup(
        _ source: AppSource, _ workbench: AppWorkbench, _ onEvent: @escaping (Event) -> Void
    ) throws -> (code: FailureCode?, text: String) {
        var verb = AppBackup(workbench)
        verb.sources = [source]
        let outcome = try verb.run { event in
            switch event {
            case .warning(let text): onEvent(.warning(text))
            case .finished(let unit): if let failure = unit.failure { onEvent(.failed(unit.unit.label, failure)) }
            case .started: break
            }
        }
        let unreadable = outcome.units.reduce(0) { $0 + ($1.summary?.problems.count ?? 0) }
        if unreadable > 0 { onEvent(.warning("\(source.rawValue): \(unreadable) items could not be read; `lifeboat backup \(source.rawValue)` names them")) }
        return (outcome.code, "\(ByteCount(outcome.bytesRead)) read, \(ByteCount(outcome.bytesStored)) stored")
    }

    private static func drill(_ workbench: AppWorkbench, _ onEvent: @escaping (Event) -> Void) throws -> (code: FailureCode?, text: String) {
        let report = try AppDrill(workbench).run { if case .note(let text) = $0 { onEvent(.warning(text)) } }.report
        let place = try AppDrillEvidence.kept.write(report, state: workbench.state)
        if let reason = report.reason { onEvent(.failed("drill", reason)) }
        return (report.code, "\(report.verdict); report in \(place)")
    }

    private static func verify(_ workbench: AppWorkbench, _ onEvent: (Event) -> Void) throws -> (code: FailureCode?, text: String) {
        let report = try AppVerify(workbench).run(cancellation: { Interrupts.isRequested })
        let place = try AppVerifyReportFile.kept.write(report, state: workbench.state)
        if let damage = report.damage.first {
            let failure = Failure(.damaged, "verify found damage: \(damage)", hint: "read \(place)")
            onEvent(.failed("verify", failure))
        }
        return (report.isClean ? nil : .damaged, "report in \(place)")
    }
}
