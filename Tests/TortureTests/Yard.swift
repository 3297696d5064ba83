// Yard: a source directory that changes, a repository in any store, and everything that can be done to it: a row of `Deed.all` each.
// Who adds a verb to lifeboat adds a row, and every crash and every fault is tried on it as well.

import Archiving
import Bytes
import Codecs
import FileTrees
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing
import Upkeep

/// One thing that people do to a repository, by the verb that the program uses.
struct Deed: Sendable, CustomTestStringConvertible {
    let name: String
    /// Whether a second run after a first that came through has something to do and succeeds: not so for changing a password.
    var canBeRepeated = true
    /// The verb itself. Damage that a check reports, and files that a restore could not bring back, are thrown as a Failure, as the
    /// program's exit status would say it.
    let run: @Sendable (Yard, RepositoryAccess) throws -> Void

    var testDescription: String { name }

    static let backup = Deed(name: "backup") { yard, access in _ = try yard.backUp(access) }
    static let prune = Deed(name: "prune") { _, access in
        _ = try PruneRepository(access: access, options: Yard.thorough).run(progress: { _ in })
    }

    static let all: [Deed] = [
        backup, prune,
        Deed(name: "forget") { _, access in _ = try Yard.forget(access).run(progress: { _ in }) },
        Deed(name: "parity on") { _, access in _ = try Yard.parity(access).on(redundancyPercent: Int.random(in: 20...50), progress: { _ in }) },
        Deed(name: "forget --prune") { _, access in
            var verb = Yard.forget(access)
            verb.prune = Yard.thorough
            let outcome = try verb.run(progress: { _ in })
            if let failed = outcome.failed.first { throw Failure(.sourceIncomplete, failed.message) }
        },
        Deed(name: "key add") { yard, access in _ = try yard.keys(access).add(Yard.secret("another"), identity: .ofThisProcess()) },
        Deed(name: "key passwd", canBeRepeated: false) { yard, access in
            _ = try yard.keys(access).change(to: Yard.secret(Yard.newPassword), identity: .ofThisProcess())
        },
        Deed(name: "key remove") { yard, access in
            let keys = try yard.keys(access)
            let id = try keys.add(Yard.secret("passing"), identity: .ofThisProcess())
            _ = try keys.remove(id.hex)
        },
        Deed(name: "repair packs") { yard, access in
            // One that is whole: everything in it is saved, and it goes.
            let pack = try access.open().store.list(.pack).map(\.name).min()
            let verb = RepairPacks(access: access, names: [pack?.hex ?? ""], copies: KeptCopies(in: try yard.placeForCopies()))
            if let blob = try verb.run(progress: { _ in }).lostBlobs.first { throw Failure(.damaged, "\(blob) was lost") }
        },
        Deed(name: "repair snapshots --forget") { yard, access in
            // Nothing is damaged, so nothing may be taken for lost.
            var verb = RepairSnapshots(access: access, names: [], filter: SnapshotFilter(), copies: KeptCopies(in: try yard.placeForCopies()))
            verb.forgets = true
            if try verb.run(progress: { _ in }).changedCount > 0 { throw Failure(.damaged, "a snapshot was changed") }
        },
        Deed(name: "parity update") { _, access in
            let verb = Yard.parity(access)
            if try verb.status().settings == nil { _ = try verb.on(redundancyPercent: 20, progress: { _ in }) }
            _ = try verb.update(forgetsMissing: false, progress: { _ in })
        },
        Deed(name: "repair index") { _, access in _ = try RepairIndex(access: access).run(progress: { _ in }) },
        Deed(name: "repair index --read-all-packs") { _, access in
            var verb = RepairIndex(access: access)
            verb.readsAllPacks = true
            _ = try verb.run(progress: { _ in })
        },
        Deed(name: "tag") { _, access in
            let verb = TagSnapshots(access: access, choice: SnapshotChoice(names: ["latest"]), change: .change(add: [Yard.freshTag()], remove: []))
            _ = try verb.run(progress: { _ in })
        },
        Deed(name: "rewrite --forget") { _, access in
            var request = RewriteRequest()
            request.newHost = Yard.freshTag()
            request.forgetsOriginals = true
            _ = try RewriteSnapshots(access: access, choice: SnapshotChoice(names: ["latest"]), request: request).run(progress: { _ in })
        },
        Deed(name: "copy to it") { yard, access in
            let store = MemoryStore()
            try yard.makeRepository(in: store)
            _ = try yard.backUp(yard.access(store))
            _ = try CopySnapshots(source: yard.access(store), destination: access, choice: SnapshotChoice()).run(progress: { _ in })
        },
        Deed(name: "copy from it") { yard, access in
            let store = MemoryStore()
            try yard.makeRepository(in: store)
            _ = try CopySnapshots(source: access, destination: yard.access(store), choice: SnapshotChoice()).run(progress: { _ in })
        },
        Deed(name: "check --read-data") { _, access in
            let result = try CheckRepository(access: access, options: CheckOptions(readData: .all)).run(progress: { _ in })
            if let error = result.errors.first { throw Failure(.damaged, error.description) }
        },
        Deed(name: "restore") { yard, access in
            let target = yard.tree[BytePath("target-\(UInt64.random(in: 0 ... .max))")]
            defer { try? Directory.removeTree(target) }
            let verb = RestoreFiles(access: access, snapshot: "latest", filter: SnapshotFilter(), target: target)
            if let problem = try verb.run().summary.problems.first { throw problem.failure }
        },
        Deed(name: "dump") { _, access in
            try DumpFiles(access: access, snapshot: "latest", filter: SnapshotFilter(), path: "/").run(allowsArchive: {}, sink: { _ in })
        },
        Deed(name: "snapshots") { _, access in
            if let damage = try ListSnapshots(access: access, names: [], filter: SnapshotFilter()).run().damage.first { throw damage }
        },
        Deed(name: "ls") { _, access in
            try ListFiles(access: access, snapshot: "latest", filter: SnapshotFilter()).run(onSnapshot: { _ in }, onNode: { _, _ in })
        },
        Deed(name: "stats") { _, access in
            _ = try MeasureRepository(access: access, mode: .restoreSize, snapshots: [], filter: SnapshotFilter()).run(progress: { _ in })
        },
        Deed(name: "parity off") { _, access in _ = try Yard.parity(access).off() },
        Deed(name: "unlock") { _, access in _ = try UnlockRepository(access: access, all: true).run() },
    ]
}

