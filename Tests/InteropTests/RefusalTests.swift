// What only goes wrong when somebody else has a hand in it: a snapshot that unfolds without end, a file that another program changes while it
// is restored. Each ends with the documented status, and says what is the matter.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `A snapshot that unfolds without end` {
    /// A hundred times the same folder in each of twenty levels, beside an honest file.
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        let repository = try Repository.open(LocalStore(root: workshop.repository), password: SecretBytes(Array(Workshop.password.utf8)))
        let writer = BlobWriter(try IndexedRepository.load(repository)), lane = writer.lane()
        func save(_ nodes: [Node]) throws -> BlobID {
            let json = try Tree.serialise(nodes)
            return try lane.save(.tree, json.span).id
        }
        func folder(_ name: String, _ tree: BlobID) -> Node {
            var node = Node(name: Array(name.utf8), kind: .directory)
            node.mode = GoFileMode(posix: 0o040755)
            node.subtree = tree
            return node
        }
        let content = Array("honest".utf8)
        var file = Node(name: Array("file".utf8), kind: .file)
        file.mode = GoFileMode(posix: 0o100644)
        file.size = UInt64(content.count)
        file.content = [try lane.save(.data, content.span).id]
        var tree = try save([file])
        for _ in 0..<20 { tree = try save((100..<200).map { folder("\($0)", tree) }) }
        let root = try save([folder("endless", tree), folder("honest", save([file]))])
        _ = try writer.finish()
        let snapshot = SnapshotFile(
            time: Timestamp(seconds: 1_700_000_000, nanoseconds: 0), tree: root, paths: ["/data"], hostName: "peer", userName: "somebody", tags: [])
        _ = try SnapshotCatalog.save(snapshot, in: repository)
        return workshop
    }

    @Test func `is searched as far as is in proportion, and then one line says why not further`() throws {
        let result = try workshop().lifeboat("find", "no-such-name", status: 20)
        let lines = result.errorText.split(separator: "\n")
        #expect(lines.filter { $0.contains("again and again") }.count == 1, "\(result.errorText.prefix(2000))")
        #expect(lines.count < 10, "\(result.errorText.prefix(2000))")
        #expect(!result.errorText.contains("Fatal"))
    }

    @Test func `gives back a folder that is honest`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("restore", "files", "--target", "out", "--include", "/honest")
        #expect(try workshop.scratch.text("out/honest/file") == "honest")
    }
}

@Suite struct `A file that another program changes while it is restored` {
    @Test func `is found by --verify, and named`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/file", .bytes(SeededRandom.bytes(24_000_000, seed: 1)))
        try workshop.scratch.add("data/other", .file("as it was"))
        try workshop.lifeboat("backup", "files", "data")
        // Both ends of the file, again and again until the restore has ended: whatever blob is written last, the other end is wrong then.
        let script = """
            while [ ! -e stop ]; do
                for place in 0 23999999; do
                    [ ! -e out/data/file ] || printf X | dd of=out/data/file conv=notrunc bs=1 count=1 seek=$place 2>/dev/null
                done
            done &
            "$@" restore files --target out --verify --limit-download 12000; status=$?
            touch stop; wait; exit $status
            """
        let lifeboat = try workshop.lifeboat()
        var shell = CommandLineProgram("/bin/sh", environment: lifeboat.environment)
        shell.directory = lifeboat.directory
        let result = try shell.run(["-c", script, "sh", "\(lifeboat.path)"])
        #expect(result.exitStatus == 1, "\(result.errorText)")
        #expect(result.errorText.contains("/data/file: what was written is not what the snapshot holds: its content differs"), "\(result.errorText)")
        #expect(!result.errorText.contains("/data/other"))
        #expect(try workshop.scratch.text("out/data/other") == "as it was")
        try workshop.lifeboat("restore", "files", "--target", "out", "--verify")
        try workshop.expectSame("data", "out/data")
    }
}
