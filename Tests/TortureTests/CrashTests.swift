// The power goes at any moment: of every state that a repository passes through, lifeboat and stock restic say that it is whole, every
// snapshot that was acknowledged gives back its content, and the next runs need nobody's help.

import Bytes
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `A power cut` {
    /// What happens to the repository, in this order, each recorded from the first change to the last.
    private static let life: [Deed] =
        [Deed(name: "init") { yard, access in try yard.makeRepository(in: access.openStore(access.address)) }]
        + (1...5).map { _ in
            Deed(name: "backup") { yard, access in
                try yard.changeSource()
                try Deed.backup.run(yard, access)
            }
        } + Deed.all.filter { $0.name != "backup" }

    @Test(.timeLimit(.minutes(10)), arguments: Torture.seeds(1))
    func `at any moment leaves a whole repository`(seed: UInt64) throws {
        let yard = try Yard(seed: seed)
        let store = MemoryStore()
        var known: Yard.Contents = [:], restic = Sample(every: 40), repeated = Sample(every: 15), count = 0
        for deed in Self.life {
            let recorded = try RecordingStore(store), before = store.exists(.config) ? try Yard.contents(of: store) : [:]
            try deed.run(yard, yard.access(recorded, password: try Self.password(store)))
            known.merge(try Yard.contents(of: store)) { old, _ in old }
            for state in recorded.states(seed: seed) {
                let context = "seed \(seed): \(deed.name), \(state)"
                count += 1
                guard state.contents[.config] != nil else {
                    #expect(throws: RepositoryFailure.self, "\(context)") { try Yard.open(MemoryStore(contents: state.contents)) }
                    continue
                }
                let found = try Yard.expectWhole(MemoryStore(contents: state.contents), known, "\(context)")
                #expect(found.isSuperset(of: Self.acknowledged(state, known)), "\(context)")
                let lost = try Yard.lost(before, in: MemoryStore(contents: state.contents)).count
                #expect(lost <= (deed.name.hasPrefix("forget") ? max(0, before.count - Yard.keptCount) : 0), "\(context)")
                if restic.takes() { try Self.expectWholeForRestic(state, seed: seed, "\(context)") }
                if repeated.takes() { try Self.expectUsable(yard, state, known, "\(context)") }
            }
        }
        #expect(count > 80, "seed \(seed)")
        #expect(restic.taken > 1 && repeated.taken > 3)
    }

    /// Every so many.
    private struct Sample {
        let every: Int
        private(set) var taken = 0
        private var passed = 0

        init(every: Int) { self.every = every }

        mutating func takes() -> Bool {
            passed += 1
            if passed % every != 0 { return false }
            taken += 1
            return true
        }
    }

    private static func password(_ store: MemoryStore) throws -> String { store.exists(.config) ? try Yard.open(store).password : Yard.password }

    /// The snapshots whose file is there: their save had come back.
    private static func acknowledged(_ state: RecordingStore.State, _ known: Yard.Contents) -> Set<SnapshotID> {
        Set(state.contents.keys.filter { $0.kind == .snapshot }.map { SnapshotID($0.name) }).intersection(known.keys)
    }

    /// As a directory, with the temporary file of the save that was interrupted; torn, under a name that a listing shows.
    private static func expectWholeForRestic(_ state: RecordingStore.State, seed: UInt64, _ comment: Comment) throws {
        let scratch = try ScratchTree(["home": .directory])
        let local = LocalStore(root: scratch["repository"])
        try local.create()
        for (key, content) in state.contents { try local.save(key, content.span) }
        if let (key, content) = state.interrupted {
            var random = SeededRandom(seed: seed)
            let torn = Array(content.prefix(Int.random(in: 0...content.count, using: &random)))
            try scratch.add(BytePath("repository/\(key.path)-tmp-\(random.next())"), .bytes(torn))
        }
        try Yard.expectWhole(local, [:], comment)
        let peer = ResticPeer(home: scratch["home"], repository: scratch["repository"], password: try Yard.open(local).password)
        let result = try peer.run(["check", "--read-data", "--no-lock"])
        #expect(result.exitStatus == 0 && result.outputText.contains("no errors were found"), "\(comment): \(result.errorText)\(result.outputText)")
    }

    /// A backup and a prune after the crash come through, and nothing is missing after them.
    private static func expectUsable(_ yard: Yard, _ state: RecordingStore.State, _ known: Yard.Contents, _ comment: Comment) throws {
        let store = Yard.withoutLocks(state.contents), password = try Yard.open(store).password
        for deed in [Deed.backup, .prune, .backup] { try deed.run(yard, yard.access(store, password: password)) }
        let found = try Yard.expectWhole(store, known, comment)
        #expect(found.isSuperset(of: acknowledged(state, known)), comment)
    }
}

extension MemoryStore {
    fileprivate func exists(_ key: StoreKey) -> Bool { byteCount(of: key) != nil }
}
