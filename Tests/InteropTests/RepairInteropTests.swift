// Repairs across programs: lifeboat repairs what restic wrote, restic accepts what lifeboat repaired, and where both repair the same
// damage they come to the same snapshots.

import Bytes
import Foundation
import HostOS
import RepositoryEngine
import RepositoryFormat
import TestKit
import Testing

@Suite struct `A damaged repository of restic's` {
    /// Two snapshots that restic made, with large and small files.
    private func workshop(version: String = "2") throws -> Workshop {
        let workshop = try Workshop()
        if version == "2" { try workshop.makeRepository() } else { try QuickRepository.make(at: workshop.repository, password: Workshop.password, version: .one) }
        try workshop.scratch.add("kept", .directory)
        try workshop.scratch.add("data/large", .bytes(SeededRandom.bytes(3_000_000, seed: 5)))
        try workshop.scratch.add("data/deep/small", .file("small"))
        try workshop.restic("backup", "data")
        try workshop.scratch.add("data/deep/second", .file("second"))
        try workshop.restic("backup", "data")
        return workshop
    }

    private func files(in folder: BytePath) throws -> [BytePath] {
        try Directory.entries(of: folder).map { folder.appending($0.name) }.sorted()
    }

    private func packs(_ workshop: Workshop) throws -> [BytePath] { try files(in: workshop.repository.appending("data")).flatMap { try files(in: $0) } }

    private func flip(_ path: BytePath, at position: Int) throws {
        var content = try AtomicFile.read(path, limit: 1 << 28)
        content[position] ^= 1
        try Directory.setMode(path, 0o600)
        try AtomicFile.write(content.span, to: path)
    }

    private func largestPack(_ workshop: Workshop) throws -> BytePath {
        try #require(packs(workshop).max { try FileStatus.of($0).size < FileStatus.of($1).size })
    }

    @Test func `has its index back after all of it was lost`() throws {
        let workshop = try workshop()
        for file in try files(in: workshop.repository.appending("index")) { try Directory.remove(file) }
        try workshop.lifeboat("check", status: 20)
        let result = try workshop.lifeboat("repair", "index")
        #expect(result.errorText.contains("which was in no index"))
        try workshop.requireCleanCheck()
        try workshop.lifeboat("check", "--read-data")
        try workshop.lifeboat("restore", "files", "--target", "out")
        try workshop.expectSame("out/data", "data")
    }

    @Test func `loses the same to both programs`() throws {
        let workshop = try workshop()
        let twin = try ScratchTree()
        let pack = try largestPack(workshop), id = BytePath.display(pack.name)
        try flip(pack, at: 2000)
        _ = try Child.run("cp", ["-a", "\(workshop.repository)", "\(twin["twin"])"])
        // lifeboat
        let found = try workshop.lifeboat("check", "--read-data", status: 20)
        #expect(found.errorText.contains("lifeboat repair packs \(id.prefix(8))") && found.errorText.contains("concerns /data/large"))
        try workshop.lifeboat("repair", "index")
        let packs = try workshop.lifeboat("repair", "packs", id, "--save-to", "kept")
        #expect(packs.outputText.contains("1 lost") && packs.errorText.contains("pack-\(id)"))
        try workshop.lifeboat("repair", "snapshots", "--forget")
        try workshop.requireCleanCheck()
        try workshop.lifeboat("check", "--read-data")
        #expect(try AnswerJSON.array(workshop.restic("snapshots", "--json", "--tag", "repaired").outputText).count == 2)
        try workshop.restic("restore", "latest", "--target", "\(workshop.scratch["restored"])")
        #expect(try workshop.scratch.text("restored/data/deep/second") == "second")
        #expect(try workshop.scratch.read("restored/data/large").count < 3_000_000)
        // restic on the same damage, if it is new enough to repair
        guard try workshop.restic.has("repair") else { return }
        var peer = workshop.restic
        peer.program.environment["RESTIC_REPOSITORY"] = "\(twin["twin"])"
        peer.program.directory = twin.path
        for command in [["repair", "index"], ["repair", "packs", id], ["repair", "snapshots", "--forget"]] {
            let result = try peer.run(command)
            try #require(result.exitStatus == 0, "\(command): \(result.errorText)")
        }
        // restic restores the same files from both, and the roots have the same names: the trees are the same to the byte.
        func trees(_ peer: ResticPeer) throws -> Set<String> {
            try Set(AnswerJSON.array(peer.run(["snapshots", "--json"]).outputText).map { try AnswerJSON.text($0, "tree") })
        }
        #expect(try trees(workshop.restic) == trees(peer))
    }

