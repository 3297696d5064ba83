// lifeboat and stock restic take turns on one repository, and sail at the same time, in an order drawn from a seed. A model knows which
// snapshots there must be and what each gives back; both programs agree with it all the way.

import Bytes
import HostOS
import Synchronization
import TestKit
import Testing

@Suite struct `Two programs on one repository` {
    private enum Program: CaseIterable { case lifeboat, restic }

    /// What must be there.
    private struct Model {
        var snapshots: [String: TreePicture] = [:]
    }

    private func change(_ harbour: Harbour, _ random: inout SeededRandom) throws {
        for number in 0..<6 where random.chance(50) {
            let path = BytePath("data/dir\(number % 2)/file\(number)")
            if random.chance(15) {
                try harbour.scratch.remove(path)
            } else {
                try harbour.scratch.add(path, .bytes(random.bytes(Int.random(in: 0...300_000, using: &random))))
            }
        }
        try harbour.scratch.add("data/always", .bytes(random.bytes(100)))
    }

    private func run(_ program: Program, _ harbour: Harbour, _ arguments: [String]) throws -> Child.Result {
        switch program {
        case .lifeboat: try harbour.lifeboat.run(arguments)
        case .restic: try harbour.restic.run(["--no-cache"] + arguments)
        }
    }

    private func backup(_ program: Program) -> [String] { program == .lifeboat ? ["backup", "files", "data"] : ["backup", "data"] }

    /// The one that was not there before.
    private func noteNewSnapshot(_ model: inout Model, _ harbour: Harbour, _ picture: TreePicture, _ comment: Comment) throws {
        let new = try harbour.snapshotIDs().subtracting(model.snapshots.keys)
        #expect(new.count == 1, comment)
        for id in new { model.snapshots[id] = picture }
    }

    private func step(_ harbour: Harbour, _ model: inout Model, _ random: inout SeededRandom, _ context: String) throws {
        let program = Program.allCases.randomElement(using: &random) ?? .lifeboat
        let arguments: [String]
        switch Int.random(in: 0..<10, using: &random) {
        case 0...4:
            try change(harbour, &random)
            arguments = backup(program)
        case 5 where model.snapshots.count > 2: arguments = ["forget", model.snapshots.keys.sorted().randomElement(using: &random) ?? ""]
        case 6 where model.snapshots.count > 3: arguments = ["forget", "--keep-last", "3", "--group-by", "", "--prune"]
        case 7: arguments = ["check"]
        default: arguments = ["prune", "--max-unused", random.chance(50) ? "0" : "5%"]
        }
        let comment: Comment = "\(context): \(program) \(arguments)"
        let result = try run(program, harbour, arguments)
        #expect(result.exitStatus == 0, "\(comment): \(result.errorText)")
        switch arguments[0] {
        case "backup": try noteNewSnapshot(&model, harbour, harbour.source(), comment)
        case "forget" where arguments.count == 2: model.snapshots[arguments[1]] = nil
        case "forget":
            let left = try harbour.snapshotIDs()
            #expect(left.count == 3 && left.isSubset(of: model.snapshots.keys), comment)
            model.snapshots = model.snapshots.filter { left.contains($0.key) }
        default: break
        }
        #expect(try harbour.snapshotIDs() == Set(model.snapshots.keys), comment)
    }

    private func expectRestorable(_ harbour: Harbour, _ model: Model, _ comment: Comment) throws {
        for (number, (id, picture)) in model.snapshots.sorted(by: { $0.key < $1.key }).enumerated() {
            let differences = try harbour.restored(id, byRestic: number % 2 == 0).differences(from: picture)
            #expect(differences == [], "\(comment): \(id.prefix(8))")
        }
        try harbour.expectWhole(comment)
    }

    @Test(.timeLimit(.minutes(60)), arguments: Torture.seeds(1))
    func `taking turns keep every snapshot that was not forgotten`(seed: UInt64) throws {
        let harbour = try Harbour()
        try harbour.makeRepository()
        var random = SeededRandom(seed: seed), model = Model()
        for number in 0..<14 { try step(harbour, &model, &random, "seed \(seed), step \(number)") }
        try expectRestorable(harbour, model, "seed \(seed)")
    }

    @Test(.timeLimit(.minutes(60)), arguments: Torture.seeds(1))
    func `at the same time respect each other's locks, and lose nothing`(seed: UInt64) throws {
        let harbour = try Harbour()
        try harbour.makeRepository()
        var random = SeededRandom(seed: seed), model = Model(), refused = 0
        try change(harbour, &random)
        for round in 0..<5 {
            let victim = model.snapshots.count > 3 ? model.snapshots.keys.sorted().randomElement(using: &random) : nil
            let context = "seed \(seed), round \(round)"
            // One saves while the other deletes and frees.
            let saver = Program.allCases.randomElement(using: &random) ?? .restic, other: Program = saver == .restic ? .lifeboat : .restic
            let before = Set(model.snapshots.keys), picture = try harbour.source()
            let cleaning = victim.map { ["forget", $0, "--prune", "--max-unused", "0"] } ?? ["prune", "--max-unused", "0"]
            let (saved, cleaned) = try together(harbour, (saver, backup(saver)), (other, cleaning), delay: Int64.random(in: 0...300, using: &random))
            for (program, result) in [(saver, saved), (other, cleaned)] where result.exitStatus != 0 {
                refused += 1
                #expect(program == .restic || result.exitStatus == 11, "\(context): \(result.errorText)")
                #expect(result.errorText.contains("lock"), "\(context): \(program): \(result.errorText)")
            }
            let there = try harbour.snapshotIDs(), new = there.subtracting(before)
            #expect(new.count == (saved.exitStatus == 0 ? 1 : 0), "\(context)")
            for id in new { model.snapshots[id] = picture }
            if let victim, !there.contains(victim) { model.snapshots[victim] = nil }
            #expect(there == Set(model.snapshots.keys), "\(context)")
            try change(harbour, &random)
        }
        try expectRestorable(harbour, model, "seed \(seed), \(refused) refused")
    }

    private func together(
        _ harbour: Harbour, _ first: (Program, [String]), _ second: (Program, [String]), delay: Int64
    ) throws -> (Child.Result, Child.Result) {
        let results = Mutex<[Int: Child.Result]>([:]), workers = Workers()
        let programs = try [(first.0 == .lifeboat ? harbour.lifeboat : harbour.restic, first), (second.0 == .lifeboat ? harbour.lifeboat : harbour.restic, second)]
        for (number, (program, (kind, arguments))) in programs.enumerated() {
            workers.start("program-\(number)") {
                if number == 1 { SystemClock().sleep(nanoseconds: delay * 1_000_000) }
                let result = try program.run(kind == .restic ? ["--no-cache"] + arguments : arguments)
                results.withLock { $0[number] = result }
            }
        }
        try workers.join()
        return try results.withLock { (try #require($0[0]), try #require($0[1])) }
    }
}
