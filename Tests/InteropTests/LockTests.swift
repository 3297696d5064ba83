// Locks between both programs, and what an interrupted run leaves: none.

import Bytes
import HostOS
import RepositoryEngine
import TestKit
import Testing

@Suite struct `A locked repository` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/file", .file("content"))
        try workshop.lifeboat("backup", "files", "data")
        return workshop
    }

    private func lock(_ workshop: Workshop, _ kind: RepositoryLock.Kind, host: String = Host.name()) throws -> RepositoryLock {
        try QuickRepository.lock(workshop.repository, password: Workshop.password, kind, host: host)
    }

    private func lockCount(_ workshop: Workshop) throws -> Int { try Directory.entries(of: workshop.repository.appending("locks")).count }

    @Test func `refuses everybody else while one program has it to itself`() throws {
        let workshop = try workshop()
        let held = try lock(workshop, .exclusive)
        defer { held.release() }
        for command in [
            ["backup", "files", "data"], ["restore", "files", "--target", "out"], ["snapshots"], ["ls"], ["prune"], ["check"], ["stats"],
            ["key", "list"],
        ] {
            let result = try workshop.lifeboat().run(command)
            #expect(result.exitStatus == 11, "\(command): \(result.errorText)")
            #expect(result.errorText.hasPrefix("error: the repository at '\(workshop.repository)' is locked by process \(Host.processID)"))
            #expect(result.errorText.contains("hint: "))
        }
        #expect(try workshop.restic.run(["snapshots"]).exitStatus != 0)
        #expect(try lockCount(workshop) == 1)
    }

    @Test func `may be read without a lock`() throws {
        let workshop = try workshop()
        let held = try lock(workshop, .exclusive)
        defer { held.release() }
        for command in [["snapshots"], ["ls"], ["check"], ["stats"], ["dump", "latest", "/data/file"], ["prune", "--dry-run"]] {
            let result = try workshop.lifeboat().run(command + ["--no-lock"])
            #expect(result.exitStatus == 0, "\(command): \(result.errorText)")
        }
        #expect(try workshop.lifeboat().run(["prune", "--no-lock"]).exitStatus == 64)
    }

    @Test func `lets writers share, but deletes nothing meanwhile`() throws {
        let workshop = try workshop()
        let held = try lock(workshop, .shared)
        defer { held.release() }
        try workshop.lifeboat("backup", "files", "data")
        try workshop.restic("backup", "data")
        for command in [["prune"], ["forget", "--keep-last", "1"], ["check"]] {
            #expect(try workshop.lifeboat().run(command).exitStatus == 11)
        }
        #expect(try workshop.restic.run(["prune"]).exitStatus != 0)
    }

    @Test func `is waited for if asked`() throws {
        let workshop = try workshop()
        let held = try lock(workshop, .exclusive), workers = Workers()
        workers.start("release") {
            SystemClock().sleep(nanoseconds: 1_000_000_000)
            held.release()
        }
        try workshop.lifeboat("snapshots", "--retry-lock", "4s")
        try workers.join()
    }

    @Test func `needs no help after a program on this machine died`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("data/large", .bytes(SeededRandom.bytes(20_000_000, seed: 5)))
        let killed = try workshop.restic.program.run(["--no-cache", "backup", "data"], signal: "KILL", afterMilliseconds: 700)
        try #require(killed.exitStatus == 137 || killed.exitStatus == 0)
        try workshop.lifeboat("prune")
        #expect(try lockCount(workshop) == 0)
    }

    @Test func `needs no help while the dead program is still in the process table`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("data/large", .file(Hex.encode(SeededRandom.bytes(20_000_000, seed: 6))))
        let program = try workshop.lifeboat()
        let shell = CommandLineProgram("/bin/sh", environment: program.environment, directory: program.directory)
        let script = "\(program.path) backup files data --compression max & sleep 0.6; kill -9 $!; exec \(program.path) prune"
        let result = try shell.run(["-c", script])
        #expect(result.exitStatus == 0, "\(result.errorText)")
        #expect(try lockCount(workshop) == 0)
    }

    @Test func `of another machine is freed only by force`() throws {
        let workshop = try workshop()
        let held = try lock(workshop, .exclusive, host: "elsewhere")
        #expect(try workshop.lifeboat("unlock").outputText.contains("no stale locks"))
        try workshop.lifeboat("snapshots", status: 11)
        #expect(try workshop.lifeboat("unlock", "--remove-all").outputText.contains("removed 1 lock"))
        try workshop.lifeboat("snapshots")
        held.release()
    }

    @Test(arguments: ["INT", "TERM"])
    func `is given back by a run that was interrupted`(signal: String) throws {
        let workshop = try workshop()
        // Digits compress, and the strongest compression takes its time.
        for number in 0..<20 {
            try workshop.scratch.add(
                BytePath("data/large\(number)"), .file(Hex.encode(SeededRandom.bytes(2_000_000, seed: UInt64(number)))))
        }
        let backup = try workshop.lifeboat().run(
            ["backup", "files", "data", "--compression", "max"], signal: signal, afterMilliseconds: 400)
        #expect(backup.exitStatus == 130, "\(backup.errorText)")
        #expect(backup.errorText.contains("cancelled"))
        #expect(try lockCount(workshop) == 0)
        try workshop.lifeboat("backup", "files", "data")
        let check = try workshop.lifeboat().run(["check", "--read-data"], signal: signal, afterMilliseconds: 260)
        #expect(check.exitStatus == 130 || check.exitStatus == 0, "\(check.errorText)")
        #expect(try lockCount(workshop) == 0)
        try workshop.requireCleanCheck()
    }
}
