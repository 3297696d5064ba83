// The parts that a mount is made of: where in a file a byte lies, what of a tree can be shown, and what snapshots are called.

import Bytes
import Mounting
import RepositoryEngine
import RepositoryFormat
import TestKit
import Testing

@Suite struct `A sequence of blobs` {
    @Test(arguments: [UInt64(1), 2, 3, 4, 5]) func `finds every byte where a loop finds it`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let lengths = (0..<40).map { _ in random.chance(20) ? 0 : Int.random(in: 1...9, using: &random) }
        let blobs = lengths.indices.map { BlobID(Digest(Array(repeating: UInt8($0), count: 32)) ?? .zero) }
        let sequence = BlobSequence(blobs, lengths: lengths)
        let whole = zip(blobs, lengths).flatMap { blob, length in (0..<length).map { (blob, $0) } }
        #expect(sequence.byteCount == UInt64(whole.count))
        for _ in 0..<500 {
            let offset = Int.random(in: 0...whole.count + 3, using: &random), count = Int.random(in: 0...30, using: &random)
            let pieces = sequence.pieces(from: UInt64(offset), byteCount: count)
            let found = pieces.flatMap { _, piece in piece.range.map { (piece.blob, $0) } }
            let expected = whole.dropFirst(offset).prefix(count)
            #expect(found.map(\.0) == expected.map(\.0) && found.map(\.1) == expected.map(\.1), "seed \(seed), \(count) bytes from \(offset)")
            #expect(pieces.allSatisfy { sequence.length(at: $0.position) == lengths[$0.position] && blobs[$0.position] == $0.piece.blob })
        }
    }

    @Test func `of an empty file has no bytes`() {
        let empty = BlobSequence([], lengths: [])
        #expect(empty.byteCount == 0)
        #expect(empty.pieces(from: 0, byteCount: 10).isEmpty)
        #expect(empty.pieces(from: .max, byteCount: 10).isEmpty)
    }
}

@Suite struct `A listing of a tree` {
    private func node(_ name: String, size: UInt64 = 0, kind: Node.Kind = .file) -> Node {
        var node = Node(name: Array(name.utf8), kind: kind)
        node.size = size
        return node
    }

    @Test func `leaves out what no directory can hold`() {
        let hostile = [
            node(""), node("."), node(".."), node("a/b"), node("/"), node("nul\0nul"), node(String(repeating: "n", count: 1025)),
            node("odd", kind: .irregular), node("new", kind: .unknown),
        ]
        let listing = TreeListing([node("good", size: 1)] + hostile)
        #expect(listing.nodes.map(\.displayName) == ["good"])
        #expect(listing.leftOutCount == hostile.count)
    }

    @Test func `shows the first of several entries of one name, whatever the order`() {
        let listing = TreeListing([node("b", size: 1), node("a", size: 2), node("b", size: 3), node("a", size: 4), node("c", size: 5)])
        #expect(listing.nodes.map(\.size) == [2, 1, 5])
        #expect(listing.leftOutCount == 2)
        #expect(listing.node(named: Array("b".utf8))?.size == 1)
        #expect(listing.node(named: Array("d".utf8)) == nil)
    }
}

@Suite struct `The folders above the snapshots` {
    private func snapshot(_ number: UInt8, _ seconds: Int64, host: String = "web", user: String = "root", tags: [String] = [], offset: Int32 = 0) -> CatalogedSnapshot {
        CatalogedSnapshot(
            id: SnapshotID(Digest(Array(repeating: number, count: 32)) ?? .zero),
            snapshot: SnapshotFile(
                time: Timestamp(seconds: seconds, nanoseconds: 9, utcOffset: offset), tree: BlobID(.zero), paths: ["/data"], hostName: host, userName: user,
                tags: tags))
    }

    /// Every path, with the first two digits of the snapshot or the target of the link that is there.
    private func paths(_ entry: FolderEntry, _ path: String = "") -> [String] {
        switch entry {
        case .snapshot(let snapshot): ["\(path) = \(snapshot.id.hex.prefix(2))"]
        case .link(let target): ["\(path) -> \(BytePath.display(target))"]
        case .folder(let entries):
            entries.isEmpty ? ["\(path)/"] : entries.flatMap { paths($0.value, "\(path)/\(BytePath.display($0.key))") }.sorted()
        }
    }

