// DamagedSnapshots: remembers which snapshots could not be read, while a verb goes on with the others.

import Bytes
import Synchronization

final class DamagedSnapshots: Sendable {
    private let failures = Mutex<[Failure]>([])

    /// The same access, which leaves damaged snapshots out and reports them here.
    func watching(_ access: RepositoryAccess) -> RepositoryAccess {
        var access = access
        access.onDamagedSnapshot = { [self] failure in failures.withLock { $0.append(failure) } }
        return access
    }

    var messages: [String] { failures.withLock { $0.map(\.message) } }
}
