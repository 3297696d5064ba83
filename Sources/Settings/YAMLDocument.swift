// YAMLDocument: a text as a tree of YAML nodes, with bounds, and with every duplicate key instead of the first one only.
//
// 1. Refused before parsing: more than 1 MiB, bytes that are not UTF-8, more than 16 aliases. (libyaml itself refuses to
//    nest deeper than 1000 levels; the checker follows the table's shapes and goes no deeper than those.)
// 2. Yams resolves nothing (`Resolver.basic`): a scalar is its text, and the table decides what it has to be. So `02:00`
//    is not 120 and `no` is not false where a name is wanted.
// 3. Yams throws at the first mapping with a duplicate key. To find all problems of a file at once, the first character
//    of the earlier key is replaced by a private-use character, which keeps every position valid, and the text is parsed
//    again. The checker reports keys that begin with such a mark.
//
// Not promised: where a duplicate key is written with an escape as its first character, only it and a syntax error are reported.

import Bytes
import Yams

/// A parsed text.
struct YAMLDocument {
    static let maximumByteCount = 1 << 20
    static let maximumAliasCount = 16
    static let maximumDuplicateCount = 64
    /// U+E000 and what follows: characters for private use, which no settings file needs.
    private static let firstMark: UInt32 = 0xE000

    /// Nil for a text without any content.
    let root: Node?
    /// The full name of each key that was marked as an earlier duplicate, by its mark.
    let duplicates: [Unicode.Scalar: String]

    /// - Throws: every problem that keeps the text from being a tree.
    init(_ bytes: [UInt8], file: BytePath) throws(SettingsProblems) {
        var text = try YAMLDocument.text(of: bytes, file: file)
        var found: [(name: String, position: SettingsPosition)] = []
        var marks: [Unicode.Scalar: String] = [:]
        while true {
            do {
                root = try Yams.compose(yaml: text, .basic, .default, .utf8)
                duplicates = marks
                return
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = SettingsPosition(line: context.mark.line, column: context.mark.column)
                found.append((names.first ?? "", position))
                let mark = Unicode.Scalar(YAMLDocument.firstMark + UInt32(marks.count))
                guard let mark, marks.count < YAMLDocument.maximumDuplicateCount, let marked = YAMLDocument.marking(text, at: position, with: mark)
                else { throw SettingsProblems(YAMLDocument.duplicateProblems(found, file: file)) }
                marks[mark] = names.first ?? ""
                text = marked
            } catch {
                let problem = YAMLDocument.problem(describing: error, file: file)
                throw SettingsProblems(YAMLDocument.duplicateProblems(found, file: file) + [problem])
            }
        }
    }

    private static func duplicateProblems(_ found: [(name: String, position: SettingsPosition)], file: BytePath) -> [SettingsProblem] {
        found.map { SettingsProblem(file: file, at: $0.position, "'\(clipped($0.name))' is said more than once", suggestion: "keep one of them") }
    }

    /// The text with the key's first character replaced; nil if the position holds nothing to replace.
    private static func marking(_ text: String, at position: SettingsPosition, with mark: Unicode.Scalar) -> String? {
        var scalars = Array(text.unicodeScalars)
        guard var index = offset(of: position, in: scalars), index < scalars.count else { return nil }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard index < scalars.count, scalars[index].value < firstMark || scalars[index].value > 0xF8FF else { return nil }
        scalars[index] = mark
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }

    /// libyaml's line breaks: LF, CR, CR LF, NEL, and the two Unicode separators.
    private static func offset(of position: SettingsPosition, in scalars: [Unicode.Scalar]) -> Int? {
        var line = 1, index = 0
        while line < position.line {
            guard index < scalars.count else { return nil }
            let scalar = scalars[index]
            if scalar == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { index += 1 }
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { line += 1 }
            index += 1
        }
        return index + position.column - 1
    }
}

// MARK: Bounds before parsing

extension YAMLDocument {
    private static func text(of bytes: [UInt8], file: BytePath) throws(SettingsProblems) -> String {
        func refuse(_ position: SettingsPosition, _ message: String, _ suggestion: String) -> SettingsProblems {
            SettingsProblems([SettingsProblem(file: file, at: position, message, suggestion: suggestion)])
        }
        guard bytes.count <= maximumByteCount else {
            throw refuse(.start, "the file is larger than \(ByteCount(UInt64(maximumByteCount)))", "check that this is the settings file")
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(3)) : bytes
        guard let text = String(validating: content, as: UTF8.self) else {
            throw refuse(firstInvalid(in: content), "the text is not UTF-8", "save the file as UTF-8")
        }
        if let position = tooManyAliases(in: content) {
            throw refuse(position, "more than \(maximumAliasCount) aliases (*name) are used", "write the values out")
        }
        return text
    }

    /// The place of the first byte that is no UTF-8, counted in scalars.
    private static func firstInvalid(in bytes: [UInt8]) -> SettingsPosition {
        var decoder = UTF8(), iterator = bytes.makeIterator(), line = 1, column = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        }
        return SettingsPosition(line: line, column: column)
    }

    /// Counts what can be an alias: a star before a letter and after a character that can end a token. Counts some
    /// stars in comments and quotes too, which is harmless at this bound.
    private static func tooManyAliases(in bytes: [UInt8]) -> SettingsPosition? {
        let before = Set(" \t\r\n[{,:-?".utf8)
        var count = 0, line = 1, lineStart = 0
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") { (line, lineStart) = (line + 1, index + 1) }
            guard byte == UInt8(ascii: "*"), index == 0 || before.contains(bytes[index - 1]), index + 1 < bytes.count else { continue }
            let next = Unicode.Scalar(bytes[index + 1])
            guard next.properties.isAlphabetic || ("0"..."9").contains(next) || next == "_" || next == "-" else { continue }
            count += 1
            if count > maximumAliasCount { return SettingsPosition(line: line, column: index - lineStart + 1) }
        }
        return nil
    }
}

// MARK: Yams' errors

extension YAMLDocument {
    private static func problem(describing error: any Error, file: BytePath) -> SettingsProblem {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let position = SettingsPosition(line: mark.line, column: mark.column)
            let during = context.map { $0.text + ", " } ?? ""
            return SettingsProblem(file: file, at: position, "this is not YAML: \(during)\(problem)", suggestion: suggestion(during + problem))
        case YamlError.reader(let problem, let offset, _, let yaml):
            return SettingsProblem(file: file, at: position(ofCharacter: offset ?? 0, in: yaml), "this is not YAML: \(problem)")
        default:
            return SettingsProblem(file: file, at: .start, "this is not YAML")
        }
    }

    private static func position(ofCharacter offset: Int, in text: String) -> SettingsPosition {
        let before = text.prefix(offset)
        let lines = before.split(omittingEmptySubsequences: false) { $0.isNewline }
        return SettingsPosition(line: max(lines.count, 1), column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }

    private static func suggestion(_ problem: String) -> String? {
        if problem.contains("alias") { return "quote a pattern that begins with a star: \"*.log\"" }
        if problem.contains("another document") { return "describe one application per file, without `---` in between" }
        if problem.contains("'\\t'") || problem.contains("cannot start any token") {
            return "quote the value, and indent with spaces, never with tabs"
        }
        if problem.contains("mapping values are not allowed") { return "quote a value that contains a colon and a space, or check the indentation" }
        if problem.contains("block mapping") || problem.contains("could not find expected ':'") {
            return "check the indentation and that each key is followed by a colon and a space"
        }
        if problem.contains("flow sequence") || problem.contains("flow mapping") { return "close the bracket, and separate entries with commas" }
        return nil
    }
}
