// SettingsProblem: one thing that is wrong in a settings file, with the place and the way out.
//
// A reader never stops at the first problem: it collects them all, sorts them by place and throws them together, so that
// a person corrects the file once. A problem never repeats the value of a key that may hold a secret.

package import Bytes

/// A place in a text. Both numbers start at 1; columns count Unicode scalars.
package struct SettingsPosition: Hashable, Comparable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static let start = SettingsPosition(line: 1, column: 1)

    package static func < (a: SettingsPosition, b: SettingsPosition) -> Bool {
        a.line != b.line ? a.line < b.line : a.column < b.column
    }
}

/// One problem, printed as `file:line:column: message` and, on the next line, `  hint: …`.
package struct SettingsProblem: Hashable, Sendable, CustomStringConvertible {
    /// The file as the person knows it.
    package let file: BytePath
    package let position: SettingsPosition
    /// What is wrong: lower case, no full stop, one line.
    package let message: String
    /// What to write instead, as an imperative.
    package let suggestion: String?

    package init(file: BytePath, at position: SettingsPosition, _ message: String, suggestion: String? = nil) {
        self.file = file
        self.position = position
        self.message = message
        self.suggestion = suggestion
    }

    package var description: String {
        let head = "\(file):\(position.line):\(position.column): \(message)"
        return suggestion.map { "\(head)\n  hint: \($0)" } ?? head
    }
}

/// Everything that is wrong with one file, in the order of the file. Never empty.
package struct SettingsProblems: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [SettingsProblem]

    package init(_ problems: [SettingsProblem]) {
        precondition(!problems.isEmpty)
        var seen: Set<SettingsProblem> = []
        let distinct = problems.filter { seen.insert($0).inserted }
        self.problems = distinct.enumerated()
            .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element)
    }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension SettingsProblems: FailureConvertible {
    /// Exit status 78. One problem reads as itself; several are all listed, because the file is to be corrected once.
    package var failure: Failure {
        let first = problems[0]
        if problems.count == 1 {
            return Failure(.configInvalid, "\(first.file):\(first.position.line):\(first.position.column): \(first.message)", hint: first.suggestion)
        }
        return Failure(
            .configInvalid, "\(first.file) has \(problems.count) problems:\n\(description)",
            hint: "correct them and run `lifeboat config validate`")
    }
}
