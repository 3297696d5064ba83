// The commands as scripts use them: answers, JSON, exit statuses.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `The commands for repositories` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try EverythingTree.make(at: workshop.scratch["data"], seed: 4, largeByteCount: 3_000_000)
        try workshop.makeRepository()
        try workshop.lifeboat("backup", "files", "data", "--host", "peer")
        return workshop
    }

    // MARK: dump

    @Test func `dump a file as it was`() throws {
        let workshop = try workshop()
        for name in ["large", "text", "deep/empty-file"] {
            let dumped = try workshop.lifeboat().run(["dump", "latest", "/data/\(name)"])
            #expect(dumped.exitStatus == 0)
            #expect(try dumped.output == workshop.scratch.read(BytePath("data/\(name)")), "\(name)")
        }
        #expect(try workshop.lifeboat().run(["dump", "latest:/data", "text"]).output == workshop.scratch.read("data/text"))
    }

    @Test func `dump a directory as an archive that tar unpacks like restic's`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("dump", "latest", "/data", "--target", "ours.tar")
        let theirs = try workshop.restic.run(["dump", "latest", "/data"])
        try #require(theirs.exitStatus == 0)
        try AtomicFile.write(theirs.output.span, to: workshop.scratch["theirs.tar"])
        for name in ["ours", "theirs"] {
            try workshop.scratch.add(BytePath(name), .directory)
            let result = try Child.run(
                "tar", ["--xattrs", "--xattrs-include=user.*", "--acls", "--numeric-owner", "-xpf", "\(name).tar", "-C", name],
                directory: workshop.scratch.path)
            try #require(result.exitStatus == 0, "\(name): \(result.errorText)")
        }
        // restic puts devices that are directly in the directory into the archive as empty files.
        // The directory itself has no entry, so it gets the time of unpacking.
        let special: Set<BytePath> = ["data/pipe", "data/character", "data/block"], unlike = special.union(["data"])
        let ours = try TreePicture(of: workshop.scratch["ours"]), others = try TreePicture(of: workshop.scratch["theirs"])
        let differences = ours.differences(from: others).filter { line in !unlike.contains { line.hasPrefix("\($0): ") } }
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
        #expect(special.allSatisfy { ours.lines[$0] == nil })
        #expect(ours.lines["data/text"]?.contains(" 1234:5678 ") == Host.isRoot)
    }

    @Test func `refuse to dump what is not there`() throws {
        let workshop = try workshop()
        let missing = try workshop.lifeboat("dump", "latest", "/data/nothing", status: 1)
        #expect(missing.errorText.hasPrefix("error: there is no '/data/nothing' in snapshot "))
        try workshop.lifeboat("dump", "latest", "/data/link", status: 1)
        try workshop.lifeboat("dump", "0123456789", "/", status: 1)
        try workshop.lifeboat("dump", "latest", "/", "--archive", "rar", status: 64)
    }

    @Test func `dump a directory as a zip archive that others unpack`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("dump", "latest", "/data", "--archive", "zip", "--target", "ours.zip")
        try workshop.scratch.add("ours", .directory)
        let unpacked = try Child.run(
            "python3", ["-c", "import zipfile; z = zipfile.ZipFile('ours.zip'); assert z.testzip() is None; z.extractall('ours'); print(len(z.namelist()))"],
            directory: workshop.scratch.path)
        try #require(unpacked.exitStatus == 0, "\(unpacked.errorText)")
        for name in ["large", "text", "deep/empty-file"] {
            #expect(try workshop.scratch.read(BytePath("ours/data/\(name)")) == workshop.scratch.read(BytePath("data/\(name)")), "\(name)")
        }
    }

    // MARK: restore, limits

    @Test func `read back what was restored, and find what was not written as it should be`() throws {
        let workshop = try workshop()
        let restored = try workshop.lifeboat("restore", "files", "--target", "out", "--verify", "--json")
        #expect(restored.outputText.contains(#""files_verified":"#), "\(restored.outputText)")
        // What is right already is compared as it is, and not written again.
        let again = try workshop.lifeboat("restore", "files", "--target", "out", "--verify")
        #expect(again.outputText.contains("were there already"), "\(again.outputText)")
    }

    @Test func `send and fetch no faster than they may`() throws {
        let workshop = try workshop()
        var random = SeededRandom(seed: 7)
        let noise = (0..<1_500_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        try AtomicFile.write(noise.span, to: workshop.scratch["noise"])
        func seconds(_ arguments: String...) throws -> Double {
            let started = Host.monotonicNanoseconds(), result = try workshop.lifeboat().run(arguments)
            try #require(result.exitStatus == 0, "\(result.errorText)")
            return Double(Host.monotonicNanoseconds() - started) / 1e9
        }
        #expect(try seconds("backup", "files", "noise", "--limit-upload", "500") > 2.5)
        #expect(try seconds("restore", "files", "--target", "slow", "--limit-download", "500") > 2.5)
        #expect(try workshop.scratch.read("slow/noise") == workshop.scratch.read("noise"))
        try QuickRepository.make(at: workshop.scratch["second"], password: Workshop.password)
        let copied = Host.monotonicNanoseconds()
        let result = try workshop.lifeboat().run(
            ["copy", "--from-repo", "\(workshop.repository)", "--repo", "\(workshop.scratch["second"])", "--limit-download", "1000", "latest"],
            environment: ["LIFEBOAT_FROM_PASSWORD": Workshop.password])
        #expect(result.exitStatus == 0, "\(result.errorText)")
        #expect(Double(Host.monotonicNanoseconds() - copied) / 1e9 > 1.2)
    }

    // MARK: ls

    @Test func `list only the directories asked for`() throws {
        let workshop = try workshop()
        func list(_ arguments: String...) throws -> Set<String> {
            Set(try workshop.lifeboat().run(["ls", "latest"] + arguments).outputText.split(separator: "\n").map(String.init))
        }
        let near = try list("/data/deep")
        #expect(near == ["/data/deep", "/data/deep/empty-file", "/data/deep/er", "/data/deep/hard-c"])
        let all = try list("/data/deep", "--recursive")
        #expect(all == near.union(["/data/deep/er/and", "/data/deep/er/and/deeper", "/data/deep/er/and/deeper/note"]))
        let below = Set(try workshop.lifeboat("ls", "latest:/data/deep/er").outputText.split(separator: "\n").map(String.init))
        #expect(below == ["/and", "/and/deeper", "/and/deeper/note"])
        let long = try workshop.lifeboat("ls", "-l", "latest", "/data/modes").outputText
        #expect(long.contains("-rwsr-xr-x") && long.contains("-rws--s--x"))
        try workshop.lifeboat("ls", "latest:/data/text", status: 1)
    }

    @Test func `describe every file in JSON as restic does`() throws {
        let workshop = try workshop()
        let ours = try AnswerJSON.objects(workshop.lifeboat("ls", "latest", "--json").outputText).dropFirst()
        let theirs = try AnswerJSON.objects(workshop.restic("ls", "latest", "--json").outputText).dropFirst()
        #expect(ours.count == theirs.count)
        for (mine, other) in zip(ours, theirs) {
            for key in ["name", "type", "path", "uid", "gid", "size", "mode", "permissions", "mtime", "struct_type"] {
                guard let expected = other[key] else { continue }
                #expect("\(mine[key] ?? "missing")" == "\(expected)", "\(key) of \(other["path"] ?? "")")
            }
        }
    }

    // MARK: forget

    @Test func `decide what to forget like restic`() throws {
        let workshop = try Workshop()
        try workshop.makeRepository()
        for number in 0..<10 {
            try workshop.scratch.add("data/file", .file("\(number)"))
            let time = "2026-0\(1 + number / 4)-\(10 + number * 2)T1\(number % 3):00:00Z"
            try workshop.lifeboat(
                "backup", "files", "data", "--host", number % 2 == 0 ? "even" : "odd", "--tag", "t\(number % 3)", "--time", time)
        }
        let policies = [
            ["--keep-last", "1"], ["--keep-daily", "2", "--keep-monthly", "1"], ["--keep-within", "20d"],
            ["--keep-weekly", "2", "--group-by", ""],
            ["--keep-tag", "t1", "--keep-last", "1"], ["--keep-within-daily", "1m", "--group-by", "host,tags"],
            ["--keep-last", "2", "--host", "odd"],
        ]
        for policy in policies {
            let ours = try groups(workshop.lifeboat().run(["forget", "--dry-run", "--json"] + policy).outputText)
            let theirs = try groups(workshop.restic.run(["forget", "--dry-run", "--json"] + policy).outputText)
            #expect(ours == theirs, "\(policy)")
            #expect(!ours.isEmpty)
        }
        #expect(try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).count == 10)
    }

    /// Host and ids, as a text for each group.
    private func groups(_ json: String) throws -> Set<String> {
        let document = String(try #require(json.split(separator: "\n").first))
        return Set(
            try AnswerJSON.array(document).map { group in
                func ids(_ key: String) throws -> String {
                    try (group[key] as? [[String: Any]] ?? []).map { try AnswerJSON.text($0, "id") }.joined(separator: " ")
                }
                return "\(group["host"] ?? "") keep \(try ids("keep")) remove \(try ids("remove"))"
            })
    }

    @Test func `never forget everything by accident`() throws {
        let workshop = try workshop()
        #expect(try workshop.lifeboat("forget", status: 64).errorText.contains("no policy was given"))
        #expect(try workshop.lifeboat("forget", "--keep-tag", "nothing", status: 1).errorText.contains("refusing to delete last snapshot"))
        try workshop.lifeboat("forget", "--unsafe-allow-remove-all", status: 64)
        try workshop.lifeboat("forget", "--keep-last", "many", status: 64)
        #expect(try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).count == 1)
        try workshop.lifeboat("forget", "--unsafe-allow-remove-all", "--host", "peer", "--prune")
        #expect(try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).isEmpty)
        try workshop.requireCleanCheck()
    }

    @Test func `forget the snapshot that was named`() throws {
        let workshop = try workshop()
        try workshop.lifeboat("backup", "files", "data", "--force")
        let ids = try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "id") }
        try #require(ids.count == 2)
        try workshop.lifeboat("forget", String(ids[0].prefix(10)), "--keep-last", "1", status: 64)
        try workshop.lifeboat("forget", String(ids[0].prefix(10)), "--dry-run")
        try workshop.lifeboat("forget", String(ids[0].prefix(10)))
        #expect(try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "id") } == [ids[1]])
    }

    // MARK: keys

    @Test func `add, change and remove passwords`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("second", .file("second\n"))
        try workshop.scratch.add("third", .file("third"))
        let second = ["LIFEBOAT_PASSWORD": "second"], third = ["LIFEBOAT_PASSWORD": "third"]
        try workshop.lifeboat("key", "add", "--new-password-file", "second", "--user", "anna", "--host", "desk")
        let program = try workshop.lifeboat()
        let list = try program.run(["key", "list"], environment: second).outputText
        #expect(list.split(separator: "\n").count == 3)
        #expect(list.split(separator: "\n").contains { $0.hasPrefix("*") && $0.contains("anna") && $0.contains("desk") })
        #expect(try program.run(["key", "passwd", "--new-password-file", "third"], environment: second).exitStatus == 0)
        #expect(try program.run(["snapshots"], environment: second).exitStatus == 12)
        #expect(try program.run(["snapshots"], environment: third).exitStatus == 0)
        let keys = try AnswerJSON.array(program.run(["key", "list", "--json"], environment: third).outputText)
        try #require(keys.count == 2)
        let used = try AnswerJSON.text(#require(keys.first { $0["current"] as? Bool == true }), "id")
        let other = try AnswerJSON.text(#require(keys.first { $0["current"] as? Bool == false }), "id")
        let refused = try program.run(["key", "remove", used], environment: third)
        #expect(refused.exitStatus == 1 && refused.errorText.contains("the key in use cannot be removed"))
        #expect(try program.run(["key", "remove", String(other.prefix(8))], environment: third).exitStatus == 0)
        #expect(try program.run(["snapshots"]).exitStatus == 12)
        let peer = try workshop.restic.program.run(["--no-cache", "check"], environment: ["RESTIC_PASSWORD": "third"])
        #expect(peer.exitStatus == 0)
    }

    @Test func `ask nobody for a password without a terminal`() throws {
        let workshop = try workshop()
        #expect(try workshop.lifeboat("key", "add", status: 13).errorText.contains("--new-password-file"))
        let silent = try workshop.lifeboat().run(["snapshots"], environment: ["LIFEBOAT_PASSWORD": ""])
        #expect(silent.exitStatus == 12)
    }

    // MARK: errors

    @Test func `end with the status that says what is wrong`() throws {
        let workshop = try workshop()
        let program = try workshop.lifeboat()
        let missing = try program.run(["snapshots", "--repo", "/nonexistent/repository"])
        #expect(missing.exitStatus == 10 && missing.errorText.contains("there is no repository at '/nonexistent/repository'"))
        let wrong = try program.run(["snapshots"], environment: ["LIFEBOAT_PASSWORD": "wrong"])
        #expect(wrong.exitStatus == 12 && wrong.errorText.contains("wrong password") && wrong.errorText.contains("hint: "))
        let json = try program.run(["snapshots", "--json"], environment: ["LIFEBOAT_PASSWORD": "wrong"])
        let message = try AnswerJSON.object(json.errorText)
        #expect(message["message_type"] as? String == "exit_error" && message["code"] as? Int == 12)
        let mistyped = try program.run(["snapshts"])
        #expect(mistyped.exitStatus == 64 && mistyped.errorText.contains("did you mean `lifeboat snapshots`?"))
        let nested = try program.run(["key", "lst"])
        #expect(nested.exitStatus == 64 && nested.errorText.contains("did you mean `lifeboat key list`?"))
        let option = try program.run(["snapshots", "--hots", "web"])
        #expect(option.exitStatus == 64 && option.errorText.contains("--host"))
    }

    @Test func `report a full disk, and work again when there is space`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("data/more", .bytes(SeededRandom.bytes(8_000_000, seed: 9)))
        var limited = try workshop.lifeboat()
        let binary = limited.path
        limited = CommandLineProgram("/bin/sh", environment: limited.environment, directory: limited.directory)
        // 2 MiB, in units of 512 bytes: the place for every file of the repository ends there.
        let full = try limited.run(["-c", "ulimit -f 4096; exec \(binary) backup files data --host peer"])
        #expect(full.exitStatus == 14, "\(full.errorText)")
        #expect(full.errorText.contains("hint:  free a little space"), "\(full.errorText)")
        try workshop.requireCleanCheck()
        try workshop.lifeboat("backup", "files", "data", "--host", "peer")
        try workshop.lifeboat("check", "--read-data")
    }

    @Test func `introduce themselves`() throws {
        let workshop = try Workshop()
        let program = try workshop.lifeboat()
        #expect(try AnswerJSON.object(program.run(["version", "--json"]).outputText)["message_type"] as? String == "version")
        for shell in ["bash", "zsh", "fish"] {
            let script = try program.run(["completion", shell])
            #expect(script.exitStatus == 0 && script.outputText.contains("lifeboat") && script.outputText.contains("snapshots"), "\(shell)")
        }
        let bash = try Child.run("bash", ["-n"], standardInput: program.run(["completion", "bash"]).output)
        #expect(bash.exitStatus == 0, "\(bash.errorText)")
        #expect(try program.run(["completion", "tcsh"]).exitStatus == 64)
        for command in ["ls", "dump", "check", "forget", "prune", "unlock", "stats", "key", "version", "completion"] {
            let help = try program.run([command, "--help"])
            #expect(help.exitStatus == 0 && help.outputText.contains("Example"), "\(command)")
        }
    }
}
