// UnlockRepository: the verb `unlock`: removes locks that dead programs left.

import RepositoryEngine
import Stores

package struct UnlockRepository {
    package var access: RepositoryAccess
    /// Also locks of programs that may be alive.
    package var all: Bool

    package init(access: RepositoryAccess, all: Bool) {
        self.access = access
        self.all = all
    }

    package struct Outcome: Sendable {
        package let removed: Int
        /// In use, or too young to be judged from here.
        package let kept: Int
    }

    /// Takes no lock itself.
    package func run() throws -> Outcome {
        let repository = try access.open()
        let action = AuditTrail.Action(all ? "unlock --remove-all" : "unlock", "\(access.address)")
        return try access.audit.record(action, announced: all) {
            let removed = try RepositoryLock.unlock(repository, identity: .ofThisProcess(), all: all)
            return Outcome(removed: removed, kept: try repository.store.list(.lock).count)
        } result: { outcome in
            (0, "removed \(outcome.removed), kept \(outcome.kept)")
        }
    }
}
