// Bit rot: whatever single bytes of a repository change, a check finds them and names what suffers, and the documented repair leaves a
// repository that both programs accept, with every file that was not hit as it was.

import Bytes
import Codecs
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing
import Upkeep

@Suite struct `Bit rot` {
    /// A repository of several snapshots with two keys, and what each blob and file of it needs. Made once.
    private struct Original: Sendable {
        let contents: [StoreKey: [UInt8]]
        let repository: Repository
        let snapshots: [CatalogedSnapshot]
        let files: [SnapshotID: [BytePath: [UInt8]]]
        /// For each file of each snapshot: its blobs, its own tree and all above it.
        let needs: [SnapshotID: [BytePath: Set<BlobHandle>]]
        /// Where each blob lies.
        let places: [PackID: [PackedBlob]]
        /// The index file that describes each pack.
        let indexFiles: [PackID: StoreKey]
        let secondKey: KeyID

        init() throws {
            let store = MemoryStore()
            var fixture = try RepositoryFixture(in: store, seed: 77)
            for _ in 0..<4 { try fixture.addSnapshot() }
            secondKey = try fixture.repository.keyring.add(
                master: fixture.repository.masterKey, password: SecretBytes(Array("second".utf8)),
                parameters: ScryptParameters(cost: 16, blockSize: 8, parallelism: 1), userName: "", hostName: "", created: .zero)
            contents = store.contents
            repository = fixture.repository
            files = fixture.contents
            snapshots = try SnapshotCatalog.load(repository)
            let indexed = try IndexedRepository.load(repository)
            var places: [PackID: [PackedBlob]] = [:]
            indexed.index.forEachPack { places[$0.id] = $0.blobs }
            self.places = places
            var indexFiles: [PackID: StoreKey] = [:]
            for entry in store.list(.index) {
                let key = StoreKey(.index, entry.name)
                for pack in try IndexFile.packs(in: repository.loadFile(key), version: .two) { indexFiles[pack.id] = key }
            }
            self.indexFiles = indexFiles
            needs = try Dictionary(uniqueKeysWithValues: snapshots.map { ($0.id, try Original.needs(of: $0.snapshot.tree, indexed)) })
        }

        private static func needs(of root: BlobID, _ indexed: IndexedRepository) throws -> [BytePath: Set<BlobHandle>] {
            let reader = BlobReader(indexed)
            var found: [BytePath: Set<BlobHandle>] = [:]
            var waiting: [(tree: BlobID, path: BytePath, above: Set<BlobHandle>)] = [(root, .root, [])]
            while let (tree, folder, above) = waiting.popLast() {
                let here = above.union([BlobHandle(type: .tree, id: tree)])
                for node in try Tree.parse(reader.readTree(tree)) {
                    let path = folder.appending(node.name)
                    if let subtree = node.subtree { waiting.append((subtree, path, here)) }
                    guard let content = node.content else { continue }
                    found[path] = here.union(content.map { BlobHandle(type: .data, id: $0) })
                }
            }
            return found
        }
    }

    private static let original = try? Original()

    /// Some bytes flipped, and what they hit.
    private struct Damage {
        var store: LocalStore
        var keys: [StoreKey] = []
        var blobs: Set<BlobHandle> = []
        /// Packs whose header was hit.
        var headless: [PackID] = []

        func touches(_ needs: Set<BlobHandle>) -> Bool { !needs.isDisjoint(with: blobs) }
    }

