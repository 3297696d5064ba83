// UnlockRepository: the verb `unlock`: removes locks that dead programs left.

import RepositoryEngine

package struct UnlockRepository {
    package var access: RepositoryAccess
    /// Also locks of programs that may be alive.
    package var all: Bool

    package init(access: RepositoryAccess, all: Bool) {
        self.access = access
        self.all = all
    }

    /// Returns how many locks are gone. Takes no lock itself.
    package func run() throws -> Int {
        try RepositoryLock.unlock(access.open(), identity: .ofThisProcess(), all: all)
    }
}
