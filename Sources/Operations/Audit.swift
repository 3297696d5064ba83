// Audit: the verbs `audit show` and `audit verify`: the record of actions, and whether it is what was written.

package import Bytes
import HostOS
package import Journal

package struct Audit {
    private let state: AppState

    package init(_ state: AppState) { self.state = state }

    package var path: BytePath { state.auditLog.path }

    /// The newest entries, the oldest first.
    package func entries(last count: Int) throws -> [AuditEntry] { try state.auditLog.entries(last: count) }

    /// Checks the log against itself, its head and the journal.
    package func verify() throws -> AuditVerdict {
        // Asking must not create anything: without a journal no run left a head.
        let hasJournal = try FileStatus.ifExists(state.journalPath) != nil
        let anchors = try hasJournal ? RunJournal.open(state.journalPath).auditAnchors() : []
        return try state.auditLog.verify(anchors: anchors)
    }
}
