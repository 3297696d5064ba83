// TidyRules: what the sources must keep to. Each rule looks at one file and returns findings; none of them touches the disk, so that
// PlantedViolationTests can show every rule a file that breaks it.

/// One broken rule, with the place and what to write instead.
struct Finding: Sendable, CustomStringConvertible {
    let path: String
    /// Counted from 1.
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

enum TidyRules {
    static let maximumLineCount = 450

    /// Folders where pointers live. Everything else is memory-safe by construction.
    static let unsafeFolders = [
        "Sources/Bytes/", "Sources/HostOS/", "Sources/Codecs/", "Sources/Databases/SQLite/", "Sources/Databases/MySQL/Client/", "Sources/Mounting/Kernel/",
    ]

    // MARK: Layers

    /// Every import stands in the table.
    static func imports(of file: SourceText) -> [Finding] {
        guard let target = file.target else { return [] }
        guard let room = LayerTable.room(named: target) else {
            if LayerTable.systemModules.contains(target) { return [] }
            let message = "'\(target)' is no room of the layer table; add it there, to Package.swift and to docs/ARCHITECTURE.md"
            return [Finding(path: file.path, line: 1, message: message)]
        }
        return importedModules(of: file).compactMap { line, module in
            if LayerTable.standard.contains(module) || room.own.contains(module) || room.external.contains(module) { return nil }
            return Finding(
                path: file.path, line: line,
                message: "\(target) must not import \(module): \(LayerTable.replacement(for: module, in: room))")
        }
    }

    /// The top-level modules a file imports, in every spelling: attributes, access levels, single declarations, submodules.
    static func importedModules(of file: SourceText) -> [(line: Int, module: String)] {
        var found: [(line: Int, module: String)] = []
        for (index, line) in file.codeLines.enumerated() where line.contains("import") {
            for statement in line.split(separator: ";") {
                if let module = importedModule(in: String(statement)) { found.append((index + 1, module)) }
            }
        }
        return found
    }

    private static func importedModule(in statement: String) -> String? {
        let attribute = /\s*@\w+(\([^)]*\))?\s*/
        let access = /\s*(public|package|internal|fileprivate|private)\s+/
        let kind = /(struct|class|enum|protocol|typealias|actor|func|let|var|macro)\s+/
        let keyword = /\s*import\s+/
        var rest = Substring(statement)
        while true {
            if let match = rest.prefixMatch(of: attribute) {
                rest = rest[match.range.upperBound...]
            } else if let match = rest.prefixMatch(of: access) {
                rest = rest[match.range.upperBound...]
            } else {
                break
            }
        }
        guard let start = rest.prefixMatch(of: keyword) else { return nil }
        rest = rest[start.range.upperBound...]
        if let match = rest.prefixMatch(of: kind) { rest = rest[match.range.upperBound...] }
        let module = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return module.isEmpty ? nil : String(module)
    }

    // MARK: Unsafe code

    /// The word `unsafe` and unchecked conformances stay behind the fence, and each unchecked one says why it is safe.
    static func unsafeCode(in file: SourceText) -> [Finding] {
        guard file.isSwift, file.target != nil else { return [] }
        let fenced = unsafeFolders.contains { file.path.hasPrefix($0) }
        var findings: [Finding] = []
        for (index, line) in file.codeLines.enumerated() {
            let unchecked = line.contains(/@unchecked\s+Sendable/) || line.contains(/nonisolated\s*\(\s*unsafe\s*\)/)
            guard unchecked || line.contains(/\bunsafe\b/) else { continue }
            let message: String
            if !fenced && unchecked {
                message = "unchecked sharing outside the fence: keep the state in a Mutex (Synchronization), or hand the value over"
            } else if !fenced {
                message =
                    "'unsafe' outside Bytes, HostOS, Codecs, Databases/SQLite, Databases/MySQL/Client and Mounting/Kernel: wrap the call there in a function nobody can misuse"
            } else if unchecked && !isJustified(file, at: index) {
                message = "unchecked without a reason: write '// Safe because: …' directly above"
            } else {
                continue
            }
            findings.append(Finding(path: file.path, line: index + 1, message: message))
        }
        return findings
    }

    /// "Safe because:" on the line itself or in the comments and attributes directly above it.
    private static func isJustified(_ file: SourceText, at index: Int) -> Bool {
        if file.lines[index].contains("Safe because:") { return true }
        for line in file.lines[..<index].reversed() {
            if line.contains("Safe because:") { return true }
            guard line.contains(/^\s*(\/\/|@)/) else { return false }
        }
        return false
    }

    // MARK: Banned calls and left-overs

    static func bannedCalls(in file: SourceText) -> [Finding] {
        guard file.isSwift, let target = file.target else { return [] }
        let mayPrint = target == "lifeboat" || LayerTable.testSupport.contains(target)
        var findings: [Finding] = []
        for (index, line) in file.codeLines.enumerated() {
            func report(_ message: String) { findings.append(Finding(path: file.path, line: index + 1, message: message)) }
            if !mayPrint && line.contains(/(?:^|[^\w.`])(debugPrint|print)\s*\(/) {
                report("print outside lifeboat: return a value and let the command show it")
            }
            if line.contains(/\btry!/) { report("try!: throw the room's own error, or precondition with the reason") }
            if line.contains(/\bas!/) { report("as!: use as? and throw, or a type that needs no cast") }
            if line.contains(/\bfatalError\s*\(/) { report("fatalError: throw on bad input; precondition for a broken invariant") }
        }
        return findings
    }

    /// Looks at comments too: that is where they are.
    static func leftovers(in file: SourceText) -> [Finding] {
        guard file.target != nil else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            guard let match = line.firstMatch(of: /\b(FIXME|TODO|XXX)\b/) else { return nil }
            return Finding(path: file.path, line: index + 1, message: "\(match.output.0): do it now, or open an issue and say nothing here")
        }
    }

    // MARK: Shape

    static func header(of file: SourceText) -> [Finding] {
        guard file.target != nil else { return [] }
        let first = file.lines.first ?? ""
        let words = first.drop { $0 == "/" }.split(separator: " ").count
        if first.hasPrefix("//") && !first.hasPrefix("// swift-") && words >= 3 { return [] }
        let message = "no header comment: open with '// Name: what this is', then its steps and what it does not promise"
        return [Finding(path: file.path, line: 1, message: message)]
    }

    static func length(of file: SourceText) -> [Finding] {
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        if count <= maximumLineCount { return [] }
        let message = "\(count) lines, at most \(maximumLineCount): find the second idea and give it a file of its own"
        return [Finding(path: file.path, line: maximumLineCount + 1, message: message)]
    }

    /// Paths and words of the place where a file was written mean nothing to its readers. Spelled in pieces, or this file would be found.
    static func wordsOfTheBuildPlace(in file: SourceText) -> [Finding] {
        let words = ["/" + "work/", "." + "library/", "sub" + "agent", "before" + "-stop", "/" + "farm/"]
        return file.lines.enumerated().compactMap { index, line in
            guard let word = words.first(where: { line.contains($0) }) else { return nil }
            let message = "'\(word)' belongs to the place of building: use a path below the repository, or an example like /srv/app"
            return Finding(path: file.path, line: index + 1, message: message)
        }
    }
}
