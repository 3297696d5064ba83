// RepositoryLockTests: who may work beside whom, and that a lock lost is noticed before anything more is written.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

@Suite struct `The lock on a repository` {
    private let store = MemoryStore()
    private let repository: Repository
    private let clock = SettableClock()

    init() throws { repository = try makeRepository(store) }

    private func identity(host: String = "here", process: Int32 = Host.processID) -> Identity {
        Identity(hostName: host, userName: "me", userID: 1000, groupID: 1000, processID: process, clock: clock, zone: { _ in 0 })
    }

    private func acquire(_ kind: RepositoryLock.Kind, _ who: Identity? = nil, retrySeconds: Int64 = 0) throws -> RepositoryLock {
        try RepositoryLock.acquire(repository, kind, identity: who ?? identity(), retrySeconds: retrySeconds)
    }

    private var lockFiles: Set<Digest> { Set(store.list(.lock).map(\.name)) }

    private func leave(_ kind: RepositoryLock.Kind, _ who: Identity, ageSeconds: Int64 = 0) throws {
        let now = clock.now().seconds
        let file = LockFile(
            time: Timestamp(seconds: now - ageSeconds), isExclusive: kind == .exclusive, hostName: who.hostName, userName: who.userName,
            processID: Int64(who.processID))
        _ = try repository.saveFile(.lock, json: file.json)
    }

    private static func endedProcess() throws -> Int32 {
        try #require(Int32(Child.run("/bin/sh", ["-c", "echo $$"]).outputText.dropLast()))
    }

    @Test func `is shared among those who share, and kept from everyone by one who does not`() throws {
        let first = try acquire(.shared), second = try acquire(.shared, identity(host: "there"))
        #expect(lockFiles.count == 2)
        #expect(failureName { _ = try acquire(.exclusive) } == "locked")
        #expect(lockFiles.count == 2)
        first.release()
        #expect(failureName { _ = try acquire(.exclusive) } == "locked")
        second.release()
        #expect(lockFiles.isEmpty)
        let alone = try acquire(.exclusive)
        #expect(failureName { _ = try acquire(.exclusive) } == "locked")
        #expect(failureName { _ = try acquire(.shared) } == "locked")
        alone.release()
        #expect(lockFiles.isEmpty)
    }

    @Test func `says who holds it`() throws {
        try leave(.exclusive, identity(host: "there", process: 4711))
        do {
            _ = try acquire(.shared)
            Issue.record("it was given away")
        } catch {
            let failure = Failure(describing: error)
            #expect(failure.code == .locked && failure.message.contains("process 4711 of me on there (exclusively"))
        }
    }

    @Test func `of another machine blocks until it is half an hour old`() throws {
        try leave(.exclusive, identity(host: "there", process: 1 << 22 - 1), ageSeconds: 29 * 60)
        #expect(failureName { _ = try acquire(.shared) } == "locked")
        clock.advance(seconds: 62)
        let lock = try acquire(.shared)
        #expect(lockFiles.count == 1)
        lock.release()
    }

    @Test func `of a process of this machine that ended is removed`() throws {
        try leave(.exclusive, identity(process: Self.endedProcess()))
        try acquire(.exclusive).release()
        #expect(lockFiles.isEmpty)
        try leave(.exclusive, identity(process: Host.processID))
        #expect(failureName { _ = try acquire(.shared) } == "locked")
    }

    @Test func `that no one needs to wait for is left alone`() throws {
        try leave(.shared, identity(process: Self.endedProcess()))
        let lock = try acquire(.shared)
        #expect(lockFiles.count == 2)
        lock.release()
    }

    @Test func `is waited for as long as asked`() throws {
        try leave(.exclusive, identity(host: "there"))
        let before = clock.now().seconds
        #expect(failureName { _ = try acquire(.shared, retrySeconds: 100) } == "locked")
        #expect((100...101).contains(clock.now().seconds - before))
        // It grows stale while we wait.
        try acquire(.shared, retrySeconds: 3600).release()
    }

    @Test func `steps back when another took it at the same moment`() throws {
        let rival = RivalClock(clock) { [repository] in
            let file = LockFile(
                time: Timestamp(seconds: 1_700_000_000), isExclusive: true, hostName: "there", userName: "", processID: 1)
            _ = try? repository.saveFile(.lock, json: file.json)
        }
        let who = Identity(hostName: "here", userName: "", userID: 0, groupID: 0, processID: Host.processID, clock: rival, zone: { _ in 0 })
        // Through a store that may show a new file to others only after a while: only then there is a pause.
        let slow = repository.through(WatchedStore(store))
        #expect(failureName { _ = try RepositoryLock.acquire(slow, .shared, identity: who) } == "locked")
        #expect(lockFiles.count == 1)
    }

