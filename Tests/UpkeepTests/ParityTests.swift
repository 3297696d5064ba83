// Parity: whatever is damaged within its limits comes back byte for byte; beyond them nothing is made worse. Small pieces and bands, so
// that a few kilobytes have many of each.

import Bytes
import Codecs
import HostOS
import RepositoryFormat
import Stores
import TestKit
import Testing
import Upkeep

/// Packs without any repository around them: parity looks at nothing but their bytes.
private struct ParityCase {
    let store = MemoryStore()
    let layout: ParityLayout
    var random: SeededRandom
    var original: [StoreKey: [UInt8]] = [:]

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        let dataCount = Int.random(in: 1...9, using: &random), parityCount = Int.random(in: 1...3, using: &random)
        layout = try #require(ParityLayout(dataCount: dataCount, parityCount: parityCount, pieceByteCount: 128, bandByteCount: 1024))
    }

    mutating func addPacks(_ count: Int) {
        for _ in 0..<count {
            let bytes = random.bytes(Int.random(in: 1...4000, using: &random)), key = StoreKey(.pack, SHA256.hash(bytes))
            store.save(key, bytes.span)
            original[key] = bytes
        }
    }

    mutating func prune() throws {
        for key in original.keys.sorted(by: { $0.path < $1.path }) where random.chance(30) {
            try store.delete(key)
            original[key] = nil
        }
    }

    /// What is in the store is what was there, and nothing else is a pack.
    var isWhole: Bool { store.contents.filter { $0.key.kind == .pack } == original }

    var packs: [StoreKey] { original.keys.sorted { $0.path < $1.path } }

    @discardableResult
    func update(_ store: (any Store)? = nil) throws -> ParityOutcome {
        let needed = Set(original.keys.map { PackID($0.name) })
        return try ParityUpdate(store ?? self.store, layout) { needed.contains($0) }.run()
    }

    func rebuild(_ store: (any Store)? = nil) throws -> ParityRebuild.Outcome {
        let bad = packs.filter { store_($0) != original[$0] }.map { PackID($0.name) }
        return try ParityRebuild(store ?? self.store, ParityCatalog.load(store ?? self.store), copies: nil).run(bad)
    }

    private func store_(_ key: StoreKey) -> [UInt8]? { store.contents[key] }

    func groups() throws -> [ParityGroup] { try ParityCatalog.load(store).groups }
}

