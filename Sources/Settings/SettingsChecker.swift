// SettingsChecker: a tree of YAML nodes against the table. Every problem of form is found here, in one pass.
//
// The walk follows the table's shapes, so it never goes deeper than the table does, whatever the text nests.

import Bytes
import Yams

struct SettingsChecker {
    /// Longer lists are refused: no settings file has them, and aliases could multiply them.
    static let maximumListCount = 10_000

    let file: BytePath
    /// Marks of earlier duplicate keys, as YAMLDocument leaves them.
    let duplicates: [Unicode.Scalar: String]
    private(set) var problems: [SettingsProblem] = []
    private(set) var inactive: [(position: SettingsPosition, text: String)] = []
    private(set) var positions: [String: SettingsPosition] = [:]

    init(file: BytePath, duplicates: [Unicode.Scalar: String]) {
        self.file = file
        self.duplicates = duplicates
    }

    /// The whole document. Nil if nothing of it could be used.
    mutating func check(_ root: Node?) -> CheckedValue? {
        guard let root else {
            report(.start, "the file is empty", "write at least app:, repository: and password_file:")
            return nil
        }
        return check(root, as: SettingsTable.root, at: Place(path: "", subject: "the file", position: .start))
    }

    mutating func report(_ position: SettingsPosition, _ message: String, _ suggestion: String?) {
        problems.append(SettingsProblem(file: file, at: position, message, suggestion: suggestion))
    }

    mutating func noteInactive(_ path: String, at position: SettingsPosition) {
        inactive.append((position, "\(path): line \(position.line): accepted, has no effect in this version"))
    }

    /// Where the walk stands.
    private struct Place {
        /// Dotted, for positions and notes.
        let path: String
        /// How messages call it: `'rpo'`.
        let subject: String
        /// Where the value starts, or its key if the value is nothing.
        let position: SettingsPosition
    }

    private mutating func check(_ node: Node, as shape: Shape, at place: Place) -> CheckedValue? {
        let place = Place(path: place.path, subject: place.subject, position: SettingsChecker.position(of: node) ?? place.position)
        positions[place.path] = place.position
        if hasTag(node) {
            report(place.position, "\(place.subject) has a YAML tag", "leave the tag (!…) out")
            return nil
        }
        switch node {
        case .scalar(let scalar): return check(scalar, as: shape, at: place)
        case .sequence(let sequence): return check(sequence, as: shape, at: place)
        case .mapping(let mapping): return check(mapping, as: shape, at: place)
        case .alias: return mismatch(shape, found: "an alias", at: place)
        }
    }

    private mutating func mismatch(_ shape: Shape, found: String, at place: Place) -> CheckedValue? {
        report(place.position, "\(place.subject) must be \(shape.expectation), but is \(found)", SettingsChecker.example(of: shape))
        return nil
    }

    private static func example(of shape: Shape) -> String? {
        switch shape {
        case .list(let element, _):
            if case .map = element {
                "begin each entry with a dash: - key: value"
            } else {
                "write [one, two], or each entry on a line of its own after a dash"
            }
        case .map(let keys, _): keys.first.map { "write keys such as `\(keys.first(where: \.isRequired)?.name ?? $0.name):` below it, indented" }
        default: nil
        }
    }

    private func hasTag(_ node: Node) -> Bool {
        let name = node.tag.description
        return name.hasPrefix("!")
            || (name.hasPrefix("tag:") && !["tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"].contains(name))
    }

    private static func position(of node: Node) -> SettingsPosition? {
        node.mark.map { SettingsPosition(line: $0.line, column: $0.column) }
    }
}

// MARK: Scalars

