// The sample repositories of the format's description: written by restic 0.19.1, their contents listed by an independent decoder.

import Bytes
import Codecs
import Foundation
import HostOS
import RepositoryFormat
import TestKit
import Testing

@Suite struct `A sample repository` {
    private static let vectors = BytePath(#filePath).parent.parent.appending("RepositoryFormatTests").appending("Vectors")

    private func description(_ version: String) throws -> [String: Any] {
        let text = String(decoding: try AtomicFile.read(Self.vectors.appending("sample-repo.json"), limit: 1 << 24), as: UTF8.self)
        return try #require(AnswerJSON.object(text)[version] as? [String: Any])
    }

    /// Unpacks it; lifeboat opened with one of its passwords.
    private func unpack(_ sample: [String: Any], _ workshop: Workshop) throws -> [CommandLineProgram] {
        let tar = Self.vectors.appending(try AnswerJSON.text(sample, "tar"))
        let result = try Child.run("tar", ["-xf", "\(tar)", "-C", "\(workshop.scratch.path)"])
        try #require(result.exitStatus == 0, "\(result.errorText)")
        let passwords = try #require(sample["password_list"] as? [String])
        return try passwords.map { password in
            var program = try workshop.lifeboat()
            program.environment["LIFEBOAT_REPOSITORY"] = "\(workshop.scratch[BytePath(try AnswerJSON.text(sample, "directory"))])"
            program.environment["LIFEBOAT_PASSWORD"] = password
            return program
        }
    }

    @Test(arguments: ["v1", "v2"])
    func `opens with each password and is whole`(version: String) throws {
        let workshop = try Workshop(), sample = try description(version)
        let expected = try #require(sample["snapshots"] as? [[String: Any]]).map { try AnswerJSON.text($0, "id") }
        for program in try unpack(sample, workshop) {
            let snapshots = try program.run(["snapshots", "--json"])
            #expect(snapshots.exitStatus == 0, "\(snapshots.errorText)")
            #expect(try Set(AnswerJSON.array(snapshots.outputText).map { try AnswerJSON.text($0, "id") }) == Set(expected))
            let check = try program.run(["check", "--read-data"])
            #expect(check.exitStatus == 0, "\(check.errorText)")
        }
    }

    @Test(arguments: ["v1", "v2"])
    func `lists and restores exactly what it holds`(version: String) throws {
        let workshop = try Workshop(), sample = try description(version)
        let program = try #require(try unpack(sample, workshop).first)
        for snapshot in try #require(sample["snapshots"] as? [[String: Any]]) {
            let id = try AnswerJSON.text(snapshot, "id"), entries = try #require(snapshot["entries"] as? [[String: Any]])
            let listing = try AnswerJSON.objects(program.run(["ls", id, "--json"]).outputText).dropFirst()
            #expect(listing.count == entries.count)
            let target = workshop.scratch[BytePath("out-\(id)")]
            #expect(try program.run(["restore", "files", "--snapshot", id, "--target", "\(target)"]).exitStatus == 0)
            for entry in entries { try expectRestored(entry, below: target) }
        }
    }

    private func expectRestored(_ entry: [String: Any], below target: BytePath) throws {
        let stored = try AnswerJSON.text(entry, "path_as_stored")
        let name = try #require(GoQuote.unquote(Array(stored.utf8)))
        let path = BytePath(target.bytes + name)
        switch try AnswerJSON.text(entry, "type") {
        case "file":
            #expect(SHA256.hash(try AtomicFile.read(path, limit: 1 << 28)).hex == entry["sha256"] as? String, "\(stored)")
        case "symlink":
            #expect(try Directory.linkTarget(path) == Array(AnswerJSON.text(entry, "linktarget").utf8), "\(stored)")
        case "dir":
            #expect(try FileStatus.of(path).kind == .directory, "\(stored)")
        default:
            Issue.record("an entry of unknown type: \(stored)")
        }
    }

    @Test func `measures as restic measured it`() throws {
        let workshop = try Workshop(), sample = try description("v2")
        let program = try #require(try unpack(sample, workshop).first)
        for (mode, key) in [("restore-size", "stats_restore_size"), ("raw-data", "stats_raw_data")] {
            let ours = try AnswerJSON.object(program.run(["stats", "--mode", mode, "--json"]).outputText)
            let theirs = try #require(sample[key] as? [String: Any])
            for (name, value) in theirs {
                let (mine, expected) = (try #require(ours[name] as? NSNumber), try #require(value as? NSNumber))
                #expect(abs(mine.doubleValue - expected.doubleValue) < 1e-6, "\(mode) \(name)")
            }
        }
    }
}
