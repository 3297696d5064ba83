// Stores that fail. The first, second, third … call of a verb fails until none does; then a store that does everything wrong by chance.
// Whatever happens: the verb succeeds or says what was wrong, with the exit status that means it; what was acknowledged stays; the next
// run without faults works.

import Bytes
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `A store that fails` {
    enum Sweep: String, CaseIterable, Sendable {
        case once, forGood, afterEffect, powerLoss

        func fault(_ number: Int) -> FaultyStore.Fault {
            switch self {
            case .once: .failCall(at: number)
            case .forGood: .failCalls(from: number)
            case .afterEffect: .failAfterEffect(at: number)
            case .powerLoss: .powerLoss(after: number - 1)
            }
        }
    }

    /// Nil if it came through.
    private func failure(of body: () throws -> Void, _ comment: Comment) -> Failure? {
        do {
            try body()
            return nil
        } catch {
            #expect(error is any FailureConvertible, "\(comment): \(error)")
            return Failure(describing: error)
        }
    }

    /// After whatever happened to a verb: nothing is lost, and it works now.
    private func expectRecovered(
        _ deed: Deed, _ yard: Yard, _ store: MemoryStore, _ known: Yard.Contents, cameThrough: Bool, _ comment: Comment
    ) throws {
        let survivor = Yard.withoutLocks(store.contents), newest = known.count - Yard.keptCount
        try Yard.expectWhole(survivor, known, comment)
        #expect(try Yard.lost(known, in: survivor).count <= (deed.name.hasPrefix("forget") ? newest : 0), comment)
        if cameThrough && !deed.canBeRepeated { return }
        try deed.run(yard, yard.access(survivor, password: Yard.open(survivor).password))
        try Yard.expectWhole(survivor, known, comment)
    }

    @Test(.timeLimit(.minutes(10)), arguments: Deed.all, Sweep.allCases)
    func `at any call of a verb loses nothing, and says so`(deed: Deed, sweep: Sweep) throws {
        let yard = try Yard(seed: Torture.firstSeed), base = try yard.seasoned().contents
        let known = try Yard.contents(of: MemoryStore(contents: base))
        try yard.changeSource()
        // Usually a few of them, evenly; all if there is time.
        let stride = Torture.factor > 1 ? 1 : 9
        var number = 1
        while true {
            let context: Comment = "\(deed.name), \(sweep) at \(number), seed \(Torture.firstSeed)"
            let store = MemoryStore(contents: base), faulty = FaultyStore(store, sweep.fault(number))
            let failure = failure(of: { try deed.run(yard, yard.access(faulty)) }, context)
            if let failure {
                #expect([.unreachable, .damaged, .sourceIncomplete].contains(failure.code), "\(context): \(failure)")
                #expect(failure.code != .damaged || deed.name.hasPrefix("check"), "\(context): \(failure)")
            }
            try expectRecovered(deed, yard, store, known, cameThrough: failure == nil, context)
            if !faulty.hasStruck { break }
            number += stride
            try #require(number < 2000)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: Torture.seeds(6))
    func `by chance and in every way loses nothing, and says so`(seed: UInt64) throws {
        let yard = try Yard(seed: seed), store = try yard.seasoned()
        var known = try Yard.contents(of: store), random = SeededRandom(seed: seed), misfortunes = 0
        for round in 0..<20 {
            guard let deed = Deed.all.filter(\.canBeRepeated).randomElement(using: &random) else { continue }
            let habits = UnreliableStore.Habits(
                failsBefore: random.chance(50) ? 3 : 0, failsAfter: random.chance(50) ? 3 : 0, stalls: random.chance(30) ? 5 : 0,
                corrupts: random.chance(30) ? 4 : 0, cutsShort: random.chance(30) ? 2 : 0, listsDeleted: random.chance(30) ? 30 : 0)
            let context: Comment = "seed \(seed), round \(round): \(deed.name), \(habits)"
            let unreliable = UnreliableStore(store, habits, seed: random.next())
            let failure = failure(of: { try deed.run(yard, yard.access(unreliable)) }, context)
            if let failure {
                #expect([.unreachable, .damaged, .sourceIncomplete, .locked].contains(failure.code), "\(context): \(failure)")
            }
            misfortunes += unreliable.misfortuneCount
            for entry in store.list(.lock) { try store.delete(StoreKey(.lock, entry.name)) }
            let found = try Yard.expectWhole(store, known, context)
            if !deed.name.hasPrefix("forget") { #expect(try Yard.lost(known, in: store).isEmpty, context) }
            #expect(found.count >= Yard.keptCount, context)
            known = try Yard.contents(of: store)
            try yard.changeSource()
        }
        #expect(misfortunes > 0, "seed \(seed)")
        for deed in Deed.all { try deed.run(yard, yard.access(store, password: Yard.open(store).password)) }
        try Yard.expectWhole(store, known, "seed \(seed), afterwards")
    }
}
