// Exclusions: everything that keeps an entry out of a backup; Selection: what a restore takes out of a snapshot.

import Bytes

/// A directory that contains this file, starting with this header, is saved without its other entries.
package struct DirectoryMarker: Sendable, Hashable {
    package let name: [UInt8]
    /// Empty: any content will do.
    package let header: [UInt8]

    package init(name: [UInt8], header: [UInt8] = []) {
        self.name = name
        self.header = header
    }

    /// `NAME` or `NAME:HEADER`; nil if the name is no file name.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8), colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        self.init(name: Array(bytes[..<(colon ?? bytes.count)]), header: colon.map { Array(bytes[($0 + 1)...]) } ?? [])
        guard isSafeName(name) else { return nil }
    }

    /// The agreement of https://bford.info/cachedir/.
    package static let cacheDirectory = DirectoryMarker(
        name: Array("CACHEDIR.TAG".utf8), header: Array("Signature: 8a477f597d28d172789f06886806bc55".utf8))
}

/// What a backup leaves out. The paths matched are absolute source paths.
package struct Exclusions: Sendable {
    /// An entry is excluded if any of the lists says so; one list per way of treating case.
    package var patterns: [PatternList]
    /// Regular files strictly larger than this many bytes.
    package var largerThan: UInt64?
    package var markers: [DirectoryMarker]
    /// Stay on the file system of the nearest target at or above; directories where others are mounted are kept, empty.
    package var oneFileSystem: Bool

    package init(patterns: [PatternList] = [], largerThan: UInt64? = nil, markers: [DirectoryMarker] = [], oneFileSystem: Bool = false) {
        self.patterns = patterns.filter { !$0.isEmpty }
        self.largerThan = largerThan
        self.markers = markers
        self.oneFileSystem = oneFileSystem
    }

    package static let none = Exclusions()

    var needsFolding: Bool { patterns.contains { $0.ignoresCase } }
}

/// What a restore or a rewrite takes. The paths matched are those inside the snapshot, below the chosen subfolder.
package enum Selection: Sendable {
    case everything
    case excluding([PatternList])
    case including([PatternList])

    /// Whether the entry itself is selected, and whether a directory needs entering for what lies below it.
    package func select(_ path: SplitPath) -> (isSelected: Bool, entersDirectory: Bool) {
        switch self {
        case .everything: return (true, true)
        case .excluding(let lists):
            let isExcluded = lists.contains { $0.matches(path) }
            return (!isExcluded, !isExcluded)
        case .including(let lists):
            let answers = lists.map { $0.select(path) }
            return (answers.contains { $0.isMatched }, answers.contains { $0.mayMatchBelow })
        }
    }
}
