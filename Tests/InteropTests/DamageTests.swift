// Damage of every kind of file, in every way: the right exit status, one clear line, no crash.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `A damaged repository` {
    enum Part: String, CaseIterable, Sendable {
        case key, config, index, snapshot, dataPack, treePack
    }

    enum Harm: String, CaseIterable, Sendable {
        case missing, empty, truncated, flipped
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let part: Part
        let harm: Harm
        var testDescription: String { "\(part.rawValue) \(harm.rawValue)" }

        static let all = Part.allCases.flatMap { part in Harm.allCases.map { Case(part: part, harm: $0) } }

        /// What `check --read-data` ends with.
        var statusOfCheck: Int32 {
            switch (part, harm) {
            case (.config, .missing): 10
            case (.key, .missing): 12
            // Whoever deletes a snapshot's file forgets it.
            case (.snapshot, .missing): 0
            default: 20
            }
        }

        /// What restoring the only snapshot ends with.
        var statusOfRestore: Int32 { part == .snapshot && harm == .missing ? 1 : statusOfCheck }
    }

    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/file", .bytes(SeededRandom.bytes(50_000, seed: 3)))
        try workshop.scratch.add("data/deep/other", .file("other"))
        try workshop.lifeboat("backup", "files", "data")
        return workshop
    }

    /// The files of a kind, found by restic before anything is damaged.
    private func files(_ part: Part, _ workshop: Workshop) throws -> [BytePath] {
        switch part {
        case .config: return [workshop.repository.appending("config")]
        case .key: return try files(in: workshop.repository.appending("keys"))
        case .index: return try files(in: workshop.repository.appending("index"))
        case .snapshot: return try files(in: workshop.repository.appending("snapshots"))
        case .dataPack, .treePack:
            let id = try #require(workshop.restic("list", "index").outputText.split(separator: "\n").last)
            let index = try AnswerJSON.object(workshop.restic("cat", "index", String(id)).outputText)
            let packs = try #require(index["packs"] as? [[String: Any]])
            return try packs.compactMap { pack -> BytePath? in
                let blobs = try #require(pack["blobs"] as? [[String: Any]]), id = try AnswerJSON.text(pack, "id")
                guard blobs.first?["type"] as? String == (part == .dataPack ? "data" : "tree") else { return nil }
                return workshop.repository.appending("data").appending(String(id.prefix(2))).appending(id)
            }
        }
    }

    private func files(in folder: BytePath) throws -> [BytePath] { try Directory.entries(of: folder).map { folder.appending($0.name) } }

    private func harm(_ path: BytePath, _ harm: Harm) throws {
        var content = try AtomicFile.read(path, limit: 1 << 28)
        try Directory.remove(path)
        switch harm {
        case .missing: return
        case .empty: content = []
        case .truncated: content.removeLast(content.count / 2)
        case .flipped:
            // One bit in every blob and every header: each is longer than 32 bytes.
            for position in stride(from: 20, to: content.count, by: 32) { content[position] ^= 0x10 }
        }
        try AtomicFile.write(content.span, to: path)
    }

    /// One line that begins with "error:", unless damage is listed item by item.
    private func expect(_ result: Child.Result, _ status: Int32, _ what: String) {
        #expect(result.exitStatus == status, "\(what): \(result.errorText)\(result.outputText)")
        if status == 0 { return }
        let lines = result.errorText.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("error: ") || $0.hasPrefix("warning: ") }, "\(what): \(result.errorText)")
        #expect(!result.errorText.contains("Fatal error") && !result.errorText.contains("Failure("), "\(what): \(result.errorText)")
    }

    @Test(arguments: Case.all)
    func `is told from a whole one`(_ damage: Case) throws {
        let workshop = try workshop()
        for file in try files(damage.part, workshop) { try harm(file, damage.harm) }
        let program = try workshop.lifeboat()
        expect(try program.run(["check", "--read-data"]), damage.statusOfCheck, "check")
        expect(try program.run(["restore", "files", "--target", "out"]), damage.statusOfRestore, "restore")
        let dump = try program.run(["dump", "latest", "/data/file"])
        expect(dump, damage.statusOfRestore, "dump")
        #expect(dump.exitStatus == 0 || dump.output.isEmpty)
        let json = try program.run(["check", "--read-data", "--json"])
        #expect(json.exitStatus == damage.statusOfCheck)
        for line in json.errorText.split(separator: "\n") { #expect(throws: Never.self) { try AnswerJSON.object(String(line)) } }
        // Whatever is left does not make the other commands crash.
        for command in [
            ["snapshots"], ["ls"], ["stats", "--mode", "raw-data"], ["prune", "--dry-run"], ["forget", "--keep-last", "1", "-n"],
            ["key", "list"],
        ] {
            let result = try program.run(command)
            #expect(result.exitStatus < 64, "\(command): \(result.errorText)")
        }
    }

    @Test func `gives back the snapshots whose files are whole`() throws {
        let workshop = try workshop()
        let before = try Set(files(.snapshot, workshop))
        try workshop.scratch.add("data/file", .file("changed"))
        try workshop.lifeboat("backup", "files", "data")
        let newest = try #require(Set(files(.snapshot, workshop)).subtracting(before).first)
        try harm(newest, .flipped)
        let listing = try workshop.lifeboat("snapshots", status: 20)
        #expect(listing.outputText.contains("\n1 snapshot\n"))
        #expect(listing.errorText.contains("snapshot \(BytePath.display(newest.name).prefix(8)) is damaged"))
        let restore = try workshop.lifeboat("restore", "files", "--target", "out")
        #expect(restore.errorText.contains("warning: "))
        #expect(try workshop.scratch.read("out/data/file") == SeededRandom.bytes(50_000, seed: 3))
        // A backup goes on; nothing is deleted while it is unknown what is needed.
        try workshop.lifeboat("backup", "files", "data")
        try workshop.lifeboat("prune", status: 20)
    }

    @Test func `opens with the other key when one is damaged`() throws {
        let workshop = try workshop()
        let first = try files(.key, workshop)
        try workshop.scratch.add("second", .file("second password"))
        try workshop.lifeboat("key", "add", "--new-password-file", "second")
        for file in first { try harm(file, .flipped) }
        let program = try workshop.lifeboat()
        #expect(try program.run(["snapshots"], environment: ["LIFEBOAT_PASSWORD": "second password"]).exitStatus == 0)
        #expect(try program.run(["check"], environment: ["LIFEBOAT_PASSWORD": "second password"]).exitStatus == 20)
        #expect(try program.run(["snapshots"]).exitStatus == 20)
    }

    @Test func `names the files that suffer`() throws {
        let workshop = try workshop()
        for file in try files(.dataPack, workshop) { try harm(file, .flipped) }
        let result = try workshop.lifeboat("check", "--read-data", status: 20)
        #expect(result.errorText.contains("concerns /data/"))
        let summary = try AnswerJSON.lastObject(workshop.lifeboat("check", "--read-data", "--json", status: 20).outputText)
        #expect(try AnswerJSON.number(summary, "num_errors") > 0)
        #expect((summary["broken_packs"] as? [String])?.isEmpty == false)
    }
}
