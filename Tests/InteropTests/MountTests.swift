// `lifeboat mount` as a user has it: the built program, the kernel, and other programs that look around.

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

/// Whether this machine lets us mount at all.
private let hasFuse: Bool = (try? Descriptor.open("/dev/fuse", .update)) != nil

/// A running `lifeboat mount`.
private final class Mount {
    private let workshop: Workshop
    private let workers = Workers()
    let point: BytePath

    final class Ended: Sendable {
        let result = Mutex<Child.Result?>(nil)
    }
    private let end = Ended()

    /// Returns when it is mounted, or requires that it will be.
    init(_ workshop: Workshop, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
        self.workshop = workshop
        point = workshop.scratch["mount"]
        if try workshop.scratch.status("mount") == nil { try workshop.scratch.add("mount", .directory) }
        var program = try workshop.lifeboat()
        let script = "echo $$ > '\(workshop.scratch["pid"])'; exec '\(program.path)' \"$@\""
        program = CommandLineProgram("/bin/sh", environment: program.environment, directory: program.directory)
        let words = ["-c", script, "sh", "mount", "\(point)"] + arguments, end = end, started = program
        workers.start("mount-test") {
            let result = try started.run(words)
            end.result.withLock { $0 = result }
        }
        for _ in 0..<3000 where result == nil {
            if try MountPoint.isMounted(point) { return }
            SystemClock().sleep(nanoseconds: 10_000_000)
        }
        Issue.record("not mounted: \(result?.errorText ?? "it waits for something")", sourceLocation: sourceLocation)
    }

    deinit {
        _ = try? Child.run("fusermount3", ["-u", "-z", "\(point)"])
        try? workers.join()
    }

    var result: Child.Result? { end.result.withLock { $0 } }

    func signal(_ name: String) throws {
        let process = try workshop.scratch.text("pid").trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(try Child.run("/bin/kill", ["-s", name, process]).exitStatus == 0)
    }

    /// Waits for the program's own end.
    func finished() throws -> Child.Result {
        for _ in 0..<3000 {
            if let result { return result }
            SystemClock().sleep(nanoseconds: 10_000_000)
        }
        return try #require(result, "it does not end")
    }

    func unmount() throws -> Child.Result {
        try #require(try Child.run("fusermount3", ["-u", "\(point)"]).exitStatus == 0)
        return try finished()
    }

    func names(_ path: BytePath) throws -> [String] { try Directory.entries(of: point.appending(path.bytes)).map { BytePath.display($0.name) } }
}

