// DocumentationTests: what the documentation says is tried: every command it shows is run, every command there is has its place in it.
//
// A page that cannot be followed as it stands fails here, with the line of the block and what was printed.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

enum Documentation {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// README.md, CONTRIBUTING.md and everything below docs, in the order of their paths.
    static let pages: [DocumentationPage] = {
        let below = FileManager.default.enumerator(atPath: root.appending(path: "docs").path)?.compactMap { $0 as? String } ?? []
        let paths = ["README.md", "CONTRIBUTING.md"] + below.filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }.sorted()
        return paths.map { DocumentationPage(path: $0, text: (try? String(contentsOf: root.appending(path: $0), encoding: .utf8)) ?? "") }
    }()

    static func page(_ path: String) throws -> DocumentationPage { try #require(pages.first { $0.path == path }, "there is no \(path)") }

    /// What lifeboat prints, with nothing of this user's configuration in reach.
    static func lifeboat(_ arguments: [String]) throws -> String {
        try CommandLineProgram(try Program.binary(), environment: ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"], directory: "/").run(arguments).outputText
    }
}

@Suite struct `The commands in the documentation` {
    @Test(arguments: Documentation.pages) func `work as they stand`(page: DocumentationPage) throws {
        var sandbox: DocumentationSandbox?
        for block in page.blocks where block.excuse == nil {
            let here = block.startsFresh ? try DocumentationSandbox() : try sandbox ?? DocumentationSandbox()
            sandbox = here
            let (status, output) = try here.run(block)
            try #require(status == block.expectedStatus, "\(block) ended with \(status):\n\(output)")
            if block.isExact { #expect(output == block.expectedOutput, "\(block)") }
        }
    }

    @Test func `are many, where a page promises to show how`() throws {
        for (path, least) in [("README.md", 3), ("docs/guide.md", 12), ("docs/commands.md", 20)] {
            let count = try Documentation.page(path).blocks.count { $0.excuse == nil }
            #expect(count >= least, "only \(count) blocks of \(path) were recognised")
        }
    }

    @Test(arguments: Documentation.pages) func `stay unrun only for a known reason`(page: DocumentationPage) {
        for block in page.blocks {
            #expect(block.unknownWords.isEmpty, "\(block) has unknown words on its fence: \(block.unknownWords)")
            guard let excuse = block.excuse else { continue }
            guard let programs = DocumentedBlock.excuses[excuse] else {
                Issue.record("\(block): '\(excuse)' is no reason; there are \(DocumentedBlock.excuses.keys.sorted())")
                continue
            }
            for command in block.commands {
                guard let program = command.split(separator: " ").first, !program.hasPrefix("#") else { continue }
                #expect(programs.contains(String(program)), "\(block): `\(command)` can be run; '\(excuse)' does not excuse it")
            }
        }
    }
}

@Suite struct `The documentation` {
    @Test(arguments: Documentation.pages) func `links to files that are there`(page: DocumentationPage) {
        let folder = Documentation.root.appending(path: page.path).deletingLastPathComponent()
        for link in page.relativeLinks {
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: link).path), "\(page.path) links to '\(link)'")
        }
    }

    @Test func `has a section for every command`() throws {
        let headings = try Documentation.page("docs/commands.md").text.split(separator: "\n").filter { $0.hasPrefix("#") }
        let commands = try Self.commands(below: [])
        try #require(commands.count >= 25, "only \(commands.count) commands found in the help: has its form changed?")
        for command in commands {
            let name = "`lifeboat " + command.joined(separator: " ") + "`"
            #expect(headings.contains { $0.contains(name) }, "docs/commands.md has no heading with \(name)")
        }
    }

    @Test func `explains every exit status`() throws {
        let text = try Documentation.page("README.md").text
        for code in FailureCode.allCases { #expect(text.contains("| \(code.rawValue) |"), "README.md says nothing of exit status \(code.rawValue)") }
    }

    @Test func `names every key of the settings file`() throws {
        let schema = try JSONSerialization.jsonObject(with: Data(Documentation.lifeboat(["config", "schema"]).utf8))
        let keys = Self.propertyNames(in: schema)
        try #require(keys.count >= 50, "only \(keys.count) keys found in the schema")
        let words = Set(try Documentation.page("docs/guide.md").text.split { !$0.isLetter && $0 != "_" }.map(String.init))
        for key in keys.sorted() { #expect(words.contains(key), "docs/guide.md says nothing of the key '\(key)'") }
    }

    /// Every command without sub-commands, from the help.
    private static func commands(below path: [String]) throws -> [[String]] {
        let lines = try Documentation.lifeboat(["help"] + path).split(separator: "\n", omittingEmptySubsequences: false)
        // There may be several groups: "SUBCOMMANDS:", "ORIGINAL SUBCOMMANDS:".
        let starts = lines.indices.filter { lines[$0].hasSuffix("SUBCOMMANDS:") }
        if starts.isEmpty { return [path] }
        let names = starts.flatMap { start in
            lines[(start + 1)...].prefix { !$0.isEmpty }.compactMap { $0.wholeMatch(of: /\ \ ([a-z][a-z:-]*)(?: \(default\))?(?:\ \ .*)?/)?.output.1 }
        }
        return try names.flatMap { try commands(below: path + [String($0)]) }
    }

    private static func propertyNames(in schema: Any) -> Set<String> {
        if let list = schema as? [Any] { return list.reduce(into: []) { $0.formUnion(propertyNames(in: $1)) } }
        guard let object = schema as? [String: Any] else { return [] }
        let own = (object["properties"] as? [String: Any]).map { Set($0.keys) } ?? []
        return object.values.reduce(into: own) { $0.formUnion(propertyNames(in: $1)) }
    }
}
