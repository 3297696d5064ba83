// Counted: numbers of things, as people say them.

enum Counted {
    /// "1 snapshot", "2 snapshots".
    static func text(_ count: some BinaryInteger, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
}
