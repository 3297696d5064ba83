// AuditTrail: how verbs record what they do in the audit log: what destroys is written down before it happens, everything when it is over.
//
// A log that cannot be written:
//   backup, restore, copy, tag, key add, unlock …    a warning, and the verb goes on: on the worst day a full disk must not stop a restore
//   forget, prune, repair, rewrite --forget, key …    refused for an application, before anything is removed: there is no hurry, and who wants
//                                                    no trace of it is the one to be stopped
//   the same on a repository of no application       a warning: in a script in restic's place there may be nowhere to write to

import Bytes
import Journal
import RepositoryFormat

package struct AuditTrail: Sendable {
    private let log: AuditLog?
    private let refuses: Bool
    /// Hears why something could not be recorded.
    package var onWarning: @Sendable (String) -> Void = { _ in }

    /// Records nothing: for tests, and for reading.
    package static let none = AuditTrail(log: nil, refuses: false)

    private init(log: AuditLog?, refuses: Bool) {
        self.log = log
        self.refuses = refuses
    }

    package static func ofApplication(_ state: AppState) -> AuditTrail { AuditTrail(log: state.auditLog, refuses: true) }

    /// For repositories without an application.
    package static func ofRepositories() -> AuditTrail { AuditTrail(log: try? AppState.ofRepositories().auditLog, refuses: false) }

    /// What is done to what.
    package struct Action: Sendable {
        package let verb: String
        package let object: String
        package var run: String?
        /// Removes what cannot be had back.
        package var destroys = false

        package init(_ verb: String, _ object: String, run: String? = nil, destroys: Bool = false) {
            self.verb = verb
            self.object = object
            self.run = run
            self.destroys = destroys
        }
    }

    /// Runs `body` between two lines of the log.
    /// - Parameter announced: false for what changes nothing that is there: then the second line alone.
    /// - Parameter result: what became of it: an exit status, 0 for success, and words.
    package func record<Value>(
        _ action: Action, announced: Bool = true, _ body: () throws -> Value, result: (Value) -> (status: Int32, text: String) = { _ in (0, "done") }
    ) throws -> Value {
        if announced { try announce(action) }
        do {
            let value = try body()
            let (status, text) = result(value)
            append(AuditEvent(.result, verb: action.verb, object: action.object, result: text, exitStatus: status, run: action.run))
            return value
        } catch {
            let failure = Failure(describing: error)
            append(
                AuditEvent(
                    .result, verb: action.verb, object: action.object, result: failure.message, exitStatus: failure.code.rawValue, run: action.run))
            throw error
        }
    }

    private func announce(_ action: Action) throws {
        let event = AuditEvent(.intent, verb: action.verb, object: action.object, run: action.run)
        guard refuses && action.destroys else { return append(event) }
        do throws(AuditFailure) {
            try log?.append(event)
        } catch {
            throw Failure(.failed, "nothing was changed, because it could not be recorded: \(error)", hint: error.failure.hint)
        }
    }

    private func append(_ event: AuditEvent) {
        do throws(AuditFailure) {
            try log?.append(event)
        } catch {
            onWarning("this is not in the audit log: \(error)")
        }
    }

    /// Ids as an object of the log: the first fifty, and how many more.
    static func names(_ snapshots: [SnapshotID]) -> String {
        let shown = snapshots.prefix(50).map(\.short).joined(separator: " ")
        return snapshots.count > 50 ? "\(shown) and \(snapshots.count - 50) more" : shown
    }
}