    @Test func `is healed by the next backup, and needs no repair of snapshots`() throws {
        let workshop = try workshop()
        let pack = try largestPack(workshop)
        try flip(pack, at: 2000)
        try workshop.lifeboat("repair", "packs", "--save-to", "kept")
        try workshop.lifeboat("check", status: 20)
        try workshop.restic("backup", "--force", "data")
        try workshop.requireCleanCheck()
        let result = try workshop.lifeboat("repair", "snapshots", "--forget")
        #expect(result.outputText.contains("no snapshots were modified"))
        try workshop.lifeboat("restore", "files", "--target", "out")
        try workshop.expectSame("out/data", "data")
    }

    @Test func `gives back what was forgotten`() throws {
        let workshop = try workshop()
        try workshop.restic("forget", "latest")
        let result = try workshop.lifeboat("recover")
        #expect(result.outputText.contains("found 1 unreferenced root"))
        try workshop.requireCleanCheck()
        let snapshot = try #require(AnswerJSON.array(workshop.restic("snapshots", "--json", "--tag", "recovered").outputText).first)
        #expect(snapshot["paths"] as? [String] == ["/recover"])
        let second = try workshop.lifeboat("recover")
        #expect(second.outputText.contains("no snapshot to write"))
        // restic finds nothing more than we did.
        #expect(try workshop.restic("recover").outputText.contains("found 0 unreferenced roots"))
    }

    @Test func `of version 1 becomes one of version 2`() throws {
        let workshop = try workshop(version: "1")
        #expect(try workshop.lifeboat("migrate").outputText.contains("upgrade_repo_v2"))
        try workshop.lifeboat("migrate", "upgrade_repo_v2", "--save-to", "kept")
        #expect(try AnswerJSON.number(AnswerJSON.object(workshop.restic("cat", "config").outputText), "version") == 2)
        #expect(try Directory.entries(of: workshop.scratch["kept"]).isEmpty)
        try workshop.requireCleanCheck()
        #expect(try workshop.restic("migrate").outputText.contains("upgrade_repo_v2") == false)
        try workshop.lifeboat("backup", "files", "data")
        try workshop.lifeboat("prune", "--repack-uncompressed")
        try workshop.requireCleanCheck()
        try workshop.lifeboat("restore", "files", "--target", "out")
        try workshop.expectSame("out/data", "data")
    }

    @Test func `is not migrated while it is damaged`() throws {
        let workshop = try workshop(version: "1")
        try Directory.remove(try largestPack(workshop))
        let result = try workshop.lifeboat("migrate", "upgrade_repo_v2", "--save-to", "kept", status: 20)
        #expect(result.errorText.contains("was not changed"))
        #expect(try AnswerJSON.number(AnswerJSON.object(workshop.restic("cat", "config").outputText), "version") == 1)
    }
}

@Suite(.serialized) struct `A repair ended at a random moment` {
    private static let seed: UInt64 = 20_261_125

    @Test func `is finished by the next, and nothing more is lost`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        var random = SeededRandom(seed: Self.seed)
        try workshop.scratch.add("kept", .directory)
        for number in 0..<8 { try workshop.scratch.add(BytePath("data/file\(number)"), .bytes(random.bytes(2_000_000))) }
        try workshop.lifeboat("backup", "files", "data", "--pack-size", "4")
        // Headers are hit, and blobs are not: everything can be saved.
        for pack in try packs(workshop) {
            var content = try AtomicFile.read(pack, limit: 1 << 28)
            content[content.count - 10] ^= 1
            try Directory.setMode(pack, 0o600)
            try AtomicFile.write(content.span, to: pack)
        }
        let base = workshop.scratch["base"]
        try Directory.rename(workshop.repository, to: base)
        var ended = 0
        for round in 0..<8 {
            _ = try Child.run("rm", ["-rf", "\(workshop.repository)"])
            _ = try Child.run("cp", ["-a", "\(base)", "\(workshop.repository)"])
            let delay = Int.random(in: 5...250, using: &random), signal = round % 2 == 0 ? "KILL" : "INT"
            let result = try workshop.lifeboat().run(
                ["repair", "packs", "--save-to", "kept", "--pack-size", "4"], signal: signal, afterMilliseconds: delay)
            let context = "seed \(Self.seed), round \(round), \(signal) after \(delay) ms: \(result.exitStatus) \(result.errorText)"
            if result.exitStatus != 0 { ended += 1 }
            #expect([0, 130, 137].contains(result.exitStatus), "\(context)")
            try workshop.lifeboat("repair", "index")
            let next = try workshop.lifeboat("repair", "packs", "--save-to", "kept")
            #expect(next.outputText.contains("no pack is damaged") || next.outputText.contains(" 0 lost"), "\(context): \(next.outputText)")
            try workshop.requireCleanCheck()
            try workshop.scratch.remove("out")
            try workshop.lifeboat("restore", "files", "--target", "out")
            try workshop.expectSame("out/data", "data")
        }
        #expect(ended > 0, "every repair was over before the signal came")
    }

    private func packs(_ workshop: Workshop) throws -> [BytePath] {
        let data = workshop.repository.appending("data")
        return try Directory.entries(of: data).flatMap { folder in
            try Directory.entries(of: data.appending(folder.name)).map { data.appending(folder.name).appending($0.name) }
        }
    }
}