extension SettingsChecker {
    private mutating func check(_ scalar: Node.Scalar, as shape: Shape, at place: Place) -> CheckedValue? {
        let shapes = SettingsChecker.candidates(in: shape, for: .scalar)
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
            report(place.position, "\(place.subject) has no value", "remove the key, or give it a value: \(shape.expectation)")
            return nil
        }
        guard !shapes.isEmpty else { return mismatch(shape, found: "text", at: place) }
        var first: MeasureError? = nil
        for candidate in shapes {
            do throws(MeasureError) {
                let content = try SettingsChecker.content(of: scalar.string, isPlain: isPlain, as: candidate)
                return CheckedValue(position: place.position, content: content)
            } catch {
                first = first ?? error
            }
        }
        if shapes.count == 1, let first {
            report(place.position, "\(place.subject) \(first.reason)", first.suggestion)
        } else {
            report(place.position, "\(place.subject) must be \(shape.expectation)", nil)
        }
        return nil
    }

    private static func candidates(in shape: Shape, for kind: NodeKind) -> [Shape] {
        if case .either(let shapes) = shape { return shapes.flatMap { candidates(in: $0, for: kind) } }
        return shape.kinds.contains(kind) ? [shape] : []
    }

    private static func content(of text: String, isPlain: Bool, as shape: Shape) throws(MeasureError) -> CheckedContent {
        switch shape {
        case .text(let rule):
            if text.isEmpty { throw MeasureError(reason: "is empty", suggestion: "write \(rule.expectation)") }
            if let error = rule.check(text) { throw error }
            return .text(text)
        case .path:
            if let error = TextRules.pathProblem(text) { throw error }
            return .text(text)
        case .integer(let range): return .integer(try integer(text, in: range))
        case .boolean: return .boolean(try boolean(text, isPlain: isPlain))
        case .switchedOff:
            guard isPlain, ["false", "no", "off"].contains(text.lowercased()) else { throw mismatch(text, "false, a map or a list") }
            return .boolean(false)
        case .size: return .size(try size(text))
        case .duration: return .duration(try Duration.parse(settings: text))
        case .retentionSpan: return .span(try RetentionSpan.parse(settings: text))
        case .share:
            guard let share = Percentage(parsing: text) else { throw mismatch(text, shape.expectation) }
            return .share(share)
        case .calendar: return .calendar(try CalendarPhrase.parse(text))
        case .choice(let words): return .text(try choice(text, of: words))
        case .list, .map, .either, .refused: throw mismatch(text, shape.expectation)
        }
    }

    private static func mismatch(_ text: String, _ expectation: String) -> MeasureError {
        MeasureError(reason: "must be \(expectation), but is '\(clipped(text))'", suggestion: nil)
    }

    private static func integer(_ text: String, in range: ClosedRange<Int>) throws(MeasureError) -> Int {
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "-") }), let number = Int(text), range.contains(number) else {
            throw mismatch(text, Shape.integer(range).expectation)
        }
        return number
    }

    private static func boolean(_ text: String, isPlain: Bool) throws(MeasureError) -> Bool {
        guard isPlain else { throw MeasureError(reason: "must be true or false, but is quoted text", suggestion: "remove the quotes") }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw mismatch(text, "true or false")
        }
    }

    private static func size(_ text: String) throws(MeasureError) -> ByteCount {
        let example = "write a whole number and KiB, MiB, GiB or TiB, for example 5GiB"
        guard text.utf8.count <= 32, let size = ByteCount(parsing: text) else {
            throw MeasureError(reason: "is not a size: '\(clipped(text))'", suggestion: example)
        }
        if size.bytes > 0, text.last?.isNumber == true { throw MeasureError(reason: "has no unit: '\(clipped(text))'", suggestion: example) }
        return size
    }

    private static func choice(_ text: String, of words: [String]) throws(MeasureError) -> String {
        if words.contains(text) { return text }
        let others = [
            "pgsql": "postgresql", "postgres": "postgresql", "pg": "postgresql", "sqlite3": "sqlite", "mysqli": "mysql", "unlimited": "all",
            "error": "failure", "failed": "failure",
        ]
        let meant = NearestName.suggestion(for: text, among: words, otherNames: others)
        throw MeasureError(
            reason: "must be \(Shape.choice(words).expectation), but is '\(clipped(text))'", suggestion: meant.map { "did you mean '\($0)'?" })
    }
}

// MARK: Lists and maps

extension SettingsChecker {
    private mutating func check(_ sequence: Node.Sequence, as shape: Shape, at place: Place) -> CheckedValue? {
        guard case .list(let element, let minimum)? = SettingsChecker.candidates(in: shape, for: .list).first else {
            return mismatch(shape, found: "a list", at: place)
        }
        guard sequence.count <= SettingsChecker.maximumListCount else {
            report(place.position, "\(place.subject) has more than \(SettingsChecker.maximumListCount) entries", nil)
            return nil
        }
        guard sequence.count >= minimum else {
            report(place.position, "\(place.subject) is an empty list", "remove the key, or name at least one")
            return nil
        }
        var values: [CheckedValue] = []
        for (index, node) in sequence.enumerated() {
            let inside = Place(path: "\(place.path)[\(index)]", subject: "entry \(index + 1) of \(place.subject)", position: place.position)
            if let value = check(node, as: element, at: inside) { values.append(value) }
        }
        return CheckedValue(position: place.position, content: .list(values))
    }

