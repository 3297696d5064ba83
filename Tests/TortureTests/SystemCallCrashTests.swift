// The power goes between two system calls of the real program, with whatever part of the unflushed work the disk chose to keep.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `A power cut between two system calls` {
    private static let needsStrace: Comment = "strace(1) cannot trace programs here; the model of store operations is tested all the same"

    /// What lifeboat is told to do, one after the other. A verb more is a line more. PACK and KEY stand for one that is there, and not in use.
    private static let commands: [[String]] = [
        ["backup", "files", "data", "--pack-size", "4"], ["backup", "files", "data", "--pack-size", "4"], ["backup", "files", "data"],
        ["backup", "files", "data"], ["repository", "parity", "on", "--redundancy", "40%"], ["tag", "--add", "kept"], ["forget", "--keep-last", "2", "--group-by", ""],
        ["prune", "--max-unused", "0"],
        ["repair", "packs", "PACK", "--save-to", "kept"], ["repair", "snapshots", "--forget"], ["repository", "parity", "update"],
        ["key", "add", "--new-password-file", "passing-password"], ["key", "remove", "KEY"],
        ["key", "passwd", "--new-password-file", "new-password"], ["repair", "index", "--read-all-packs"], ["repository", "parity", "off"], ["unlock"],
    ]

    @Test(.enabled(if: SystemCallJournal.isPossible, needsStrace), .timeLimit(.minutes(60)), arguments: Torture.seeds(1))
    func `leaves a whole repository, and everything that was acknowledged`(seed: UInt64) throws {
        let harbour = try Harbour()
        var random = SeededRandom(seed: seed), password = Harbour.password, stateCount = 0
        try harbour.makeRepository()
        try harbour.scratch.add("new-password", .file(Yard.newPassword))
        try harbour.scratch.add("passing-password", .file("for a while"))
        try harbour.scratch.add("kept", .directory)
        for command in Self.commands {
            for number in 0..<4 where random.chance(70) { try harbour.scratch.add(BytePath("data/file\(number)"), .bytes(random.bytes(100_000))) }
            let earlier = try Self.snapshots(LocalStore(root: harbour.repository))
            var program = try harbour.lifeboat
            program.environment["LIFEBOAT_PASSWORD"] = password
            let words = try Self.filledIn(command, LocalStore(root: harbour.repository))
            let journal = try SystemCallJournal(of: program, words, root: harbour.repository, log: harbour.scratch["strace"])
            if command.starts(with: ["key", "passwd"]) { password = Yard.newPassword }
            let later = try Self.snapshots(LocalStore(root: harbour.repository))
            for count in Self.moments(journal.events.count, &random) {
                for luck in SystemCallJournal.Luck.allCases {
                    let picture = journal.picture(after: count, luck, &random)
                    let last = journal.events.prefix(count).last.map { "\($0)" } ?? "none"
                    let context: Comment = "seed \(seed): \(command), \(luck) after event \(count) of \(journal.events.count), \(last)"
                    let found = try Self.expectWhole(picture, journal.root, harbour, context)
                    #expect(found.isSuperset(of: earlier.intersection(later)), context)
                    // What replaces a snapshot is there before that one goes.
                    #expect(found.count >= min(earlier.count, later.count), context)
                    if count == journal.events.count { #expect(found == later, context) }
                    stateCount += 1
                }
            }
        }
        #expect(stateCount > 90)
    }

    @Test(.enabled(if: SystemCallJournal.isPossible, needsStrace))
    func `of making a repository leaves none or a whole one, and a whole one at the end`() throws {
        let harbour = try Harbour()
        harbour.repository = harbour.scratch["far/away/repository"]
        let journal = try SystemCallJournal(
            of: harbour.lifeboat, ["repository", "init"], root: harbour.scratch["far"], log: harbour.scratch["strace"])
        var random = SeededRandom(seed: 1)
        for count in [0, 1, 3, 100, 250, 260] + Array(max(0, journal.events.count - 12)...journal.events.count) where count <= journal.events.count {
            for luck in SystemCallJournal.Luck.allCases {
                let picture = journal.picture(after: count, luck, &random)
                let isThere = picture.files.keys.contains { $0.name == Array("config".utf8) }
                let context: Comment = "\(luck) after event \(count) of \(journal.events.count)"
                #expect(isThere || count < journal.events.count, context)
                guard isThere else { continue }
                try harbour.scratch.remove("state")
                try picture.write(from: journal.root, to: harbour.scratch["state"])
                try Yard.expectWhole(LocalStore(root: harbour.scratch["state/away/repository"]), [:], context)
            }
        }
    }

    /// The model itself: it must see what a program does that forgets to flush.
    @Test(.enabled(if: SystemCallJournal.isPossible, needsStrace)) func `would harm a program that flushes nothing`() throws {
        let harbour = try Harbour()
        try harbour.makeRepository()
        try harbour.scratch.add("data/file", .file("content"))
        let journal = try SystemCallJournal(
            of: harbour.lifeboat, ["backup", "files", "data"], root: harbour.repository, log: harbour.scratch["strace"])
        let known = try Self.snapshots(LocalStore(root: harbour.repository))
        var random = SeededRandom(seed: 1)
        func isHarmed(_ journal: SystemCallJournal, _ luck: SystemCallJournal.Luck) throws -> Bool {
            try harbour.scratch.remove("state")
            try journal.picture(after: journal.events.count, luck, &random).write(from: journal.root, to: harbour.scratch["state"])
            let store = LocalStore(root: harbour.scratch["state"])
            guard try Self.snapshots(store) == known, let contents = try? Yard.contents(of: store) else { return true }
            return contents.values.contains { !$0.values.contains(Array("content".utf8)) }
        }
        for luck in SystemCallJournal.Luck.allCases { #expect(try !isHarmed(journal, luck), "\(luck)") }
        #expect(try isHarmed(journal.withoutFlushes, .nothing))
        #expect(try (0..<30).contains { _ in try isHarmed(journal.withoutFlushes, .chance) })
        #expect(try !isHarmed(journal.withoutFlushes, .everything))
    }

    /// All of them if there are few or much time; else the last and some by chance.
    private static func moments(_ count: Int, _ random: inout SeededRandom) -> [Int] {
        let all = Array(0...count), limit = 4 * Torture.factor
        return all.count <= limit ? all : (all.shuffled(using: &random).prefix(limit) + [count]).sorted()
    }

    private static func filledIn(_ command: [String], _ store: LocalStore) throws -> [String] {
        let passing = try store.list(.key).map(\.name).first { try Yard.open(store).repository.keyID != KeyID($0) }
        let pack = try store.list(.pack).map(\.name).min()
        return command.map { $0 == "KEY" ? passing?.hex ?? "" : $0 == "PACK" ? pack?.hex ?? "" : $0 }
    }

    private static func snapshots(_ store: LocalStore) throws -> Set<SnapshotID> { Set(try store.list(.snapshot).map { SnapshotID($0.name) }) }

    private static func expectWhole(
        _ picture: SystemCallJournal.Picture, _ root: BytePath, _ harbour: Harbour, _ comment: Comment
    ) throws -> Set<SnapshotID> {
        try harbour.scratch.remove("state")
        try picture.write(from: root, to: harbour.scratch["state"])
        return try Yard.expectWhole(LocalStore(root: harbour.scratch["state"]), [:], comment)
    }
}
