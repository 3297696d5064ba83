// DotEnvEntry: one `NAME=value` of an env file, read character by character as phpdotenv's state machine does.
//
//   NAME=plain text       ends at white space or `#`; after white space only a comment may follow
//   NAME='as it is'       nothing is special
//   NAME="with \n ${X}"   escapes \" \\ \$ \f \n \r \t \v; `${X}` is replaced
//   export NAME=…         the word `export` is dropped

/// Why an entry is none. Never contains the value.
struct DotEnvEntryError: Error {
    let reason: String
    let suggestion: String?
}

struct DotEnvEntry {
    let name: String
    /// The value's characters, each with whether it is a `$` that may begin `${NAME}`.
    private let characters: [(scalar: Unicode.Scalar, startsVariable: Bool)]

    /// Nil for a name without an equals sign, which defines nothing.
    init?(_ entry: String) throws(DotEnvEntryError) {
        let scalars = entry.unicodeScalars
        let equals = scalars.firstIndex(of: "=")
        name = try DotEnvEntry.name(DotEnvEntry.trimmed(scalars[..<(equals ?? scalars.endIndex)]))
        guard let equals else { return nil }
        var parser = ValueParser(name: name)
        for scalar in DotEnvEntry.trimmed(scalars[scalars.index(after: equals)...]) { try parser.take(scalar) }
        characters = try parser.finish()
    }

    /// The value with variables replaced by what `lookup` finds; those it does not find stay as written.
    func value(_ lookup: (String) -> String?) -> String {
        var result = String.UnicodeScalarView()
        var index = 0
        while index < characters.count {
            if characters[index].startsVariable, let (name, end) = variable(at: index), let value = lookup(name) {
                result.append(contentsOf: value.unicodeScalars)
                index = end
            } else {
                result.append(characters[index].scalar)
                index += 1
            }
        }
        return String(result)
    }

    /// The NAME of `${NAME}` and the index after its brace.
    private func variable(at start: Int) -> (name: String, end: Int)? {
        guard start + 1 < characters.count, characters[start + 1].scalar == "{" else { return nil }
        var name = ""
        for index in (start + 2)..<max(start + 2, characters.count) {
            let scalar = characters[index].scalar
            if scalar == "}" { return name.isEmpty ? nil : (name, index + 1) }
            guard DotEnvEntry.isPlainName(scalar) else { return nil }
            name.unicodeScalars.append(scalar)
        }
        return nil
    }

    private static func name(_ text: [Unicode.Scalar]) throws(DotEnvEntryError) -> String {
        if text.isEmpty { throw DotEnvEntryError(reason: "an equals sign without a name before it", suggestion: "write NAME=value") }
        var name = text[...]
        let export = Array("export".unicodeScalars)
        if name.count > 7, name.starts(with: export), isBlank(name[name.startIndex + export.count]) {
            name = name.dropFirst(export.count).drop(while: isBlank)
        }
        if name.count > 2, let quote = name.first, quote == name.last, quote == "'" || quote == "\"" { name = name.dropFirst().dropLast() }
        let isName = !name.isEmpty && name.allSatisfy { $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "." }
        guard isName else {
            throw DotEnvEntryError(reason: "not the name of a variable", suggestion: "write NAME=value, with letters, digits, '_' and '.' in NAME")
        }
        return String(String.UnicodeScalarView(name))
    }

    static func isBlank(_ scalar: Unicode.Scalar) -> Bool { [" ", "\t", "\n", "\r", "\u{b}", "\u{c}", "\0"].contains(scalar) }

    private static func isPlainName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == ".")
    }

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> [Unicode.Scalar] {
        var scalars = Array(text.drop(while: isBlank))
        while let last = scalars.last, isBlank(last) { scalars.removeLast() }
        return scalars
    }
}

/// The state machine of a value.
private struct ValueParser {
    enum State { case initial, unquoted, singleQuoted, doubleQuoted, escape, afterValue, comment }

    let name: String
    var state = State.initial
    var characters: [(scalar: Unicode.Scalar, startsVariable: Bool)] = []

    init(name: String) { self.name = name }

    mutating func take(_ scalar: Unicode.Scalar) throws(DotEnvEntryError) {
        switch state {
        case .initial:
            switch scalar {
            case "'": state = .singleQuoted
            case "\"": state = .doubleQuoted
            case "#": state = .comment
            default: keep(scalar, then: .unquoted, startsVariable: scalar == "$")
            }
        case .unquoted:
            if scalar == "#" {
                state = .comment
            } else if DotEnvEntry.isBlank(scalar) {
                state = .afterValue
            } else {
                keep(scalar, then: .unquoted, startsVariable: scalar == "$")
            }
        case .singleQuoted:
            if scalar == "'" { state = .afterValue } else { keep(scalar, then: .singleQuoted) }
        case .doubleQuoted:
            switch scalar {
            case "\"": state = .afterValue
            case "\\": state = .escape
            default: keep(scalar, then: .doubleQuoted, startsVariable: scalar == "$")
            }
        case .escape: try takeEscaped(scalar)
        case .afterValue:
            if scalar == "#" {
                state = .comment
            } else if !DotEnvEntry.isBlank(scalar) {
                throw DotEnvEntryError(reason: "white space inside the value of \(name)", suggestion: "put the value in quotes: \(name)=\"…\"")
            }
        case .comment: break
        }
    }

    private mutating func takeEscaped(_ scalar: Unicode.Scalar) throws(DotEnvEntryError) {
        let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "$": "$", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{b}",
        ]
        guard let meant = escapes[scalar] else {
            throw DotEnvEntryError(
                reason: "an unknown escape in the value of \(name)", suggestion: "write two backslashes for one, or use single quotes")
        }
        keep(meant, then: .doubleQuoted)
    }

    private mutating func keep(_ scalar: Unicode.Scalar, then next: State, startsVariable: Bool = false) {
        characters.append((scalar, startsVariable))
        state = next
    }

    func finish() throws(DotEnvEntryError) -> [(scalar: Unicode.Scalar, startsVariable: Bool)] {
        if [.singleQuoted, .doubleQuoted, .escape].contains(state) {
            throw DotEnvEntryError(reason: "the quote in the value of \(name) is never closed", suggestion: "close it")
        }
        return characters
    }
}
