// A source that changes while it is read: whatever takes a file's place, the backup ends in time, says what it left out, and never
// reads a file outside the source through a link that was planted in it.

import Archiving
import Bytes
import FileTrees
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

@Suite struct `A source that changes while it is read` {
    private static let secret = Array("what nobody but its owner may read".utf8)

    private struct Unchecked: @unchecked Sendable {
        let tree: ScratchTree
    }

    /// A first backup, then a second that reads the files of `victim` after `body` had its turn. The scan has seen the directory by then,
    /// and the reading of its files has not begun: it waits for the tree of the first backup.
    private func changing(_ body: @escaping @Sendable (ScratchTree) throws -> Void) throws -> (Yard, MemoryStore, BackupSummary) {
        let yard = try Yard(seed: 1), store = MemoryStore()
        try yard.makeRepository(in: store)
        try yard.tree.add("outside/file0", .bytes(Self.secret))
        var request = BackupRequest(
            targets: ["plain"], workingDirectory: yard.tree.path, hostName: "yard", userName: "tester", time: Timestamp(seconds: 1_700_000_000),
            programVersion: "test")
        for number in 0..<5 { try yard.tree.add(BytePath("plain/victim/file\(number)"), .file("harmless \(number)")) }
        _ = try BackupFiles(access: yard.access(store), request: request).run()
        // Of another size: they have to be read again.
        for number in 0..<5 { try yard.tree.add(BytePath("plain/victim/file\(number)"), .file("harmless, but new \(number)")) }
        let done = Mutex(false), path = Unchecked(tree: yard.tree), failure = Mutex<(any Error)?>(nil)
        let watched = WatchedStore(store) { call, number in
            // The trees of the root, of plain, of victim.
            guard call == .loadRange(.pack), number == 3 else { return }
            done.withLock { $0 = true }
            do { try body(path.tree) } catch { failure.withLock { $0 = error } }
        }
        let access = yard.access(watched)
        request.time = Timestamp(seconds: 1_700_000_001)
        let summary = try BackupFiles(access: access, request: request).run()
        if let error = failure.withLock({ $0 }) { throw error }
        #expect(done.withLock { $0 }, "the change was made")
        return (yard, store, summary)
    }

    private func contents(_ store: MemoryStore, _ summary: BackupSummary) throws -> [BytePath: [UInt8]] {
        try RepositoryFixture.read(#require(summary.snapshotID), from: RepositoryFixture.open(store))
    }

    @Test(.timeLimit(.minutes(2))) func `by a directory that becomes a link gives nothing from outside`() throws {
        let (yard, store, summary) = try changing { tree in
            try Directory.rename(tree["plain/victim"], to: tree["moved"])
            try tree.add("plain/victim", .link("../outside"))
        }
        let found = try contents(store, summary)
        for (path, content) in found { #expect(content != Self.secret, "\(path)") }
        #expect(!summary.isComplete && summary.problems.count == 5)
        try Yard.expectWhole(store, [:], "afterwards")
        withExtendedLifetime(yard) {}
    }

    @Test(.timeLimit(.minutes(2)), arguments: UInt64(1)...UInt64(6))
    func `in every way at once ends, reports, and leaves out nothing else`(seed: UInt64) throws {
        let yard = try Yard(seed: seed), store = MemoryStore()
        try yard.makeRepository(in: store)
        try yard.tree.add("outside/secret", .bytes(Self.secret))
        for number in 0..<6 { try yard.tree.add(BytePath("outside/file\(number)"), .bytes(Self.secret)) }
        for number in 0..<40 { try yard.tree.add(BytePath("source/still/file\(number)"), .file("still \(number)")) }
        let stop = Atomic(false), vandal = Workers(), path = yard.tree.path
        vandal.start("vandal") {
            var random = SeededRandom(seed: seed)
            while !stop.load(ordering: .relaxed) { Vandal.strike(path, &random) }
        }
        defer { stop.store(true, ordering: .relaxed) }
        for round in 0..<(4 * min(Torture.factor, 20)) {
            var request = BackupRequest(
                targets: ["source"], workingDirectory: path, hostName: "yard", userName: "tester", time: Timestamp(seconds: 1_800_000_000 + Int64(round)),
                programVersion: "test")
            request.parent = .none
            let summary = try BackupFiles(access: yard.access(store), request: request).run()
            for problem in summary.problems {
                #expect(yard.tree["source/moving"].contains(problem.path), "seed \(seed): \(problem.path)")
            }
            let found = try contents(store, summary)
            for (path, content) in found { #expect(content != Self.secret, "seed \(seed), round \(round): \(path)") }
            #expect(found.keys.count { $0.description.contains("/still/") } == 40, "seed \(seed), round \(round)")
        }
        stop.store(true, ordering: .relaxed)
        try vandal.join()
        try Yard.expectWhole(store, [:], "seed \(seed)")
    }
}

/// Changes what is below `source/moving` in every way there is. What it cannot do at a moment it does not do.
private enum Vandal {
    static func strike(_ root: BytePath, _ random: inout SeededRandom) {
        let folder = root.appending("source").appending("moving").appending("dir\(Int.random(in: 0..<3, using: &random))")
        let place = folder.appending("file\(Int.random(in: 0..<6, using: &random))")
        try? Directory.createAll(folder.parent)
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: swapForLink(folder, &random)
        case 2: try? Directory.removeTree(place)
        case 3: replace(place) { try BeneathRoot(folder).createSymbolicLink(BytePath(place.name), to: Array("../../../outside/secret".utf8)) }
        case 4: replace(place) { try BeneathRoot(folder).createSpecialFile(BytePath(place.name), kind: .fifo, device: 0) }
        case 5: replace(place) { try Directory.createAll(place.appending("inside")) }
        case 6: try? Directory.setMode(place, 0)
        case 7: try? Descriptor.open(place, .update).truncate(to: UInt64.random(in: 0...1_500_000, using: &random))
        default:
            try? Directory.createAll(folder)
            let bytes = random.bytes(Int.random(in: 1...5000, using: &random))
            try? AtomicFile.write(bytes.span, to: place)
            if random.chance(20) { try? Descriptor.open(place, .update).truncate(to: 2_000_000) }
        }
    }

    private static func replace(_ place: BytePath, _ body: () throws -> Void) {
        try? Directory.removeTree(place)
        try? body()
    }

    /// The directory makes way for a link to a place with files of the same names, and comes back.
    private static func swapForLink(_ folder: BytePath, _ random: inout SeededRandom) {
        let aside = BytePath(folder.bytes + Array("-aside".utf8))
        guard (try? Directory.rename(folder, to: aside)) != nil else { return }
        try? BeneathRoot(folder.parent).createSymbolicLink(BytePath(folder.name), to: Array("../../outside".utf8))
        if random.chance(80) { SystemClock().sleep(nanoseconds: 200_000) }
        try? Directory.remove(folder)
        try? Directory.rename(aside, to: folder)
    }
}
