// The sample repositories, written by restic 0.19.1: the engine reads every tree and every file of them.

import Bytes
import Codecs
import Foundation
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

private struct Sample: Decodable {
    struct Entry: Decodable {
        let path_as_stored: String
        let type: String
        let size: UInt64?
        let sha256: String?
        let blobs: Int?
        let linktarget: String?
        let subtree: String?
    }
    struct Snapshot: Decodable {
        let id: String
        let json: String
        let entries: [Entry]
    }
    struct Pack: Decodable {
        let id: String
        /// "data off=0 len=45 raw=- fbbd…"
        let blobs: [String]
    }
    private struct All: Decodable {
        let v1: Sample
        let v2: Sample
    }
    let tar: String
    let directory: String
    let password_list: [String]
    let repository_id: String
    let version: UInt32
    let chunker_polynomial: String
    let packs: [Pack]
    let snapshots: [Snapshot]

    static func load(_ name: String) throws -> Sample {
        let all = try JSONDecoder().decode(All.self, from: Data(TestVectors.read("sample-repo.json")))
        return name == "v1" ? all.v1 : all.v2
    }

    func unpack(_ tree: ScratchTree) throws -> LocalStore {
        let result = try Child.run("tar", ["-xf", "\(TestVectors.folder.appending(tar))", "-C", "\(tree.path)"])
        try #require(result.exitStatus == 0, "\(result.errorText)")
        return LocalStore(root: tree[BytePath(directory)])
    }
}

@Suite struct `A repository that restic wrote` {
    @Test(arguments: ["v1", "v2"]) func `opens with each of its passwords`(_ name: String) throws {
        let sample = try Sample.load(name), tree = try ScratchTree(), store = try sample.unpack(tree)
        for password in sample.password_list {
            let repository = try Repository.open(store, password: secret(password))
            #expect(repository.config.id.hex == sample.repository_id && repository.config.version.rawValue == sample.version)
            #expect(repository.config.polynomial.hex == sample.chunker_polynomial)
        }
        #expect(failureName { _ = try Repository.open(store, password: secret("wrong")) } == "wrongPassword")
    }

    @Test(arguments: ["v1", "v2"]) func `has the packs and blobs that restic listed`(_ name: String) throws {
        let sample = try Sample.load(name), tree = try ScratchTree(), store = try sample.unpack(tree)
        let repository = try Repository.open(store, password: secret(sample.password_list[0]))
        let expected = Dictionary(uniqueKeysWithValues: sample.packs.map { ($0.id, Set($0.blobs.map { String($0.suffix(64)) })) })
        let parsed = Dictionary(uniqueKeysWithValues: try ParsedPack.all(in: repository).map { ($0.id.hex, Set($0.blobs.map(\.id.hex))) })
        #expect(parsed == expected)
        let indexed = try IndexedRepository.load(repository), reader = BlobReader(indexed)
        for pack in sample.packs {
            let blobs = indexed.index.blobs(of: try #require(PackID(hex: pack.id)))
            #expect(Set(blobs.map(\.id.hex)) == expected[pack.id])
            for blob in blobs {
                let bytes = try reader.read(blob.handle)
                #expect(blobID(bytes) == blob.id && bytes.count == Int(blob.plainLength))
            }
        }
    }

    @Test(arguments: ["v1", "v2"]) func `gives back every directory and file of every snapshot`(_ name: String) throws {
        let sample = try Sample.load(name), tree = try ScratchTree(), store = try sample.unpack(tree)
        let repository = try Repository.open(store, password: secret(sample.password_list[0]))
        let snapshots = try SnapshotCatalog.load(repository)
        #expect(Set(snapshots.map(\.id.hex)) == Set(sample.snapshots.map(\.id)))
        let reader = BlobReader(try IndexedRepository.load(repository))
        for snapshot in sample.snapshots {
            let file = try SnapshotCatalog.load(try #require(SnapshotID(hex: snapshot.id)), repository)
            var expected: [String: Sample.Entry] = [:]
            for entry in snapshot.entries { expected[entry.path_as_stored] = entry }
            var waiting = [(file.tree, "")]
            while let (id, folder) = waiting.popLast() {
                let json = try reader.readTree(id)
                #expect(Tree.roundTrips(json))
                for node in try Tree.parse(json) {
                    let path = folder + "/" + String(decoding: GoQuote.quote(node.name), as: UTF8.self)
                    let found = expected.removeValue(forKey: path), entry = try #require(found, "\(path)")
                    #expect(entry.type == node.kind.word)
                    if let subtree = node.subtree {
                        #expect(subtree.hex == entry.subtree)
                        waiting.append((subtree, path))
                    }
                    if node.kind == .symbolicLink { #expect(String(decoding: node.linkTarget, as: UTF8.self) == entry.linktarget) }
                    if node.kind == .file { try expect(node, entry, reader) }
                }
            }
            #expect(expected.isEmpty)
        }
    }

    private func expect(_ node: Node, _ entry: Sample.Entry, _ reader: BlobReader) throws {
        let content = try #require(node.content)
        var bytes: [UInt8] = []
        for id in content { bytes += try reader.read(BlobHandle(type: .data, id: id)) }
        #expect(SHA256.hash(bytes).hex == entry.sha256 && node.size == entry.size && content.count == entry.blobs, "\(entry.path_as_stored)")
    }

    @Test(arguments: ["v1", "v2"]) func `is walked once, whatever its snapshots share`(_ name: String) throws {
        let sample = try Sample.load(name), tree = try ScratchTree(), store = try sample.unpack(tree)
        let repository = try Repository.open(store, password: secret(sample.password_list[0]))
        let roots = try SnapshotCatalog.load(repository).map(\.snapshot.tree)
        let walker = TreeWalker(try IndexedRepository.load(repository)), seen = Mutex<[BlobID]>([])
        try walker.walk(roots + roots, onTree: { id, _ in seen.withLock { $0.append(id) } })
        try walker.walk(roots, onTree: { id, _ in seen.withLock { $0.append(id) } })
        let visited = seen.withLock { $0 }
        #expect(Set(visited) == walker.visited && visited.count == walker.visited.count)
        let subtrees = Set(sample.snapshots.flatMap { $0.entries.compactMap(\.subtree) })
        #expect(walker.visited == Set(roots).union(subtrees.compactMap { BlobID(hex: $0) }))
    }

    @Test func `can be written to, and keeps what it had`() throws {
        let sample = try Sample.load("v1"), tree = try ScratchTree(), store = try sample.unpack(tree)
        let repository = try Repository.open(store, password: secret(sample.password_list[0]))
        let writer = BlobWriter(try IndexedRepository.load(repository))
        let text = Array(String(repeating: "new ", count: 1000).utf8)
        let saved = try writer.lane().save(.data, text.span)
        _ = try writer.finish()
        let indexed = try IndexedRepository.load(Repository.open(store, password: secret("test")))
        #expect(try BlobReader(indexed).read(BlobHandle(type: .data, id: saved.id)) == text)
        // Version 1 knows no compression.
        #expect(try #require(indexed.index.locate(BlobHandle(type: .data, id: saved.id))).length == UInt32(text.count + 32))
    }
}
