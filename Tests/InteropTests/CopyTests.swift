// copy: snapshots from one repository to another, beside stock restic's copy.

import Bytes
import Foundation
import HostOS
import RepositoryFormat
import TestKit
import Testing

@Suite struct `Snapshots copied to another repository` {
    private static let password = "another horse"

    private func workshop(seed: UInt64, version: RepositoryVersion = .two) throws -> Workshop {
        let workshop = try Workshop()
        try QuickRepository.make(at: workshop.repository, password: Workshop.password, version: version)
        try EverythingTree.make(at: workshop.scratch["data"], seed: seed, largeByteCount: 4_000_000)
        try workshop.restic("backup", "data", "--host", "peer", "--tag", "one", "--time", "2026-01-01 10:00:00")
        try workshop.scratch.add("data/new", .bytes([UInt8](repeating: 7, count: 100_000)))
        try workshop.lifeboat("backup", "files", "data", "--host", "other", "--time", "2026-01-02T10:00:00Z")
        try workshop.scratch.add("source.key", .file(Workshop.password))
        return workshop
    }

    private func destination(_ workshop: Workshop, _ name: String, version: RepositoryVersion = .two) throws -> String {
        let path = workshop.scratch[BytePath(name)]
        try QuickRepository.make(at: path, password: Self.password, version: version)
        return "\(path)"
    }

    /// Runs a program on the destination; what it copies from is the workshop's repository.
    private func run(_ program: CommandLineProgram, _ arguments: [String], on destination: String, _ workshop: Workshop) throws -> Child.Result {
        let environment = [
            "LIFEBOAT_REPOSITORY": destination, "LIFEBOAT_PASSWORD": Self.password, "RESTIC_REPOSITORY": destination, "RESTIC_PASSWORD": Self.password,
            "RESTIC_FROM_REPOSITORY": "\(workshop.repository)", "RESTIC_FROM_PASSWORD": Workshop.password,
        ]
        let result = try program.run(arguments, environment: environment)
        try #require(result.exitStatus == 0, "\(arguments): \(result.errorText)\(result.outputText.suffix(2000))")
        return result
    }

    private func lifeboat(_ workshop: Workshop, on destination: String, _ arguments: String...) throws -> Child.Result {
        try run(workshop.lifeboat(), arguments, on: destination, workshop)
    }

    private func restic(_ workshop: Workshop, on destination: String, _ arguments: String...) throws -> Child.Result {
        try run(workshop.restic.program, ["--no-cache"] + arguments, on: destination, workshop)
    }

    /// Everything about each snapshot but its id.
    private func described(_ workshop: Workshop, _ destination: String) throws -> [NSDictionary] {
        try AnswerJSON.array(restic(workshop, on: destination, "snapshots", "--json").outputText).map { snapshot in
            snapshot.filter { $0.key != "id" && $0.key != "short_id" } as NSDictionary
        }
    }

    private func requireClean(_ workshop: Workshop, _ destination: String) throws {
        #expect(try restic(workshop, on: destination, "check", "--read-data").outputText.contains("no errors were found"))
    }

    @Test(arguments: [RepositoryVersion.one, .two], [RepositoryVersion.one, .two])
    func `are what restic makes of them, and restore identically`(from: RepositoryVersion, to: RepositoryVersion) throws {
        let workshop = try workshop(seed: 11, version: from)
        let ours = try destination(workshop, "ours", version: to), theirs = try destination(workshop, "theirs", version: to)
        let summary = try AnswerJSON.lastObject(lifeboat(workshop, on: ours, "copy", "--json").outputText)
        #expect(try AnswerJSON.number(summary, "snapshots_copied") == 2)
        _ = try restic(workshop, on: theirs, "copy")
        #expect(try described(workshop, ours) == described(workshop, theirs))
        try requireClean(workshop, ours)
        for tool in ["lifeboat", "restic"] {
            if tool == "restic" {
                _ = try restic(workshop, on: ours, "restore", "latest", "--target", tool)
            } else {
                _ = try lifeboat(workshop, on: ours, "restore", "files", "--target", tool)
            }
            try workshop.expectSame(BytePath("\(tool)/data"), "data")
        }
    }

