// The cache as a user meets it: flags, the command, and that what proves the repository does not believe it.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `The cache on this machine` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("data/deep/file", .file("content"))
        try workshop.lifeboat("backup", "files", "data")
        return workshop
    }

    private func copies(_ workshop: Workshop, _ cache: String = "cache") throws -> [BytePath] {
        try workshop.scratch.allPaths().filter { path in
            path.bytes.starts(with: Array("\(cache)/".utf8)) && path.name.count == 64 && (try? workshop.scratch.status(path))??.kind == .regular
        }
    }

    private var cached: [String] { ["--cache-dir", "cache"] }

    @Test func `is not made for a local repository unless it is asked for`() throws {
        let workshop = try workshop()
        var program = try workshop.lifeboat()
        program.environment["LIFEBOAT_CACHE_DIR"] = "\(workshop.scratch["named"])"
        for flags in [[], ["--no-cache"]] {
            #expect(try program.run(["ls", "latest"] + flags).exitStatus == 0)
            #expect(try workshop.scratch.status("named") == nil)
        }
        #expect(try program.run(["ls", "latest", "--cache"]).exitStatus == 0)
        #expect(try copies(workshop, "named").count == 3)
        #expect(try workshop.scratch.text("named/CACHEDIR.TAG").hasPrefix("Signature: 8a477f597d28d172789f06886806bc55"))
        let id = BytePath.display(try #require(try copies(workshop, "named").first).components[1])
        // A backup leaves it out.
        try workshop.lifeboat("backup", "files", ".", "--exclude-caches")
        let saved = try workshop.lifeboat("ls", "latest").outputText
        #expect(saved.contains("data/deep/file") && saved.contains("named/CACHEDIR.TAG") && !saved.contains("named/\(id)"))
        try workshop.lifeboat("ls", "latest", "--no-cache", "--cache-dir", "x", status: 64)
    }

    @Test(arguments: [
        ("LIFEBOAT_CACHE_DIR", ""), ("RESTIC_CACHE_DIR", "lifeboat/"), ("XDG_CACHE_HOME", "lifeboat/"), ("HOME", ".cache/lifeboat/"),
    ]) func `lies where the environment says`(name: String, below: String) throws {
        let workshop = try workshop()
        var program = try workshop.lifeboat()
        program.environment[name] = "\(workshop.scratch["place"])"
        #expect(try program.run(["snapshots", "--cache"]).exitStatus == 0)
        #expect(try workshop.scratch.status(BytePath("place/\(below)CACHEDIR.TAG")) != nil)
    }

    @Test func `gives the same answers cold, warm, broken and out of reach`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("data/new", .file("new"))
        try workshop.lifeboat("backup", "files", "data")
        let program = try workshop.lifeboat()
        func answers(_ flags: [String]) throws -> [String] {
            try [["snapshots", "--json"], ["ls", "latest", "--json"], ["dump", "latest", "/data/new"], ["stats", "--json"]].map { words in
                let result = try program.run(words + flags)
                try #require(result.exitStatus == 0, "\(words): \(result.errorText)")
                return result.outputText
            }
        }
        let expected = try answers([])
        for _ in 0..<2 { #expect(try answers(cached) == expected) }
        for path in try copies(workshop) {
            try workshop.scratch.remove(path)
            try workshop.scratch.add(path, .file("broken"))
        }
        #expect(try answers(cached) == expected)
        #expect(try copies(workshop).allSatisfy { try workshop.scratch.text($0) != "broken" })
        try workshop.scratch.add("file", .file("no directory"))
        let result = try program.run(["ls", "latest", "--json", "--cache-dir", "file/below"])
        #expect(result.exitStatus == 0 && result.outputText == expected[1])
        #expect(result.errorText.contains("going on without a cache"))
        // What proves the repository does not look at copies; what was backed up through them is whole.
        try workshop.lifeboat("backup", "files", "data", "--cache-dir", "cache")
        try workshop.lifeboat("check", "--read-data", "--cache-dir", "cache")
        try workshop.requireCleanCheck()
    }

    @Test func `does not hide damage from check, unless it is told to`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("ls", "latest", "--cache-dir", "cache")
        // The pack of trees is the one that has a copy.
        let copy = try #require(try copies(workshop).first { "\($0)".contains("/data/") }), name = "\(BytePath.display(copy.name))"
        let pack = BytePath("repository/data/\(name.prefix(2))/\(name)"), size = try workshop.scratch.read(pack).count
        try workshop.scratch.remove(pack)
        try workshop.scratch.add(pack, .bytes(Array(repeating: 7, count: size)))
        try workshop.lifeboat("ls", "latest", "--cache-dir", "cache")
        try workshop.lifeboat("check", "--cache-dir", "cache", status: 20)
        try workshop.lifeboat("check", "--cache-dir", "cache", "--with-cache")
    }

    @Test func `is listed, and cleaned up`() throws {
        let workshop = try workshop()
        #expect(try workshop.lifeboat("cache", "--cache-dir", "cache").outputText.contains("no copies"))
        try workshop.lifeboat("ls", "latest", "--cache-dir", "cache")
        let list = try AnswerJSON.array(workshop.lifeboat("cache", "--cache-dir", "cache", "--json").outputText)
        #expect(list.count == 1 && list[0]["old"] as? Bool == false)
        #expect(try AnswerJSON.number(list[0], "size") > 0)
        #expect(try workshop.lifeboat("cache", "--cache-dir", "cache").outputText.contains("1 cache in"))
        let id = try AnswerJSON.text(list[0], "id")
        #expect(try workshop.lifeboat("cache", "--cleanup", "--cache-dir", "cache").outputText.contains("nothing is older than 30 days"))
        try #require(try Child.run("touch", ["-d", "40 days ago", "\(workshop.scratch[BytePath("cache/\(id)")])"]).exitStatus == 0)
        let old = try AnswerJSON.array(workshop.lifeboat("cache", "--cache-dir", "cache", "--json", "--no-size").outputText)
        #expect(old[0]["old"] as? Bool == true && old[0]["size"] == nil)
        try workshop.lifeboat("cache", "--cleanup", "--max-age", "50", "--cache-dir", "cache")
        #expect(try workshop.scratch.status(BytePath("cache/\(id)")) != nil)
        #expect(try workshop.lifeboat("cache", "--cleanup", "--cache-dir", "cache").outputText.contains("removed 1 cache"))
        #expect(try workshop.scratch.status(BytePath("cache/\(id)")) == nil)
    }

    @Test func `loses what others left behind when asked to`() throws {
        let workshop = try workshop()
        let old = BytePath("cache/" + String(repeating: "a", count: 64))
        try workshop.scratch.add(old, .directory)
        try #require(try Child.run("touch", ["-d", "40 days ago", "\(workshop.scratch[old])"]).exitStatus == 0)
        try workshop.lifeboat("ls", "latest", "--cache-dir", "cache")
        #expect(try workshop.scratch.status(old) != nil)
        try workshop.lifeboat("ls", "latest", "--cache-dir", "cache", "--cleanup-cache")
        #expect(try workshop.scratch.status(old) == nil)
        #expect(try copies(workshop).count == 3)
    }
}
