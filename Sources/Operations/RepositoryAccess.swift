// RepositoryAccess: how a verb gets at a repository: address, password, lock, snapshots, index; and gives everything back on every
// way out.

package import Bytes
import Codecs
import HostOS
package import RepositoryEngine
import RepositoryFormat
package import Stores
import Upkeep

/// What it takes to open one repository.
package struct RepositoryAccess: Sendable {
    package var address: StoreAddress
    package var password: PasswordSource
    package var keyHint: String?
    /// How long to wait for another program's lock.
    package var retryLockSeconds: Int64
    /// For reading commands on a store that cannot be written.
    package var withoutLock: Bool
    /// How fast bytes may go there and come from there.
    package var limits = TransferLimits()
    /// Where copies of it are kept on this machine; nil: nowhere.
    package var cache: CacheChoice?
    /// Hears why there are no copies, or no more.
    package var onCacheTrouble: (@Sendable (Failure) -> Void)?
    /// Hears of each snapshot that cannot be read, when the others are used without it; nil: one such snapshot ends the verb.
    package var onDamagedSnapshot: (@Sendable (Failure) -> Void)?
    /// Where what is done to the repository is recorded.
    package var audit = AuditTrail.none
    /// Hears why a command that only reads goes on without a lock.
    package var onReadingWithoutLock: (@Sendable (Failure) -> Void)?
    /// How the store at an address is reached; a test puts one in between that fails, records or forgets.
    package var openStore: @Sendable (StoreAddress) -> any Store = { $0.open() }
    /// Hears why the parity of a repository that has some does not fit its packs.
    package var onParityTrouble: (@Sendable (String) -> Void)?

    package init(
        address: StoreAddress, password: PasswordSource, keyHint: String? = nil, retryLockSeconds: Int64 = 0, withoutLock: Bool = false
    ) {
        self.address = address
        self.password = password
        self.keyHint = keyHint
        self.retryLockSeconds = retryLockSeconds
        self.withoutLock = withoutLock
    }

    private var store: any Store { limits.isEmpty ? openStore(address) : ThrottledStore(openStore(address), limits) }

    /// Makes the repository and returns its id and the id of its first key.
    /// - Parameter model: a repository whose way of cutting files the new one takes over, so that copies between them share chunks.
    package func create(identity: Identity = .ofThisProcess(), like model: RepositoryAccess? = nil) throws -> Repository {
        let polynomial = try model.map { try $0.open().config.polynomial }
        return try Repository.create(in: store, password: password.resolve(), identity: identity, polynomial: polynomial)
    }

    /// Opens without a lock, for commands that take none.
    package func open() throws -> Repository {
        let store = store
        // Asked for first, so that a wrong path is not answered with a question for the password.
        guard try store.exists(.config) else { throw RepositoryFailure.missing(location: store.location) }
        return withCopies(try Repository.open(store, password: password.resolve(), keyHint: keyHint))
    }

    /// Opens, locks, runs `body`, unlocks. With `.shared` the lock is left out if the access says so.
    /// - Parameters:
    ///   - onlyReading: go on without a lock on a read-only or full store: a disaster leaves backups on such disks.
    ///   - endsWhenAsked: the first access after Ctrl-C ends the verb; false for one that sees to it itself.
    package func with<R>(
        _ kind: RepositoryLock.Kind, identity: Identity = .ofThisProcess(), onlyReading: Bool = false, endsWhenAsked: Bool = true,
        _ body: (Repository) throws -> R
    ) throws -> R {
        func run(_ repository: Repository) throws -> R {
            endsWhenAsked ? try RepositoryAccess.interruptible(repository, body) : try body(repository)
        }
        let repository = try open()
        if withoutLock && kind == .shared { return try run(repository) }
        guard let lock = try lock(repository, kind, identity, orNone: onlyReading) else { return try run(repository) }
        defer { lock.release() }
        return try run(lock.guarded)
    }

    private func lock(
        _ repository: Repository, _ kind: RepositoryLock.Kind, _ identity: Identity, orNone: Bool
    ) throws -> RepositoryLock? {
        do {
            return try RepositoryLock.acquire(repository, kind, identity: identity, retrySeconds: retryLockSeconds)
        } catch let error as StoreFailure where orNone && (error.kind == .denied || error.kind == .noSpace) {
            onReadingWithoutLock?(Failure(.unreachable, "reading without a lock: \(error.message)"))
            return nil
        }
    }

    /// Has the repository to itself, so that nothing vanishes meanwhile; a verb that only reads can be told to do without.
    package func exclusively<R>(onlyReading: Bool = false, _ body: (Repository) throws -> R) throws -> R {
        if withoutLock && !onlyReading {
            throw Failure(.usage, "--no-lock is for reading, and this would change the repository", hint: "leave --no-lock out")
        }
        return try with(withoutLock ? .shared : .exclusive, onlyReading: onlyReading, body)
    }

    /// After Ctrl-C, whatever error comes out of the unwinding, the answer is "cancelled".
    private static func interruptible<R>(_ repository: Repository, _ body: (Repository) throws -> R) throws -> R {
        do {
            return try body(repository.through(InterruptibleStore(repository.store)))
        } catch {
            if Interrupts.isRequested && !Cancelled.isExplained(error) { throw RepositoryFailure.cancelled }
            throw error
        }
    }

    /// As above, with all snapshots and the index, loaded in the order that misses nothing.
    package func withIndex<R>(
        _ kind: RepositoryLock.Kind, identity: Identity = .ofThisProcess(), onlyReading: Bool = false, endsWhenAsked: Bool = true,
        _ body: (IndexedRepository, [CatalogedSnapshot]) throws -> R
    ) throws -> R {
        try with(kind, identity: identity, onlyReading: onlyReading, endsWhenAsked: endsWhenAsked) { repository in
            let snapshots = try loadSnapshots(repository)
            return try body(IndexedRepository.load(repository), snapshots)
        }
    }

    /// As above with a shared lock, for verbs that add data: what a run left that did not finish is taken over first.
    package func withIndexForAdding<R>(_ body: (IndexedRepository, [CatalogedSnapshot]) throws -> R) throws -> R {
        let identity = Identity.ofThisProcess()
        return try withIndex(.shared, identity: identity) { indexed, snapshots in
            if !withoutLock { _ = try PackAdoption(indexed, identity: identity).run() }
            return try body(indexed, snapshots)
        }
    }

    /// The snapshots that can be read. If there are damaged ones and nothing else, the damage is the answer.
    func loadSnapshots(_ repository: Repository) throws -> [CatalogedSnapshot] {
        guard let onDamagedSnapshot else { return try SnapshotCatalog.load(repository) }
        var damage: [Failure] = []
        let snapshots = try SnapshotCatalog.load(repository) { _, error in damage.append(try RepositoryAccess.damage(error)) }
        if snapshots.isEmpty, let first = damage.first { throw first }
        for failure in damage { onDamagedSnapshot(failure) }
        return snapshots
    }

    /// Trouble with the place itself is no damage, and thrown.
    static func damage(_ error: any Error) throws -> Failure {
        let failure = Failure(describing: error)
        guard failure.code == .damaged else { throw error }
        return failure
    }
}

extension Identity {
    /// Who this process is, by the system's clock and zone.
    package static func ofThisProcess(hostName: String? = nil) -> Identity {
        Identity(
            hostName: hostName ?? Host.environment("RESTIC_HOST") ?? Host.name(), userName: AccountNames().user(Host.userID),
            userID: Host.userID, groupID: Host.groupID, processID: Host.processID, clock: SystemClock(), zone: Host.utcOffset)
    }
}
