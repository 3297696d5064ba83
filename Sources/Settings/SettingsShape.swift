// SettingsShape: the language in which the table of keys is written. One table drives checking, suggestions and the schema.

import Bytes

/// What a value in the settings file may look like.
indirect enum Shape: Sendable {
    case text(TextRule)
    case path
    case integer(ClosedRange<Int>)
    case boolean
    case size
    case duration
    case retentionSpan
    case share
    case calendar
    case choice([String])
    /// `false`, where a whole part is switched off.
    case switchedOff
    case list(of: Shape, atLeast: Int)
    /// Known keys, and, if `others` is set, names of the person's own with values of one shape.
    case map([Key], others: Names?)
    /// The first shape that fits.
    case either([Shape])
    /// A key that is always a mistake; the text says what to write instead. The value is never looked at.
    case refused(why: String, suggestion: String)
}

/// Names that the person chooses, such as a repository's.
struct Names: Sendable {
    /// What a name stands for: "repository".
    let what: String
    let shape: Shape
}

/// A text with a form of its own.
struct TextRule: Sendable {
    /// A noun phrase: "an IANA time zone such as Europe/Kyiv".
    let expectation: String
    /// Nil if the text is good.
    let check: @Sendable (String) -> MeasureError?

    static let any = TextRule(expectation: "text") { _ in nil }
}

/// One key of a map.
struct Key: Sendable {
    let name: String
    let shape: Shape
    /// For the schema and for people, one line.
    let purpose: String
    private(set) var isRequired = false
    /// False for what is checked but has no effect in this version.
    private(set) var isActive = true
    /// Words that people write for it elsewhere; only for suggestions.
    private(set) var otherNames: [String] = []

    init(_ name: String, _ shape: Shape, _ purpose: String) {
        self.name = name
        self.shape = shape
        self.purpose = purpose
    }

    var required: Key { with { $0.isRequired = true } }
    var withoutEffectYet: Key { with { $0.isActive = false } }
    func alsoCalled(_ names: String...) -> Key { with { $0.otherNames = names } }

    var isRefused: Bool { if case .refused = shape { true } else { false } }

    private func with(_ change: (inout Key) -> Void) -> Key {
        var copy = self
        change(&copy)
        return copy
    }
}

/// The kinds of YAML node.
enum NodeKind { case scalar, list, map }

extension Shape {
    static func list(of shape: Shape) -> Shape { .list(of: shape, atLeast: 1) }

    /// A map of known keys only.
    static func map(_ keys: [Key]) -> Shape { .map(keys, others: nil) }

    /// The kinds of node that can have this shape.
    var kinds: [NodeKind] {
        switch self {
        case .list: [.list]
        case .map: [.map]
        case .either(let shapes): shapes.flatMap(\.kinds)
        default: [.scalar]
        }
    }

    /// A noun phrase for "'rpo' must be …".
    var expectation: String {
        switch self {
        case .text(let rule): rule.expectation
        case .path: "a path"
        case .integer(let range):
            range.count == 1
                ? "\(range.lowerBound)"
                : "a whole number" + (range.upperBound == .max ? " from \(range.lowerBound)" : " from \(range.lowerBound) to \(range.upperBound)")
        case .boolean: "true or false"
        case .size: "a size such as 500MiB or 5GiB"
        case .duration: "a duration such as 30s, 24h or 30d"
        case .retentionSpan: "a span such as 30d or 6m (months)"
        case .share: "a percentage such as 5%"
        case .calendar: "a time such as 'daily 02:00'"
        case .choice(let words): words.count == 1 ? "'\(words[0])'" : "one of " + words.joined(separator: ", ")
        case .switchedOff: "false"
        case .list(let element, _): if case .map = element { "a list of maps" } else { "a list" }
        case .map: "a map of keys and values"
        case .either(let shapes):
            Shape.enumeration(shapes.flatMap { shape in if case .choice(let words) = shape { words.map { "'\($0)'" } } else { [shape.expectation] } })
        case .refused: "absent"
        }
    }

    /// "a, b or c".
    private static func enumeration(_ phrases: [String]) -> String {
        phrases.count < 2 ? phrases.joined() : phrases.dropLast().joined(separator: ", ") + " or " + (phrases.last ?? "")
    }
}