/// One thread at a time works on its tree.
final class Yard: @unchecked Sendable {
    static let password = RepositoryFixture.password
    static let newPassword = "a new one"
    /// How many of the snapshots `forget` keeps.
    static let keptCount = 2
    static let thorough = PruneOptions(maximumUnused: .percent(0))

    let tree: ScratchTree
    private let random: Mutex<SeededRandom>
    private let backupCount = Mutex<Int64>(0)

    init(seed: UInt64) throws {
        tree = try ScratchTree(["source": .directory])
        random = Mutex(SeededRandom(seed: seed))
        try changeSource()
    }

    static func secret(_ text: String) -> PasswordSource { .literal(SecretBytes(Array(text.utf8))) }

    /// One that no snapshot has.
    static func freshTag() -> String { "new\(UInt64.random(in: 0 ... .max))" }

    static func parity(_ access: RepositoryAccess) -> ParityRepository {
        var verb = ParityRepository(address: access.address)
        verb.openStore = access.openStore
        return verb
    }

    static func forget(_ access: RepositoryAccess) -> ForgetSnapshots {
        let policy = ForgetPolicy(counts: [.last: keptCount])
        return ForgetSnapshots(
            access: access, choice: .policy(policy, SnapshotGrouping(byHost: false, byPaths: false), allowRemoveAll: false),
            filter: SnapshotFilter())
    }

    /// A fresh directory each time.
    func placeForCopies() throws -> BytePath {
        let name = BytePath("copies-\(UInt64.random(in: 0 ... .max))")
        try tree.add(name, .directory)
        return tree[name]
    }

    func access(_ store: any Store, password: String = Yard.password) -> RepositoryAccess {
        var access = RepositoryAccess(address: .local("/yard"), password: Yard.secret(password))
        access.openStore = { _ in store }
        return access
    }

