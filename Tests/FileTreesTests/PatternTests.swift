// PatternTests: patterns against literal paths, and against the recorded behaviour of the original on a real tree.

import Bytes
import FileTrees
import HostOS
import TestKit
import Testing

@Suite struct `Patterns` {
    private func matches(_ pattern: String, _ path: String, ignoringCase: Bool = false) throws -> Bool {
        try PatternList([pattern], ignoringCase: ignoringCase).matches(SplitPath(BytePath(path)))
    }

    @Test(arguments: [
        ("foo", "/a/foo/b", true), ("foo", "/a/food", false), ("/foo", "/a/foo", false), ("/a/foo", "/a/foo/b", true),
        ("*.c", "/x/y.c/z", true), ("a?c", "/aüc", true), ("a?c", "/abbc", false), ("[^a]b", "/ab", false), ("[^a]b", "/cb", true),
        ("[a-cx]z", "/bz", true), ("[a-cx]z", "/dz", false), ("[c-a]", "/b", false), ("a*b*c", "/aXbYc", true),
        ("a*b*c", "/aXbYcZ", false),
        ("*ab", "/aab", true), ("a]", "/a]", true), ("\\*", "/*", true), ("\\*", "/x", false), ("/**/x", "/x", true),
        ("/**/x", "/a/b/x", true),
        ("/a/**", "/a", true), ("a/**/b", "/x/a/b", true), ("a/**/b", "/x/a/1/2/b", true), ("**", "/x", true), ("/", "/x", true),
        // Two `**`: each counts as one name when the first is expanded, so a path may be too short although both could be empty.
        ("a/**/**/b", "/a/b", true), ("**/**/**/x", "/x", false), ("**/**/**/x", "/x/y/z", true),
    ]) func `match as the format says`(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try matches(pattern, path) == expected)
    }

    @Test func `count an invalid byte as one character`() throws {
        let list = try PatternList([Array("a?c".utf8)])
        #expect(list.matches(SplitPath(BytePath([0x2f, 0x61, 0xff, 0x63]))))
        #expect(!list.matches(SplitPath(BytePath([0x2f, 0x61, 0xff, 0xfe, 0x63]))))
    }

    @Test func `can ignore the case of any letter`() throws {
        #expect(try matches("ÄPFEL*", "/äpfelkuchen", ignoringCase: true))
        #expect(try !matches("ÄPFEL*", "/äpfelkuchen"))
    }

    @Test(arguments: ["[", "foo/[", "a\\", "[a-", "[]a]", "[^]a]", "a/[x/b]", "[-a]", "!["])
    func `are refused when malformed`(_ pattern: String) {
        #expect(throws: FileTreeError.malformedPattern(Array(pattern.utf8))) { try PatternList([pattern]) }
    }

    @Test(arguments: [
        ("$A/x", "1/x"), ("${A}x", "1x"), ("$$A", "$A"), ("$", "$"), ("a$", "a$"), ("$/x", "$/x"), ("${}x", "x"), ("${Ax", "Ax"),
        ("$B.c", ".c"),
    ]) func `in files expand variables`(_ line: String, _ expected: String) {
        #expect(PatternFile.patterns(in: Array(line.utf8)) { $0 == "A" ? "1" : nil } == [Array(expected.utf8)])
    }

    /// A walk remembers what matched a directory; the answer must be that for the whole path.
    @Test(arguments: 0..<40) func `give the same answer on a walk as for a whole path`(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let pieces = ["a", "b", "*", "**", "?", "a*", "[ab]"], names = ["a", "b", "ab", "c"]
        let patterns = (0..<6).map { _ in
            (random.pick(["", "", "!"])) + (random.pick(["", "/"]))
                + (0..<Int.random(in: 1...4, using: &random)).map { _ in random.pick(pieces) }.joined(separator: "/")
        }
        let list = try PatternList(patterns)
        let tree = try ScratchTree(["w/x": .directory])
        for _ in 0..<30 {
            let path = (0..<Int.random(in: 1...5, using: &random)).map { _ in random.pick(names) }.joined(separator: "/")
            try Directory.createAll(tree[BytePath("w/x/" + path)], mode: 0o755)
        }
        let scan = try Recorder.scan([tree["w"]], exclusions: Exclusions(patterns: [list]))
        let expected = try tree.allPaths().map { tree[$0] }.filter { path in
            // The target itself is exempt; below it no directory on the way may match.
            var current = path
            while current != tree["w"] && current != tree.path {
                if list.matches(SplitPath(current)) { return false }
                current = current.parent
            }
            return path != tree.path
        }
        #expect(Set(scan.sourcePaths(below: tree.path)) == Set(expected), "seed \(seed), patterns \(patterns)")
    }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }
}

@Suite struct `The recorded pattern cases` {
    @Test func `are all there`() {
        #expect(PatternVectors.shared.cases.count == 161)
    }

