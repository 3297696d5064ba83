// A prune that dies at any change it makes: no snapshot suffers, and the next prune finishes the work.

import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `A prune that dies` {
    enum Death: String, CaseIterable {
        case failure, failureAfterEffect, powerLoss

        func fault(_ number: Int) -> FaultyStore.Fault {
            switch self {
            case .failure: .failOnce(at: number)
            case .failureAfterEffect: .failAfterEffect(at: number)
            case .powerLoss: .powerLoss(after: number - 1)
            }
        }
    }

    /// Has packs to delete, to rewrite and to keep, one in no index, and many index files.
    private func prepared(seed: UInt64) throws -> (fixture: RepositoryFixture, contents: [StoreKey: [UInt8]], kept: [SnapshotID]) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<8 { try fixture.addSnapshot() }
        let before = Set(store.list(.index))
        let last = try fixture.addSnapshot()
        // The newest snapshot's packs are needed by no other; without their index they are orphans.
        for entry in store.list(.index) where !before.contains(entry) { try store.delete(StoreKey(.index, entry.name)) }
        let gone = [0, 1, 3, 5].map { fixture.snapshots[$0] } + [last]
        _ = try Forget.execute(gone, in: fixture.repository)
        return (fixture, store.contents, fixture.snapshots.filter { !gone.contains($0) })
    }

    @Test(arguments: Death.allCases, [UInt64(3), 4])
    func `harms no snapshot and is finished by the next`(death: Death, seed: UInt64) throws {
        let (fixture, contents, kept) = try prepared(seed: seed)
        let options = PruneOptions(maximumUnused: .percent(0))
        var number = 1
        while true {
            let store = MemoryStore(contents: contents)
            let faulty = FaultyStore(store, death.fault(number))
            let finished = (try? prune(faulty, options)) != nil
            try expectClean(store, "\(death) at change \(number)")
            try expectComplete(kept, of: fixture, in: store, "\(death) at change \(number)")
            try prune(store, options)
            try expectClean(store, "after \(death) at change \(number)")
            try expectComplete(kept, of: fixture, in: store, "after \(death) at change \(number)")
            #expect(try unneededByteCount(in: store) == 0)
            #expect(try check(store).counts.unindexedPacks == 0)
            if finished && !faulty.hasStruck { break }
            number += 1
            try #require(number < 200)
        }
        #expect(number > 8)
    }
}