    @Test func `ignores empty lock files and stops at one it cannot read`() throws {
        store.save(StoreKey(.lock, .zero), [UInt8]().span)
        try acquire(.exclusive).release()
        store.save(StoreKey(.lock, Digest(word0: 1, word1: 1, word2: 1, word3: 1)), [1, 2, 3].span)
        #expect(failureName { _ = try acquire(.exclusive) } == "damaged")
        #expect(try RepositoryLock.unlock(repository, identity: identity(), all: false) == 0)
        #expect(try RepositoryLock.unlock(repository, identity: identity(), all: true) == 2)
        #expect(lockFiles.isEmpty)
    }

    @Test func `is taken away by unlocking only if stale, or if all are asked for`() throws {
        try leave(.shared, identity(host: "there"), ageSeconds: 31 * 60)
        try leave(.exclusive, identity(process: Self.endedProcess()))
        try leave(.shared, identity(host: "there", process: 3), ageSeconds: 60)
        let mine = try acquire(.shared)
        #expect(try RepositoryLock.unlock(repository, identity: identity(), all: false) == 1)
        #expect(lockFiles.count == 2)
        #expect(try RepositoryLock.locks(of: repository).allSatisfy { !$0.lock.isExclusive })
        #expect(try RepositoryLock.unlock(repository, identity: identity(), all: true) == 2)
        mine.release()
    }

    // MARK: Held for long