    /// One to three bytes of packs, index files, snapshots or the second key.
    private func damage(_ original: Original, in path: BytePath, _ random: inout SeededRandom) throws -> Damage {
        var contents = original.contents
        var damage = Damage(store: LocalStore(root: path))
        let candidates = contents.keys.filter { $0.kind != .config && ($0.kind != .key || KeyID($0.name) == original.secondKey) }
            .sorted { $0.path < $1.path }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            // Every kind of file is as likely.
            let kind = try #require([StoreKind.pack, .pack, .pack, .index, .snapshot, .key].randomElement(using: &random))
            let key = try #require(candidates.filter { $0.kind == kind }.randomElement(using: &random))
            guard !damage.keys.contains(key) else { continue }
            let place = Int.random(in: 0..<(contents[key]?.count ?? 0), using: &random)
            contents[key]?[place] ^= UInt8.random(in: 1...255, using: &random)
            damage.keys.append(key)
            guard key.kind == .pack else { continue }
            let blobs = original.places[PackID(key.name)] ?? []
            if let hit = blobs.first(where: { $0.byteRange.contains(UInt64(place)) }) {
                damage.blobs.insert(hit.handle)
            } else {
                damage.headless.append(PackID(key.name))
            }
        }
        // When neither its header nor the index says what lies in a pack, all of it is lost.
        for pack in damage.headless {
            guard let index = original.indexFiles[pack], damage.keys.contains(index) else { continue }
            damage.blobs.formUnion((original.places[pack] ?? []).map(\.handle))
        }
        for kind in StoreKind.allCases where kind != .config { try Directory.createAll(path.appending(kind.folder)) }
        for (key, bytes) in contents { try damage.store.save(key, bytes.span) }
        return damage
    }

    private func check(_ store: any Store) throws -> CheckResult {
        try Check(RepositoryFixture.open(store), options: CheckOptions(readData: .all)).run()
    }

    private func access(_ path: BytePath) -> RepositoryAccess {
        RepositoryAccess(address: .local(path), password: .literal(SecretBytes(Array(RepositoryFixture.password.utf8))))
    }

    @Test(arguments: UInt64(0)..<72)
    func `is found, explained and repaired`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let original = try #require(`Bit rot`.original)
        let scratch = try ScratchTree(["kept": .directory, "home": .directory])
        let path = scratch["repository"]
        try Directory.create(path)
        let damage = try damage(original, in: path, &random)
        try expectFound(damage, original)
        try repair(path, copies: KeptCopies(in: scratch["kept"]))
        let result = try check(damage.store)
        #expect(result.errors.map(\.description) == [], "\(damage.keys)")
        try expectUntouchedFiles(damage, original)
        if seed % 6 == 0 {
            let restic = ResticPeer(home: scratch["home"], repository: path, password: RepositoryFixture.password)
            let answer = try restic.run(["check", "--read-data"])
            #expect(answer.exitStatus == 0, "\(damage.keys): \(answer.errorText)\(answer.outputText)")
        }
    }

    /// As the handbook has it, without the backup in between.
    private func repair(_ path: BytePath, copies: KeptCopies) throws {
        for repair in try check(LocalStore(root: path)).repairs {
            if case .removeKey(let key) = repair { try RepositoryFixture.open(LocalStore(root: path)).keyring.remove(key) }
        }
        _ = try RepairIndex(access: access(path)).run { _ in }
        let packs = try RepairPacks(access: access(path), names: [], copies: copies).run { _ in }
        #expect(packs.untouchedPacks.isEmpty)
        for pack in packs.removedPacks { #expect(try FileStatus.ifExists(copies.directory.appending("pack-\(pack.hex)")) != nil) }
        var snapshots = RepairSnapshots(access: access(path), names: [], filter: SnapshotFilter(), copies: copies)
        snapshots.forgets = true
        _ = try snapshots.run { _ in }
    }

    /// Every damaged file is named, and every file of a snapshot that suffers.
    private func expectFound(_ damage: Damage, _ original: Original) throws {
        let result = try check(damage.store)
        for key in damage.keys {
            // A pack whose index file is damaged as well is read when the index is repaired.
            if key.kind == .pack, let index = original.indexFiles[PackID(key.name)], damage.keys.contains(index) { continue }
            #expect(result.errors.contains { $0.object == key.description }, "\(key) is damaged, found \(result.errors)")
            if key.kind == .pack { #expect(result.brokenPacks.contains(PackID(key.name))) }
        }
        #expect(!result.repairs.isEmpty)
        let affected = Set(result.errors.flatMap(\.affected))
        for snapshot in original.snapshots where !damage.keys.contains(StoreKey(.snapshot, snapshot.id.digest)) {
            for (path, needs) in original.needs[snapshot.id] ?? [:] where damage.touches(needs) {
                let places = [path] + ancestors(of: path)
                let isNamed = places.contains { affected.contains(AffectedPath(snapshot: snapshot.id, path: $0)) }
                #expect(isNamed, "\(path) of \(snapshot.id.short)")
            }
        }
    }

    private func ancestors(of path: BytePath) -> [BytePath] {
        var found: [BytePath] = [], path = path
        while path != .root {
            path = path.parent
            found.append(path)
        }
        return found
    }

    /// Each is in its snapshot, or in the one that took its place.
    private func expectUntouchedFiles(_ damage: Damage, _ original: Original) throws {
        let repository = try RepositoryFixture.open(damage.store)
        let now = try SnapshotCatalog.load(repository)
        let recovered = try now.filter { $0.snapshot.tags.contains(Recovery.tag) }.map { try RepositoryFixture.read($0.id, from: repository) }
        for snapshot in original.snapshots {
            let successor = now.first { $0.id == snapshot.id } ?? now.first { $0.snapshot.original == snapshot.id }
            let found = try successor.map { try RepositoryFixture.read($0.id, from: repository) }
            let hasSameTree = original.snapshots.contains { $0.id != snapshot.id && $0.snapshot.tree == snapshot.snapshot.tree }
            if let successor, successor.id != snapshot.id { #expect(successor.snapshot.tags.contains(SnapshotRepair.tag)) }
            for (path, needs) in original.needs[snapshot.id] ?? [:] where !damage.touches(needs) {
                let content = original.files[snapshot.id]?[path]
                if let found {
                    #expect(found[path] == content, "\(path) of \(snapshot.id.short) after \(damage.keys)")
                } else if !hasSameTree {
                    let place = BytePath("/\(snapshot.snapshot.tree.short)\(path)")
                    #expect(recovered.contains { $0[place] == content }, "\(path) of \(snapshot.id.short), whose file is damaged, after \(damage.keys)")
                }
            }
        }
    }

    @Test func `in the config or the only key says what is to be done`() throws {
        let original = try #require(`Bit rot`.original)
        for kind in [StoreKind.config, .key] {
            let store = MemoryStore(contents: original.contents.filter { $0.key.kind != .key || KeyID($0.key.name) != original.secondKey })
            let key = try #require(store.contents.keys.first { $0.kind == kind })
            var bytes = try store.load(key, limit: 1 << 20)
            bytes[bytes.count / 2] ^= 1
            store.save(key, bytes.span)
            do {
                _ = try RepositoryFixture.open(store)
                Issue.record("a damaged \(kind) opened")
            } catch {
                let failure = Failure(describing: error)
                #expect(failure.code == .damaged && failure.hint?.contains("from a copy of the repository") == true, "\(failure)")
            }
        }
    }
}
