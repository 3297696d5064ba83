// RepositoryLock: restic's locks, so that no program deletes what another is using.
//
// Acquiring: 1. load all locks; 2. a conflicting one that is stale (older than 30 minutes, or of a dead process on this host) is
// removed, a live one ends the attempt; 3. write ours; 4. wait 200 ms, unless the store shows a saved file to everyone at once; 5. look
// again, and step back on a conflict: of two that write at the same time at least one sees the other. Held: a thread
// writes a fresh lock every 5 minutes and then deletes the old. If no refresh succeeded for 22.5 minutes, the guard refuses every
// further write until a refresh shows that our lock was still there; if it is gone, the run ends (RepositoryFailure.lockLost).
// Another machine whose clock is wrong may take our lock for stale however often we refresh it. So every refresh looks whether it is
// still there, and so does whoever is about to save or delete a snapshot or delete an index file: what is promised or removed then
// rests on nobody else having had the repository meanwhile.
// Removing stale locks on acquire is more than restic does (it asks for `unlock`): after a power cut the next run must work alone.

import Bytes
import Codecs
import HostOS
package import RepositoryFormat
import Stores
import Synchronization

package final class RepositoryLock: Sendable {
    package enum Kind: Sendable { case shared, exclusive }

    static let staleSeconds: Int64 = 30 * 60
    static let refreshSeconds: Int64 = 5 * 60
    static let untrustedSeconds: Int64 = 22 * 60 + 30
    private static let settleNanoseconds: Int64 = 200_000_000

    private let repository: Repository
    private let kind: Kind
    private let identity: Identity
    private let state: Mutex<State>
    private let workers = Workers()
    private let monitor = Monitor()
    private let stopping = Mutex(false)
    /// Refreshing is for one thread at a time: two would each take the other's deletion of the old lock for a loss.
    private let refreshing = Mutex(())

    private struct State {
        var current: LockID
        var refreshed: Instant
        var lost = false
    }

    /// By the clock that other machines compare with, and by the one that nobody can set.
    private struct Instant {
        let seconds: Int64
        let steadySeconds: Int64

        init(_ clock: any Clock) {
            seconds = clock.now().seconds
            steadySeconds = clock.steadySeconds()
        }

        /// The longer of both: a clock that was set back makes no lock young.
        func age(_ clock: any Clock) -> Int64 { max(clock.now().seconds - seconds, clock.steadySeconds() - steadySeconds) }
    }

    private init(_ repository: Repository, _ kind: Kind, _ identity: Identity, _ id: LockID) {
        self.repository = repository
        self.kind = kind
        self.identity = identity
        state = Mutex(State(current: id, refreshed: Instant(identity.clock)))
    }

    // MARK: Acquire and release

    /// Takes the lock, trying again for `retrySeconds` with growing pauses; throws `locked` when that time is over.
    package static func acquire(_ repository: Repository, _ kind: Kind, identity: Identity, retrySeconds: Int64 = 0) throws -> RepositoryLock {
        let deadline = identity.clock.steadySeconds() + retrySeconds
        var pause: Int64 = 5
        while true {
            do {
                let lock = try attempt(repository, kind, identity)
                lock.startRefreshing()
                return lock
            } catch let error as RepositoryFailure {
                let left = deadline - identity.clock.steadySeconds()
                guard case .locked = error, left > 0 else { throw error }
                try sleep(seconds: min(pause, left), identity.clock)
                pause = min(pause * 2, 60)
            }
        }
    }

    /// Waits in steps of a second, so that Ctrl-C ends the wait.
    private static func sleep(seconds: Int64, _ clock: any Clock) throws {
        for _ in 0..<seconds {
            if Interrupts.isRequested { throw RepositoryFailure.cancelled }
            clock.sleep(nanoseconds: 1_000_000_000)
        }
    }

    private static func attempt(_ repository: Repository, _ kind: Kind, _ identity: Identity) throws -> RepositoryLock {
        try refuseOnConflict(repository, kind, identity, own: nil)
        let id = try write(repository, kind, identity)
        if !repository.store.listsAtOnce { identity.clock.sleep(nanoseconds: settleNanoseconds) }
        do {
            try refuseOnConflict(repository, kind, identity, own: id)
        } catch {
            try? repository.store.delete(StoreKey(.lock, id.digest))
            throw error
        }
        return RepositoryLock(repository, kind, identity, id)
    }

    private static func write(_ repository: Repository, _ kind: Kind, _ identity: Identity) throws -> LockID {
        let file = LockFile(
            time: identity.now(), isExclusive: kind == .exclusive, hostName: identity.hostName, userName: identity.userName,
            processID: Int64(identity.processID), userID: identity.userID, groupID: identity.groupID)
        return LockID(try repository.saveFile(.lock, json: file.json))
    }

    private static func refuseOnConflict(_ repository: Repository, _ kind: Kind, _ identity: Identity, own: LockID?) throws {
        for (id, lock) in try locks(of: repository) where id != own {
            guard kind == .exclusive || lock.isExclusive else { continue }
            if isStale(lock, identity) {
                try? repository.store.delete(StoreKey(.lock, id.digest))
            } else {
                throw RepositoryFailure.locked(by: describe(lock), location: repository.store.location)
            }
        }
    }

    /// Gives the lock back. Never throws: a lock that stays behind becomes stale.
    package func release() {
        stopping.withLock { $0 = true }
        monitor.locked { _ in }
        try? workers.join()
        try? repository.store.delete(StoreKey(.lock, state.withLock { $0.current }.digest))
    }

    // MARK: Looking at locks

    /// Every lock that can be read; empty files are ignored, unreadable ones are an error after a second look.
    package static func locks(of repository: Repository) throws -> [(id: LockID, lock: LockFile)] {
        var found: [(LockID, LockFile)] = []
        for entry in try repository.store.list(.lock) where entry.byteCount > 0 {
            let id = LockID(entry.name)
            do {
                found.append((id, try LockFile(parsing: repository.loadFile(StoreKey(.lock, entry.name)))))
            } catch let error as StoreFailure {
                // Given back since the listing. That the place cannot be reached says nothing about the lock.
                if error.kind != .missing && error.kind != .corrupt { throw error }
                if error.kind == .corrupt { throw RepositoryFailure.damaged(object: "lock \(id.short)", detail: error.message) }
            } catch {
                throw RepositoryFailure.damaged(object: "lock \(id.short)", detail: Failure(describing: error).message)
            }
        }
        return found
    }

    package static func isStale(_ lock: LockFile, _ identity: Identity) -> Bool {
        if identity.clock.now().seconds - lock.time.seconds > staleSeconds { return true }
        return lock.hostName == identity.hostName && !Host.processExists(Int32(truncatingIfNeeded: lock.processID))
    }

    private static func describe(_ lock: LockFile) -> String {
        "process \(lock.processID) of \(lock.userName.isEmpty ? "an unknown user" : lock.userName) on \(lock.hostName.isEmpty ? "an unknown host" : lock.hostName)"
            + " (\(lock.isExclusive ? "exclusively, " : "")since \(lock.time))"
    }

    /// Removes stale locks, or all of them. Returns how many are gone. Unreadable locks are left unless `all`.
    package static func unlock(_ repository: Repository, identity: Identity, all: Bool) throws -> Int {
        var removed = 0
        for entry in try repository.store.list(.lock) {
            if !all {
                guard let json = try? repository.loadFile(StoreKey(.lock, entry.name)), let lock = try? LockFile(parsing: json),
                    isStale(lock, identity)
                else { continue }
            }
            try repository.store.delete(StoreKey(.lock, entry.name))
            removed += 1
        }
        return removed
    }

    // MARK: Keeping it

    /// Throws once the lock can no longer be trusted. Called before every write of the guarded store.
    func ensureHeld() throws {
        try ensureNotLost()
        guard isOverdue else { return }
        // Another thread may have refreshed while this one waited for its turn.
        try refreshing.withLock { _ in if isOverdue { try refresh() } }
    }

    private func ensureNotLost() throws {
        if state.withLock({ $0.lost }) { throw RepositoryFailure.lockLost(location: repository.store.location) }
    }

    private var isOverdue: Bool { state.withLock { $0.refreshed.age(identity.clock) > RepositoryLock.untrustedSeconds } }

    /// As `ensureHeld`, and looks whether the lock is still in the store. Called before what rests on it for good.
    func ensureStored() throws {
        try ensureHeld()
        try refreshing.withLock { _ in try ensureStored(state.withLock { $0.current }) }
    }

    private func startRefreshing() {
        workers.start("lock-refresh") { [self] in
            while !waitForStop(seconds: RepositoryLock.refreshSeconds) { refreshing.withLock { _ in try? refresh() } }
        }
    }

    /// True when the lock is being released.
    private func waitForStop(seconds: Int64) -> Bool {
        let end = Host.monotonicNanoseconds() + seconds * 1_000_000_000
        return monitor.lockedWithTimeout { wait in
            while !stopping.withLock({ $0 }) {
                let left = end - Host.monotonicNanoseconds()
                if left <= 0 { return false }
                _ = wait(min(left, 1_000_000_000))
                // Standby stops the monotonic clock but not the age of our lock.
                if state.withLock({ $0.refreshed.age(identity.clock) }) > seconds { return false }
            }
            return true
        }
    }

    /// Writes a fresh lock and deletes the old one. If that was removed, it was taken for stale: then it is lost, whoever notices first.
    /// The caller holds `refreshing`.
    private func refresh() throws {
        try ensureNotLost()
        let careful = isOverdue, old = state.withLock { $0.current }
        try ensureStored(old)
        let fresh = try RepositoryLock.write(repository, kind, identity)
        if careful {
            identity.clock.sleep(nanoseconds: RepositoryLock.settleNanoseconds)
            do {
                try ensureStored(old)
            } catch {
                try? repository.store.delete(StoreKey(.lock, fresh.digest))
                throw error
            }
        }
        state.withLock { state in
            state.current = fresh
            state.refreshed = Instant(identity.clock)
        }
        try? repository.store.delete(StoreKey(.lock, old.digest))
    }

    private func ensureStored(_ id: LockID) throws {
        if try repository.store.exists(StoreKey(.lock, id.digest)) { return }
        state.withLock { $0.lost = true }
        throw RepositoryFailure.lockLost(location: repository.store.location)
    }

    /// The repository through a store that writes and deletes only while this lock is held.
    package var guarded: Repository { repository.through(GuardedStore(repository.store, lock: self)) }
}

/// Refuses every change once the lock is lost.
private final class GuardedStore: Store {
    private let base: any Store
    private let lock: RepositoryLock

    init(_ base: any Store, lock: RepositoryLock) {
        self.base = base
        self.lock = lock
    }

    var location: String { base.location }
    func create() throws { try base.create() }
    func load(_ key: StoreKey, limit: Int) throws -> [UInt8] { try base.load(key, limit: limit) }
    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws { try base.read(key, at: offset, into: &buffer) }
    func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }

    func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        if key.kind == .snapshot { try lock.ensureStored() } else { try lock.ensureHeld() }
        try base.save(key, content)
    }

    func delete(_ key: StoreKey) throws {
        if key.kind == .snapshot || key.kind == .index { try lock.ensureStored() } else { try lock.ensureHeld() }
        try base.delete(key)
    }
}
