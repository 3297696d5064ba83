// DotEnv: an application's env file, as vlucas/phpdotenv 5 (Laravel, Hyperf) reads it.
//
// 1. Bytes → text (a byte order mark is dropped), lines ended by LF, CR or CR LF.
// 2. Lines → entries: a value that opens a double quote and does not close it goes on, line by line, until the quote is
//    closed; a quote that is never closed swallows the rest, as it does in PHP. Comments and blank lines are dropped.
// 3. Entry → name and value (DotEnvEntry).
// 4. `${NAME}` outside single quotes is replaced by the value that NAME has so far; unknown names stay as they are written.
//    A later definition of a name wins.
//
// An entry that PHP would refuse becomes a problem and is left out; the others still count, because a backup must not stop
// at a line that the application may never read. Values are secrets: this type prints names only.

package import Bytes

package struct DotEnv: Sendable, CustomStringConvertible, CustomReflectable {
    /// Larger files are refused.
    package static let maximumByteCount = 1 << 20

    package let file: BytePath
    /// Lines that are no entries. Messages never contain a value.
    package let problems: [SettingsProblem]
    private let values: [String: String]

    /// - Parameter environment: what `${NAME}` finds where the file itself does not define NAME.
    package init(_ bytes: [UInt8], file: BytePath, environment: [String: String] = [:]) {
        self.file = file
        guard bytes.count <= DotEnv.maximumByteCount else {
            let size = ByteCount(UInt64(DotEnv.maximumByteCount))
            problems = [SettingsProblem(file: file, at: .start, "the env file is larger than \(size)", suggestion: "check that this is the env file")]
            values = [:]
            return
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = String(decoding: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
        var problems: [SettingsProblem] = [], values: [String: String] = [:]
        for (line, entry) in DotEnvLines.entries(of: text) {
            do throws(DotEnvEntryError) {
                guard let parsed = try DotEnvEntry(entry) else { continue }
                values[parsed.name] = parsed.value { values[$0] ?? environment[$0] }
            } catch {
                problems.append(
                    SettingsProblem(file: file, at: SettingsPosition(line: line, column: 1), error.reason, suggestion: error.suggestion))
            }
        }
        self.problems = problems
        self.values = values
    }

    /// The value as it is written, or nil if the file does not define the name.
    package subscript(name: String) -> String? { values[name] }

    /// The value as Laravel's and Hyperf's `env()` return it for a text: `null` and the empty text are nothing.
    package func setting(_ name: String) -> String? {
        guard let value = values[name] else { return nil }
        switch value.lowercased() {
        case "", "null", "(null)", "empty", "(empty)": return nil
        default: return value
        }
    }

    package var names: [String] { values.keys.sorted() }
    package var description: String { "\(file): \(names.joined(separator: ", "))" }
    package var customMirror: Mirror { Mirror(self, children: ["names": names]) }
}

/// Steps 1 and 2.
enum DotEnvLines {
    /// Entries with the number of the line on which each begins.
    static func entries(of text: String) -> [(line: Int, text: String)] {
        var entries: [(line: Int, text: String)] = []
        var open: (line: Int, lines: [String])? = nil
        for (index, line) in lines(of: text).enumerated() {
            if var buffer = open {
                buffer.lines.append(line)
                open = closes(line, opened: false) ? nil : buffer
                if open == nil { append(buffer.lines.joined(separator: "\n"), at: buffer.line, to: &entries) }
            } else if opens(line) {
                open = (index + 1, [line])
            } else {
                append(line, at: index + 1, to: &entries)
            }
        }
        return entries
    }

    private static func lines(of text: String) -> [String] {
        var lines: [String] = [], current = String.UnicodeScalarView(), afterReturn = false
        for scalar in text.unicodeScalars {
            defer { afterReturn = scalar == "\r" }
            if scalar == "\n", afterReturn { continue }
            if scalar == "\n" || scalar == "\r" {
                lines.append(String(current))
                current = String.UnicodeScalarView()
            } else {
                current.append(scalar)
            }
        }
        lines.append(String(current))
        return lines
    }

    private static func append(_ entry: String, at line: Int, to entries: inout [(line: Int, text: String)]) {
        guard let first = entry.unicodeScalars.first(where: { !DotEnvEntry.isBlank($0) }), first != "#" else { return }
        entries.append((line, entry))
    }

    /// `NAME="…` without the closing quote.
    private static func opens(_ line: String) -> Bool { line.contains("=\"") && !closes(line, opened: true) }

    /// Counts quotes with a character other than a backslash before them, after pairs of backslashes are taken away.
    private static func closes(_ line: String, opened: Bool) -> Bool {
        if line == "\"" { return true }
        var quotes = 0
        var previous: Unicode.Scalar? = nil
        var rest = line.replacing("\\\\", with: "").unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\"", let before = previous, before != "\\" { quotes += 1 }
            previous = scalar
        }
        return opened ? quotes > 1 : quotes >= 1
    }
}
