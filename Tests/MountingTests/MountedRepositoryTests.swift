// MountedRepository as the kernel would ask it, without the kernel: everything in it, damage, and snapshots that come while it is shown.

import Bytes
import Codecs
import HostOS
import Mounting
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

/// A mounted repository and what it complains about.
private final class Bench {
    let clock = SettableClock()
    let troubles = Complaints()
    let mounted: MountedRepository

    final class Complaints: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ failure: Failure) { list.withLock { $0.append(failure.message) } }
    }

    init(_ store: any Store, filter: SnapshotFilter = SnapshotFilter(), ownsFiles: Bool = false) throws {
        let repository = try RepositoryFixture.open(store), troubles = troubles
        let snapshots = try SnapshotCatalog.load(repository)
        let indexed = try IndexedRepository.load(repository)
        let shown = MountedSnapshots(
            indexed, snapshots, filter: filter, layout: try FolderLayout(), clock: clock, onTrouble: { troubles.add($0) })
        mounted = MountedRepository(
            indexed, shown, owner: MountedRepository.Owner(userID: 5, groupID: 6, ownsFiles: ownsFiles), started: Timestamp(seconds: 9),
            onTrouble: { troubles.add($0) })
    }

    func names(_ path: BytePath) throws -> [String] {
        var names: [String] = []
        try mounted.list(path) { name, _ in
            names.append(BytePath.display(name))
            return true
        }
        return names
    }

    func read(_ path: BytePath, at offset: UInt64 = 0, byteCount: Int = 1 << 24) throws -> [UInt8] {
        let file = try mounted.open(path)
        defer { mounted.close(file.handle) }
        var bytes: [UInt8] = []
        try mounted.read(file.handle, at: offset, byteCount: byteCount) { bytes += [UInt8](copying: $0) }
        return bytes
    }
}

