// What lifeboat writes, stock restic reads, verifies, restores and extends.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `A repository that lifeboat wrote` {
    private func workshop(zone: String = "UTC") throws -> Workshop {
        let workshop = try Workshop(zone: zone)
        try EverythingTree.make(at: workshop.scratch["data"], seed: 1)
        try workshop.makeRepository()
        try workshop.lifeboat("backup", "files", "data", "--host", "peer", "--tag", "one", "--time", "2026-01-01T10:00:00Z")
        return workshop
    }

    @Test func `is clean to the last byte for restic`() throws {
        try workshop().requireCleanCheck()
    }

    @Test func `is restored by restic without a difference`() throws {
        let workshop = try workshop()
        try workshop.restic("restore", "latest", "--target", "out")
        try workshop.expectSame("data", "out/data")
    }

    @Test func `is restored by lifeboat without a difference`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("restore", "files", "--snapshot", "latest", "--target", "out")
        try workshop.expectSame("data", "out/data")
        try workshop.lifeboat("restore", "files", "--snapshot", "latest", "--target", "sparse", "--sparse")
        try workshop.expectSame("data", "sparse/data")
        let status = try #require(try workshop.scratch.status("sparse/data/sparse"))
        #expect(status.blockCount * 512 < status.size)
    }

    /// Time zones, because times in trees carry their offset.
    private static let zones = ["UTC", "Europe/Kyiv"].filter { (try? FileStatus.following(BytePath("/usr/share/zoneinfo/\($0)"))) != nil || $0 == "UTC" }

    @Test(arguments: zones)
    func `has the trees that restic would have written, byte for byte`(zone: String) throws {
        let workshop = try workshop(zone: zone)
        let answer = try workshop.restic("backup", "data", "--host", "peer", "--force", "--json")
        let summary = try AnswerJSON.lastObject(answer.outputText)
        #expect(try AnswerJSON.number(summary, "data_added") == 0)
        #expect(try AnswerJSON.number(summary, "tree_blobs") == 0)
        let trees = try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "tree") }
        #expect(trees.count == 2 && trees[0] == trees[1])
    }

    @Test func `serves restic as parent snapshot`() throws {
        let workshop = try workshop()
        let answer = try workshop.restic("backup", "data", "--host", "peer", "--json")
        let summary = try AnswerJSON.lastObject(answer.outputText)
        #expect(try AnswerJSON.number(summary, "files_new") == 0)
        #expect(try AnswerJSON.number(summary, "files_changed") == 0)
        #expect(try AnswerJSON.number(summary, "data_added") == 0)
    }

    @Test func `survives being rewritten by a restic that can`() throws {
        let workshop = try workshop()
        guard try workshop.restic.has("rewrite") else { return }
        let answer = try workshop.restic("rewrite", "--exclude", "/nonexist", "--dry-run")
        #expect(!answer.outputText.contains("would save new snapshot"))
    }

    @Test func `stays clean for restic after forget and prune by lifeboat`() throws {
        let workshop = try workshop()
        for round in 0..<4 {
            try workshop.scratch.add("data/changing", .bytes(SeededRandom.bytes(400_000, seed: UInt64(100 + round))))
            try workshop.lifeboat("backup", "files", "data", "--host", "peer", "--time", "2026-01-0\(round + 2)T10:00:00Z")
        }
        try workshop.lifeboat("forget", "--keep-last", "2", "--group-by", "host", "--prune")
        try workshop.lifeboat("prune", "--max-unused", "0")
        try workshop.requireCleanCheck()
        #expect(try AnswerJSON.array(workshop.restic("snapshots", "--json").outputText).count == 2)
        try workshop.restic("restore", "latest", "--target", "out")
        try workshop.expectSame("data", "out/data")
        let left = try workshop.restic("prune", "--max-unused", "0", "--dry-run").outputText
        #expect(left.contains("to delete:             0 blobs") || left.contains("to delete:            0 blobs"), "\(left)")
    }
}

extension SeededRandom {
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }
}
