// RewritePatternOptions: which files a rewrite leaves out, or which alone it keeps.

import ArgumentParser
import Bytes
import FileTrees
import HostOS

struct RewritePatternOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "Leave out what matches; repeat it.")
    var exclude: [String] = []

    @Option(name: .long, help: "Like --exclude, ignoring upper and lower case.")
    var iexclude: [String] = []

    @Option(name: .long, help: "A file of patterns to leave out, one a line.")
    var excludeFile: [String] = []

    @Option(name: .long, help: "Like --exclude-file, ignoring upper and lower case.")
    var iexcludeFile: [String] = []

    @Option(name: [.short, .long], help: "Keep only what matches; repeat it.")
    var include: [String] = []

    @Option(name: .long, help: "Like --include, ignoring upper and lower case.")
    var iinclude: [String] = []

    @Option(name: .long, help: "A file of patterns to keep, one a line.")
    var includeFile: [String] = []

    @Option(name: .long, help: "Like --include-file, ignoring upper and lower case.")
    var iincludeFile: [String] = []

    func selection() throws -> Selection {
        let excluded = try lists(exclude, excludeFile, iexclude, iexcludeFile)
        let included = try lists(include, includeFile, iinclude, iincludeFile)
        if !excluded.isEmpty && !included.isEmpty {
            throw Failure(.usage, "both what to leave out and what to keep are given", hint: "use patterns of one kind")
        }
        if !included.isEmpty { return .including(included) }
        return excluded.isEmpty ? .everything : .excluding(excluded)
    }

    private func lists(_ exact: [String], _ exactFiles: [String], _ folded: [String], _ foldedFiles: [String]) throws -> [PatternList] {
        let exact = try exact.map { Array($0.utf8) } + patterns(in: exactFiles)
        let folded = try folded.map { Array($0.utf8) } + patterns(in: foldedFiles)
        return try [PatternList(exact), PatternList(folded, ignoringCase: true)].filter { !$0.isEmpty }
    }

    private func patterns(in files: [String]) throws -> [[UInt8]] {
        try files.flatMap { file in
            PatternFile.patterns(in: try AtomicFile.read(BytePath(file), limit: PatternFile.maximumByteCount), lookUp: Host.environment)
        }
    }
}
