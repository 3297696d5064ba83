// RepositoryFixture: small repositories with a known content. Snapshots are random changes of one another, so that they share blobs;
// what each of them must give back is remembered.

package import Bytes
import Codecs
package import HostOS
package import RepositoryEngine
package import RepositoryFormat
package import Stores

/// A clock that stands still.
package struct FixedClock: Clock {
    package let seconds: Int64
    package init(seconds: Int64 = 1_700_000_000) { self.seconds = seconds }
    package func now() -> FileTime { FileTime(seconds: seconds, nanoseconds: 0) }
    package func sleep(nanoseconds: Int64) {}
}

package struct RepositoryFixture {
    package static let password = "correct horse"

    package let store: any Store
    package let repository: Repository
    /// What each snapshot holds: every file by its path.
    package private(set) var contents: [SnapshotID: [BytePath: [UInt8]]] = [:]
    package private(set) var snapshots: [SnapshotID] = []
    /// Names the blobs of every file, for tests that damage a certain one.
    package private(set) var blobs: [BytePath: [BlobID]] = [:]

    private var random: SeededRandom
    /// Files of the next snapshot, as chunks, by path of two or three names.
    private var files: [BytePath: [[UInt8]]] = [:]

    package static var identity: Identity {
        Identity(
            hostName: "fixture", userName: "tester", userID: 1000, groupID: 1000, processID: Host.processID, clock: FixedClock(),
            zone: { _ in 0 })
    }

    package init(in store: any Store, seed: UInt64, version: RepositoryVersion = .two) throws {
        self.store = store
        random = SeededRandom(seed: seed)
        repository = try Repository.create(
            in: store, password: SecretBytes(Array(RepositoryFixture.password.utf8)), identity: RepositoryFixture.identity,
            parameters: ScryptParameters(cost: 16, blockSize: 8, parallelism: 1), version: version)
    }

    /// Opens it anew, perhaps through another store.
    package static func open(_ store: any Store) throws -> Repository {
        try Repository.open(store, password: SecretBytes(Array(password.utf8)))
    }

    // MARK: Snapshots

    /// Changes some files and stores a snapshot of all. Each call leaves packs and an index file of its own.
    @discardableResult
    package mutating func addSnapshot(
        host: String = "fixture", tags: [String] = [], options: WriterOptions = WriterOptions()
    ) throws -> SnapshotID {
        changeFiles()
        let indexed = try IndexedRepository.load(repository)
        let writer = BlobWriter(indexed, options: options, clock: FixedClock())
        let tree = try save(files, below: BytePath.root, through: writer.lane())
        _ = try writer.finish()
        return try record(tree, host: host, tags: tags)
    }

    /// Stores a snapshot file for a tree that is there, or not: for tests of damage.
    package mutating func record(_ tree: BlobID, host: String = "fixture", tags: [String] = []) throws -> SnapshotID {
        let time = Timestamp(seconds: 1_700_000_000 + 3600 * Int64(snapshots.count), nanoseconds: 5)
        let file = SnapshotFile(time: time, tree: tree, paths: ["/data"], hostName: host, userName: "tester", tags: tags)
        let id = try SnapshotCatalog.save(file, in: repository)
        contents[id] = files.mapValues { Array($0.joined()) }
        snapshots.append(id)
        return id
    }

    private mutating func changeFiles() {
        for path in files.keys.sorted() where random.chance(15) { files[path] = nil }
        for path in files.keys.sorted() where random.chance(20) {
            // A file that grows, or loses its first chunk, shares the rest with what it was.
            let chunks = files[path] ?? []
            files[path] = random.chance(50) ? chunks + [chunk()] : Array(chunks.dropFirst())
        }
        for _ in 0..<Int.random(in: 2...6, using: &random) {
            let folder = BytePath("/data/dir\(Int.random(in: 0..<4, using: &random))")
            let deeper = random.chance(30) ? folder.appending("sub") : folder
            let path = deeper.appending("file\(Int.random(in: 0..<30, using: &random))")
            files[path] = (0..<Int.random(in: 0...3, using: &random)).map { _ in chunk() }
        }
    }

    /// Half of the chunks come from a small stock, so that files share them; some compress and some do not.
    private mutating func chunk() -> [UInt8] {
        let seed = random.chance(50) ? UInt64.random(in: 0..<20, using: &random) : random.next()
        var source = SeededRandom(seed: seed)
        let count = Int.random(in: 1...20_000, using: &source)
        return source.chance(50) ? source.bytes(count) : Array(repeating: UInt8(truncatingIfNeeded: seed), count: count)
    }

    // MARK: Trees

    /// Stores the files below a directory; the tree's id.
    private mutating func save(_ files: [BytePath: [[UInt8]]], below folder: BytePath, through lane: BlobWriter.Lane) throws -> BlobID {
        let depth = folder.components.count
        var nodes: [Node] = []
        let byName = Dictionary(grouping: files) { $0.key.components[depth] }
        for (name, members) in byName.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let path = folder.appending(name)
            if let chunks = files[path] {
                nodes.append(try fileNode(path, chunks, lane))
            } else {
                var node = Node(name: name, kind: .directory)
                node.mode = GoFileMode(posix: 0o040755)
                node.subtree = try save(Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) }), below: path, through: lane)
                nodes.append(node)
            }
        }
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }

    private mutating func fileNode(_ path: BytePath, _ chunks: [[UInt8]], _ lane: BlobWriter.Lane) throws -> Node {
        var node = Node(name: path.name, kind: .file)
        node.mode = GoFileMode(posix: 0o100644)
        node.linkCount = 1
        node.size = UInt64(chunks.reduce(0) { $0 + $1.count })
        var content: [BlobID] = []
        for chunk in chunks { content.append(try lane.save(.data, chunk.span).id) }
        node.content = content
        blobs[path] = content
        return node
    }

    // MARK: Reading back

    /// Every file of a snapshot, read through the repository as it is now.
    package static func read(_ snapshot: SnapshotID, from repository: Repository) throws -> [BytePath: [UInt8]] {
        let file = try SnapshotCatalog.load(snapshot, repository)
        let reader = BlobReader(try IndexedRepository.load(repository))
        var found: [BytePath: [UInt8]] = [:]
        var waiting: [(BlobID, BytePath)] = [(file.tree, .root)]
        while let (tree, folder) = waiting.popLast() {
            for node in try Tree.parse(reader.readTree(tree)) {
                let path = folder.appending(node.name)
                if let subtree = node.subtree { waiting.append((subtree, path)) }
                guard let content = node.content else { continue }
                var bytes: [UInt8] = []
                for id in content { bytes += try reader.read(BlobHandle(type: .data, id: id)) }
                found[path] = bytes
            }
        }
        return found
    }
}
