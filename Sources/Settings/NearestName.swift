// NearestName: which known word a mistyped one was meant to be.
//
// 1. Letters' case and the difference between `-`, `_` and space never matter.
// 2. Known other names (`repo` for `repository`) win over spelling.
// 3. Otherwise the nearest word by edit distance, where exchanging two neighbouring letters counts once; at most one
//    mistake for every three letters, because a wrong suggestion is worse than none.

package enum NearestName {
    /// The longest word that is compared: distance costs the product of the lengths.
    private static let maximumLength = 64

    /// The candidate that was probably meant, or nil. Ties go to the earlier candidate.
    package static func suggestion(for word: String, among candidates: [String], otherNames: [String: String] = [:]) -> String? {
        let wanted = normalised(word)
        if let exact = candidates.first(where: { normalised($0) == wanted }) { return exact }
        if let known = otherNames[wanted], candidates.contains(known) { return known }
        guard wanted.count <= maximumLength else { return nil }
        let known =
            candidates.map { ($0, $0) } + otherNames.sorted { $0.key < $1.key }.filter { candidates.contains($0.value) }.map { ($0.key, $0.value) }
        var best: (name: String, distance: Int)? = nil
        for (word, name) in known where word.count <= maximumLength {
            let tolerated = max(1, max(wanted.count, word.count) / 3)
            let distance = editDistance(Array(wanted.unicodeScalars), Array(normalised(word).unicodeScalars))
            guard distance <= tolerated, distance < min(wanted.count, word.count) else { continue }
            if distance < (best?.distance ?? Int.max) { best = (name, distance) }
        }
        return best?.name
    }

    static func normalised(_ word: String) -> String {
        String(word.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
    }

    /// Insertions, deletions, replacements and exchanges of neighbours that turn `a` into `b`.
    static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for row in 1...a.count {
            var current = [row] + [Int](repeating: 0, count: b.count)
            for column in 1...b.count {
                let replaced = last[column - 1] + (a[row - 1] == b[column - 1] ? 0 : 1)
                current[column] = min(replaced, last[column] + 1, current[column - 1] + 1)
                let exchanged = row > 1 && column > 1 && a[row - 1] == b[column - 2] && a[row - 2] == b[column - 1]
                if exchanged { current[column] = min(current[column], beforeLast[column - 2] + 1) }
            }
            (beforeLast, last) = (last, current)
        }
        return last[b.count]
    }
}
