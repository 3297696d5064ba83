// A backup and a copy that end in the middle, by kill -9 or by Ctrl-C: the next one sends what is missing and nothing twice.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite(.serialized) struct `A run that ends in the middle` {
    private static let fileByteCount = 6_000_000
    private static let fileCount = 8
    private static var byteCount: UInt64 { UInt64(fileByteCount * fileCount) }
    /// Slow enough to be met in the middle.
    private static let slowly = ["--pack-size", "4", "--limit-upload", "16000"]

    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        var random = SeededRandom(seed: 20_261_124)
        for number in 0..<Self.fileCount { try workshop.scratch.add(BytePath("data/file\(number)"), .bytes(random.bytes(Self.fileByteCount))) }
        return workshop
    }

    /// Of whole packs: restic's temporary files have longer names.
    private func packedByteCount(_ repository: BytePath) throws -> UInt64 {
        let data = repository.appending("data")
        return try Directory.entries(of: data).reduce(0) { sum, folder in
            let folder = data.appending(folder.name)
            return try Directory.entries(of: folder).filter { $0.name.count == 64 }.reduce(sum) { $0 + (try FileStatus.of(folder.appending($1.name)).size) }
        }
    }

    /// Runs it with a signal until it is met with much done and much left to do.
    /// - Returns: the bytes of packs it left.
    private func interrupt(_ program: CommandLineProgram, _ arguments: [String], signal: String, status: Int32, _ repository: BytePath) throws -> UInt64 {
        let result = try program.run(arguments + Self.slowly, signal: signal, afterMilliseconds: 1_500)
        try #require(result.exitStatus == status, "\(result.errorText)\(result.outputText)")
        let left = try packedByteCount(repository)
        try #require(left > Self.byteCount / 8 && left < Self.byteCount * 7 / 8, "\(left) bytes after 1.5 s")
        return left
    }

    private func expectRestored(_ workshop: Workshop, _ repository: BytePath) throws {
        try workshop.scratch.remove("out")
        try workshop.lifeboat("restore", "files", "--repo", "\(repository)", "--target", "out")
        try workshop.expectSame("data", "out/data")
        for check in [["check", "--read-data"], ["check", "--read-data", "--check-unused"]] {
            let result = try workshop.restic.run(["--repo", "\(repository)"] + check)
            #expect(result.exitStatus == 0 && result.outputText.contains("no errors were found"), "\(result.errorText)\(result.outputText)")
        }
    }

    @Test(arguments: [("KILL", Int32(137)), ("INT", 130)])
    func `has its packs used by the next backup`(signal: String, status: Int32) throws {
        let workshop = try workshop()
        let left = try interrupt(workshop.lifeboat(), ["backup", "files", "data"], signal: signal, status: status, workshop.repository)
        let summary = try AnswerJSON.lastObject(workshop.lifeboat("backup", "files", "data", "--json").outputText)
        // What was under way when the signal came, and the directories, are sent again.
        #expect(try AnswerJSON.number(summary, "data_added") <= Self.byteCount - left + 9_000_000, "\(left) bytes were there")
        #expect(try packedByteCount(workshop.repository) < Self.byteCount + 10_000_000)
        #expect(try workshop.restic("list", "locks", "--no-lock").outputText.isEmpty)
        try expectRestored(workshop, workshop.repository)
    }

    @Test func `has its packs used by the next copy`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data")
        let second = workshop.scratch["second"]
        try QuickRepository.make(at: second, password: Workshop.password)
        try workshop.scratch.add("password", .file(Workshop.password))
        let copy = ["copy", "--from-repo", "\(workshop.repository)", "--from-password-file", "password", "--repo", "\(second)"]
        let left = try interrupt(workshop.lifeboat(), copy, signal: "KILL", status: 137, second)
        let result = try workshop.lifeboat().run(copy)
        try #require(result.exitStatus == 0, "\(result.errorText)")
        #expect(try packedByteCount(second) < Self.byteCount + 10_000_000, "\(left) bytes were there")
        try expectRestored(workshop, second)
    }

    /// What stock restic left is as good as ours.
    @Test func `of restic has its packs used too`() throws {
        let workshop = try workshop()
        var restic = workshop.restic.program
        restic.directory = workshop.scratch.path
        let left = try interrupt(
            restic, ["--no-cache", "backup", "data"], signal: "KILL", status: 137, workshop.repository)
        let summary = try AnswerJSON.lastObject(workshop.lifeboat("backup", "files", "data", "--json").outputText)
        #expect(try AnswerJSON.number(summary, "data_added") <= Self.byteCount - left + 9_000_000, "\(left) bytes were there")
        try expectRestored(workshop, workshop.repository)
    }
}
