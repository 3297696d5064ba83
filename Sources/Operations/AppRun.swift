// AppRun: one execution of a verb, recorded in the journal from its beginning to its end.
//
// A journal that cannot be used is a warning, never a reason to stop: tonight's backup is worth more than its record.

package import Bytes
import HostOS
package import Journal
import Synchronization

package final class AppRun: Sendable {
    package let id: RunID
    private let journal: RunJournal?
    private let audit: AuditLog?
    private let state = Mutex((warnings: [String](), phases: [PhaseDuration]()))

    package var warnings: [String] { state.withLock { $0.warnings } }
    package var phases: [PhaseDuration] { state.withLock { $0.phases } }

    /// - Parameter recorded: false for dry runs, which leave no trace.
    package static func begin(_ start: RunStart, in appState: AppState, now: Timestamp, recorded: Bool = true) -> AppRun {
        guard recorded else { return AppRun(RunID(at: now), nil, nil, []) }
        do throws(JournalFailure) {
            let journal = try RunJournal.open(appState.journalPath)
            let note = journal.movedAside.map { ["the journal was damaged and begun anew; the old one is '\($0)'"] } ?? []
            return AppRun(try journal.begin(start), journal, appState.auditLog, note)
        } catch {
            return AppRun(RunID(at: now), nil, nil, ["this run is not in the history: \(error.failure.message)"])
        }
    }

    private init(_ id: RunID, _ journal: RunJournal?, _ audit: AuditLog?, _ warnings: [String]) {
        self.id = id
        self.journal = journal
        self.audit = audit
        state.withLock { $0.warnings = warnings }
    }

    /// Runs `body`, and records how it ended: by the result made from its value, or by the failure it throws.
    package func record<Value>(_ body: () throws -> Value, result: (Value) -> RunResult) throws -> Value {
        do {
            let value = try body()
            finish(result(value))
            return value
        } catch {
            let failure = Failure(describing: error)
            finish(RunResult(exitStatus: failure.code.rawValue, message: failure.message, phases: phases))
            throw error
        }
    }

    /// Measures a part of the run.
    package func phase<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
        let started = Host.monotonicNanoseconds()
        defer {
            let duration = Host.monotonicNanoseconds() - started
            state.withLock { $0.phases.append(PhaseDuration(name: name, nanoseconds: duration)) }
        }
        return try body()
    }

    /// Does something else with the journal; nil, and a warning, if that is not possible.
    @discardableResult
    func withJournal<Value>(_ body: (RunJournal) throws(JournalFailure) -> Value) -> Value? {
        guard let journal else { return nil }
        do throws(JournalFailure) {
            return try body(journal)
        } catch {
            warn(error)
            return nil
        }
    }

    package func note(_ level: RunEvent.Level, _ message: String) {
        do throws(JournalFailure) {
            try journal?.append(level, message, to: id)
        } catch {
            warn(error)
        }
    }

    /// What a drill proved, beside the run.
    func keep(_ drill: DrillRecord) {
        do throws(JournalFailure) {
            try journal?.keep(drill, of: id)
        } catch {
            warn(error)
        }
    }

    private func finish(_ result: RunResult) {
        do throws(JournalFailure) {
            try journal?.finish(id, result, auditHead: audit?.readHead())
        } catch {
            warn(error)
        }
    }

    private func warn(_ failure: JournalFailure) { state.withLock { $0.warnings.append(failure.failure.message) } }
}
