// Wildcard: one element of a pattern against one name, as Go's filepath.Match: `*`, `?`, `[…]`, `[^…]`, `\`.
//
// Compiled once into chunks, each a run of single-character tests that may be preceded by a star. Matching tries a chunk at the
// current place, else at every later byte; the first place that fits is taken, and the last chunk must reach the end of the name.
// `?` and classes take one code point, everything else one byte. Common shapes (`name`, `*`, `*.o`, `core.*`) skip all of that.

/// A well-formed element, ready for matching.
enum Wildcard: Sendable {
    case literal([UInt8])
    case anything
    case suffix([UInt8])
    case prefix([UInt8])
    case chunks([Chunk])

    struct Chunk: Sendable {
        var followsStar: Bool
        var tests: [CharacterTest] = []
    }

    enum CharacterTest: Sendable {
        case byte(UInt8)
        case anyCodePoint
        case classOf(ranges: [ClosedRange<UInt32>], isNegated: Bool)
    }

    /// Nil if malformed.
    init?(_ element: [UInt8]) {
        // Without these, the element is compared as it stands.
        guard element.contains(where: { Array("\\[]*?".utf8).contains($0) }) else {
            self = .literal(element)
            return
        }
        var compiler = WildcardCompiler(element)
        guard let chunks = compiler.chunks() else { return nil }
        self = Wildcard.simplified(chunks)
    }

    private static func simplified(_ chunks: [Chunk]) -> Wildcard {
        func bytes(_ chunk: Chunk) -> [UInt8]? {
            var bytes: [UInt8] = []
            for test in chunk.tests {
                guard case .byte(let byte) = test else { return nil }
                bytes.append(byte)
            }
            return bytes
        }
        if chunks.count == 1, chunks[0].followsStar, let text = bytes(chunks[0]) { return text.isEmpty ? .anything : .suffix(text) }
        if chunks.count == 1, !chunks[0].followsStar, let text = bytes(chunks[0]) { return .literal(text) }
        if chunks.count == 2, !chunks[0].followsStar, chunks[1].tests.isEmpty, let text = bytes(chunks[0]) { return .prefix(text) }
        return .chunks(chunks)
    }

    func matches(_ name: [UInt8]) -> Bool {
        switch self {
        case .literal(let text): name == text
        case .anything: true
        case .suffix(let text): name.count >= text.count && name.suffix(text.count).elementsEqual(text)
        case .prefix(let text): name.starts(with: text)
        case .chunks(let chunks): Wildcard.match(chunks, name)
        }
    }

    private static func match(_ chunks: [Chunk], _ name: [UInt8]) -> Bool {
        var position = 0
        for (index, chunk) in chunks.enumerated() {
            let isLast = index == chunks.count - 1
            if chunk.followsStar && chunk.tests.isEmpty { return true }
            guard let end = firstEnd(of: chunk, in: name, from: position, mustReachEnd: isLast) else { return false }
            position = end
        }
        return position == name.count
    }

    private static func firstEnd(of chunk: Chunk, in name: [UInt8], from start: Int, mustReachEnd: Bool) -> Int? {
        for position in start...(chunk.followsStar ? name.count : start) {
            if let end = end(of: chunk.tests, in: name, from: position), !mustReachEnd || end == name.count { return end }
        }
        return nil
    }

    private static func end(of tests: [CharacterTest], in name: [UInt8], from start: Int) -> Int? {
        var position = start
        for test in tests {
            guard position < name.count else { return nil }
            switch test {
            case .byte(let byte):
                if name[position] != byte { return nil }
                position += 1
            case .anyCodePoint: position += CodePoints.decode(name, at: position).byteCount
            case .classOf(let ranges, let isNegated):
                let (value, byteCount) = CodePoints.decode(name, at: position)
                if ranges.contains(where: { $0.contains(value) }) == isNegated { return nil }
                position += byteCount
            }
        }
        return position
    }
}

/// Reads an element from left to right. Every method returns nil where the element is malformed.
private struct WildcardCompiler {
    private let element: [UInt8]
    private var position = 0

    init(_ element: [UInt8]) { self.element = element }

    private var next: UInt8? { position < element.count ? element[position] : nil }

    mutating func chunks() -> [Wildcard.Chunk]? {
        var chunks: [Wildcard.Chunk] = []
        repeat {
            var chunk = Wildcard.Chunk(followsStar: false)
            while next == UInt8(ascii: "*") {
                chunk.followsStar = true
                position += 1
            }
            while let byte = next, byte != UInt8(ascii: "*") {
                guard let test = test() else { return nil }
                chunk.tests.append(test)
            }
            chunks.append(chunk)
        } while next != nil
        return chunks
    }

    private mutating func test() -> Wildcard.CharacterTest? {
        switch element[position] {
        case UInt8(ascii: "?"):
            position += 1
            return .anyCodePoint
        case UInt8(ascii: "["):
            position += 1
            return characterClass()
        case UInt8(ascii: "\\"):
            position += 1
            guard let byte = next else { return nil }
            position += 1
            return .byte(byte)
        case let byte:
            position += 1
            return .byte(byte)
        }
    }

    /// After `[`. At least one range; `]` and `-` need a backslash.
    private mutating func characterClass() -> Wildcard.CharacterTest? {
        let isNegated = next == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var ranges: [ClosedRange<UInt32>] = []
        while ranges.isEmpty || next != UInt8(ascii: "]") {
            guard let low = classMember() else { return nil }
            var high = low
            if next == UInt8(ascii: "-") {
                position += 1
                guard let member = classMember() else { return nil }
                high = member
            }
            // A range that runs backwards is allowed and contains nothing.
            ranges.append(low <= high ? low...high : .max ... .max)
        }
        position += 1
        return .classOf(ranges: ranges, isNegated: isNegated)
    }

    private mutating func classMember() -> UInt32? {
        guard let byte = next, byte != UInt8(ascii: "-"), byte != UInt8(ascii: "]") else { return nil }
        if byte == UInt8(ascii: "\\") { position += 1 }
        guard position < element.count else { return nil }
        let (value, byteCount) = CodePoints.decode(element, at: position)
        if value == CodePoints.replacement && byteCount == 1 { return nil }
        position += byteCount
        return position < element.count ? value : nil
    }
}
