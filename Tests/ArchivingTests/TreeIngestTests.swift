// TreeIngestTests: contents pushed by several threads become one tree, cut finely, and a run that fails leaves nothing.

import Archiving
import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Synchronization
import TestKit
import Testing

@Suite struct `Pushed contents` {
    /// Rows of a table as text, `changed` of them with another value.
    private static func rows(_ count: Int, changed: Set<Int> = []) -> [UInt8] {
        var text: [UInt8] = []
        for row in 0..<count {
            text += Array("\(row)\tpupil \(row &* 2_654_435_761 % 1_000_003)\t\(changed.contains(row) ? "changed" : "as before")\n".utf8)
        }
        return text
    }

    /// One file for each entry, by two threads, in pieces of uneven length.
    private func ingest(_ bench: Bench, _ files: [(path: String, content: [UInt8])], time: Int64, dryRun: Bool = false) throws -> BackupSummary {
        let repository = try bench.repository(), snapshots = try SnapshotCatalog.load(repository)
        var request = BackupRequest(
            targets: ["/mysql/school"], workingDirectory: .root, hostName: "h", userName: "u", time: Timestamp(seconds: time), programVersion: "test")
        request.dryRun = dryRun
        let ingest = TreeIngest(try IndexedRepository.load(repository), request, zone: { _ in 0 })
        let workers = Workers()
        for thread in 0..<2 {
            workers.start("push-\(thread)") {
                let lane = ingest.lane()
                for (number, file) in files.enumerated() where number % 2 == thread {
                    lane.begin(file.path.split(separator: "/").map { Array($0.utf8) })
                    for start in stride(from: 0, to: file.content.count, by: 70_001) {
                        let end = min(start + 70_001, file.content.count)
                        try lane.write(file.content.span.extracting(start..<end))
                    }
                    try lane.end()
                }
            }
        }
        try workers.join()
        return try ingest.finish(parent: snapshots.last)
    }

    @Test func `come back byte for byte, whichever thread pushed them`() throws {
        let bench = try Bench()
        let files: [(path: String, content: [UInt8])] = [
            ("manifest.json", Array("{}".utf8)), ("data/grades/1.tsv", Self.rows(40_000)), ("data/grades/2.tsv", Self.rows(3)), ("data/empty/1.tsv", []),
        ]
        let summary = try ingest(bench, files, time: 1)
        try bench.restore(summary.tree)
        for file in files { #expect(try bench.tree.read(BytePath("target/" + file.path)) == file.content, "\(file.path)") }
        #expect(summary.figures.totalFilesProcessed == 4 && summary.figures.totalBytesProcessed == UInt64(files.reduce(0) { $0 + $1.content.count }))
        for (_, json) in try bench.trees(summary.tree) { #expect(Tree.roundTrips(json)) }
    }

    @Test func `that did not change add no tree and no data, and keep their times`() throws {
        let bench = try Bench()
        let files: [(path: String, content: [UInt8])] = [("data/a/1.tsv", Self.rows(9_000)), ("data/b/1.tsv", Self.rows(10))]
        let first = try ingest(bench, files, time: 1), second = try ingest(bench, files, time: 2)
        #expect(second.tree == first.tree && second.figures.dataBlobs == 0 && second.figures.treeBlobs == 0)
        #expect(second.figures.filesUnmodified == 2)
    }

    @Test func `that changed here and there store little more than the changes`() throws {
        let bench = try Bench()
        let first = try ingest(bench, [("data/a/1.tsv", Self.rows(100_000))], time: 1)
        let second = try ingest(bench, [("data/a/1.tsv", Self.rows(100_000, changed: [5, 31_000, 99_000]))], time: 2)
        #expect(second.figures.dataAdded * 20 < first.figures.dataAdded, "\(second.figures.dataAdded) of \(first.figures.dataAdded)")
        #expect(second.figures.filesChanged == 1)
    }

    @Test func `are cut into pieces of 4 to 64 KiB`() throws {
        let bench = try Bench()
        let content = Self.rows(100_000)
        let summary = try ingest(bench, [("t.tsv", content)], time: 1)
        let lengths = try #require(try IndexedRepository.load(bench.repository()).index.plainLengths(bench.node("/t.tsv", in: summary.tree).content ?? []))
        #expect(lengths.dropLast().allSatisfy { (4 << 10...64 << 10).contains($0) })
        let average = content.count / lengths.count
        #expect((6 << 10...24 << 10).contains(average), "\(average)")
    }

    @Test func `leave no snapshot when they are abandoned, or for a dry run`() throws {
        let bench = try Bench()
        let repository = try bench.repository()
        let request = BackupRequest(
            targets: ["/mysql/school"], workingDirectory: .root, hostName: "h", userName: "u", time: Timestamp(seconds: 1), programVersion: "test")
        let abandoned = TreeIngest(try IndexedRepository.load(repository), request, zone: { _ in 0 })
        let lane = abandoned.lane()
        lane.begin([Array("half".utf8)])
        let rows = Self.rows(50_000)
        try lane.write(rows.span)
        abandoned.abandon()
        _ = try ingest(bench, [("a", Self.rows(10))], time: 2, dryRun: true)
        #expect(try SnapshotCatalog.load(bench.repository()).isEmpty)
    }
}