@Suite struct `The repair commands` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/file", .bytes(SeededRandom.bytes(50_000, seed: 3)))
        try workshop.lifeboat("backup", "files", "data")
        return workshop
    }

    @Test func `say so when there is nothing to do`() throws {
        let workshop = try workshop()
        #expect(try workshop.lifeboat("repair", "index").outputText.contains("the index is right"))
        #expect(try workshop.lifeboat("repair", "packs").outputText == "no pack is damaged\n")
        #expect(try workshop.lifeboat("repair", "snapshots").outputText == "no snapshots were modified\n")
        #expect(try workshop.lifeboat("repair", "snapshots", "-n").outputText == "no snapshots would be modified\n")
        #expect(try workshop.lifeboat("recover").outputText.contains("no snapshot to write"))
        #expect(try workshop.lifeboat("migrate").outputText.contains("up to date"))
        let again = try workshop.lifeboat("migrate", "upgrade_repo_v2")
        #expect(again.errorText.contains("already upgraded"))
        try workshop.lifeboat("migrate", "upgrade_repo_v2", "--force", status: 1)
        #expect(try workshop.lifeboat("repair", "packs", "0000", status: 1).errorText.contains("there is no pack '0000'"))
        #expect(try workshop.lifeboat("migrate", "upgrade", status: 64).errorText.contains("lifeboat migrate"))
    }

    @Test func `answer in JSON`() throws {
        let workshop = try workshop()
        for command in [["repair", "index"], ["repair", "packs"], ["repair", "snapshots"], ["recover"]] {
            let answer = try workshop.lifeboat().run(command + ["--json"])
            #expect(answer.exitStatus == 0 && answer.errorText.isEmpty, "\(command): \(answer.errorText)")
            #expect(try AnswerJSON.text(AnswerJSON.lastObject(answer.outputText), "message_type") == "summary")
        }
        #expect(try AnswerJSON.lastObject(workshop.lifeboat("migrate", "--json").outputText)["available"] as? [String] == [])
    }

    @Test(arguments: [["repair", "index"], ["repair", "packs"], ["repair", "snapshots"], ["recover"], ["migrate"]])
    func `need the repository for themselves`(command: [String]) throws {
        let workshop = try workshop()
        let lock = try QuickRepository.lock(workshop.repository, password: Workshop.password, .shared)
        defer { lock.release() }
        #expect(try workshop.lifeboat().run(command).exitStatus == 11)
    }

    @Test func `take a damaged snapshot file away when what it held is safe`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("kept", .directory)
        let folder = workshop.repository.appending("snapshots")
        let file = folder.appending(try #require(Directory.entries(of: folder).first).name)
        var content = try AtomicFile.read(file, limit: 1 << 20)
        content[content.count / 2] ^= 1
        try Directory.setMode(file, 0o600)
        try AtomicFile.write(content.span, to: file)
        let check = try workshop.lifeboat("check", status: 20)
        #expect(check.errorText.contains("lifeboat repair snapshots --forget"))
        // Without being told to forget, nothing goes.
        #expect(try workshop.lifeboat("repair", "snapshots").errorText.contains("--forget"))
        #expect(try FileStatus.ifExists(file) != nil)
        try workshop.lifeboat("repair", "snapshots", "--forget", "--save-to", "kept")
        #expect(try AtomicFile.read(workshop.scratch[BytePath("kept/snapshot-\(BytePath.display(file.name))")], limit: 1 << 20) == content)
        try workshop.requireCleanCheck()
        try workshop.lifeboat("restore", "files", "--target", "out", "--tag", "recovered")
        let restored = try workshop.scratch.allPaths().first { "\($0)".hasPrefix("out/") && "\($0)".hasSuffix("/data/file") }
        #expect(try workshop.scratch.read(try #require(restored)) == SeededRandom.bytes(50_000, seed: 3))
    }

    @Test func `name what a damaged lock needs`() throws {
        let workshop = try workshop()
        try AtomicFile.write(SeededRandom.bytes(200, seed: 1).span, to: workshop.repository.appending("locks").appending(Array(String(repeating: "ab", count: 32).utf8)))
        let result = try workshop.lifeboat("check", status: 20)
        #expect(result.errorText.contains("lifeboat unlock --remove-all"), "\(result.errorText)")
        try workshop.lifeboat("unlock", "--remove-all")
        try workshop.lifeboat("check")
    }
}