@Suite struct `A mounted repository` {
    @Test(arguments: [UInt64(1), 2, 3], [RepositoryVersion.one, .two])
    func `shows every byte of every snapshot, from any place`(seed: UInt64, version: RepositoryVersion) throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: seed, version: version)
        for _ in 0..<3 { try fixture.addSnapshot() }
        let bench = try Bench(fixture.store)
        var random = SeededRandom(seed: seed)
        for id in fixture.snapshots {
            for (path, content) in try #require(fixture.contents[id]) {
                let place = BytePath("/ids/\(id.short)\(path)")
                #expect(try bench.mounted.attributes(of: place).size == UInt64(content.count))
                #expect(try bench.read(place) == content, "seed \(seed), \(path)")
                let offset = Int.random(in: 0...content.count + 5, using: &random), count = Int.random(in: 0...30_000, using: &random)
                #expect(try bench.read(place, at: UInt64(offset), byteCount: count) == Array(content.dropFirst(offset).prefix(count)), "seed \(seed), \(path)")
            }
        }
        #expect(bench.troubles.all.isEmpty)
    }

    @Test func `answers what is not there, and what is something else`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 1)
        let id = try fixture.addSnapshot()
        let bench = try Bench(fixture.store)
        let file = try #require(fixture.contents[id]?.keys.min()), place = BytePath("/ids/\(id.short)\(file)")
        #expect(throws: MountRefusal.noSuchFile) { try bench.mounted.attributes(of: "/nothing") }
        #expect(throws: MountRefusal.noSuchFile) { try bench.mounted.attributes(of: BytePath("/ids/\(id.short)/data/nothing")) }
        #expect(throws: MountRefusal.noDirectory) { try bench.mounted.attributes(of: place.appending("below")) }
        #expect(throws: MountRefusal.noDirectory) { try bench.mounted.attributes(of: "/snapshots/latest/data") }
        #expect(throws: MountRefusal.noDirectory) { try bench.names(place) }
        #expect(throws: MountRefusal.isDirectory) { try bench.mounted.open("/ids") }
        #expect(throws: MountRefusal.isDirectory) { try bench.mounted.open(BytePath("/ids/\(id.short)/data")) }
        #expect(throws: MountRefusal.invalid) { try bench.mounted.linkTarget(of: place) }
        #expect(throws: MountRefusal.invalid) { try bench.mounted.read(77, at: 0, byteCount: 1) { _ in } }
        #expect(try bench.mounted.extendedAttributes(of: "/ids").isEmpty)
        #expect(bench.troubles.all.isEmpty)
    }

    @Test func `gives files to their owner, or to one for all`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 1)
        let id = try fixture.addSnapshot()
        let file = BytePath("/ids/\(id.short)\(try #require(fixture.contents[id]?.keys.min()))")
        let bench = try Bench(fixture.store), same = try Bench(fixture.store, ownsFiles: true)
        #expect(try bench.mounted.attributes(of: file).userID == 0)
        #expect(try same.mounted.attributes(of: file).userID == 5)
        for folder: BytePath in ["/", "/ids", BytePath("/ids/\(id.short)")] {
            let attributes = try bench.mounted.attributes(of: folder)
            #expect(attributes.mode == 0o040555 && attributes.userID == 5 && attributes.groupID == 6)
        }
        #expect(try bench.mounted.attributes(of: "/ids").modified.seconds == 9)
        #expect(try bench.mounted.attributes(of: BytePath("/ids/\(id.short)")).modified.seconds == 1_700_000_000)
    }

    @Test func `refuses what needs a damaged blob, says so once, and shows the rest`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 4)
        for _ in 0..<3 { try fixture.addSnapshot() }
        let id = try #require(fixture.snapshots.last), contents = try #require(fixture.contents[id])
        let (path, blobs) = try #require(fixture.blobs.filter { $0.value.count > 1 && contents[$0.key] != nil }.min { $0.key < $1.key })
        let victim = blobs[1], index = try IndexedRepository.load(fixture.repository).index
        for location in index.locations(BlobHandle(type: .data, id: victim)) {
            var pack = try fixture.store.load(StoreKey(.pack, location.pack.digest), limit: 1 << 28)
            pack[Int(location.offset) + 20] ^= 1
            try fixture.store.save(StoreKey(.pack, location.pack.digest), pack.span)
        }
        let bench = try Bench(fixture.store), place = BytePath("/ids/\(id.short)\(path)")
        let whole = try #require(contents[path]), first = try #require(index.locate(BlobHandle(type: .data, id: blobs[0]))).plainByteCount
        for _ in 0..<3 { #expect(throws: MountRefusal.unreadable) { try bench.read(place) } }
        if blobs[0] != victim { #expect(try bench.read(place, byteCount: first) == Array(whole.prefix(first))) }
        #expect(bench.troubles.all.count == 1)
        #expect(bench.troubles.all.first?.contains("\(path)") == true)
        for (other, content) in contents where fixture.blobs[other]?.contains(victim) != true {
            #expect(try bench.read(BytePath("/ids/\(id.short)\(other)")) == content)
        }
    }

    @Test func `shows a tree that cannot be read as an error, and a file longer than its size whole`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 5)
        try fixture.addSnapshot()
        let lost = try fixture.record(BlobID(SHA256.hash([1, 2, 3])))
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository), options: WriterOptions(), clock: FixedClock())
        let lane = writer.lane()
        var file = Node(name: Array("file".utf8), kind: .file), folder = Node(name: Array("folder".utf8), kind: .directory)
        let text = Array("longer than it says".utf8)
        file.content = [try lane.save(.data, text.span).id]
        file.size = 3
        folder.subtree = nil
        var missing = Node(name: Array("missing".utf8), kind: .file)
        missing.content = [BlobID(SHA256.hash([9]))]
        let json = try Tree.serialise([file, folder, missing])
        let tree = try lane.save(.tree, json.span).id
        _ = try writer.finish()
        let odd = try fixture.record(tree)
        let bench = try Bench(fixture.store)
        #expect(throws: MountRefusal.unreadable) { try bench.names(BytePath("/ids/\(lost.short)")) }
        #expect(try bench.mounted.attributes(of: BytePath("/ids/\(lost.short)")).mode == 0o040555)
        #expect(try bench.names(BytePath("/ids/\(odd.short)")) == ["file", "folder", "missing"])
        #expect(throws: MountRefusal.unreadable) { try bench.names(BytePath("/ids/\(odd.short)/folder")) }
        #expect(throws: MountRefusal.unreadable) { try bench.mounted.open(BytePath("/ids/\(odd.short)/missing")) }
        #expect(try bench.mounted.open(BytePath("/ids/\(odd.short)/file")).hasOtherSize)
        #expect(try bench.read(BytePath("/ids/\(odd.short)/file")) == text)
        #expect(bench.troubles.all.count == 4)
    }

    @Test func `shows snapshots that were made meanwhile, a minute later, with their new index`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 6)
        try fixture.addSnapshot()
        let bench = try Bench(fixture.store)
        let second = try fixture.addSnapshot(tags: ["new"])
        #expect(try bench.names("/ids").count == 1)
        bench.clock.advance(seconds: 59)
        #expect(try bench.names("/ids").count == 1)
        bench.clock.advance(seconds: 1)
        #expect(try bench.names("/ids").count == 2)
        #expect(try bench.names("/tags") == ["new"])
        for (path, content) in try #require(fixture.contents[second]) { #expect(try bench.read(BytePath("/ids/\(second.short)\(path)")) == content) }
        try fixture.store.delete(StoreKey(.snapshot, second.digest))
        bench.clock.advance(seconds: 60)
        #expect(try bench.names("/ids").count == 1)
        #expect(bench.troubles.all.isEmpty)
    }

    @Test func `goes on with what it has while the list cannot be read`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 7)
        let first = try fixture.addSnapshot()
        let bench = try Bench(fixture.store)
        let second = try fixture.addSnapshot()
        let good = try fixture.store.load(StoreKey(.snapshot, second.digest), limit: 1 << 20)
        var bad = good
        bad[good.count / 2] ^= 1
        try fixture.store.save(StoreKey(.snapshot, second.digest), bad.span)
        for _ in 0..<3 {
            bench.clock.advance(seconds: 60)
            #expect(try bench.names("/ids") == [first.short])
        }
        #expect(bench.troubles.all.count == 1)
    }

    @Test func `shows only the snapshots that are meant`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 8)
        try fixture.addSnapshot(host: "web")
        let meant = try fixture.addSnapshot(host: "db")
        let bench = try Bench(fixture.store, filter: SnapshotFilter(hosts: ["db"]))
        #expect(try bench.names("/ids") == [meant.short])
        #expect(try bench.names("/hosts") == ["db"])
    }
}
