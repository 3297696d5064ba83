// TidyTests: the house rules, held by a test: layers, fences of unsafe code, banned calls, shape. See docs/ARCHITECTURE.md.
//
// Every message names file, line and what to write instead.

import Testing

/// Fails with one line per finding.
private func expectNone(_ findings: [Finding], _ location: SourceLocation = #_sourceLocation) {
    let list = findings.map { "\n  \($0)" }.joined()
    #expect(findings.isEmpty, "\(findings.count) findings:\(list)", sourceLocation: location)
}

@Suite struct `The sources` {
    private let sources: [SourceText]

    init() throws {
        sources = try RepositoryTree.code(below: "Sources")
        try #require(sources.count >= 20, "the checker found only \(sources.count) source files: it looks in the wrong place")
    }

    @Test func `import only what the layer table lists`() { expectNone(sources.flatMap(TidyRules.imports)) }

    @Test func `keep unsafe code behind its fence, each exception with its reason`() { expectNone(sources.flatMap(TidyRules.unsafeCode)) }

    @Test func `make no banned calls`() { expectNone(sources.flatMap(TidyRules.bannedCalls)) }

    @Test func `leave no notes to self`() { expectNone(sources.flatMap(TidyRules.leftovers)) }

    @Test func `open with a header that says what the file is`() { expectNone(sources.flatMap(TidyRules.header)) }

    @Test func `and the tests stay short enough for one idea a file`() throws {
        expectNone((sources + (try RepositoryTree.code(below: "Tests"))).flatMap(TidyRules.length))
    }
}

@Suite struct `The repository` {
    @Test func `says nothing of the place where it was built`() throws {
        let files = try RepositoryTree.allText()
        try #require(files.contains { $0.path == "Package.swift" })
        expectNone(files.flatMap(TidyRules.wordsOfTheBuildPlace))
    }

    @Test func `gives no room in Package.swift more than the table`() throws {
        let manifest = try RepositoryTree.text(of: "Package.swift")
        let rooms = PackageManifest.rooms(in: manifest)
        try #require(rooms.count >= 12, "only \(rooms.count) rooms found in Package.swift: teach PackageManifest how they are written now")
        expectNone(rooms.flatMap(PackageManifest.findings))
    }

    @Test func `has a row in the table for every folder of Sources`() throws {
        for folder in try RepositoryTree.folders(below: "Sources") where !LayerTable.systemModules.contains(folder) {
            #expect(LayerTable.room(named: folder) != nil, "Sources/\(folder) is no room of LayerTable.swift and docs/ARCHITECTURE.md")
        }
    }

    @Test func `has a table without cycles: a room imports only what stands above it`() {
        var above = LayerTable.systemModules
        for room in LayerTable.rooms {
            #expect(room.own.isSubset(of: above), "\(room.name) imports \(room.own.subtracting(above).sorted()) which stand below it")
            above.insert(room.name)
        }
    }
}
