// Disks that are full: that of the repository, of the restored files, of our own records. The message says so, the exit status is the
// documented one, what was saved before is whole, and with space again the next run works without help.
//
// A real small disk (tmpfs) needs the right to mount one: root has it, and is how tests run for a release. Everybody else gets the tests
// with a limit on the size of files, which fails writes in the same places.

import Bytes
import HostOS
import TestKit
import Testing

/// A file system of a certain size, gone with everything in it when the value goes.
private final class SmallDisk {
    let path: BytePath

    init(_ path: BytePath, megabytes: Int) throws {
        self.path = path
        try Directory.createAll(path)
        let result = try Child.run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "lifeboat-test", "\(path)"].map { Array($0.utf8) })
        guard result.exitStatus == 0 else { throw Failure(.failed, "could not mount a small disk: \(result.errorText)") }
    }

    deinit { _ = try? Child.run("umount", ["-l", "\(path)"].map { Array($0.utf8) }) }

    func resize(megabytes: Int) throws {
        let result = try Child.run("mount", ["-o", "remount,size=\(megabytes)m", "\(path)"].map { Array($0.utf8) })
        try #require(result.exitStatus == 0, "\(result.errorText)")
    }

    /// Leaves not a byte.
    func fill() throws {
        let file = try Descriptor.open(path.appending("filler"), .openOrCreate)
        for size in [1 << 20, 1 << 12, 1] {
            do { while true { try file.write([UInt8](repeating: 7, count: size).span) } } catch { continue }
        }
    }

    func empty() throws { try Directory.remove(path.appending("filler")) }

    static let isPossible: Bool = {
        guard Host.isRoot, let tree = try? ScratchTree(["disk": .directory]) else { return false }
        return (try? SmallDisk(tree["disk"], megabytes: 1)) != nil
    }()
}

@Suite(.serialized) struct `A full disk` {
    static let onlyWithRights: Comment = "mounting a small disk needs root; the limit on the size of files is tested instead"

    private func expectFull(_ result: Child.Result, _ comment: Comment) {
        #expect(result.exitStatus == 14, "\(comment): \(result.errorText)")
        #expect(result.errorText.contains("no space left") || result.errorText.contains("too large"), "\(comment): \(result.errorText)")
        #expect(result.errorText.contains("free a little space there first"), "\(comment): \(result.errorText)")
    }

    @Test(.enabled(if: SmallDisk.isPossible, onlyWithRights))
    func `of the repository refuses the new backup and keeps the old`() throws {
        let harbour = try Harbour(), disk = try SmallDisk(harbour.scratch["disk"], megabytes: 8)
        harbour.repository = disk.path.appending("repository")
        try harbour.makeRepository()
        var random = SeededRandom(seed: 1)
        try harbour.scratch.add("data/first", .bytes(random.bytes(2_000_000)))
        try harbour.lifeboat("backup", "files", "data")
        let first = try harbour.source()
        try harbour.scratch.add("data/second", .bytes(random.bytes(20_000_000)))
        expectFull(try harbour.lifeboat.run(["backup", "files", "data", "--pack-size", "4"]), "backup")
        #expect(try harbour.restored("latest").differences(from: first) == [])
        try harbour.expectWhole("after the disk was full")
        let left = try Child.run("find", ["\(harbour.repository)", "-name", "*-tmp-*"].map { Array($0.utf8) }).outputText
        #expect(left.isEmpty, "\(left)")
        try disk.resize(megabytes: 64)
        try harbour.lifeboat("backup", "files", "data", "--pack-size", "4")
        #expect(try harbour.restored("latest").differences(from: harbour.source()) == [])
        try harbour.lifeboat("prune", "--max-unused", "0")
        try harbour.expectWhole("with space again")
    }

