// JSONScanner+Strings: strings, and the values the format keeps in strings.
//
// The fast path finds the closing quote of a string of plain ASCII and looks at the bytes where they are. Everything else
// (escapes, bytes above 127) is decoded into an array of its own.

/// A fixed list of words, found by their bytes: the keys of an object or the values of an enumeration.
package struct JSONWords: Sendable {
    /// The place of a word that is not in the list.
    package static let unknown = -1

    private let words: [[UInt8]]
    /// Length and first seven bytes in one number: one comparison rules out nearly every word.
    private let signatures: [UInt64]

    package init(_ words: [String]) {
        self.words = words.map { Array($0.utf8) }
        self.signatures = self.words.map { JSONWords.signature($0, 0..<$0.count) }
    }

    /// The place of the word that stands at `range`.
    func place(of text: [UInt8], _ range: Range<Int>) -> Int {
        let wanted = JSONWords.signature(text, range)
        for place in 0..<signatures.count where signatures[place] == wanted {
            if range.count <= 7 || JSONWords.isEqual(words[place], text, range) { return place }
        }
        return JSONWords.unknown
    }

    private static func signature(_ text: [UInt8], _ range: Range<Int>) -> UInt64 {
        var signature = UInt64(truncatingIfNeeded: min(range.count, 255))
        for index in range.lowerBound..<min(range.upperBound, range.lowerBound + 7) { signature = signature << 8 | UInt64(text[index]) }
        return signature
    }

    private static func isEqual(_ word: [UInt8], _ text: [UInt8], _ range: Range<Int>) -> Bool {
        guard word.count == range.count else { return false }
        for index in 7..<word.count where word[index] != text[range.lowerBound + index] { return false }
        return true
    }
}

extension JSONScanner {
    /// The decoded bytes of a string: always valid UTF-8.
    package mutating func string() throws(JSONError) -> [UInt8] {
        let token = try stringToken()
        return token.isPlain ? Array(bytes[token.range]) : try decoded(token.range)
    }

    package mutating func text() throws(JSONError) -> String { String(decoding: try string(), as: UTF8.self) }

    /// The place of a string in `words`, or `JSONWords.unknown`.
    package mutating func word(_ words: JSONWords) throws(JSONError) -> Int {
        let token = try stringToken()
        if token.isPlain { return words.place(of: bytes, token.range) }
        let text = try decoded(token.range)
        return words.place(of: text, 0..<text.count)
    }

    /// A digest written as exactly 64 hex digits of either case.
    package mutating func digest() throws(JSONError) -> Digest {
        let token = try stringToken()
        guard token.isPlain, token.range.count == 2 * Digest.byteCount else { throw error("expected 64 hex digits") }
        let start = token.range.lowerBound
        guard let word0 = hexWord(at: start), let word1 = hexWord(at: start + 16), let word2 = hexWord(at: start + 32),
            let word3 = hexWord(at: start + 48)
        else { throw error("expected 64 hex digits") }
        return Digest(word0: word0, word1: word1, word2: word2, word3: word3)
    }

    package mutating func timestamp() throws(JSONError) -> Timestamp {
        let token = try stringToken()
        let parsed = bytes.withSpan { Timestamp(parsing: $0.extracting(token.range)) }
        guard token.isPlain, let parsed else { throw error("expected a time such as 2006-01-02T15:04:05Z") }
        return parsed
    }

    package mutating func base64() throws(JSONError) -> [UInt8] {
        guard let value = Base64.decode(try string()) else { throw error("expected Base64 text") }
        return value
    }

    mutating func skipString() throws(JSONError) {
        let token = try stringToken()
        if !token.isPlain { _ = try decoded(token.range) }
    }

    /// Passes over a string; returns what lies between its quotes, and whether that text stands for itself.
    mutating func stringToken() throws(JSONError) -> (range: Range<Int>, isPlain: Bool) {
        guard peek() == UInt8(ascii: "\"") else { throw error("expected a string") }
        offset += 1
        let start = offset
        var index = offset
        var isPlain = true
        let count = bytes.count
        while index < count {
            let byte = bytes[index]
            // One test for the common case: letters, digits and all else from '#' to 0x7f but the backslash.
            if byte &- 0x23 < 0x5d && byte != 0x5c {
                index += 1
            } else if byte == UInt8(ascii: "\"") {
                offset = index + 1
                return (start..<index, isPlain)
            } else if byte < 0x20 {
                offset = index
                throw error("a control character inside a string")
            } else {
                if byte == 0x5c || byte >= 0x80 { isPlain = false }
                index += byte == 0x5c ? 2 : 1
            }
        }
        offset = count
        throw error("the string does not end")
    }

    /// Sixteen hex digits as a word. The range was checked by the caller.
    private func hexWord(at start: Int) -> UInt64? {
        var word: UInt64 = 0
        var invalid: UInt8 = 0
        for index in start..<start + 16 {
            let byte = bytes[index]
            let digit = byte &- 0x30
            let letter = (byte | 0x20) &- 0x61
            let value = digit < 10 ? digit : letter &+ 10
            if digit >= 10 && letter >= 6 { invalid = 1 }
            word = word << 4 | UInt64(value & 15)
        }
        return invalid == 0 ? word : nil
    }

    // MARK: Escapes

    private func decoded(_ range: Range<Int>) throws(JSONError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == 0x5c {
                index = try appendEscape(at: index, before: range.upperBound, to: &result)
            } else if byte < 0x80 {
                result.append(byte)
                index += 1
            } else if let step = bytes.withSpan({ UTF8Sequence.scalar(in: $0, at: index) }) {
                result.append(contentsOf: bytes[index..<index + step.byteCount])
                index += step.byteCount
            } else {
                UTF8Sequence.append(0xfffd, to: &result)
                index += 1
            }
        }
        return result
    }

    /// Decodes the escape whose backslash is at `index`; returns where it ends.
    private func appendEscape(at index: Int, before end: Int, to result: inout [UInt8]) throws(JSONError) -> Int {
        let problem = JSONError(problem: "an invalid escape inside a string", offset: index)
        guard index + 1 < end else { throw problem }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(bytes[index + 1])
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "n"): result.append(0x0a)
        case UInt8(ascii: "f"): result.append(0x0c)
        case UInt8(ascii: "r"): result.append(0x0d)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: index, before: end) else { throw problem }
            if unit & 0xfc00 == 0xd800, let low = codeUnit(at: index + 6, before: end), low & 0xfc00 == 0xdc00 {
                UTF8Sequence.append(0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff), to: &result)
                return index + 12
            }
            UTF8Sequence.append(unit, to: &result)
            return index + 6
        default: throw problem
        }
        return index + 2
    }

    /// The value of `\uhhhh` at `index`; nil if that is not what stands there.
    private func codeUnit(at index: Int, before end: Int) -> UInt32? {
        guard index + 6 <= end, bytes[index] == 0x5c, bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        var value: UInt32 = 0
        for digit in bytes[index + 2..<index + 6] {
            guard let nibble = Hex.value(digit) else { return nil }
            value = value << 4 | UInt32(nibble)
        }
        return value
    }
}

extension Array where Element == UInt8 {
    /// Runs `body` on the array's span without a copy.
    func withSpan<R>(_ body: (Span<UInt8>) -> R) -> R { body(span) }
}
