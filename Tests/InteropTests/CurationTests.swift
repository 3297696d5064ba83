// tag, rewrite, copy, diff and find beside stock restic's: the same work on the same repository must come to the same.

import Bytes
import Foundation
import HostOS
import RepositoryEngine
import TestKit
import Testing

@Suite struct `Snapshots that are worked on` {
    /// Three snapshots of a tree that changes; every second one is made by restic.
    private func workshop(seed: UInt64) throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try EverythingTree.make(at: workshop.scratch["data"], seed: seed, largeByteCount: 3_000_000)
        try workshop.lifeboat("backup", "files", "data", "--host", "peer", "--tag", "one,two", "--time", "2026-01-01T10:00:00Z")
        try change(workshop, SeededRandom(seed: seed))
        try workshop.restic("backup", "data", "--host", "peer", "--time", "2026-01-02 10:00:00", "--tag", "two")
        try change(workshop, SeededRandom(seed: seed + 100))
        try workshop.lifeboat("backup", "files", "data", "--host", "other", "--time", "2026-01-03T10:00:00Z")
        return workshop
    }

    private func change(_ workshop: Workshop, _ random: SeededRandom) throws {
        var random = random
        let tree = workshop.scratch
        for number in 0..<5 where random.chance(70) { try tree.add(BytePath("data/new\(random.next() % 10)/file\(number)"), .bytes(random.bytes(2000))) }
        for name in ["text", "deep/er/and/deeper/note", "modes"] where random.chance(60) { try? tree.remove(BytePath("data/\(name)")) }
        try tree.add("data/changing", .file("\(random.next())"))
        if random.chance(50) { try Directory.setMode(tree["data/deep"], 0o711) }
        // What was a link becomes a directory.
        try tree.remove("data/turned")
        try tree.add("data/turned", random.chance(50) ? .directory : .link("changing"))
    }

    /// A second workshop's worth of the same repository, for the other program.
    private func twin(of workshop: Workshop) throws -> String {
        try workshop.scratch.remove("twin")
        #expect(try Child.run("cp", ["-a", "\(workshop.repository)", "\(workshop.scratch["twin"])"]).exitStatus == 0)
        return "\(workshop.scratch["twin"])"
    }

    private func ids(_ workshop: Workshop) throws -> [String] {
        try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "id") }
    }

    /// Everything about each snapshot but ids and the time it took, one line each.
    private func described(_ snapshots: String, without keys: Set<String> = []) throws -> [String] {
        try AnswerJSON.array(snapshots).map { snapshot in
            var snapshot = snapshot
            for key in keys.union(["id", "short_id"]) { snapshot[key] = nil }
            return String(decoding: try JSONSerialization.data(withJSONObject: snapshot, options: [.sortedKeys]), as: UTF8.self)
        }.sorted()
    }

    private func expectSameSnapshots(_ workshop: Workshop, _ twin: String, _ context: String) throws {
        let ours = try described(workshop.restic("snapshots", "--json").outputText)
        let theirs = try described(workshop.restic("snapshots", "--json", "--repo", twin).outputText)
        #expect(ours == theirs, "\(context)")
    }

    // MARK: diff

    @Test(.enabled(if: ResticPeer.isNew, "its answers are those of restic 0.19 and later: name one in RESTIC"), arguments: [UInt64(1), 2, 3])
    func `differ as restic says`(seed: UInt64) throws {
        let workshop = try workshop(seed: seed), ids = try ids(workshop)
        func same(_ arguments: [String]) throws {
            let ours = try workshop.lifeboat().run(["diff", "--json"] + arguments), theirs = try workshop.restic.run(["diff", "--json"] + arguments)
            try #require(ours.exitStatus == 0 && theirs.exitStatus == 0, "\(arguments): \(ours.errorText) \(theirs.errorText)")
            let left = try AnswerJSON.objects(ours.outputText).map { $0 as NSDictionary }
            let right = try AnswerJSON.objects(theirs.outputText).map { $0 as NSDictionary }
            #expect(left == right, "\(arguments): \(ours.outputText)\n\(theirs.outputText)")
            #expect(left.count > 1 || arguments[0] == arguments[1])
        }
        for metadata in [[], ["--metadata"]] {
            try same([ids[0], ids[1]] + metadata)
            try same([ids[2], ids[0]] + metadata)
            try same([ids[1], ids[1]] + metadata)
            try same(["\(ids[0]):/data", "\(ids[2]):/data"] + metadata)
            try same(["\(ids[0]):data/deep", "\(ids[2]):data"] + metadata)
        }
        let text = try workshop.lifeboat("diff", ids[0], ids[2]).outputText.split(separator: "\n")
        let peer = try workshop.restic("diff", ids[0], ids[2]).outputText.split(separator: "\n")
        #expect(text.filter { !$0.hasPrefix("  ") } == peer.filter { !$0.hasPrefix("  ") })
        try workshop.lifeboat("diff", ids[0], "\(ids[1]):/nothing", status: 1)
    }

    // MARK: find

    @Test(.enabled(if: ResticPeer.isNew, "its answers are those of restic 0.19 and later: name one in RESTIC"))
    func `are searched as restic does`() throws {
        let workshop = try workshop(seed: 5), ids = try ids(workshop)
        let searches: [[String]] = [
            ["*"], ["file*"], ["/data/deep"], ["/data/deep/**/n?te"], ["-i", "TEXT", "LIN?"], ["text", "--snapshot", ids[0]], ["link*", "--reverse"],
            ["changing", "--tag", "two"], ["changing", "--host", "other"], ["nothing"], ["*", "--newest", "2020-01-01"],
            ["*", "--oldest", "2020-01-01 10:00", "--newest", "01.01.2099"], ["new*/file*", "--path", "\(workshop.scratch["data"])"],
        ]
        for search in searches {
            let ours = try workshop.lifeboat().run(["find"] + search), theirs = try workshop.restic.run(["find"] + search)
            try #require(ours.exitStatus == 0 && theirs.exitStatus == 0, "\(search): \(ours.errorText) \(theirs.errorText)")
            // restic prints names as they are, lifeboat what would upset a terminal as escapes: of all files one name is two lines there.
            #expect(ours.outputText.split(separator: "\n").count == theirs.outputText.split(separator: "\n").count || search[0] == "*", "\(search)")
            let left = try AnswerJSON.array(workshop.lifeboat().run(["find", "--json"] + search).outputText).map { $0 as NSDictionary }
            let right = try AnswerJSON.array(workshop.restic.run(["find", "--json"] + search).outputText).map { $0 as NSDictionary }
            #expect(left == right, "\(search)")
        }
        let found = try workshop.lifeboat("find", "file*").outputText
        #expect(try found == workshop.restic("find", "file*").outputText)
        #expect(try workshop.lifeboat("find", "-l", "text").outputText.contains("-rw-r--r--"))
        try workshop.lifeboat("find", "a", "--newest", "soon", status: 64)
        try workshop.lifeboat("find", "a", "--newest", "2020-01-01", "--oldest", "2021-01-01", status: 64)
    }

    @Test(.enabled(if: ResticPeer.isNew, "its answers are those of restic 0.19 and later: name one in RESTIC"))
    func `tell which files need a blob, a tree or a pack, as restic does`() throws {
        let workshop = try workshop(seed: 6)
        let tree = try AnswerJSON.text(AnswerJSON.array(workshop.restic("snapshots", "--json", "latest").outputText)[0], "tree")
        let root = try AnswerJSON.object(workshop.restic("cat", "blob", tree).outputText)
        let below = try AnswerJSON.text((root["nodes"] as? [[String: Any]] ?? [])[0], "subtree")
        let listing = try AnswerJSON.object(workshop.restic("cat", "blob", below).outputText)
        let large = try #require((listing["nodes"] as? [[String: Any]] ?? []).first { $0["name"] as? String == "large" })
        let blobs = try #require(large["content"] as? [String])
        let packs = try workshop.restic("list", "packs").outputText.split(separator: "\n").map(String.init)
        func objects(_ text: String) throws -> Set<NSDictionary> { Set(try AnswerJSON.array(text).map { $0 as NSDictionary }) }
        func same(_ arguments: String...) throws {
            let ours = try objects(workshop.lifeboat().run(["find", "--json"] + arguments).outputText)
            #expect(try ours == objects(workshop.restic.run(["find", "--json"] + arguments).outputText), "\(arguments)")
            #expect(!ours.isEmpty)
        }
        try same("--blob", blobs[0])
        try same("--blob", String(blobs[0].prefix(8)), blobs[1])
        try same("--tree", tree)
        try same("--tree", String(below.prefix(8)))
        let shown = try workshop.lifeboat("find", "--blob", blobs[0], "--show-pack-id").outputText
        let peer = try workshop.restic("find", "--blob", blobs[0], "--show-pack-id").outputText
        #expect(shown == peer)
        // restic stops at as many trees as it looks for, whichever they are; of packs with data it reports all.
        for pack in packs {
            let ours = try objects(workshop.lifeboat("find", "--json", "--pack", pack).outputText)
            #expect(try ours.isSuperset(of: objects(workshop.restic("find", "--json", "--pack", pack).outputText)))
        }
        try workshop.lifeboat("find", "--pack", "ffffffffff", status: 1)
        try workshop.lifeboat("find", "--blob", "large", status: 64)
    }

    // MARK: tag

    @Test func `get the tags that restic would give them`() throws {
        let workshop = try workshop(seed: 7), twin = try twin(of: workshop)
        let changes = [
            ["--add", "three,four"], ["--remove", "one", "--host", "peer"], ["--add", "two", "--remove", "three"], ["--set", "x,y", "--tag", "two"],
            ["--add", "z", "latest"],
        ]
        for change in changes {
            let ours = try workshop.lifeboat().run(["tag"] + change), theirs = try workshop.restic.run(["tag", "--repo", twin] + change)
            try #require(ours.exitStatus == 0 && theirs.exitStatus == 0, "\(change): \(ours.errorText) \(theirs.errorText)")
            try expectSameSnapshots(workshop, twin, "\(change)")
        }
        let before = try ids(workshop)
        #expect(try workshop.lifeboat("tag", "--add", "z", "latest").outputText == "no snapshots were modified\n")
        #expect(try ids(workshop) == before)
        // restic means the same by it, but changes nothing.
        #expect(try workshop.lifeboat("tag", "--set", "", "latest").outputText.hasSuffix("no tags\nmodified tags on 1 snapshot\n"))
        try workshop.lifeboat("tag", "latest", status: 64)
        try workshop.lifeboat("tag", "--set", "a", "--add", "b", status: 64)
        try workshop.lifeboat("tag", "--add", "b", "0123456789", status: 1)
        try workshop.requireCleanCheck()
    }

    @Test func `are not touched while another program has the repository`() throws {
        let workshop = try workshop(seed: 8), before = try ids(workshop)
        let lock = try QuickRepository.lock(workshop.repository, password: Workshop.password, .shared)
        try workshop.lifeboat("tag", "--add", "b", status: 11)
        try workshop.lifeboat("rewrite", "--exclude", "*", "--forget", status: 11)
        lock.release()
        #expect(try ids(workshop) == before)
    }

    // MARK: rewrite

    @Test(
        .enabled(if: ResticPeer.isNew, "its answers are those of restic 0.19 and later: name one in RESTIC"),
        arguments: [
            ["--exclude", "*.o", "--exclude", "text"], ["--exclude", "/data/deep", "--forget"], ["--iexclude", "LARGE", "--host", "peer"],
            ["--include", "/data/deep"], ["--include", "note", "--include", "text", "--forget"], ["--iinclude", "NEW*"], ["--include", "nothing"],
            ["--new-host", "elsewhere"], ["--new-time", "2025-05-05 05:05:05", "--forget"], ["--snapshot-summary"], ["--exclude", "nothing"],
            ["--exclude", "*", "--forget"], ["--exclude", "deep/*", "--exclude", "!note", "--new-host", "h"],
        ])
    func `are rewritten to the same as restic does`(arguments: [String]) throws {
        let workshop = try workshop(seed: 9), twin = try twin(of: workshop)
        let before = try ids(workshop)
        try workshop.lifeboat().run(["rewrite", "--dry-run"] + arguments).requireSuccess()
        #expect(try ids(workshop) == before)
        try workshop.lifeboat().run(["rewrite"] + arguments).requireSuccess()
        try workshop.restic.run(["rewrite", "--repo", twin] + arguments).requireSuccess()
        try expectSameSnapshots(workshop, twin, "\(arguments)")
        try workshop.requireCleanCheck()
        let again = try workshop.restic("rewrite", "--exclude", "/nonexist", "--dry-run")
        #expect(again.outputText.contains("no snapshots would be modified"), "\(again.outputText)")
    }

    @Test func `are cleared of a secret by files of patterns, and the rest restores as before`() throws {
        let workshop = try workshop(seed: 10)
        try workshop.scratch.add("patterns", .file("# secrets\nlarge\n/data/te$NOTHING*xt\n"))
        try workshop.scratch.add("folded", .file("CHANGING\n"))
        try workshop.lifeboat("rewrite", "--exclude-file", "patterns", "--iexclude-file", "folded", "--forget", "latest")
        try workshop.lifeboat("prune", "--max-unused", "0")
        try workshop.restic("restore", "latest", "--target", "out")
        for name in ["large", "text", "changing"] { try workshop.scratch.remove(BytePath("data/\(name)")) }
        let differences = try TreePicture(of: workshop.scratch["out/data"]).differences(from: TreePicture(of: workshop.scratch["data"]))
        // Removing files gave the directory another time.
        #expect(differences.isEmpty, "\(differences)")
        try workshop.requireCleanCheck()
        #expect(try workshop.lifeboat("find", "--snapshot", "latest", "large", "changing").outputText.isEmpty)
        try workshop.lifeboat("rewrite", status: 64)
        try workshop.lifeboat("rewrite", "--exclude", "a", "--include", "b", status: 64)
    }

    @Test(.enabled(if: ResticPeer.isNew, "its answers are those of restic 0.19 and later: name one in RESTIC"))
    func `of a program without summaries get them`() throws {
        let workshop = try Workshop(), old = BytePath("/usr/bin/restic")
        try workshop.makeRepository()
        try workshop.scratch.add("data/a", .file("12345"))
        try workshop.scratch.add("data/b/c", .file("1234"))
        guard try FileStatus.ifExists(old) != nil else { return }
        var peer = workshop.restic.program
        peer = CommandLineProgram(old, environment: peer.environment, directory: peer.directory)
        try peer.run(["--no-cache", "backup", "data"]).requireSuccess()
        try workshop.lifeboat("rewrite", "--snapshot-summary", "--forget")
        let summary = try #require(AnswerJSON.array(workshop.restic("snapshots", "--json").outputText)[0]["summary"] as? [String: Any])
        #expect(try AnswerJSON.number(summary, "total_files_processed") == 2)
        #expect(try AnswerJSON.number(summary, "total_bytes_processed") == 9)
    }
}

extension Child.Result {
    fileprivate func requireSuccess(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try #require(exitStatus == 0, "\(errorText)\(outputText.suffix(2000))", sourceLocation: sourceLocation)
    }
}
