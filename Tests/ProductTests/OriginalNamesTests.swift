// The original names: the command lines that people had, as they stand, and that a shell completes them.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `The original command lines` {
    @Test func `work as they stand`() throws {
        let school = try School()
        try school.scratch.add("school/public/uploads/node_modules/left-pad.js", .file("module.exports = 1"))
        try school.scratch.add("school/public/uploads/vendor/autoload.php", .file("<?php"))
        try school.lifeboat("backup:database", "--compress", "--clean-old")
        try school.lifeboat("backup:filesystem", "--exclude=node_modules,vendor", "--compress")
        try school.lifeboat("backup:config", "--compress")
        #expect(try school.snapshots().count == 3)
        let files = try #require(try school.snapshots(tagged: "source=files").first)
        let listing = try school.lifeboat("ls", AnswerJSON.text(files, "short_id")).outputText
        #expect(listing.contains("photo.jpg") && !listing.contains("left-pad.js") && !listing.contains("autoload.php"), "\(listing)")
        #expect(try school.lifeboat("backup:verify", "--report").outputText.contains("everything that was looked at is whole"))
        let content = try school.content(), picture = try school.picture()
        try school.ruin()
        try school.lifeboat("restore:backup", "--type=all", "--force")
        #expect(try school.content() == content)
        #expect(try school.picture().filter { !$0.key.description.contains("node_modules") && !$0.key.description.contains("vendor") }.count == picture.count - 4)
    }

    @Test func `restore one source, ask, and refuse what is no source`() throws {
        let school = try School()
        try school.lifeboat("backup")
        try school.lifeboat("restore:backup", status: 13)
        let plan = try school.lifeboat("restore:backup", "--type=config", "--dry-run").outputText
        #expect(plan.contains("config/app.php") || plan.contains("/config"), "\(plan)")
        #expect(!plan.contains("database.sqlite"))
        try school.sql("DELETE FROM grades;")
        try school.lifeboat("restore:backup", "--type", "database", "--force", "--no-safety-backup")
        #expect(try school.sql("SELECT count(*) FROM grades;") == "300")
        #expect(try school.snapshots(tagged: "safety").isEmpty)
        let refusal = try school.lifeboat("restore:backup", "--type=databse", status: 64)
        #expect(refusal.errorText.contains("database"), "\(refusal.errorText)")
    }

    @Test func `add to the configured excludes, repeated or separated by commas`() throws {
        let school = try School(settings: "sources: { files: { paths: [public/uploads], exclude: ['*.txt'] } }")
        try school.lifeboat("backup:filesystem", "--exclude", "link, nothing", "--exclude=*.jpg")
        let files = try #require(try school.snapshots(tagged: "source=files").first)
        let listing = try school.lifeboat("ls", AnswerJSON.text(files, "short_id")).outputText
        #expect(!listing.contains(".txt") && !listing.contains("link") && !listing.contains(".jpg"), "\(listing)")
    }

    @Test func `compress harder when they are told to`() throws {
        let text = String(repeating: "It was the best of times, it was the worst of times, ", count: 20_000)
        func stored(_ arguments: String...) throws -> Int {
            let school = try School()
            // Below 512 KiB a file is one blob, wherever a repository's polynomial cuts.
            try school.scratch.add("school/public/uploads/book.txt", .file((0..<8_000).map { "\($0 * 7919 % 10_007) \(text.prefix(40))" }.joined()))
            let lines = try school.program().run(["backup:filesystem", "--json"] + arguments).outputText.split(separator: "\n")
            let summaries = try lines.map { try AnswerJSON.object(String($0)) }
            return try #require(summaries.compactMap { $0["data_added_packed"] as? Int }.first)
        }
        #expect(try stored("--compress") < stored())
    }

    @Test func `have a help of their own that begins with examples`() throws {
        let school = try School()
        for name in ["backup:database", "backup:filesystem", "backup:config", "restore:backup", "backup:verify"] {
            let help = try school.lifeboat(name, "--help").outputText
            let example = try #require(help.range(of: "Examples:\n  lifeboat \(name)"), "\(help)"), options = try #require(help.range(of: "OPTIONS:"))
            #expect(example.lowerBound < options.lowerBound)
        }
        #expect(try school.lifeboat("backup:databse", status: 64).errorText.contains("did you mean `lifeboat backup:database`?"))
    }
}

@Suite struct `Completion of names with colons` {
    private let scratch: ScratchTree

    init() throws { scratch = try ScratchTree([:]) }

    private func script(_ shell: String) throws -> BytePath {
        try scratch.add(BytePath("lifeboat.\(shell)"), .file(Documentation.lifeboat(["completion", shell])))
        return scratch[BytePath("lifeboat.\(shell)")]
    }

    /// What bash would offer, given the words as readline breaks them at `:` and `=`.
    private func bash(_ words: [String]) throws -> Set<String> {
        let current = words.last ?? "", quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let text = """
            source '\(try script("bash"))'
            COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1); COMP_LINE='\(words.joined(separator: " "))'; COMP_POINT=${#COMP_LINE}
            function=$(complete -p lifeboat); function=${function##*-F }; function=${function%% *}
            "$function" lifeboat '\(current)' ''
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try Child.run("bash", ["--norc", "-c", text])
        try #require(result.exitStatus == 0 && result.errorText.isEmpty, "\(result.errorText)")
        return Set(result.outputText.split(separator: "\n").map(String.init))
    }

    @Test func `works in bash, whose words end at colons`() throws {
        #expect(try bash(["lifeboat", "rest"]) == ["restore", "restore:backup"])
        #expect(try bash(["lifeboat", "backup", ":", "da"]) == ["database"])
        #expect(try bash(["lifeboat", "backup", ":"]) == ["database", "filesystem", "config", "verify"])
        #expect(try bash(["lifeboat", "restore", ":"]) == ["backup"])
        #expect(try bash(["lifeboat", "backup", ":", "filesystem", "--ex"]) == ["--exclude"])
        #expect(try bash(["lifeboat", "restore", ":", "backup", "--type", "=", "da"]) == ["database"])
        #expect(try bash(["lifeboat", "restore", ":", "backup", "--type", "="]) == ["database", "files", "config", "all"])
        #expect(try bash(["lifeboat", "forget", "--expl"]) == ["--explain"])
    }

    @Test(.enabled(if: Self.isInstalled("fish"))) func `works in fish`() throws {
        let text = "source \(try script("fish")); complete -C 'lifeboat backup:da'; complete -C 'lifeboat restore:backup --no-saf'"
        let result = try Child.run("fish", ["--no-config", "-c", text])
        let offered = result.outputText.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
        #expect(offered == ["backup:database", "--no-safety-backup"], "\(result.outputText)\(result.errorText)")
    }

    @Test func `is written for zsh with the colons escaped`() throws {
        let text = try Documentation.lifeboat(["completion", "zsh"])
        #expect(text.contains("'backup\\:database:"))
        if Self.isInstalled("zsh") { #expect(try Child.run("zsh", ["-n", "\(try script("zsh"))"]).exitStatus == 0) }
    }

    private static func isInstalled(_ program: String) -> Bool {
        (try? Child.run("sh", ["-c", "command -v \(program)"]).exitStatus) == 0
    }
}