    @Test(.enabled(if: SmallDisk.isPossible, onlyWithRights))
    func `without a byte left can be read, and freed once there is a little`() throws {
        let harbour = try Harbour(), disk = try SmallDisk(harbour.scratch["disk"], megabytes: 8)
        harbour.repository = disk.path.appending("repository")
        try harbour.makeRepository()
        var random = SeededRandom(seed: 2)
        for number in 0..<3 {
            try harbour.scratch.add("data/file", .bytes(random.bytes(1_000_000 + number)))
            try harbour.lifeboat("backup", "files", "data")
        }
        let newest = try harbour.source()
        try disk.fill()
        try harbour.lifeboat("snapshots")
        try harbour.lifeboat("check", "--read-data")
        try harbour.lifeboat("restore", "files", "--target", "out")
        #expect(try TreePicture(of: harbour.scratch["out/data"]).differences(from: newest) == [])
        for command in [["backup", "files", "data"], ["forget", "--keep-last", "1", "--prune"], ["prune"]] {
            expectFull(try harbour.lifeboat.run(command), "\(command)")
        }
        #expect(try harbour.snapshotIDs().count == 3)
        try disk.empty()
        try harbour.lifeboat("forget", "--keep-last", "1", "--prune")
        try harbour.expectWhole("with a little space")
        #expect(try harbour.restored("latest").differences(from: newest) == [])
    }

    @Test(.enabled(if: SmallDisk.isPossible, onlyWithRights))
    func `of the restored files ends the restore, which goes on with space`() throws {
        let harbour = try Harbour(), disk = try SmallDisk(harbour.scratch["disk"], megabytes: 4)
        try harbour.makeRepository()
        var random = SeededRandom(seed: 3)
        for number in 0..<8 { try harbour.scratch.add(BytePath("data/file\(number)"), .bytes(random.bytes(1_500_000))) }
        try harbour.lifeboat("backup", "files", "data")
        let target = "\(disk.path)/target"
        let full = try harbour.lifeboat.run(["restore", "files", "--target", target])
        #expect(full.exitStatus != 0 && full.errorText.contains("no space left"), "\(full.exitStatus): \(full.errorText)")
        try disk.resize(megabytes: 64)
        try harbour.lifeboat("restore", "files", "--target", target)
        #expect(try TreePicture(of: BytePath(target).appending("data")).differences(from: harbour.source()) == [])
    }

    @Test(.enabled(if: SmallDisk.isPossible, onlyWithRights))
    func `of our own records stops neither backup nor restore`() throws {
        let harbour = try Harbour(), disk = try SmallDisk(harbour.scratch["home"], megabytes: 1)
        try harbour.makeRepository()
        try harbour.scratch.add("data/file", .file("content"))
        try disk.fill()
        try harbour.lifeboat("backup", "files", "data")
        try harbour.lifeboat("restore", "files", "--target", "out")
        #expect(try TreePicture(of: harbour.scratch["out/data"]).differences(from: harbour.source()) == [])
        try harbour.expectWhole("with no place for records")
    }

    /// `ulimit -f` counts blocks of 512 or 1024 bytes; either is well below a pack.
    @Test func `as a limit on the size of files is the same to us`() throws {
        let harbour = try Harbour()
        try harbour.makeRepository()
        var random = SeededRandom(seed: 4)
        try harbour.scratch.add("data/first", .bytes(random.bytes(100_000)))
        try harbour.lifeboat("backup", "files", "data")
        let first = try harbour.source()
        try harbour.scratch.add("data/second", .bytes(random.bytes(9_000_000)))
        let program = try harbour.lifeboat
        let shell = CommandLineProgram("/bin/sh", environment: program.environment, directory: program.directory)
        expectFull(try shell.run(["-c", "ulimit -f 1000; exec \(program.path) backup files data"]), "backup")
        #expect(try harbour.restored("latest").differences(from: first) == [])
        try harbour.expectWhole("after a write failed")
        try harbour.lifeboat("backup", "files", "data")
        let restore = try shell.run(["-c", "ulimit -f 1000; exec \(program.path) restore files --target limited"])
        #expect(restore.exitStatus != 0 && restore.errorText.contains("too large"), "\(restore.exitStatus): \(restore.errorText)")
        try harbour.lifeboat("restore", "files", "--target", "limited")
        #expect(try TreePicture(of: harbour.scratch["limited/data"]).differences(from: harbour.source()) == [])
    }
}