@Suite(.enabled(if: hasFuse, "/dev/fuse cannot be opened on this machine"), .serialized) struct `A repository that is mounted` {
    private func workshop(seed: UInt64 = 1) throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try EverythingTree.make(at: workshop.scratch["data"], seed: seed)
        return workshop
    }

    private func expectSame(_ mount: Mount, _ path: String, _ workshop: Workshop, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let shown = try TreePicture(of: mount.point.appending(path)), source = try TreePicture(of: workshop.scratch["data"])
        let differences = shown.differences(from: source)
        #expect(differences.isEmpty, "\(differences.prefix(20).joined(separator: "\n"))", sourceLocation: sourceLocation)
    }

    @Test func `shows what lifeboat saved, and what restic saved, in every respect`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data", "--host", "ours", "--tag", "a,b", "--time", "2026-01-01T10:00:00Z")
        try workshop.restic("backup", "data", "--host", "theirs", "--time", "2026-01-02 10:00:00")
        let mount = try Mount(workshop)
        #expect(try mount.names("") == ["hosts", "ids", "snapshots", "tags"])
        #expect(try mount.names("snapshots") == ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "latest"])
        #expect(try mount.names("hosts") == ["ours", "theirs"])
        #expect(try mount.names("tags/b") == ["2026-01-01T10:00:00Z", "latest"])
        let ids = try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "short_id") }
        #expect(try mount.names("ids") == ids.sorted())
        for path in ["snapshots/2026-01-01T10:00:00Z/data", "hosts/theirs/latest/data", "tags/a/latest/data", "ids/\(ids[1])/data"] {
            try expectSame(mount, path, workshop)
        }
        // A lock as long as it lasts, and none afterwards.
        #expect(try Directory.entries(of: workshop.repository.appending("locks")).count == 1)
        let result = try mount.unmount()
        #expect(result.exitStatus == 0)
        #expect(result.errorText.contains("fusermount3 -u \(mount.point)"), "\(result.errorText)")
        #expect(!result.errorText.contains("warning"), "\(result.errorText)")
        #expect(try Directory.entries(of: workshop.repository.appending("locks")).isEmpty)
    }

    @Test(.enabled(if: Host.isRoot, "only root may see to it that a mount of restic's is ended")) func `has restic's folders`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data", "--host", "one", "--tag", "a,b c", "--time", "2026-01-01T10:00:00Z")
        try workshop.lifeboat("backup", "files", "data", "--host", "two", "--time", "2026-01-01T10:00:00.5Z")
        try workshop.lifeboat("backup", "files", "data", "--host", "two", "--tag", "a", "--time", "2025-07-01T10:00:00+05:30")
        func folders(_ point: BytePath) throws -> [String] {
            let found = try Child.run("find", ["\(point)", "-maxdepth", "4", "-printf", "%P %y %l\n"])
            return found.outputText.split(separator: "\n").map(String.init).sorted()
        }
        let mount = try Mount(workshop, "--no-lock"), ours = try folders(mount.point)
        _ = try mount.unmount()
        let theirs = workshop.scratch["theirs"], peer = workshop.restic
        try workshop.scratch.add("theirs", .directory)
        let workers = Workers()
        workers.start("restic-mount") { _ = try peer.run(["mount", "\(theirs)", "--no-lock"]) }
        for _ in 0..<3000 where try !MountPoint.isMounted(theirs) { SystemClock().sleep(nanoseconds: 10_000_000) }
        let restics = Result { try folders(theirs) }
        _ = try Child.run("umount", ["\(theirs)"])
        try workers.join()
        #expect(try ours == restics.get())
    }

    @Test func `chooses snapshots, owners and names as it is told`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data", "--host", "one", "--time", "2026-01-01T10:00:00Z")
        try workshop.lifeboat("backup", "files", "data", "--host", "two", "--tag", "x", "--time", "2026-02-01T10:00:00Z")
        let mount = try Mount(
            workshop, "--host", "two", "--owner-root", "--path-template", "by-tag/%t/%T", "--path-template", "%h", "--time-template", "2006_Jan_02", "--json")
        #expect(try mount.names("") == ["by-tag", "two"])
        #expect(try mount.names("by-tag/x") == ["2026_Feb_01", "latest"])
        for path in ["two/data/text", "two/data/deep/er"] {
            let status = try FileStatus.of(mount.point.appending(path))
            #expect(status.userID == 0 && status.groupID == 0)
        }
        let answer = try AnswerJSON.object(mount.unmount().outputText)
        #expect(answer["message_type"] as? String == "mounted")
        #expect(try AnswerJSON.number(answer, "snapshots") == 1)
    }

    @Test func `serves many readers at random places of a large file`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        var random = SeededRandom(seed: 7)
        let content = random.bytes(20_000_000)
        try workshop.scratch.add("data/large", .bytes(content))
        try workshop.lifeboat("backup", "files", "data")
        let mount = try Mount(workshop), path = mount.point.appending("snapshots/latest/data/large")
        let workers = Workers()
        for number in 0..<8 {
            workers.start("reader-\(number)") {
                var random = SeededRandom(seed: UInt64(number))
                let file = try Descriptor.open(path, .read)
                for _ in 0..<150 {
                    let offset = Int.random(in: 0...content.count, using: &random), count = Int.random(in: 1...200_000, using: &random)
                    let bytes = try [UInt8](byteCount: count) { (span) throws(SystemError) in try file.readFully(into: &span, at: UInt64(offset)) }
                    guard bytes == Array(content.dropFirst(offset).prefix(count)) else { throw Failure(.failed, "\(count) bytes from \(offset) differ") }
                }
            }
        }
        try workers.join()
        #expect(try AtomicFile.read(path, limit: 1 << 28) == content)
        #expect(throws: SystemError.self) { _ = try Descriptor.open(path, .update) }
    }

    @Test func `gives an input error for a damaged blob, tells why once, and shows the rest`() throws {
        let workshop = try workshop(seed: 3)
        try workshop.lifeboat("backup", "files", "data")
        let repository = try Repository.open(LocalStore(root: workshop.repository), password: SecretBytes(Array(Workshop.password.utf8)))
        let index = try IndexedRepository.load(repository).index, reader = BlobReader(try IndexedRepository.load(repository))
        let snapshot = try #require(try SnapshotCatalog.load(repository).first)
        let root = try Tree.parse(reader.readTree(snapshot.snapshot.tree)), data = try #require(root.first?.subtree)
        let blobs = try #require(try Tree.parse(reader.readTree(data)).first { $0.displayName == "large" }?.content)
        let victim = try #require(index.locate(BlobHandle(type: .data, id: blobs[1]))), key = StoreKey(.pack, victim.pack.digest)
        var pack = try repository.store.load(key, limit: 1 << 28)
        pack[Int(victim.offset) + 20] ^= 1
        try repository.store.save(key, pack.span)
        let mount = try Mount(workshop), large = mount.point.appending("snapshots/latest/data/large")
        for _ in 0..<2 {
            let copy = try Child.run("cat", ["\(large)"])
            #expect(copy.exitStatus == 1)
            #expect(copy.errorText.contains("Input/output error"))
        }
        let text = mount.point.appending("snapshots/latest/data/text")
        #expect(try AtomicFile.read(text, limit: 1 << 28) == workshop.scratch.read("data/text"))
        let file = try Descriptor.open(large, .read)
        let start = try [UInt8](byteCount: 4096) { (span) throws(SystemError) in try file.readFully(into: &span, at: 0) }
        #expect(start == Array(try workshop.scratch.read("data/large").prefix(4096)))
        _ = try Child.run("fusermount3", ["-u", "-z", "\(mount.point)"])
        _ = consume file
        let messages = try mount.finished().errorText.split(separator: "\n").filter { $0.hasPrefix("warning:") }
        #expect(messages.count == 1)
        #expect(messages.first?.contains("/data/large") == true && messages.first?.contains("damaged") == true, "\(messages)")
    }

    @Test(arguments: ["INT", "TERM"]) func `is unmounted by a signal, and stays while somebody uses it`(name: String) throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data")
        let mount = try Mount(workshop), path = mount.point.appending("snapshots/latest/data/text")
        do {
            let file = try Descriptor.open(path, .read)
            try mount.signal(name)
            SystemClock().sleep(nanoseconds: 300_000_000)
            #expect(mount.result == nil)
            let bytes = try [UInt8](byteCount: 4096) { (span) throws(SystemError) in try file.readFully(into: &span, at: 100_000) }
            #expect(bytes == Array(try workshop.scratch.read("data/text").dropFirst(100_000).prefix(4096)))
        }
        let result = try mount.finished()
        #expect(result.exitStatus == 0)
        #expect(result.errorText.contains("still in use") && result.errorText.contains("`fusermount3 -u \(mount.point)`"), "\(result.errorText)")
        #expect(try !MountPoint.isMounted(mount.point))
        #expect(try Directory.entries(of: workshop.repository.appending("locks")).isEmpty)
    }

    @Test func `is refused where it would harm`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("mount", "nowhere", status: 64)
        try workshop.lifeboat("mount", "data/text", status: 64)
        let over = try workshop.lifeboat("mount", ".", status: 64)
        #expect(over.errorText.contains("would hide it"))
        try workshop.lifeboat("mount", "data", "--path-template", "all", status: 64)
        try workshop.lifeboat("mount", "data", "--no-default-permissions", status: 64)
    }
}
