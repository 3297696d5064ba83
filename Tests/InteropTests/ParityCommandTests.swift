// Parity beside stock restic: it neither sees nor minds it, and what lifeboat rebuilds is what restic wrote.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `Parity in a repository of restic's` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("kept", .directory)
        for number in 0..<3 {
            try workshop.scratch.add(BytePath("data/file\(number)"), .bytes(SeededRandom.bytes(2_000_000, seed: UInt64(number))))
            try workshop.restic("backup", "data")
        }
        return workshop
    }

    /// Without any way to a password.
    private func keyless(_ workshop: Workshop, _ arguments: String..., status: Int32 = 0) throws -> Child.Result {
        var program = try workshop.lifeboat()
        program.environment = program.environment.filter { !$0.key.contains("PASSWORD") }
        let result = try program.run(arguments)
        try #require(result.exitStatus == status, "lifeboat \(arguments): \(result.errorText)\(result.outputText)")
        return result
    }

    private func packs(_ workshop: Workshop) throws -> [BytePath] {
        let data = workshop.repository.appending("data")
        return try Directory.entries(of: data).flatMap { folder in
            try Directory.entries(of: data.appending(folder.name)).map { data.appending(folder.name).appending($0.name) }
        }.sorted { try FileStatus.of($0).size > FileStatus.of($1).size }
    }

    private func flip(_ path: BytePath) throws {
        var content = try AtomicFile.read(path, limit: 1 << 28)
        content[content.count / 2] ^= 1
        try Directory.setMode(path, 0o600)
        try AtomicFile.write(content.span, to: path)
    }

    @Test func `is neither seen nor minded by restic`() throws {
        let workshop = try workshop()
        #expect(try keyless(workshop, "repository", "parity", "on").outputText.contains("parity made for"))
        try workshop.restic("backup", "data")
        try workshop.requireCleanCheck()
        try workshop.restic("forget", "--keep-last", "1", "--prune", "--max-unused", "0")
        try workshop.requireCleanCheck()
        _ = try keyless(workshop, "repository", "parity", "update", "--forget-missing")
        let status = try keyless(workshop, "repository", "parity", "status", "--json").outputText
        #expect(status.contains("\"enabled\":true") && status.contains("\"missing_packs\":[]"))
        _ = try keyless(workshop, "repository", "parity", "off")
        try workshop.requireCleanCheck()
        #expect(try keyless(workshop, "repository", "parity", "status").outputText.contains("parity is off"))
    }

    @Test func `brings back a lost and a damaged pack with scrub, without a password`() throws {
        let workshop = try workshop()
        _ = try keyless(workshop, "repository", "parity", "on", "--redundancy", "20%")
        let packs = try packs(workshop)
        let before = try packs.map { try AtomicFile.read($0, limit: 1 << 28) }
        try flip(packs[0])
        try Directory.remove(packs[1])
        _ = try keyless(workshop, "scrub", status: 20)
        let kept = workshop.scratch["kept"]
        #expect(try keyless(workshop, "scrub", "--repair", "--save-to", "\(kept)").outputText.contains("put right"))
        #expect(try packs.map { try AtomicFile.read($0, limit: 1 << 28) } == before)
        #expect(try Directory.entries(of: kept).count == 1)
        try workshop.requireCleanCheck()
    }

    @Test func `is what repair packs looks at first, and nothing is lost`() throws {
        let workshop = try workshop()
        _ = try keyless(workshop, "repository", "parity", "on")
        let packs = try packs(workshop)
        try flip(packs[0])
        try Directory.remove(packs[1])
        let result = try workshop.lifeboat("repair", "packs", "--save-to", "\(workshop.scratch["kept"])")
        #expect(result.outputText.contains("2 packs rebuilt from parity, nothing is lost"))
        try workshop.requireCleanCheck()
    }

    @Test func `is there before the index forgets a lost pack`() throws {
        let workshop = try workshop()
        _ = try keyless(workshop, "repository", "parity", "on")
        try Directory.remove(packs(workshop)[0])
        try workshop.lifeboat("repair", "index")
        try workshop.requireCleanCheck()
    }

    @Test func `follows backups and prunes of lifeboat's`() throws {
        let workshop = try workshop()
        _ = try keyless(workshop, "repository", "parity", "on")
        try workshop.scratch.add("data/new", .bytes(SeededRandom.bytes(2_000_000, seed: 77)))
        try workshop.lifeboat("backup", "files", "data")
        try workshop.lifeboat("forget", "--keep-last", "1", "--group-by", "", "--prune")
        let update = try keyless(workshop, "repository", "parity", "update", "--json").outputText
        #expect(update.contains("\"packs_added\":0") && update.contains("\"files_removed\":0"), "\(update)")
        try Directory.remove(packs(workshop)[0])
        _ = try keyless(workshop, "scrub", "--repair")
        try workshop.requireCleanCheck()
    }

    @Test func `whose own files are damaged is made anew`() throws {
        let workshop = try workshop()
        _ = try keyless(workshop, "repository", "parity", "on")
        let folder = workshop.repository.appending("lifeboat").appending("parity")
        try flip(folder.appending(#require(Directory.entries(of: folder).first).name))
        #expect(try keyless(workshop, "scrub", status: 20).errorText.contains("lifeboat scrub --repair"))
        _ = try keyless(workshop, "scrub", "--repair")
        _ = try keyless(workshop, "scrub")
        try Directory.remove(packs(workshop)[0])
        _ = try keyless(workshop, "scrub", "--repair")
        try workshop.requireCleanCheck()
    }
}
