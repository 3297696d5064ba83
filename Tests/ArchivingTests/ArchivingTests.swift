// What the tests of backup and restore share: a source and a target directory, a repository in memory, and trees that are random or
// hostile.

import Archiving
import Bytes
import Codecs
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

struct Bench {
    let tree: ScratchTree
    let store: MemoryStore

    /// - Parameter items: below `source`.
    init(_ items: [String: ScratchTree.Item] = [:], store: MemoryStore? = nil) throws {
        tree = try ScratchTree(["source": .directory, "outside/victim": .file("precious", mode: 0o640)])
        for (name, item) in items.sorted(by: { $0.key < $1.key }) { try tree.add(BytePath("source/" + name), item) }
        self.store = store ?? MemoryStore()
        if store == nil {
            _ = try Repository.create(
                in: self.store, password: SecretBytes(Array(RepositoryFixture.password.utf8)), identity: RepositoryFixture.identity,
                parameters: ScryptParameters(cost: 16, blockSize: 8, parallelism: 1))
        }
    }

    func repository(_ other: (any Store)? = nil) throws -> Repository { try RepositoryFixture.open(other ?? store) }

    // MARK: Backup

    /// Each a second later than the one before.
    @discardableResult
    func backUp(
        _ targets: [BytePath] = ["source"], through other: (any Store)? = nil, cancellation: Cancellation = Cancellation(),
        _ configure: (inout BackupRequest) -> Void = { _ in }
    ) throws -> BackupSummary {
        let repository = try repository(other), snapshots = try SnapshotCatalog.load(repository)
        var request = BackupRequest(
            targets: targets, workingDirectory: tree.path, hostName: "h", userName: "u", time: Timestamp(seconds: 1_700_000_000 + Int64(snapshots.count)),
            programVersion: "test")
        configure(&request)
        return try BackupRun(IndexedRepository.load(repository), request, zone: { _ in 3600 }, cancellation: cancellation).run(snapshots: snapshots)
    }

    // MARK: Restore

    @discardableResult
    func restore(_ root: BlobID, into target: BytePath = "target", _ configure: (inout RestoreRequest) -> Void = { _ in }) throws -> RestoreSummary {
        let indexed = try IndexedRepository.load(repository())
        var request = RestoreRequest(tree: root, target: tree[target])
        configure(&request)
        return try RestoreRun(indexed, request, plan: RestorePlan.make(indexed, request, snapshotName: "test")).run()
    }

    /// The source directory's content becomes the target's.
    @discardableResult
    func restoreSource(_ root: BlobID, into target: BytePath = "target", _ configure: (inout RestoreRequest) -> Void = { _ in }) throws -> RestoreSummary {
        try restore(root, into: target) {
            $0.subfolder = "/source"
            configure(&$0)
        }
    }

    func expectSame(_ target: BytePath = "target", _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let differences = try TreePicture(of: tree[target]).differences(from: TreePicture(of: tree["source"]))
        #expect(differences == [], comment, sourceLocation: sourceLocation)
    }

    func expectOutsideUntouched(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try tree.text("outside/victim") == "precious", sourceLocation: sourceLocation)
        #expect(try tree.status("outside/victim")?.mode == 0o640, sourceLocation: sourceLocation)
        let outside = try tree.allPaths().filter { !BytePath("target").contains($0) && !BytePath("source").contains($0) }
        #expect(outside == ["outside", "outside/victim"], sourceLocation: sourceLocation)
    }

    // MARK: Looking into the repository

    /// Every tree below a root, by its id.
    func trees(_ root: BlobID) throws -> [BlobID: [UInt8]] {
        let reader = BlobReader(try IndexedRepository.load(repository()))
        var found: [BlobID: [UInt8]] = [:], waiting = [root]
        while let id = waiting.popLast() {
            if found[id] != nil { continue }
            let json = try reader.readTree(id)
            found[id] = json
            waiting += try Tree.parse(json).compactMap(\.subtree)
        }
        return found
    }

    func node(_ path: BytePath, in root: BlobID) throws -> Node {
        try SnapshotPath.find(path, in: root, reader: BlobReader(IndexedRepository.load(repository())), snapshotName: "test")
    }

    /// Stores blobs as another program might.
    func store(_ body: (BlobWriter.Lane) throws -> BlobID) throws -> BlobID {
        let writer = BlobWriter(try IndexedRepository.load(repository()))
        let id = try body(writer.lane())
        _ = try writer.finish()
        return id
    }
}

/// Trees that no honest program writes.
enum Hostile {
    /// The JSON of a tree with nodes in the order given, names as they stand in JSON.
    static func tree(_ nodes: [(name: String, node: Node)]) throws -> [UInt8] {
        let texts = try nodes.map { name, node in
            var plain = node
            plain.name = Array("PLACEHOLDER".utf8)
            let json = String(decoding: try plain.json(), as: UTF8.self)
            return json.split(separator: "PLACEHOLDER", omittingEmptySubsequences: false).joined(separator: name)
        }
        return Array("{\"nodes\":[\(texts.joined(separator: ","))]}\n".utf8)
    }

