// DefinitionScanner: steps through SQL as servers print it, knowing what is quoted and what is not.
//
// Quotes: '…' and "…" with backslashes and doubled quotes, `…` with doubled backticks. Comments are not skipped: servers print only
// /*! … */, whose content counts.

struct DefinitionScanner {
    let text: [UInt8]
    private(set) var offset: Int

    init(_ text: [UInt8], at offset: Int = 0) {
        self.text = text
        self.offset = offset
    }

    /// The place of the next byte outside of quotes; nil at the end.
    mutating func nextPlain() -> Int? {
        while offset < text.count {
            let byte = text[offset]
            guard byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") else {
                offset += 1
                return offset - 1
            }
            skipQuoted(byte)
        }
        return nil
    }

    /// A doubled quote ends one quoted piece and begins the next: nothing between them is outside.
    private mutating func skipQuoted(_ quote: UInt8) {
        offset += 1
        while offset < text.count {
            let byte = text[offset]
            offset += byte == UInt8(ascii: "\\") && quote != UInt8(ascii: "`") ? 2 : 1
            if byte == quote { return }
        }
        offset = min(offset, text.count)
    }

    /// Steps over `word` if it comes next, letters in either case.
    mutating func take(_ word: String) -> Bool {
        let count = word.utf8.count
        guard offset + count <= text.count, text[offset..<offset + count].elementsEqual(word.utf8, by: DefinitionScanner.equalIgnoringCase) else {
            return false
        }
        offset += count
        return true
    }

    private static func equalIgnoringCase(_ a: UInt8, _ b: UInt8) -> Bool { lower(a) == lower(b) }
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    mutating func skipWhiteSpace() {
        while offset < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[offset]) { offset += 1 }
    }

    /// A name in backticks.
    mutating func identifier() -> SchemaText? {
        let tick = UInt8(ascii: "`")
        guard offset < text.count, text[offset] == tick else { return nil }
        var name: [UInt8] = [], index = offset + 1
        while index < text.count {
            if text[index] == tick {
                guard index + 1 < text.count, text[index + 1] == tick else {
                    offset = index + 1
                    return SchemaText(name)
                }
                index += 1
            }
            name.append(text[index])
            index += 1
        }
        return nil
    }

    /// "(`a`,`b`)", with or without spaces after the commas.
    mutating func identifierList() -> [SchemaText]? {
        guard take("(") else { return nil }
        var names: [SchemaText] = []
        while let name = identifier() {
            names.append(name)
            if take(")") { return names }
            guard take(",") else { return nil }
            _ = take(" ")
        }
        return nil
    }

    /// The place behind the next `word` outside of quotes.
    mutating func find(_ word: String) -> Int? {
        while let position = nextPlain() {
            var ahead = DefinitionScanner(text, at: position)
            if ahead.take(word) {
                offset = ahead.offset
                return offset
            }
        }
        return nil
    }

    /// Where the function call that begins at `start` ends: behind the parenthesis that closes its first one.
    func endOfExpression(from start: Int) -> Int? {
        var scanner = DefinitionScanner(text, at: start), depth = 0
        while let position = scanner.nextPlain() {
            if text[position] == UInt8(ascii: "(") { depth += 1 }
            if text[position] == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return position + 1 }
            }
            if depth == 0 && text[position] == UInt8(ascii: " ") { return nil }
        }
        return nil
    }

    /// The parts between the commas of the first pair of parentheses, without white space around them.
    static func items(of text: [UInt8]) -> [[UInt8]] {
        var scanner = DefinitionScanner(text), depth = 0, start = 0, items: [[UInt8]] = []
        while let position = scanner.nextPlain() {
            let byte = text[position]
            if byte == UInt8(ascii: "(") {
                depth += 1
                if depth == 1 { start = position + 1 }
            } else if (byte == UInt8(ascii: ",") && depth == 1) || (byte == UInt8(ascii: ")") && depth == 1) {
                items.append(trimmed(trimmed(Array(text[start..<position]), leading: true), leading: false))
                start = position + 1
            }
            if byte == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return items }
            }
        }
        return items
    }

    /// The statements of a script without comments and bodies: what stands between semicolons outside of quotes. Lines that begin with `--`
    /// are left out.
    static func statements(of script: [UInt8]) -> [[UInt8]] {
        let lines = script.split(separator: 0x0a, omittingEmptySubsequences: false).filter { !$0.starts(with: Array("-- ".utf8)) }
        let text = Array(lines.joined(separator: [0x0a]))
        var scanner = DefinitionScanner(text), start = 0, statements: [[UInt8]] = []
        while let position = scanner.nextPlain() {
            guard text[position] == UInt8(ascii: ";") else { continue }
            statements.append(trimmed(trimmed(Array(text[start..<position]), leading: true), leading: false))
            start = position + 1
        }
        return statements.filter { !$0.isEmpty }
    }

    /// Without white space at its beginning or its end.
    static func trimmed(_ text: [UInt8], leading: Bool) -> [UInt8] {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
        if leading { return Array(text.drop(while: isSpace)) }
        return text.lastIndex { !isSpace($0) }.map { Array(text[...$0]) } ?? []
    }
}
