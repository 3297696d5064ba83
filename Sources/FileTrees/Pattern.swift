// Pattern: one include or exclude pattern against a whole path.
//
// 1. Strip one `!` (negation), clean, split at `/`. A pattern that began with `/` is anchored: it must match the first names of
//    the path; any other may match a run of names anywhere. The run need not reach the end: `foo` matches /a/foo/b.
// 2. `**` stands for any number of names, within a limit (below). The pattern `/` means `/**`.
//
// What matches a directory therefore matches everything below it. A walk that remembers the answer for the directory needs to
// look, for an entry of it, only at runs that end at the entry's own name (`matchesEnd`).
//
// The limit: the original replaces the first `**` by so many stars that the rest, counting each further `**` as one name, still
// fits the path. With two `**` or more it can miss matches in short paths and find them in longer ones; we follow it to the letter.

import Bytes

struct Pattern: Sendable {
    let isNegated: Bool
    private let isAnchored: Bool
    private let elements: [Element]
    private let recursiveCount: Int

    private enum Element: Sendable {
        case recursive
        case name(Wildcard)
    }

    /// Nil if malformed. The text must not be empty.
    init?(_ text: [UInt8]) {
        isNegated = text.first == UInt8(ascii: "!")
        let cleaned = BytePath(isNegated ? Array(text.dropFirst()) : text).cleaned
        isAnchored = cleaned.isAbsolute
        var elements: [Element] = []
        for part in cleaned.components {
            if part == Array("**".utf8) {
                elements.append(.recursive)
            } else {
                guard let wildcard = Wildcard(part) else { return nil }
                elements.append(.name(wildcard))
            }
        }
        self.elements = elements.isEmpty ? [.recursive] : elements
        recursiveCount = self.elements.count { if case .recursive = $0 { true } else { false } }
    }

    /// Whether an entry matches iff its directory does or `matchesEnd` says so.
    var inheritsMatches: Bool { recursiveCount < 2 }

    func matches(_ path: [[UInt8]]) -> Bool {
        let lastOffset = isAnchored ? 0 : path.count - 1
        guard lastOffset >= 0 else { return false }
        for offset in 0...lastOffset where run(path, from: offset, mustReachEnd: false) { return true }
        return false
    }

    /// Whether a run of names ending at the last one matches. Only for patterns that inherit matches.
    func matchesEnd(_ path: [[UInt8]]) -> Bool {
        guard let name = path.last else { return false }
        if case .name(let wildcard)? = elements.last, !wildcard.matches(name) { return false }
        if recursiveCount == 0 {
            let offset = path.count - elements.count
            return (isAnchored ? offset == 0 : offset >= 0) && run(path, from: offset, mustReachEnd: true)
        }
        for offset in 0..<(isAnchored ? 1 : path.count) where run(path, from: offset, mustReachEnd: true) { return true }
        return false
    }

    /// Whether something below the directory `path` may match; true for every pattern that is not anchored.
    func mayMatchBelow(_ path: [[UInt8]]) -> Bool {
        guard isAnchored else { return true }
        for (element, name) in zip(elements, path) {
            guard case .name(let wildcard) = element else { return true }
            if !wildcard.matches(name) { return false }
        }
        return true
    }

    // MARK: Runs

    private func run(_ path: [[UInt8]], from offset: Int, mustReachEnd: Bool) -> Bool {
        if recursiveCount == 0 {
            guard offset + elements.count <= path.count, !mustReachEnd || offset + elements.count == path.count else { return false }
            return matchNames(0..<elements.count, path, at: offset)
        }
        var attempt = Attempt(pattern: self, path: path, offset: offset, mustReachEnd: mustReachEnd)
        return attempt.succeeds(element: 0, position: offset)
    }

    private func matchNames(_ range: Range<Int>, _ path: [[UInt8]], at offset: Int) -> Bool {
        for index in range.reversed() {
            guard case .name(let wildcard) = elements[index], wildcard.matches(path[offset + index]) else { return false }
        }
        return true
    }

    /// One search with backtracking. Dead ends are remembered, so its cost is bounded by elements × names².
    private struct Attempt {
        let pattern: Pattern
        let path: [[UInt8]]
        let offset: Int
        let mustReachEnd: Bool
        var deadEnds: [Bool] = []

        mutating func succeeds(element: Int, position: Int) -> Bool {
            var element = element, position = position
            while element < pattern.elements.count, case .name(let wildcard) = pattern.elements[element] {
                guard position < path.count, wildcard.matches(path[position]) else { return false }
                element += 1
                position += 1
            }
            if element == pattern.elements.count { return !mustReachEnd || position == path.count }
            return expands(element, position)
        }

        /// Tries 0, 1, 2 … names for the `**` at `element`.
        private mutating func expands(_ element: Int, _ position: Int) -> Bool {
            let key = element * (path.count + 1) + position
            if pattern.recursiveCount > 1 {
                if deadEnds.isEmpty { deadEnds = [Bool](repeating: false, count: pattern.elements.count * (path.count + 1)) }
                if deadEnds[key] { return false }
            }
            let longest = min(limit(position, element), path.count - position)
            if longest >= 0 {
                for count in 0...longest
                where succeeds(element: element + 1, position: position + count) { return true }
            }
            if pattern.recursiveCount > 1 { deadEnds[key] = true }
            return false
        }

        /// See the header. `namesBefore` are the names and stars already placed; the root marker counts for anchored patterns and the path.
        private func limit(_ position: Int, _ element: Int) -> Int {
            let namesBefore = position - offset
            let namesAfter = pattern.elements.count - element - 1
            return path.count + 1 - (pattern.isAnchored ? 1 : 0) - namesBefore - namesAfter
        }
    }
}