    static func save(_ nodes: [(name: String, node: Node)], _ lane: BlobWriter.Lane) throws -> BlobID {
        let json = try tree(nodes)
        return try lane.save(.tree, json.span).id
    }

    static func file(_ content: [BlobID], size: UInt64 = 4) -> Node {
        var node = Node(name: [], kind: .file)
        node.mode = GoFileMode(posix: 0o100644)
        node.content = content
        node.size = size
        node.linkCount = 1
        return node
    }

    static func directory(_ subtree: BlobID?) -> Node {
        var node = Node(name: [], kind: .directory)
        node.mode = GoFileMode(posix: 0o040755)
        node.subtree = subtree
        return node
    }

    static func link(to target: String) -> Node {
        var node = Node(name: [], kind: .symbolicLink)
        node.mode = GoFileMode(posix: 0o120777)
        node.linkTarget = Array(target.utf8)
        return node
    }
}

/// Random trees: names of all bytes, nested folders, links, hard links, holes, all modes and times.
enum RandomTree {
    static func fill(_ path: BytePath, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let root = try BeneathRoot(path)
        var folders: [BytePath] = [""], files: [BytePath] = []
        for _ in 0..<Int.random(in: 10...60, using: &random) {
            let folder = folders[Int.random(in: 0..<folders.count, using: &random)], place = folder.appending(name(&random))
            if try root.statusIfExists(of: place) != nil { continue }
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1:
                try root.createDirectory(place)
                folders.append(place)
            case 2: try root.createSymbolicLink(place, to: random.chance(50) ? Array("../somewhere".utf8) : name(&random))
            case 3 where !files.isEmpty: try root.createHardLink(place, to: files[Int.random(in: 0..<files.count, using: &random)])
            case 4: try root.createSpecialFile(place, kind: .fifo, device: 0)
            default:
                try write(root, place, &random)
                files.append(place)
            }
        }
        try adorn(root, path, &random)
    }

    static func name(_ random: inout SeededRandom) -> [UInt8] {
        while true {
            let length = random.chance(5) ? 255 : Int.random(in: 1...12, using: &random)
            let bytes = random.bytes(length).map { byte in byte & 0x80 == 0 ? UInt8(ascii: "a") + byte % 26 : byte }
            let plain = random.chance(60) ? bytes.map { UInt8(ascii: "a") + $0 % 26 } : bytes
            if BeneathRoot.isEntryName(plain) { return plain }
        }
    }

    private static func write(_ root: BeneathRoot, _ place: BytePath, _ random: inout SeededRandom) throws {
        let file = try root.open(place, .createNew)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: break
        case 1:
            try file.truncate(to: UInt64.random(in: 1...2_000_000, using: &random))
            if random.chance(50) { try file.write(random.bytes(10).span, at: UInt64.random(in: 0...1_000_000, using: &random)) }
        case 2: try file.write(random.bytes(Int.random(in: 500_000...1_500_000, using: &random)).span)
        default: try file.write(random.bytes(Int.random(in: 1...5000, using: &random)).span)
        }
    }

    /// Attributes, modes and times, from the leaves up.
    private static func adorn(_ root: BeneathRoot, _ path: BytePath, _ random: inout SeededRandom) throws {
        var paths: [BytePath] = [], pending: [BytePath] = [""]
        while let folder = pending.popLast() {
            for entry in try root.entries(of: folder) {
                paths.append(folder.appending(entry.name))
                if try root.status(of: folder.appending(entry.name)).kind == .directory { pending.append(folder.appending(entry.name)) }
            }
        }
        for place in paths.reversed() {
            let kind = try root.status(of: place).kind
            if (kind == .regular || kind == .directory) && random.chance(20) {
                try ExtendedAttributes.set(
                    ExtendedAttribute(name: Array("user.".utf8) + [UInt8(ascii: "a") + UInt8.random(in: 0..<26, using: &random)], value: random.bytes(20)),
                    of: BytePath(path.bytes + [BytePath.slash] + place.bytes))
            }
            if AccountNames.isSuperuser && random.chance(30) {
                try root.setOwner(of: place, user: UInt32.random(in: 0...70_000, using: &random), group: UInt32.random(in: 0...70_000, using: &random))
            }
            if kind != .symbolicLink { try root.setMode(of: place, UInt32.random(in: 0...0o7777, using: &random) | (AccountNames.isSuperuser ? 0 : 0o700)) }
            let time = FileTime(seconds: Int64.random(in: -1_000_000...4_000_000_000, using: &random), nanoseconds: Int32.random(in: 0..<1_000_000_000, using: &random))
            try root.setTimes(of: place, access: time, modification: time)
        }
    }
}
