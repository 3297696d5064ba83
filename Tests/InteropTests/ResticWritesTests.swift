// What stock restic writes, in both versions of the format, lifeboat reads, verifies, restores, extends and thins out.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `A repository that restic wrote` {
    private func workshop(version: Int) throws -> Workshop {
        let workshop = try Workshop()
        try EverythingTree.make(at: workshop.scratch["data"], seed: 2)
        try workshop.restic("init", "--repository-version", "\(version)")
        try workshop.restic("backup", "data", "--host", "peer", "--tag", "one", "--time", "2026-01-01 10:00:00")
        return workshop
    }

    @Test(arguments: [1, 2])
    func `is listed and checked by lifeboat`(version: Int) throws {
        let workshop = try workshop(version: version)
        let snapshots = try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText)
        #expect(snapshots.count == 1)
        #expect(snapshots.first?["tags"] as? [String] == ["one"])
        #expect(try workshop.lifeboat("check", "--read-data").outputText.contains("no damage found"))
        let listed = try AnswerJSON.objects(workshop.lifeboat("ls", "latest", "--json").outputText)
        #expect(listed.first?["struct_type"] as? String == "snapshot")
        let ours = Set(listed.dropFirst().compactMap { $0["path"] as? String })
        let theirs = try AnswerJSON.objects(workshop.restic("ls", "latest", "--json").outputText).dropFirst().compactMap {
            $0["path"] as? String
        }
        #expect(ours == Set(theirs) && ours.count > 30)
    }

    @Test(arguments: [1, 2])
    func `is restored by lifeboat without a difference`(version: Int) throws {
        let workshop = try workshop(version: version)
        try workshop.lifeboat("restore", "files", "--target", "out")
        try workshop.expectSame("data", "out/data")
    }

    @Test(arguments: [1, 2])
    func `is extended by lifeboat with next to nothing`(version: Int) throws {
        let workshop = try workshop(version: version)
        let answer = try workshop.lifeboat("backup", "files", "data", "--host", "peer", "--force", "--json")
        let summary = try AnswerJSON.lastObject(answer.outputText)
        #expect(try AnswerJSON.number(summary, "data_added") == 0)
        let again = try AnswerJSON.lastObject(workshop.lifeboat("backup", "files", "data", "--host", "peer", "--json").outputText)
        #expect(try AnswerJSON.number(again, "files_new") == 0)
        #expect(try AnswerJSON.number(again, "files_changed") == 0)
        try workshop.scratch.add("data/deep/more", .file("something new"))
        let changed = try AnswerJSON.lastObject(workshop.lifeboat("backup", "files", "data", "--host", "peer", "--json").outputText)
        #expect(try AnswerJSON.number(changed, "files_new") == 1)
        #expect(try AnswerJSON.number(changed, "data_added") < 30_000)
        try workshop.requireCleanCheck()
    }

    @Test(arguments: [1, 2])
    func `is thinned out by lifeboat to what restic still finds clean`(version: Int) throws {
        let workshop = try workshop(version: version)
        try workshop.scratch.add("data/changing", .bytes(SeededRandom.bytes(3_000_000, seed: 7)))
        try workshop.restic("backup", "data", "--host", "peer", "--time", "2026-01-02 10:00:00")
        try workshop.scratch.add("data/changing", .bytes(SeededRandom.bytes(3_000_000, seed: 8)))
        try workshop.lifeboat("backup", "files", "data", "--host", "peer", "--time", "2026-01-03T10:00:00Z")
        try workshop.lifeboat("forget", "--keep-daily", "1")
        try workshop.lifeboat("prune", "--max-unused", "0", "--repack-uncompressed")
        try workshop.requireCleanCheck()
        #expect(try AnswerJSON.array(workshop.restic("snapshots", "--json").outputText).count == 1)
        try workshop.restic("restore", "latest", "--target", "out")
        try workshop.expectSame("data", "out/data")
    }

    @Test func `has the same size for both`() throws {
        let workshop = try workshop(version: 2)
        for mode in ["restore-size", "files-by-contents", "blobs-per-file", "raw-data"] {
            let ours = try AnswerJSON.object(workshop.lifeboat("stats", "--mode", mode, "--json").outputText)
            let theirs = try AnswerJSON.object(workshop.restic("stats", "--mode", mode, "--json").outputText)
            #expect(try AnswerJSON.number(ours, "total_size") == AnswerJSON.number(theirs, "total_size"), "\(mode)")
        }
    }

    @Test func `opens for both with a password that either added`() throws {
        let workshop = try workshop(version: 2)
        try workshop.scratch.add("second", .file("second password\n"))
        try workshop.lifeboat("key", "add", "--new-password-file", "second")
        #expect(
            try workshop.restic.program.run(["--no-cache", "snapshots"], environment: ["RESTIC_PASSWORD": "second password"]).exitStatus
                == 0)
        try workshop.scratch.add("third", .file("third password"))
        try workshop.restic("key", "add", "--new-password-file", "third")
        let keys = try workshop.lifeboat().run(["key", "list", "--json"], environment: ["LIFEBOAT_PASSWORD": "third password"])
        #expect(keys.exitStatus == 0)
        let list = try AnswerJSON.array(keys.outputText)
        #expect(list.count == 3)
        #expect(list.filter { $0["current"] as? Bool == true }.count == 1)
    }
}