    /// Looks again and again for a while; the refreshing thread looks at the clock once a second.
    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<800 {
            if condition() { return true }
            SystemClock().sleep(nanoseconds: 10_000_000)
        }
        return false
    }

    @Test func `is renewed every five minutes under another name`() throws {
        let lock = try acquire(.shared), first = lockFiles
        clock.advance(seconds: 301)
        #expect(eventually { lockFiles.count == 1 && lockFiles != first })
        let renewed = try #require(try RepositoryLock.locks(of: repository).first?.lock)
        #expect(renewed.time.seconds >= 1_700_000_301 && renewed.hostName == "here" && renewed.processID == Int64(Host.processID))
        lock.release()
        #expect(lockFiles.isEmpty)
    }

    @Test func `is made sure of before a write after a long standby`() throws {
        let lock = try acquire(.shared), guarded = lock.guarded.store, first = lockFiles
        clock.advance(seconds: 23 * 60)
        try guarded.save(StoreKey(.pack, .zero), [1].span)
        #expect(lockFiles.count == 1 && lockFiles != first)
        try guarded.delete(StoreKey(.pack, .zero))
        lock.release()
        #expect(lockFiles.isEmpty)
    }

    @Test func `is not taken for lost by several threads that wake together`() throws {
        // A pause that takes real time, so that all of them are in it together.
        let slow = RivalClock(clock, everyTime: true) { SystemClock().sleep(nanoseconds: 30_000_000) }
        let who = Identity(hostName: "here", userName: "", userID: 0, groupID: 0, processID: Host.processID, clock: slow, zone: { _ in 0 })
        for _ in 0..<3 {
            let lock = try acquire(.shared, who), guarded = lock.guarded.store, workers = Workers()
            clock.advance(seconds: 23 * 60)
            for number in 1...6 {
                workers.start("write") { try guarded.save(StoreKey(.pack, Digest(word0: UInt64(number), word1: 0, word2: 0, word3: 0)), [1].span) }
            }
            #expect(throws: Never.self) { try workers.join() }
            #expect(lockFiles.count == 1)
            lock.release()
            #expect(lockFiles.isEmpty)
        }
    }

    @Test func `that was taken away meanwhile ends all writing`() throws {
        let lock = try acquire(.shared), guarded = lock.guarded.store
        try guarded.save(StoreKey(.pack, .zero), [1].span)
        for name in lockFiles { try store.delete(StoreKey(.lock, name)) }
        clock.advance(seconds: 23 * 60)
        for _ in 0..<3 {
            #expect(failureName { try guarded.save(StoreKey(.pack, .zero), [2].span) } == "lockLost")
            #expect(failureName { try guarded.delete(StoreKey(.pack, .zero)) } == "lockLost")
            clock.advance(seconds: 301)
        }
        #expect(try store.load(StoreKey(.pack, .zero), limit: 10) == [1])
        #expect(try guarded.load(StoreKey(.pack, .zero), limit: 10) == [1])
        lock.release()
        #expect(lockFiles.isEmpty)
    }

    @Test func `that was taken away is not quietly taken again by the renewing thread`() throws {
        let lock = try acquire(.shared), guarded = lock.guarded.store
        for name in lockFiles { try store.delete(StoreKey(.lock, name)) }
        clock.advance(seconds: 40 * 60)
        // Time for the renewing thread to wake.
        SystemClock().sleep(nanoseconds: 1_300_000_000)
        #expect(lockFiles.isEmpty)
        #expect(failureName { try guarded.save(StoreKey(.pack, .zero), [2].span) } == "lockLost")
        lock.release()
    }

    @Test func `that cannot be renewed is not trusted longer because the clock was set back`() throws {
        let cut = FaultyStore(store, .failOnce(at: 2))
        let lock = try RepositoryLock.acquire(repository.through(cut), .shared, identity: identity())
        clock.jump(seconds: -86_400)
        clock.advance(seconds: 23 * 60)
        // The second change is the renewal, which fails: nothing may be written.
        #expect(throws: StoreFailure.self) { try lock.guarded.store.save(StoreKey(.pack, .zero), [1].span) }
        #expect(store.list(.pack).isEmpty)
        lock.release()
    }

    @Test(arguments: [StoreKind.snapshot, .index])
    func `that another machine took for stale, its clock being wrong, promises and removes nothing more`(kind: StoreKind) throws {
        let lock = try acquire(.exclusive), key = StoreKey(kind, .zero)
        store.save(key, [1].span)
        let ahead = SettableClock(seconds: clock.now().seconds + 3600)
        let other = Identity(
            hostName: "there", userName: "me", userID: 1000, groupID: 1000, processID: 1, clock: ahead, zone: { _ in 0 })
        let theirs = try RepositoryLock.acquire(repository, .exclusive, identity: other)
        #expect(failureName { try lock.guarded.store.delete(key) } == "lockLost")
        if kind == .snapshot { #expect(failureName { try lock.guarded.store.save(StoreKey(.snapshot, .zero), [2].span) } == "lockLost") }
        #expect(try store.load(key, limit: 9) == [1])
        theirs.release()
        lock.release()
    }

    @Test func `is waited for no longer than asked, though the clock is set back meanwhile`() throws {
        try leave(.exclusive, identity(host: "there"))
        let watched = WatchedStore(store) { [clock] call, number in
            if call == .list(.lock) && number == 2 { clock.jump(seconds: -86_400) }
        }
        #expect(failureName { _ = try RepositoryLock.acquire(repository.through(watched), .shared, identity: identity(), retrySeconds: 60) } == "locked")
        #expect(clock.steadySeconds() <= 61)
    }

    @Test func `that cannot be looked at because the store fails is no damage`() throws {
        try leave(.shared, identity(host: "there"))
        for number in 1...6 {
            let faulty = FaultyStore(store, .failCall(at: number))
            do {
                try RepositoryLock.acquire(repository.through(faulty), .shared, identity: identity()).release()
            } catch {
                #expect((error as? StoreFailure)?.kind == .transient, "\(number): \(error)")
            }
        }
    }

    @Test func `that cannot be renewed is trusted for a while, and then no more`() throws {
        let lock = try acquire(.shared)
        lock.release()
        let cut = FaultyStore(store, .failOnce(at: 2))
        let held = try RepositoryLock.acquire(repository.through(cut), .shared, identity: identity())
        clock.advance(seconds: 23 * 60)
        // The renewal itself fails: the write is refused, and the next attempt renews.
        var outcomes: [String] = []
        for _ in 0..<2 { outcomes.append(failureName { try held.guarded.store.save(StoreKey(.pack, .zero), [1].span) }) }
        #expect(outcomes.last == "none")
        held.release()
    }
}

/// Runs something in the first pause that someone makes, or in every one.
private final class RivalClock: Clock {
    private let base: SettableClock
    private let body: @Sendable () -> Void
    private let done = Mutex(false)
    private let everyTime: Bool

    init(_ base: SettableClock, everyTime: Bool = false, _ body: @escaping @Sendable () -> Void) {
        self.base = base
        self.everyTime = everyTime
        self.body = body
    }

    func now() -> FileTime { base.now() }

    func sleep(nanoseconds: Int64) {
        let isFirst = done.withLock { done in
            defer { done = true }
            return !done
        }
        if isFirst || everyTime { body() }
        base.sleep(nanoseconds: nanoseconds)
    }
}
