// Whatever byte of a repository changes, and however: a full check finds it, names the file, and never crashes.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `A full check` {
    private static let (contents, repository): ([StoreKey: [UInt8]], Repository?) = {
        let store = MemoryStore()
        guard var fixture = try? RepositoryFixture(in: store, seed: 90) else { return ([:], nil) }
        for _ in 0..<3 { _ = try? fixture.addSnapshot() }
        return (store.contents, fixture.repository)
    }()

    /// The name a check gives to a file.
    private func object(_ key: StoreKey) -> String { key == .config ? "the config" : key.description }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0...2: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
        case 3: bytes.removeSubrange(place...)
        case 4: bytes.insert(contentsOf: random.bytes(Int.random(in: 1...50, using: &random)), at: place)
        default: bytes.remove(at: place)
        }
    }

    @Test(arguments: UInt64(0)..<120)
    func `finds any damage to any file`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let repository = try #require(`A full check`.repository)
        let store = MemoryStore(contents: `A full check`.contents)
        let key = try #require(`A full check`.contents.keys.sorted { $0.path < $1.path }.randomElement(using: &random))
        var bytes = try #require(`A full check`.contents[key])
        let original = bytes
        damage(&bytes, &random)
        guard bytes != original else { return }
        store.save(key, bytes.span)
        let result = try Check(repository.through(store), options: CheckOptions(readData: .all)).run()
        #expect(result.errors.contains { $0.object == object(key) }, "\(key) is damaged, found \(result.errors)")
        if key.kind == .pack { #expect(result.brokenPacks.contains(PackID(key.name))) }
    }

    /// Sealed and named correctly, but nonsense inside: what an attacker with the key, or a bug, could leave.
    @Test(arguments: UInt64(200)..<240)
    func `survives nonsense in index files`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = MemoryStore(contents: `A full check`.contents)
        let repository = try #require(`A full check`.repository).through(store)
        var files = try indexFiles(of: repository)
        let number = Int.random(in: files.indices, using: &random)
        let pack = Int.random(in: files[number].packs.indices, using: &random)
        let old = files[number].packs[pack]
        files[number].packs[pack] = IndexedPack(id: old.id, blobs: old.blobs.map { random.chance(50) ? $0 : garble($0, &random) })
        _ = try writeIndex(files[number].packs, in: repository)
        try store.delete(StoreKey(.index, files[number].id.digest))
        let result = try Check(repository, options: CheckOptions(readData: .all)).run()
        let isSame = files[number].packs[pack].blobs == old.blobs
        #expect(isSame == result.isClean)
    }

    private func garble(_ blob: PackedBlob, _ random: inout SeededRandom) -> PackedBlob {
        PackedBlob(
            type: random.chance(20) ? (blob.type == .data ? .tree : .data) : blob.type, id: blob.id,
            offset: random.chance(40) ? UInt32.random(in: 0...(1 << 31), using: &random) : blob.offset,
            length: random.chance(40) ? UInt32.random(in: 32...(1 << 31), using: &random) : blob.length,
            uncompressedLength: random.chance(40) ? UInt32.random(in: 0...(1 << 25), using: &random) : blob.uncompressedLength)
    }
}
