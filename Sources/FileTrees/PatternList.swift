// PatternList: patterns in order, later ones win; a leading `!` takes back. See Pattern for what one pattern means.

/// A compiled list, for one way of treating case. Matching allocates nothing.
package struct PatternList: Sendable {
    let ignoresCase: Bool
    private let patterns: [Pattern]
    private let hasNegated: Bool

    /// Empty patterns are ignored. With `ignoringCase`, patterns and names are both lower-cased first.
    /// - Throws: `.malformedPattern` naming the first bad one.
    package init(_ texts: [[UInt8]], ignoringCase: Bool = false) throws(FileTreeError) {
        ignoresCase = ignoringCase
        var patterns: [Pattern] = []
        for text in texts where !text.isEmpty {
            guard let pattern = Pattern(ignoringCase ? CodePoints.lowercased(text) : text) else { throw .malformedPattern(text) }
            patterns.append(pattern)
        }
        self.patterns = patterns
        hasNegated = patterns.contains { $0.isNegated }
    }

    package init(_ texts: [String], ignoringCase: Bool = false) throws(FileTreeError) {
        try self.init(texts.map { Array($0.utf8) }, ignoringCase: ignoringCase)
    }

    package var isEmpty: Bool { patterns.isEmpty }

    private func names(_ path: SplitPath) -> [[UInt8]] { ignoresCase ? path.foldedNames : path.names }

    /// Whether the path is matched by the list as a whole.
    package func matches(_ path: SplitPath) -> Bool {
        let names = names(path)
        return evaluate { patterns[$0].matches(names) }
    }

    /// For includes: whether the path is matched, and whether something below it may be.
    package func select(_ path: SplitPath) -> (isMatched: Bool, mayMatchBelow: Bool) {
        let names = names(path)
        var isMatched = false, mayMatchBelow = false
        for pattern in patterns {
            let matches = pattern.matches(names)
            if pattern.isNegated {
                isMatched = isMatched && !matches
                mayMatchBelow = mayMatchBelow && !matches
            } else {
                isMatched = isMatched || matches
                mayMatchBelow = mayMatchBelow || pattern.mayMatchBelow(names)
            }
        }
        return (isMatched, mayMatchBelow)
    }

    private func evaluate(_ matches: (Int) -> Bool) -> Bool {
        var isMatched = false
        for index in patterns.indices where patterns[index].isNegated == isMatched {
            // A normal pattern cannot change "matched", a negated one not "unmatched": only the others are asked.
            if matches(index) { isMatched.toggle() }
            if isMatched && !hasNegated { return true }
        }
        return isMatched
    }

    // MARK: Walking down a tree

    /// Which patterns match a directory: they match everything below it.
    struct Ancestry: Sendable {
        fileprivate var isMatched: [Bool]
    }

    func ancestry(of directory: SplitPath) -> Ancestry {
        let names = names(directory)
        return Ancestry(isMatched: patterns.map { $0.inheritsMatches && $0.matches(names) })
    }

    /// The same for a subdirectory, given the answer for its parent.
    func ancestry(of directory: SplitPath, in parent: Ancestry) -> Ancestry {
        let names = names(directory)
        let isMatched = patterns.enumerated().map { index, pattern in
            parent.isMatched[index] || pattern.inheritsMatches && pattern.matchesEnd(names)
        }
        return Ancestry(isMatched: isMatched)
    }

    /// As `matches(path)`, given the answer for the directory the entry lies in.
    func matches(_ path: SplitPath, in directory: Ancestry) -> Bool {
        let names = names(path)
        return evaluate { index in
            if directory.isMatched[index] { return true }
            return patterns[index].inheritsMatches ? patterns[index].matchesEnd(names) : patterns[index].matches(names)
        }
    }
}