@Suite struct `Parity` {
    @Test(arguments: UInt64(0)..<150)
    func `brings back packs that are lost or damaged up to the limit`(seed: UInt64) throws {
        var parity = try ParityCase(seed: seed)
        for _ in 0..<Int.random(in: 1...4, using: &parity.random) {
            parity.addPacks(Int.random(in: 1...12, using: &parity.random))
            if parity.random.chance(30) { try parity.prune() }
            try parity.update()
            #expect(try ParityCatalog.load(parity.store).protectedPacks.isSuperset(of: parity.packs.map { PackID($0.name) }))
        }
        // Of every group as many columns as it has parity: whole packs, or any of their bytes, or parity itself.
        for group in try parity.groups() {
            for column in group.columns.shuffled(using: &parity.random).prefix(parity.layout.parityCount) {
                let key = StoreKey(.pack, column.pack.id.digest)
                if parity.random.chance(50) {
                    try parity.store.delete(key)
                } else {
                    var bytes = try #require(parity.original[key])
                    for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &parity.random)] ^= 1 << UInt8.random(in: 0..<8, using: &parity.random) }
                    if parity.random.chance(30) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &parity.random)) }
                    parity.store.save(key, bytes.span)
                }
            }
        }
        let outcome = try parity.rebuild()
        #expect(outcome.failed.isEmpty, "\(outcome.failed)")
        #expect(parity.isWhole)
    }

    @Test(arguments: UInt64(0)..<60)
    func `brings back every pack when each is damaged in another place`(seed: UInt64) throws {
        var parity = try ParityCase(seed: seed)
        parity.addPacks(parity.layout.dataCount)
        try parity.update()
        for (number, key) in parity.packs.enumerated() {
            var bytes = try #require(parity.original[key])
            let place = number * parity.layout.pieceByteCount
            guard place < bytes.count else { continue }
            bytes[place] ^= 0x55
            parity.store.save(key, bytes.span)
        }
        #expect(try parity.rebuild().failed.isEmpty)
        #expect(parity.isWhole)
    }

    @Test(arguments: UInt64(0)..<60)
    func `beyond the limit says so and touches nothing`(seed: UInt64) throws {
        var parity = try ParityCase(seed: seed)
        parity.addPacks(parity.layout.dataCount + parity.layout.parityCount)
        try parity.update()
        let group = try #require(parity.groups().max { $0.columns.count < $1.columns.count })
        guard group.columns.count > parity.layout.parityCount else { return }
        for column in group.columns.prefix(parity.layout.parityCount + 1) { try parity.store.delete(StoreKey(.pack, column.pack.id.digest)) }
        let before = parity.store.contents, outcome = try parity.rebuild()
        #expect(outcome.rebuilt.isEmpty)
        #expect(outcome.failed.count == parity.layout.parityCount + 1)
        #expect(parity.store.contents == before)
    }

    @Test(arguments: UInt64(0)..<60)
    func `survives damage to its own files, as long as enough is left`(seed: UInt64) throws {
        var parity = try ParityCase(seed: seed)
        parity.addPacks(parity.layout.dataCount)
        try parity.update()
        // Everywhere in the first header of each file, and in no parity column.
        for (key, content) in parity.store.contents where key.kind == .parity {
            var bytes = content
            bytes[Int.random(in: 0..<60, using: &parity.random)] ^= 0xff
            parity.store.save(key, bytes.span)
        }
        for key in parity.packs.prefix(parity.layout.parityCount) { try parity.store.delete(key) }
        #expect(try parity.rebuild().failed.isEmpty)
        #expect(parity.isWhole)
    }

    @Test(arguments: UInt64(0)..<200)
    func `takes any parity file for what it is, and never ends the program`(seed: UInt64) throws {
        var parity = try ParityCase(seed: seed)
        parity.addPacks(3)
        try parity.update()
        for (key, content) in parity.store.contents where key.kind == .parity {
            var bytes = content
            for _ in 0..<Int.random(in: 1...4, using: &parity.random) {
                bytes[Int.random(in: 0..<min(bytes.count, 120), using: &parity.random)] = UInt8.random(in: 0...255, using: &parity.random)
            }
            if parity.random.chance(50) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &parity.random)) }
            parity.store.save(key, bytes.span)
        }
        _ = try parity.rebuild()
        try parity.update()
        #expect(parity.isWhole)
        #expect(try ParityCatalog.load(parity.store).protectedPacks.isSuperset(of: parity.packs.map { PackID($0.name) }))
    }

    @Test func `keeps what a lost pack is rebuilt from, whatever is updated`() throws {
        var parity = try ParityCase(seed: 7)
        parity.addPacks(10)
        try parity.update()
        let lost = try #require(parity.packs.first)
        try parity.store.delete(lost)
        parity.addPacks(3)
        let outcome = try parity.update()
        #expect(outcome.missingPacks == [PackID(lost.name)])
        #expect(try parity.rebuild().rebuilt == [PackID(lost.name)])
        #expect(parity.isWhole)
    }

    @Test func `never makes a damaged pack the measure of anything`() throws {
        var parity = try ParityCase(seed: 8)
        parity.addPacks(5)
        let bad = try #require(parity.packs.first)
        var bytes = try #require(parity.original[bad])
        bytes[0] ^= 1
        parity.store.save(bad, bytes.span)
        #expect(try parity.update().damagedPacks == [PackID(bad.name)])
        #expect(try ParityCatalog.load(parity.store).protectedPacks == Set(parity.packs.dropFirst().map { PackID($0.name) }))
    }

    @Test func `writes nothing when nothing is new`() throws {
        var parity = try ParityCase(seed: 9)
        parity.addPacks(20)
        try parity.update()
        let watched = WatchedStore(parity.store)
        try parity.update(watched)
        #expect(watched.changeCount == 0)
    }

    /// Fails at the first, second, third … change until none fails.
    @Test(arguments: UInt64(0)..<8)
    func `protects at every moment what it protected before`(seed: UInt64) throws {
        var start = try ParityCase(seed: seed)
        start.addPacks(7)
        try start.update()
        let old = Set(start.packs)
        try start.prune()
        let protected = old.intersection(start.packs).map { PackID($0.name) }
        start.addPacks(9)
        let contents = start.store.contents
        for change in 0..<1000 {
            let store = MemoryStore(contents: contents), faulty = FaultyStore(store, .powerLoss(after: change))
            _ = try? start.update(faulty)
            #expect(try ParityCatalog.load(store).protectedPacks.isSuperset(of: protected), "after change \(change)")
            // The next run finishes the work.
            try start.update(store)
            let all = Set(start.packs.map { PackID($0.name) })
            #expect(try ParityCatalog.load(store).protectedPacks.isSuperset(of: all), "after change \(change)")
            #expect(try ParityCatalog.load(store).groups.allSatisfy(\.isComplete), "after change \(change)")
            if !faulty.hasStruck { return }
        }
        Issue.record("the sweep never ended")
    }

    @Test(arguments: UInt64(0)..<6)
    func `can be killed while it rebuilds, and run again`(seed: UInt64) throws {
        var start = try ParityCase(seed: seed)
        start.addPacks(start.layout.dataCount)
        try start.update()
        for key in start.packs.prefix(start.layout.parityCount) { try start.store.delete(key) }
        let contents = start.store.contents
        for change in 0...start.layout.parityCount {
            let store = MemoryStore(contents: contents), lost = start.packs.prefix(start.layout.parityCount).map { PackID($0.name) }
            let faulty = FaultyStore(store, .powerLoss(after: change))
            _ = try? ParityRebuild(faulty, ParityCatalog.load(faulty), copies: nil).run(Array(lost))
            #expect(try ParityRebuild(store, ParityCatalog.load(store), copies: nil).run(Array(lost)).failed.isEmpty)
            #expect(store.contents.filter { $0.key.kind == .pack } == start.original)
        }
    }

    @Test func `remembers how much is wanted, and forgets it when it is switched off`() throws {
        let store = MemoryStore()
        #expect(try ParitySettings.load(store) == nil)
        try #require(ParitySettings(redundancyPercent: 10, time: 1)).save(in: store)
        try #require(ParitySettings(redundancyPercent: 25, time: 2)).save(in: store)
        #expect(try ParitySettings.load(store)?.redundancyPercent == 25)
        #expect(store.list(.paritySettings).count == 1)
        #expect(try ParityRemoval.run(store) == 0)
        #expect(try ParitySettings.load(store) == nil)
    }
}
