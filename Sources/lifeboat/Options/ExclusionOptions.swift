// ExclusionOptions: what a backup leaves out.

import ArgumentParser
import Bytes
import FileTrees
import HostOS
import Operations

struct ExclusionOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "Leave out what matches; repeat it.")
    var exclude: [String] = []

    @Option(name: .long, help: "Like --exclude, ignoring upper and lower case.")
    var iexclude: [String] = []

    @Option(name: .long, help: "A file of patterns, one a line.")
    var excludeFile: [String] = []

    @Option(name: .long, help: "Like --exclude-file, ignoring upper and lower case.")
    var iexcludeFile: [String] = []

    @Option(name: .long, help: "Leave out directories that contain this file: NAME or NAME:HEADER.")
    var excludeIfPresent: [String] = []

    @Flag(name: .long, help: "Leave out cache directories (those with a CACHEDIR.TAG).")
    var excludeCaches = false

    @Option(name: .long, help: "Leave out files larger than this: 500M, 2G.")
    var excludeLargerThan: String?

    @Flag(name: [.customShort("x"), .long], help: "Stay on the file systems of the given paths.")
    var oneFileSystem = false

    /// Whether nothing was given.
    var isEmpty: Bool {
        [exclude, iexclude, excludeFile, iexcludeFile, excludeIfPresent].allSatisfy(\.isEmpty) && !excludeCaches && excludeLargerThan == nil
            && !oneFileSystem
    }

    func exclusions() throws -> Exclusions {
        var lists: [PatternList] = []
        let sensitive = exclude.map { Array($0.utf8) } + (try patterns(of: excludeFile))
        if !sensitive.isEmpty { lists.append(try PatternList(sensitive)) }
        let insensitive = iexclude.map { Array($0.utf8) } + (try patterns(of: iexcludeFile))
        if !insensitive.isEmpty { lists.append(try PatternList(insensitive, ignoringCase: true)) }
        var markers = excludeIfPresent.compactMap(DirectoryMarker.init(parsing:))
        if excludeCaches { markers.append(.cacheDirectory) }
        return Exclusions(
            patterns: lists, largerThan: try excludeLargerThan.map(Sizes.bytes), markers: markers, oneFileSystem: oneFileSystem)
    }

    private func patterns(of files: [String]) throws -> [[UInt8]] {
        try files.flatMap { file in
            PatternFile.patterns(in: try AtomicFile.read(BytePath(file), limit: PatternFile.maximumByteCount), lookUp: Host.environment)
        }
    }
}

enum Sizes {
    static func bytes(_ text: String) throws -> UInt64 {
        guard let size = ByteCount(parsing: text) else {
            throw Failure(.usage, "'\(text)' is not a size", hint: "write it like 500M or 2GiB")
        }
        return size.bytes
    }
}
