// JSONScanner: reads JSON by pulling values from bytes, in one pass and without a tree of objects.
//
// 1. The caller knows the shape it expects and asks for it: beginObject, nextKey, integer, … Unknown keys are skipped.
// 2. Strict: no comments, no trailing commas, no leading zeros, integers exactly (never through a double), nesting bounded.
// 3. Lenient only where Go is, because Go wrote the repositories: bytes that are not UTF-8 and lone surrogates read as U+FFFD.
// 4. Memory taken is bounded by the size of the text.
//
// Containers: after beginObject call nextKey until it returns nil; after beginArray call nextElement until it returns false.
// Every key or element must be consumed by exactly one value method (or skipValue).

/// The text is not the JSON that was expected.
package struct JSONError: Error, Equatable, FailureConvertible {
    package let problem: String
    /// Where in the text, in bytes.
    package let offset: Int

    package init(problem: String, offset: Int) {
        self.problem = problem
        self.offset = offset
    }

    package var failure: Failure { Failure(.damaged, "could not parse JSON: \(problem) at byte \(offset)") }
}

package struct JSONScanner {
    let bytes: [UInt8]
    package internal(set) var offset = 0
    private var depth = 0
    /// Whether the next key or element is the first of its container.
    private var isFirst = false
    private let maximumDepth: Int

    package init(_ bytes: [UInt8], maximumDepth: Int = 64) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    // MARK: Containers

    package mutating func beginObject() throws(JSONError) { try begin(UInt8(ascii: "{"), "an object") }
    package mutating func beginArray() throws(JSONError) { try begin(UInt8(ascii: "["), "an array") }

    /// The place of the next key in `words`, `JSONWords.unknown` for a key that is not there, nil at the object's end.
    package mutating func nextKey(_ words: JSONWords) throws(JSONError) -> Int? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        let word = try word(words)
        try colon()
        return word
    }

    /// The next key as text, nil at the object's end.
    package mutating func nextKey() throws(JSONError) -> [UInt8]? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        let key = try string()
        try colon()
        return key
    }

    /// Whether the array has another element, which must then be read.
    package mutating func nextElement() throws(JSONError) -> Bool { try advance(closing: UInt8(ascii: "]")) }

    /// Checks that nothing but white space follows.
    package mutating func endOfDocument() throws(JSONError) {
        skipWhiteSpace()
        guard offset == bytes.count, depth == 0 else { throw error("unexpected text after the end") }
    }

    // MARK: Values

    /// Consumes `null` if that is the next value.
    package mutating func takeNull() throws(JSONError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    package mutating func bool() throws(JSONError) -> Bool {
        switch peek() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw error("expected true or false")
        }
    }

    package mutating func unsigned() throws(JSONError) -> UInt64 {
        skipWhiteSpace()
        let start = offset
        var value: UInt64 = 0
        while offset < bytes.count {
            let digit = bytes[offset] &- 0x30
            guard digit < 10 else { break }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !tooBig && !carry else { throw error("the integer is too large") }
            value = sum
            offset += 1
        }
        guard offset > start else { throw error("expected an integer") }
        if bytes[start] == 0x30 && offset - start > 1 { throw error("the integer starts with a zero") }
        if offset < bytes.count, JSONScanner.continuesNumber(bytes[offset]) { throw error("expected an integer") }
        return value
    }

    package mutating func unsigned32() throws(JSONError) -> UInt32 {
        guard let value = UInt32(exactly: try unsigned()) else { throw error("the integer is larger than 32 bits") }
        return value
    }

    package mutating func signed() throws(JSONError) -> Int64 {
        guard peek() == UInt8(ascii: "-") else {
            guard let value = Int64(exactly: try unsigned()) else { throw error("the integer is too large") }
            return value
        }
        offset += 1
        guard offset < bytes.count, bytes[offset] &- 0x30 < 10 else { throw error("expected an integer") }
        let magnitude = try unsigned()
        guard magnitude <= UInt64(Int64.max) + 1 else { throw error("the integer is too small") }
        return Int64(truncatingIfNeeded: 0 &- magnitude)
    }

    /// Passes over one value of any kind.
    package mutating func skipValue() throws(JSONError) {
        switch peek() {
        case UInt8(ascii: "{"):
            try beginObject()
            while try advance(closing: UInt8(ascii: "}")) {
                try skipString()
                try colon()
                try skipValue()
            }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skipValue() }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): try literal("null")
        default: try skipNumber()
        }
    }

    /// The text of one value of any kind, checked but unchanged.
    package mutating func rawValue() throws(JSONError) -> [UInt8] {
        skipWhiteSpace()
        let start = offset
        try skipValue()
        return Array(bytes[start..<offset])
    }

    // MARK: Steps

    func error(_ problem: String) -> JSONError { JSONError(problem: problem, offset: offset) }

    mutating func skipWhiteSpace() {
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            offset += 1
        }
    }

    private mutating func begin(_ bracket: UInt8, _ expected: String) throws(JSONError) {
        guard peek() == bracket else { throw error("expected \(expected)") }
        guard depth < maximumDepth else { throw error("nested more than \(maximumDepth) levels deep") }
        depth += 1
        offset += 1
        isFirst = true
    }

    /// Steps over the comma to the next key or element; false, after consuming it, at the container's end.
    private mutating func advance(closing bracket: UInt8) throws(JSONError) -> Bool {
        let byte = peek()
        if byte == bracket {
            offset += 1
            depth -= 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw error("expected a comma or the end of the container") }
        offset += 1
        return true
    }

    private mutating func colon() throws(JSONError) {
        guard peek() == UInt8(ascii: ":") else { throw error("expected a colon") }
        offset += 1
    }

    /// The first byte of the next token, 0 at the end of the text.
    mutating func peek() -> UInt8 {
        skipWhiteSpace()
        return offset < bytes.count ? bytes[offset] : 0
    }

    private mutating func literal(_ word: String) throws(JSONError) {
        let text = Array(word.utf8)
        guard bytes.count - offset >= text.count, Array(bytes[offset..<offset + text.count]) == text else {
            throw error("expected \(word)")
        }
        offset += text.count
    }

    private static func continuesNumber(_ byte: UInt8) -> Bool { byte == 0x2e || byte == 0x65 || byte == 0x45 }

    private mutating func skipNumber() throws(JSONError) {
        if peek() == UInt8(ascii: "-") { offset += 1 }
        let start = offset
        guard try skipDigits() > 0 else { throw error("expected a value") }
        if bytes[start] == 0x30 && offset - start > 1 { throw error("the number starts with a zero") }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            guard try skipDigits() > 0 else { throw error("expected digits") }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { offset += 1 }
            guard try skipDigits() > 0 else { throw error("expected digits") }
        }
    }

    private mutating func skipDigits() throws(JSONError) -> Int {
        let start = offset
        while offset < bytes.count, bytes[offset] &- 0x30 < 10 { offset += 1 }
        return offset - start
    }
}
