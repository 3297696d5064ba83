// SourceText: a source file as a checker sees it: its lines, and its lines with comments and string literals blanked out.
//
// A small scanner, not a parser:
//   1. `//` and nested `/* */` become spaces.
//   2. String literals (plain, multi-line, raw with any number of #) become spaces; what stands in an interpolation stays: it is code.
//   3. Line feeds stay where they are, so line numbers and columns are those of the file.
//
// Not understood: a quote inside a regex literal hides the rest of its line.

/// One file below the repository's root.
struct SourceText: Sendable {
    /// Relative to the root, e.g. "Sources/Bytes/Hex.swift".
    let path: String
    let lines: [String]
    /// The same lines without comments and literals.
    let codeLines: [String]

    init(path: String, text: String) {
        self.path = path
        lines = SourceText.split(Array(text.utf8))
        codeLines = SourceText.split(SourceText.blankingNonCode(Array(text.utf8)))
    }

    /// The target the file belongs to: the folder below Sources.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: newline, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
    private static let quote = UInt8(ascii: "\"")
    private static let hash = UInt8(ascii: "#")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")

    /// What the scanner is inside of. Interpolations nest: code in a string in code.
    private enum Surroundings {
        case code(openParentheses: Int)
        case string(hashes: Int, quotes: Int)
    }

    static func blankingNonCode(_ bytes: [UInt8]) -> [UInt8] {
        var output = bytes
        var stack: [Surroundings] = [.code(openParentheses: 0)]
        var position = 0
        while position < bytes.count {
            let end: Int
            switch stack[stack.count - 1] {
            case .code(let open): end = scanCode(bytes, &output, at: position, open: open, &stack)
            case .string(let hashes, let quotes): end = scanString(bytes, &output, at: position, hashes: hashes, quotes: quotes, &stack)
            }
            position = max(end, position + 1)
        }
        return output
    }

    /// Takes one step in code and returns the next position.
    private static func scanCode(
        _ bytes: [UInt8], _ output: inout [UInt8], at start: Int, open: Int, _ stack: inout [Surroundings]
    ) -> Int {
        if bytes[start] == slash && byte(bytes, start + 1) == slash {
            return blank(&output, start..<(bytes[start...].firstIndex(of: newline) ?? bytes.count))
        }
        if bytes[start] == slash && byte(bytes, start + 1) == star {
            return blank(&output, start..<endOfBlockComment(bytes, from: start))
        }
        let hashes = run(of: hash, in: bytes, from: start)
        if byte(bytes, start + hashes) == quote {
            let quotes = run(of: quote, in: bytes, from: start + hashes) >= 3 ? 3 : 1
            stack.append(.string(hashes: hashes, quotes: quotes))
            return blank(&output, start..<start + hashes + quotes)
        }
        if bytes[start] == UInt8(ascii: "(") { stack[stack.count - 1] = .code(openParentheses: open + 1) }
        if bytes[start] == UInt8(ascii: ")") {
            if open == 0 && stack.count > 1 {
                stack.removeLast()
                return blank(&output, start..<start + 1)
            }
            stack[stack.count - 1] = .code(openParentheses: open - 1)
        }
        return start + max(hashes, 1)
    }

    /// Takes one step in a string literal and returns the next position.
    private static func scanString(
        _ bytes: [UInt8], _ output: inout [UInt8], at start: Int, hashes: Int, quotes: Int, _ stack: inout [Surroundings]
    ) -> Int {
        if bytes[start] == backslash && run(of: hash, in: bytes, from: start + 1) >= hashes {
            let escaped = start + 1 + hashes
            if byte(bytes, escaped) == UInt8(ascii: "(") { stack.append(.code(openParentheses: 0)) }
            return blank(&output, start..<min(escaped + 1, bytes.count))
        }
        if run(of: quote, in: bytes, from: start) >= quotes && run(of: hash, in: bytes, from: start + quotes) >= hashes {
            stack.removeLast()
            return blank(&output, start..<start + quotes + hashes)
        }
        // An unterminated one-line literal cannot be: it was a quote in a regex. Start afresh with the next line.
        if bytes[start] == newline && quotes == 1 { stack.removeLast() }
        return blank(&output, start..<start + 1)
    }

    private static func endOfBlockComment(_ bytes: [UInt8], from start: Int) -> Int {
        var depth = 0
        var position = start
        while position < bytes.count {
            if bytes[position] == slash && byte(bytes, position + 1) == star {
                depth += 1
                position += 2
            } else if bytes[position] == star && byte(bytes, position + 1) == slash {
                depth -= 1
                position += 2
                if depth == 0 { return position }
            } else {
                position += 1
            }
        }
        return bytes.count
    }

    private static func byte(_ bytes: [UInt8], _ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private static func run(of wanted: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        var end = start
        while byte(bytes, end) == wanted { end += 1 }
        return end - start
    }

    private static func blank(_ output: inout [UInt8], _ range: Range<Int>) -> Int {
        for index in range where output[index] != newline { output[index] = space }
        return range.upperBound
    }
}
