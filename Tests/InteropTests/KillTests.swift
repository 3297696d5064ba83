// kill -9 at random moments of a backup and of a prune. Afterwards stock restic finds the repository clean, the earlier snapshots
// restore, and the next run works without anybody's help.

import Bytes
import HostOS
import TestKit
import Testing

@Suite(.serialized) struct `A program killed at a random moment` {
    private static let rounds = 20
    /// Printed with every failure.
    private static let seed: UInt64 = 20_261_124

    /// When to kill: about as often before the end as after it, however fast the program and the machine are by now.
    private struct Moment {
        /// In milliseconds.
        private var latest = 200
        private(set) var killed = 0

        mutating func next(_ random: inout SeededRandom) -> Int { Int.random(in: 2...latest, using: &random) }

        mutating func note(wasKilled: Bool) {
            killed += wasKilled ? 1 : 0
            latest = wasKilled ? min(5_000, latest * 5 / 4 + 1) : max(10, latest * 3 / 4)
        }
    }

    /// Unaffected by the dead program's lock, which restic would stop at.
    private func requireClean(_ workshop: Workshop, _ context: String) throws {
        let result = try workshop.restic.run(["check", "--no-lock"])
        #expect(
            result.exitStatus == 0 && result.outputText.contains("no errors were found"),
            "\(context): \(result.errorText)\(result.outputText)")
    }

    @Test func `during a backup leaves every earlier snapshot whole`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        var random = SeededRandom(seed: Self.seed)
        for number in 0..<6 { try workshop.scratch.add(BytePath("data/first\(number)"), .bytes(random.bytes(300_000))) }
        try workshop.lifeboat("backup", "files", "data", "--tag", "first")
        let first = try TreePicture(of: workshop.scratch["data"])
        var moment = Moment()
        for round in 0..<Self.rounds {
            for number in 0..<8 { try workshop.scratch.add(BytePath("data/more\(number)"), .bytes(random.bytes(700_000))) }
            let delay = moment.next(&random)
            let context = "seed \(Self.seed), round \(round), killed after \(delay) ms"
            let result = try workshop.lifeboat().run(
                ["backup", "files", "data", "--pack-size", "4"], signal: "KILL", afterMilliseconds: delay)
            moment.note(wasKilled: result.exitStatus == 137)
            #expect([0, 137].contains(result.exitStatus), "\(context): \(result.errorText)")
            try requireClean(workshop, context)
            try workshop.scratch.remove("out")
            try workshop.lifeboat("restore", "files", "--target", "out", "--tag", "first", "--no-lock")
            #expect(try TreePicture(of: workshop.scratch["out/data"]) == first, "\(context)")
            try workshop.lifeboat("backup", "files", "data", "--pack-size", "4")
        }
        #expect(moment.killed >= Self.rounds / 4, "only \(moment.killed) of \(Self.rounds) runs were still alive when the signal came")
        try workshop.lifeboat("prune")
        try workshop.requireCleanCheck()
    }

    @Test func `during a prune loses nothing that a snapshot needs`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        var random = SeededRandom(seed: Self.seed + 1)
        for round in 0..<6 {
            for number in 0..<6 where round == 0 || random.chance(60) {
                try workshop.scratch.add(BytePath("data/file\(number)"), .bytes(random.bytes(600_000)))
            }
            try workshop.lifeboat("backup", "files", "data", "--pack-size", "4", "--time", "2026-01-0\(round + 1)T10:00:00Z")
        }
        try workshop.lifeboat("forget", "--keep-last", "2")
        let newest = try TreePicture(of: workshop.scratch["data"])
        let base = workshop.scratch["base"], repository = workshop.repository
        try Directory.rename(repository, to: base)
        var moment = Moment()
        for round in 0..<Self.rounds {
            try Directory.removeTree(repository)
            #expect(try Child.run("cp", ["-a", "\(base)", "\(repository)"]).exitStatus == 0)
            let delay = moment.next(&random)
            let context = "seed \(Self.seed + 1), round \(round), killed after \(delay) ms"
            let prune = ["prune", "--max-unused", "0", "--pack-size", "4"]
            let result = try workshop.lifeboat().run(prune, signal: "KILL", afterMilliseconds: delay)
            moment.note(wasKilled: result.exitStatus == 137)
            #expect([0, 137].contains(result.exitStatus), "\(context): \(result.errorText)")
            try requireClean(workshop, context)
            try workshop.scratch.remove("out")
            try workshop.lifeboat("restore", "files", "--target", "out", "--no-lock")
            #expect(try TreePicture(of: workshop.scratch["out/data"]) == newest, "\(context)")
            try workshop.lifeboat("prune", "--max-unused", "0", "--pack-size", "4")
            try requireClean(workshop, "\(context), after the next prune")
        }
        #expect(moment.killed >= Self.rounds / 4, "only \(moment.killed) of \(Self.rounds) runs were still alive when the signal came")
        try workshop.requireCleanCheck()
    }
}
