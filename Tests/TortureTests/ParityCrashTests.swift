// The power goes while parity is made, used and left behind: a prune leaves no moment in which a pack that a snapshot needs has lost the
// parity it had, and packs that were lost and damaged come back whatever moment a repair was ended at.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing
import Upkeep

@Suite struct `A power cut beside parity` {
    /// Seasoned, all of it protected.
    private func protected(_ yard: Yard) throws -> MemoryStore {
        let store = try yard.seasoned()
        _ = try Yard.parity(yard.access(store)).on(redundancyPercent: 40, progress: { _ in })
        return store
    }

    /// The packs that index files name and that no complete group of parity, with all of its packs there, protects.
    private func unprotected(_ store: MemoryStore) throws -> Set<PackID> {
        let present = Set(store.list(.pack).map { PackID($0.name) })
        let groups = try ParityCatalog.load(store).groups.filter { $0.isComplete && Set($0.packs).isSubset(of: present) }
        let named = try Set(IndexedRepository.load(Yard.open(store).repository).index.packs)
        return named.intersection(present).subtracting(groups.flatMap(\.packs))
    }

    @Test(arguments: Torture.seeds(3)) func `in a prune leaves every pack that was protected so`(seed: UInt64) throws {
        let yard = try Yard(seed: seed), store = try protected(yard)
        #expect(try unprotected(store) == [])
        let before = Set(store.list(.pack).map { PackID($0.name) })
        _ = try Yard.forget(yard.access(store)).run(progress: { _ in })
        let recorded = try RecordingStore(store)
        try Deed.prune.run(yard, yard.access(recorded))
        #expect(!before.isSubset(of: store.list(.pack).map { PackID($0.name) }), "something was pruned")
        var count = 0
        for state in recorded.states(seed: seed) where state.description.hasSuffix("\(recorded.changes.count)") {
            let contents = MemoryStore(contents: state.contents)
            #expect(try unprotected(contents).isDisjoint(with: before), "seed \(seed): \(state)")
            count += 1
        }
        #expect(count > 5)
        #expect(try unprotected(store) == [], "seed \(seed): the new ones too, at the end")
    }

    @Test(arguments: Torture.seeds(2)) func `in a repair brings back what was lost all the same`(seed: UInt64) throws {
        let yard = try Yard(seed: seed), store = try protected(yard), known = try Yard.contents(of: store)
        var random = SeededRandom(seed: seed)
        // One lost, one damaged: as many as each group can bear.
        let packs = store.list(.pack).map(\.name).sorted().shuffled(using: &random).prefix(2)
        for (number, pack) in packs.enumerated() {
            let key = StoreKey(.pack, pack)
            var bytes = try store.load(key, limit: 1 << 28)
            bytes[bytes.count / 2] ^= 1
            if number == 0 { try store.delete(key) } else { store.save(key, bytes.span) }
        }
        let recorded = try RecordingStore(store)
        func repair(_ store: any Store) throws {
            let verb = RepairPacks(access: yard.access(store), names: [], copies: KeptCopies(in: try yard.placeForCopies()))
            if let blob = try verb.run(progress: { _ in }).lostBlobs.first { throw Failure(.damaged, "\(blob) was lost") }
        }
        try repair(recorded)
        try Yard.expectWhole(store, known, "seed \(seed)")
        for state in recorded.states(seed: seed) {
            let found = Yard.withoutLocks(state.contents), context: Comment = "seed \(seed): \(state)"
            try repair(found)
            try Yard.expectWhole(found, known, context)
            #expect(try Yard.lost(known, in: found).isEmpty, context)
        }
    }
}