    /// Opening costs nothing, like everything here.
    func keys(_ access: RepositoryAccess) throws -> Keys {
        var keys = Keys(access: access)
        keys.parameters = try ScryptParameters(cost: 16, blockSize: 8, parallelism: 1)
        return keys
    }

    func makeRepository(in store: any Store) throws {
        _ = try Repository.create(
            in: store, password: SecretBytes(Array(Yard.password.utf8)), identity: RepositoryFixture.identity,
            parameters: ScryptParameters(cost: 16, blockSize: 8, parallelism: 1))
    }

    /// Writes, changes and removes some files, so that every backup shares some blobs with the one before and not others.
    func changeSource() throws {
        try random.withLock { random in
            for number in 0..<8 where random.chance(60) {
                let path = BytePath("source/dir\(number % 3)/file\(number)")
                if random.chance(15) { try tree.remove(path) } else { try tree.add(path, .bytes(random.bytes(Int.random(in: 1...30_000, using: &random)))) }
            }
            try tree.add("source/always", .bytes(random.bytes(2000)))
        }
    }

    /// Each an hour after the one before.
    func backUp(_ access: RepositoryAccess) throws -> BackupSummary {
        let count = backupCount.withLock { count in
            count += 1
            return count
        }
        let request = BackupRequest(
            targets: ["source"], workingDirectory: tree.path, hostName: "yard", userName: "tester",
            time: Timestamp(seconds: 1_700_000_000 + 3600 * count), programVersion: "test")
        let summary = try BackupFiles(access: access, request: request).run()
        if let problem = summary.problems.first { throw problem.failure }
        return summary
    }

    /// A repository with a past: six backups of which one was forgotten, so that there is something to free, to copy and to keep.
    func seasoned() throws -> MemoryStore {
        let store = MemoryStore()
        try makeRepository(in: store)
        var ids: [SnapshotID] = []
        for _ in 0..<6 {
            try changeSource()
            ids.append(try #require(backUp(access(store)).snapshotID))
        }
        var verb = Yard.forget(access(store))
        verb.choice = .named([ids[1].hex])
        _ = try verb.run(progress: { _ in })
        return store
    }

    // MARK: The law

    /// Opens it with whichever password fits: the old one as long as it does.
    static func open(_ store: any Store) throws -> (repository: Repository, password: String) {
        do {
            return (try RepositoryFixture.open(store), password)
        } catch RepositoryFailure.wrongPassword {
            return (try Repository.open(store, password: SecretBytes(Array(newPassword.utf8))), newPassword)
        }
    }

    typealias Contents = [SnapshotID: [BytePath: [UInt8]]]

    /// What every snapshot of a store gives back.
    static func contents(of store: any Store) throws -> Contents {
        let repository = try open(store).repository
        var found: Contents = [:]
        for entry in try SnapshotCatalog.load(repository) { found[entry.id] = try RepositoryFixture.read(entry.id, from: repository) }
        return found
    }

    /// The known snapshots whose content no snapshot of a store gives back. One that got other tags is another file with the same content.
    static func lost(_ known: Contents, in store: any Store) throws -> [SnapshotID] {
        let found = try contents(of: store)
        return known.filter { id, content in found[id] == nil && !found.values.contains(content) }.map(\.key)
    }

    /// Without the locks of programs that are no more. They carry the number of this process, which lives.
    static func withoutLocks(_ contents: [StoreKey: [UInt8]]) -> MemoryStore { MemoryStore(contents: contents.filter { $0.key.kind != .lock }) }

    /// Every byte of the repository is right, and every snapshot there is gives back what is known of it.
    /// - Returns: the snapshots there are.
    @discardableResult
    static func expectWhole(
        _ store: any Store, _ known: Contents, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Set<SnapshotID> {
        let result = try Check(open(store).repository, options: CheckOptions(readData: .all)).run()
        #expect(result.errors.map(\.description) == [], comment, sourceLocation: sourceLocation)
        let found = try contents(of: store)
        for (id, content) in found where known[id] != nil { #expect(content == known[id], comment, sourceLocation: sourceLocation) }
        return Set(found.keys)
    }
}