    @Test func `are those of restic`() throws {
        let snapshots = [snapshot(1, 1_700_000_000, tags: ["a", "b"]), snapshot(2, 1_700_003_600, host: "db", offset: 7200)]
        #expect(
            paths(try FolderLayout().folders(for: snapshots)) == [
                "/hosts/db/2023-11-15T01:13:20+02:00 = 02", "/hosts/db/latest -> 2023-11-15T01:13:20+02:00",
                "/hosts/web/2023-11-14T22:13:20Z = 01", "/hosts/web/latest -> 2023-11-14T22:13:20Z",
                "/ids/01010101 = 01", "/ids/02020202 = 02",
                "/snapshots/2023-11-14T22:13:20Z = 01", "/snapshots/2023-11-15T01:13:20+02:00 = 02",
                "/snapshots/latest -> 2023-11-15T01:13:20+02:00",
                "/tags/a/2023-11-14T22:13:20Z = 01", "/tags/a/latest -> 2023-11-14T22:13:20Z",
                "/tags/b/2023-11-14T22:13:20Z = 01", "/tags/b/latest -> 2023-11-14T22:13:20Z",
            ])
    }

    @Test func `are there without snapshots too`() throws {
        #expect(paths(try FolderLayout().folders(for: [])) == ["/hosts/", "/ids/", "/snapshots/", "/tags/"])
    }

    @Test func `tell snapshots of one second apart`() throws {
        let snapshots = [snapshot(1, 1_700_000_000), snapshot(2, 1_700_000_000), snapshot(3, 1_700_000_000)]
        #expect(
            paths(try FolderLayout(templates: ["%T"]).folders(for: snapshots)) == [
                "/2023-11-14T22:13:20Z = 01", "/2023-11-14T22:13:20Z-1 = 02", "/2023-11-14T22:13:20Z-2 = 03", "/latest -> 2023-11-14T22:13:20Z-2",
            ])
    }

    @Test func `stay inside of the mount, whatever a snapshot calls its host, user and tags`() throws {
        let evil = snapshot(1, 1_700_000_000, host: "../../etc", user: "", tags: ["..", ".", "", "a/b", "x\0y", String(repeating: "t", count: 5000)])
        let found = paths(try FolderLayout(templates: ["h/%h/x", "u/%u/x", "t/%t/x"]).folders(for: [evil]))
        #expect(
            found == [
                "/h/.._.._etc/x = 01", "/t/_/x = 01", "/t/_/x-1 = 01", "/t/__/x = 01", "/t/a_b/x = 01",
                "/t/\(String(repeating: "t", count: 200))/x = 01", "/t/x_y/x = 01", "/u/_/x = 01",
            ])
    }

    @Test func `follow templates of one's own`() throws {
        let snapshots = [snapshot(1, 1_700_000_000, user: "ann"), snapshot(2, 1_700_003_600, user: "bob")]
        #expect(
            paths(try FolderLayout(templates: ["by/%u/%h-%i", "%I"], timeLayout: "2006").folders(for: snapshots)) == [
                "/\(String(repeating: "01", count: 32)) = 01", "/\(String(repeating: "02", count: 32)) = 02",
                "/by/ann/web-01010101 = 01", "/by/bob/web-02020202 = 02",
            ])
        #expect(
            paths(try FolderLayout(templates: ["%h", "%h/%T"], timeLayout: "Jan 2").folders(for: snapshots)) == [
                "/web = 01", "/web-1/Nov 14 = 01", "/web-1/Nov 14-1 = 02", "/web-1/latest -> Nov 14-1", "/web-2 = 02",
            ])
    }

    @Test(arguments: ["", "all", "%x", "%", "100%%"]) func `refuse a template that says nothing`(_ template: String) {
        #expect(throws: Failure.self) { try FolderLayout(templates: [template]) }
    }

    @Test(arguments: [
        ("2006-01-02_15-04-05", "2026-03-07_14-05-09"), ("Mon Jan _2 3:04:05 PM 06 MST", "Sat Mar  7 2:05:09 PM 26 -0330"),
        ("Monday January 2 15:4:5 -07:00", "Saturday March 7 14:5:9 -03:30"), ("Z07:00 Z0700 -07 pm 03 1", "-03:30 -0330 -03 pm 02 3"),
        (GoTimeLayout.rfc3339, "2026-03-07T14:05:09-03:30"), ("day 02 of month 01", "day 07 of month 03"),
    ])
    func `write times as Go does`(_ layout: String, _ expected: String) {
        let time = Timestamp(civil: CivilDate(year: 2026, month: 3, day: 7, hour: 14, minute: 5, second: 9), nanoseconds: 1, utcOffset: -12_600)
        #expect(GoTimeLayout(layout).text(of: time) == expected)
        #expect(GoTimeLayout("Z07:00").text(of: time.with(utcOffset: 0)) == "Z")
    }
}