    private mutating func check(_ mapping: Node.Mapping, as shape: Shape, at place: Place) -> CheckedValue? {
        guard case .map(let keys, let others)? = SettingsChecker.candidates(in: shape, for: .map).first else {
            return mismatch(shape, found: "a map", at: place)
        }
        guard mapping.count <= SettingsChecker.maximumListCount else {
            report(place.position, "\(place.subject) has more than \(SettingsChecker.maximumListCount) keys", nil)
            return nil
        }
        var entries: [CheckedEntry] = []
        var firstLines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            let position = SettingsChecker.position(of: keyNode) ?? place.position
            guard let name = name(of: keyNode, at: position) else { continue }
            if let line = firstLines[name] {
                report(position, "'\(clipped(name))' is said more than once: first on line \(line)", "keep one of them")
            }
            firstLines[name] = firstLines[name] ?? position.line
            let value = checkEntry(name, at: position, valueNode, keys: keys, others: others, in: place)
            entries.append(CheckedEntry(key: name, keyPosition: position, value: value))
        }
        for key in keys where key.isRequired && firstLines[key.name] == nil {
            let missing = place.path.isEmpty ? "'\(key.name)' is missing" : "\(place.subject) needs '\(key.name)'"
            report(place.position, missing, "add `\(key.name):` (\(key.purpose))")
        }
        return CheckedValue(position: place.position, content: .map(entries))
    }

    /// A key's text, with a duplicate's mark taken off again.
    private mutating func name(of node: Node, at position: SettingsPosition) -> String? {
        guard case .scalar(let scalar) = node else {
            report(position, "a key must be a word", nil)
            return nil
        }
        if let mark = scalar.string.unicodeScalars.first, let name = duplicates[mark] { return name }
        return scalar.string
    }

    private mutating func checkEntry(
        _ name: String, at position: SettingsPosition, _ node: Node, keys: [Key], others: Names?, in parent: Place
    ) -> CheckedValue? {
        let path = parent.path.isEmpty ? name : "\(parent.path).\(name)"
        let place = Place(path: path, subject: "'\(clipped(name))'", position: position)
        if let key = keys.first(where: { $0.name == name }) {
            if case .refused(let why, let suggestion) = key.shape {
                report(position, "\(place.subject): \(why)", suggestion)
                return nil
            }
            if !key.isActive { noteInactive(path, at: position) }
            return check(node, as: key.shape, at: place)
        }
        if let others, acceptsName(name, node, others, keys) {
            if let error = TextRules.name.check(name) { report(position, "the \(others.what)'s name \(error.reason)", error.suggestion) }
            return check(node, as: others.shape, at: place)
        }
        reportUnknown(name, at: position, among: keys, in: parent)
        return nil
    }

    /// Where both known keys and free names are possible, a name whose value cannot be meant so is a mistyped key.
    private func acceptsName(_ name: String, _ node: Node, _ others: Names, _ keys: [Key]) -> Bool {
        let kind: NodeKind =
            switch node {
            case .mapping: .map
            case .sequence: .list
            default: .scalar
            }
        return keys.isEmpty || others.shape.kinds.contains(kind)
    }

    private mutating func reportUnknown(_ name: String, at position: SettingsPosition, among keys: [Key], in parent: Place) {
        let known = keys.filter { !$0.isRefused }
        var otherNames: [String: String] = [:]
        for key in known { for other in key.otherNames { otherNames[other] = key.name } }
        let inside = parent.path.isEmpty ? "" : " in \(parent.subject)"
        let suggestion: String
        if name == "<<" {
            suggestion = "merge keys are not supported: write the keys out"
        } else if let meant = NearestName.suggestion(for: name, among: known.map(\.name), otherNames: otherNames) {
            suggestion = "did you mean '\(meant)'?"
        } else {
            suggestion = "known keys are " + known.map(\.name).joined(separator: ", ")
        }
        report(position, "unknown key '\(clipped(name))'\(inside)", suggestion)
    }
}