    @Test(arguments: PatternVectors.shared.cases.filter { $0.kind == .backup })
    func `hold for a scan of the real tree`(_ test: PatternCase) throws {
        let tree = try dataTree()
        let moved = tree.path.description
        guard !test.isRefused else {
            #expect(throws: FileTreeError.self) { try readExclusions(test, moved) }
            return
        }
        let exclusions = try readExclusions(test, moved)
        let scan = try Recorder.scan(test.targets.map { BytePath(moved + $0) }, exclusions: exclusions)
        let found = Set(scan.sourcePaths(below: tree["data"]).map { String($0.description.dropFirst(moved.count)) })
        #expect(found == test.expected)
        #expect(scan.problems.allSatisfy { $0.effect == .none })
    }

    @Test(arguments: PatternVectors.shared.cases.filter { $0.isPlainExclusion })
    func `hold for literal paths`(_ test: PatternCase) throws {
        let list = try PatternList(test.patterns, ignoringCase: ignoresCase(test))
        let selection = Selection.excluding([list])
        #expect(Set(selected(by: selection, PatternVectors.shared.allPaths)) == test.expected)
    }

    @Test(arguments: PatternVectors.shared.cases.filter { $0.kind == .restore && !$0.isRefused })
    func `hold for a restore`(_ test: PatternCase) throws {
        let list = try PatternList(test.patterns, ignoringCase: ignoresCase(test))
        let selection: Selection = test.option.contains("include") ? .including([list]) : .excluding([list])
        var paths = ["/data"] + PatternVectors.shared.allPaths
        if let subfolder = test.subfolder {
            paths = paths.filter { $0.hasPrefix(subfolder + "/") }.map { String($0.dropFirst(subfolder.count)) }
        }
        var restored = Set(selected(by: selection, paths))
        for path in restored {
            var parent = BytePath(path).parent
            while parent != .root {
                restored.insert(parent.description)
                parent = parent.parent
            }
        }
        #expect(restored == test.expected)
    }

    /// Walks the paths from the top, entering what the selection lets enter.
    private func selected(by selection: Selection, _ paths: [String]) -> [String] {
        var closed: [BytePath] = [], chosen: [String] = []
        let topDown = paths.map { BytePath($0) }.sorted { $0.components.count < $1.components.count }
        for path in topDown where !closed.contains(where: { $0.contains(path) }) {
            let (isSelected, enters) = selection.select(SplitPath(path))
            if isSelected { chosen.append(path.description) }
            if !enters { closed.append(path) }
        }
        return chosen
    }

    /// Anchored patterns move along with the tree.
    private func moving(_ pattern: [UInt8], _ prefix: String) -> [UInt8] {
        let isNegated = pattern.first == UInt8(ascii: "!")
        let rest = isNegated ? Array(pattern.dropFirst()) : pattern
        guard rest.first == UInt8(ascii: "/") else { return pattern }
        return (isNegated ? [UInt8(ascii: "!")] : []) + Array(prefix.utf8) + rest
    }

    private func ignoresCase(_ test: PatternCase) -> Bool { test.option.hasPrefix("--iexclude") || test.option.hasPrefix("--iinclude") }

    private func readExclusions(_ test: PatternCase, _ prefix: String) throws -> Exclusions {
        let ignoringCase = ignoresCase(test)
        if let content = test.fileContent {
            let patterns = PatternFile.patterns(in: content) { test.environment[$0] }
            return Exclusions(patterns: [try PatternList(patterns.map { moving($0, prefix) }, ignoringCase: ignoringCase)])
        }
        var patterns = test.patterns
        let words = test.option.split(separator: " ", maxSplits: 1).map(String.init)
        if words.count == 2 {
            switch words[0] {
            case "--exclude-if-present": return Exclusions(markers: [try #require(DirectoryMarker(parsing: words[1]))])
            case "--exclude-larger-than": return Exclusions(largerThan: try #require(ByteCount(parsing: words[1])).bytes)
            default: patterns = test.option.split(separator: " ").filter { $0 != "--exclude" }.map(String.init)
            }
        } else if test.option == "--exclude-caches" {
            return Exclusions(markers: [.cacheDirectory])
        }
        return Exclusions(patterns: [try PatternList(patterns.map { moving(Array($0.utf8), prefix) }, ignoringCase: ignoringCase)])
    }

    private func dataTree() throws -> ScratchTree {
        let tree = try ScratchTree(["data": .directory])
        let paths = PatternVectors.shared.allPaths
        for path in paths {
            let isDirectory = paths.contains { $0.hasPrefix(path + "/") }
            let content: String =
                switch path {
                case "/data/big/1k": String(repeating: "x", count: 1024)
                case "/data/big/2k": String(repeating: "x", count: 2048)
                case "/data/cache/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n"
                case "/data/badcache/CACHEDIR.TAG": "Signature: wrong\n"
                default: "x"
                }
            try tree.add(BytePath(path), isDirectory ? .directory : .file(content))
        }
        return tree
    }
}