    @Test func `are not copied again by either program`() throws {
        let workshop = try workshop(seed: 12), ours = try destination(workshop, "ours")
        _ = try lifeboat(workshop, on: ours, "copy", "--from-repo", "\(workshop.repository)", "--from-password-file", "source.key")
        let count = try described(workshop, ours).count
        let again = try AnswerJSON.lastObject(lifeboat(workshop, on: ours, "copy", "--json").outputText)
        #expect(try AnswerJSON.number(again, "snapshots_copied") == 0)
        #expect(try AnswerJSON.number(again, "snapshots_present") == 2)
        #expect(try AnswerJSON.number(again, "packs_read") == 0)
        _ = try restic(workshop, on: ours, "copy")
        #expect(try described(workshop, ours).count == count)
        // Back home: the originals are recognised in their copies.
        let environment = [
            "LIFEBOAT_FROM_REPOSITORY": ours, "LIFEBOAT_FROM_PASSWORD": Self.password,
        ]
        let back = try workshop.lifeboat().run(["copy", "--json"], environment: environment)
        #expect(try AnswerJSON.number(AnswerJSON.lastObject(back.outputText), "snapshots_copied") == 0, "\(back.errorText)")
        // One that says something else now is another snapshot, and its data is there already.
        try workshop.lifeboat("tag", "--add", "changed", "latest")
        let changed = try AnswerJSON.lastObject(lifeboat(workshop, on: ours, "copy", "--json").outputText)
        #expect(try AnswerJSON.number(changed, "snapshots_copied") == 1)
        #expect(try AnswerJSON.number(changed, "data_added") == 0)
        try requireClean(workshop, ours)
    }

    @Test func `are those that were asked for`() throws {
        let workshop = try workshop(seed: 13), ours = try destination(workshop, "ours")
        _ = try lifeboat(workshop, on: ours, "copy", "--tag", "one")
        #expect(try described(workshop, ours).map { $0["hostname"] as? String } == ["peer"])
        _ = try lifeboat(workshop, on: ours, "copy", "latest", "--host", "other")
        #expect(try described(workshop, ours).count == 2)
        let missing = try workshop.lifeboat().run(["copy"])
        #expect(missing.exitStatus == 64 && missing.errorText.contains("no repository to copy from"))
    }

    @Test func `share chunks with backups made at their new place, if it was made for that`() throws {
        let workshop = try workshop(seed: 14), ours = "\(workshop.scratch["ours"])"
        _ = try lifeboat(workshop, on: ours, "repository", "init", "--copy-chunker-params")
        _ = try lifeboat(workshop, on: ours, "copy")
        let backup = try AnswerJSON.lastObject(lifeboat(workshop, on: ours, "backup", "files", "data", "--json").outputText)
        #expect(try AnswerJSON.number(backup, "data_blobs") == 0)
        try requireClean(workshop, ours)
    }

    @Test func `are complete or absent when the program is killed, and the next run finishes`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        let seed: UInt64 = 20_261_124
        var random = SeededRandom(seed: seed), killed = 0
        for round in 0..<3 {
            for number in 0..<8 { try workshop.scratch.add(BytePath("data/\(round)/\(number)"), .bytes(random.bytes(1_500_000))) }
            try workshop.lifeboat("backup", "files", "data", "--pack-size", "4", "--time", "2026-01-0\(round + 1)T10:00:00Z")
        }
        let picture = try TreePicture(of: workshop.scratch["data"])
        for round in 0..<8 {
            try workshop.scratch.remove("ours")
            let ours = try destination(workshop, "ours"), delay = Int.random(in: 20...250, using: &random)
            let context = "seed \(seed), round \(round), killed after \(delay) ms"
            var program = try workshop.lifeboat()
            program.environment["LIFEBOAT_REPOSITORY"] = ours
            program.environment["LIFEBOAT_PASSWORD"] = Self.password
            program.environment["RESTIC_FROM_REPOSITORY"] = "\(workshop.repository)"
            program.environment["RESTIC_FROM_PASSWORD"] = Workshop.password
            if try program.run(["copy", "--pack-size", "4"], signal: "KILL", afterMilliseconds: delay).exitStatus == 137 { killed += 1 }
            #expect(try restic(workshop, on: ours, "check", "--no-lock").outputText.contains("no errors were found"), "\(context)")
            _ = try lifeboat(workshop, on: ours, "copy")
            #expect(try described(workshop, ours).count == 3, "\(context)")
            try workshop.scratch.remove("out")
            _ = try lifeboat(workshop, on: ours, "restore", "files", "--target", "out")
            #expect(try TreePicture(of: workshop.scratch["out/data"]) == picture, "\(context)")
        }
        #expect(killed >= 2, "only \(killed) runs were still alive when the signal came")
    }
}
