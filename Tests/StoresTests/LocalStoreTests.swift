// LocalStoreTests: what a repository looks like on disk: names, permissions, and nothing half-written left behind.

import Bytes
import HostOS
import Stores
import TestKit
import Testing

private let digest = Digest(word0: 0xab << 56 | 1, word1: 2, word2: 3, word3: 4)

private func isStoreFailure(_ kind: StoreFailure.Kind, _ body: () throws -> Void) -> Bool {
    do {
        try body()
        return false
    } catch { return (error as? StoreFailure)?.kind == kind }
}

@Suite struct `A repository in a directory` {
    private let tree: ScratchTree
    private let store: LocalStore

    init() throws {
        tree = try ScratchTree()
        store = LocalStore(root: tree["a/r"])
        try store.create()
    }

    @Test func `has all its folders from the start, closed to others`() throws {
        let folders = try tree.allPaths().filter { $0.bytes.count > 3 }
        #expect(folders.count == 5 + 256)
        for name in ["keys", "locks", "snapshots", "index", "data", "data/00", "data/ff"] {
            #expect(try tree.status(BytePath("a/r/" + name))?.mode == 0o700)
        }
        #expect(try tree.status("a/r")?.mode == 0o700)
    }

    @Test func `keeps files read-only under the names of the format`() throws {
        let content = [UInt8](repeating: 1, count: 10)
        for kind in StoreKind.allCases {
            let key = kind == .config ? StoreKey.config : StoreKey(kind, digest)
            try store.save(key, content.span)
            let folder = kind == .config ? "" : kind == .pack ? "data/ab/" : kind.folder + "/"
            let status = try #require(try tree.status(BytePath("a/r/" + folder + (kind == .config ? "config" : digest.hex))))
            #expect(status.mode == 0o400 && status.size == 10, "\(kind)")
        }
        // A second save over a read-only file works too.
        try store.save(.config, [2].span)
        #expect(try store.load(.config, limit: 1) == [2])
    }

    @Test func `is open to the group if its config is`() throws {
        try store.save(.config, [1].span)
        try Directory.setMode(tree["a/r/config"], 0o440)
        let shared = LocalStore(root: tree["a/r"])
        try Directory.removeTree(tree["a/r/data/ab"])
        try shared.save(StoreKey(.pack, digest), [1].span)
        #expect(try tree.status("a/r/data/ab")?.mode == 0o770 & ~umaskOfThisProcess())
        #expect(try tree.status(BytePath("a/r/data/ab/" + digest.hex))?.mode == 0o440)
    }

    /// Asks the system by making a directory.
    private func umaskOfThisProcess() throws -> UInt32 {
        try Directory.create(tree["probe"], mode: 0o777)
        return 0o777 & ~(try #require(try tree.status("probe")).mode)
    }

    @Test func `makes folders that went missing`() throws {
        for folder in ["data/ab", "data", "snapshots", "locks"] { try Directory.removeTree(tree[BytePath("a/r/" + folder)]) }
        #expect(try store.list(.pack).isEmpty && store.list(.snapshot).isEmpty)
        try store.save(StoreKey(.snapshot, digest), [1].span)
        try Directory.create(tree["a/r/data"])
        try store.save(StoreKey(.pack, digest), [1].span)
        #expect(try store.list(.pack) == [StoreEntry(name: digest, byteCount: 1)])
        #expect(try store.list(.snapshot).count == 1)
    }

    @Test func `lists nothing that has not the name of a file of the format`() throws {
        let hex = digest.hex
        for name in [
            "\(hex)-tmp-123", String(hex.dropLast()), hex + "0", hex.uppercased(), ".hidden", "g" + hex.dropFirst(), "README", "x y",
        ] {
            try tree.add(BytePath("a/r/snapshots/" + name), .file("x"))
            try tree.add(BytePath("a/r/data/ab/" + name), .file("x"))
        }
        try tree.add(BytePath("a/r/snapshots/" + String(repeating: "c", count: 64)), .directory)
        try tree.add(BytePath("a/r/data/" + hex), .file("directly in data"))
        #expect(try store.list(.snapshot).isEmpty && store.list(.pack).isEmpty)
        // A pack in a folder of another name is listed; it is opened where it belongs.
        try tree.add(BytePath("a/r/data/anything/" + hex), .file("123"))
        #expect(try store.list(.pack) == [StoreEntry(name: digest, byteCount: 3)])
    }

    @Test func `leaves nothing behind when a save fails`() throws {
        let place = BytePath("a/r/index/" + digest.hex)
        try tree.add(place.appending("in the way"), .file(""))
        #expect(throws: StoreFailure.self) { try store.save(StoreKey(.index, digest), [1, 2, 3].span) }
        #expect(try Directory.entries(of: tree["a/r/index"]).map(\.name) == [Array(digest.hex.utf8)])
        // Where a folder should be is a file.
        try Directory.removeTree(tree["a/r/data/ab"])
        try tree.add("a/r/data/ab", .file("a file"))
        #expect(isStoreFailure(.unreachable) { try store.save(StoreKey(.pack, digest), [1].span) })
        #expect(try tree.text("a/r/data/ab") == "a file")
    }

    @Test func `that is no directory cannot be reached`() throws {
        try tree.add("file", .file("x"))
        let lost = LocalStore(root: tree["file"])
        #expect(try !lost.exists(.config))
        #expect(isStoreFailure(.unreachable) { try lost.save(.config, [1].span) })
        #expect(throws: StoreFailure.self) { try lost.create() }
        #expect(throws: StoreFailure.self) { _ = try lost.load(.config, limit: 10) }
    }

    @Test func `says where it failed, in words`() throws {
        do {
            _ = try store.load(StoreKey(.pack, digest), limit: 10)
            Issue.record("a missing pack was loaded")
        } catch let error as StoreFailure {
            #expect(error.message == "could not read pack \(digest.hex.prefix(8)) in \(tree["a/r"]): no such file or directory")
        }
    }
}

@Suite struct `The key of a file in a store` {
    @Test func `is its path in the repository`() {
        #expect(StoreKey.config.path == "config")
        #expect(StoreKey(.pack, digest).path == "data/ab/\(digest.hex)")
        #expect(StoreKey(.key, digest).path == "keys/\(digest.hex)")
        #expect(StoreKey(.snapshot, digest).description == "snapshot \(digest.hex.prefix(8))")
        #expect(StoreKey(.lock, digest) != StoreKey(.key, digest))
    }
}
