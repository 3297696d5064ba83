// `lifeboat scrub` on repositories of restic's: without a password, beside everything else.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `The scrub command` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/large", .bytes(SeededRandom.bytes(3_000_000, seed: 5)))
        try workshop.restic("backup", "data")
        return workshop
    }

    /// Without any way to a password.
    private func scrub(_ workshop: Workshop, _ arguments: String...) throws -> Child.Result {
        var program = try workshop.lifeboat()
        program.environment = program.environment.filter { !$0.key.contains("PASSWORD") }
        return try program.run(["scrub"] + arguments)
    }

    private func pack(_ workshop: Workshop) throws -> BytePath {
        let data = workshop.repository.appending("data")
        let packs = try Directory.entries(of: data).flatMap { folder in
            try Directory.entries(of: data.appending(folder.name)).map { data.appending(folder.name).appending($0.name) }
        }
        return try #require(packs.max { try FileStatus.of($0).size < FileStatus.of($1).size })
    }

    @Test func `needs no password, and remembers what it read`() throws {
        let workshop = try workshop()
        let first = try scrub(workshop)
        #expect(first.exitStatus == 0, "\(first.errorText)")
        #expect(first.outputText.contains("no damage found"))
        #expect(first.outputText.contains("all data has been read back within a day"))
        let second = try scrub(workshop, "--older-than", "1h", "--json")
        #expect(second.exitStatus == 0)
        #expect(second.outputText.contains("\"num_errors\":0"))
        // Keys, snapshots and the index only.
        #expect(second.outputText.contains("\"files_read\":3"), "\(second.outputText)")
    }

    @Test func `names a damaged pack and the next command, with status 20`() throws {
        let workshop = try workshop()
        let path = try pack(workshop)
        var content = try AtomicFile.read(path, limit: 1 << 28)
        content[1000] ^= 1
        try Directory.setMode(path, 0o600)
        try AtomicFile.write(content.span, to: path)
        let result = try scrub(workshop)
        let name = String(decoding: path.name, as: UTF8.self)
        #expect(result.exitStatus == 20)
        #expect(result.errorText.contains("pack \(name) is damaged"))
        #expect(result.errorText.contains("lifeboat repair packs \(name.prefix(8))"))
        try workshop.lifeboat("repair", "packs", String(name.prefix(8)))
        #expect(try scrub(workshop).exitStatus == 0)
    }

    @Test func `says that there is no repository where there is none`() throws {
        let workshop = try Workshop()
        #expect(try scrub(workshop).exitStatus == 10)
    }
}
