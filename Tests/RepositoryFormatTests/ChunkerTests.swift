import Bytes
import Codecs
import RepositoryFormat
import Testing

private struct ChunkerVectors: Decodable {
    struct Input: Decodable {
        let generator: String
        let seed: UInt64?
        let byte: UInt8?
        let length: Int?
        let period: Int?
        let parts: [Input]?

        func bytes() -> [UInt8] {
            switch generator {
            case "splitmix64": SplitMix64.stream(seed: seed ?? 0, count: length ?? 0)
            case "constant": [UInt8](repeating: byte ?? 0, count: length ?? 0)
            case "repeat-splitmix64": repeated()
            default: (parts ?? []).flatMap { $0.bytes() }
            }
        }

        private func repeated() -> [UInt8] {
            let unit = SplitMix64.stream(seed: seed ?? 0, count: period ?? 1)
            var bytes: [UInt8] = []
            while bytes.count < length ?? 0 { bytes += unit }
            return Array(bytes.prefix(length ?? 0))
        }
    }
    struct Case: Decodable {
        let name: String
        let polynomial: String
        let input: Input
        let input_sha256: String
        let chunks: [String]
    }
    struct Tables: Decodable {
        let polynomial: String
        let out: [String: String]
        let mod: [String: String]
        let out_sha256_of_256_le64: String
        let mod_sha256_of_256_le64: String
    }
    struct Irreducibility: Decodable {
        struct Case: Decodable {
            let polynomial: String
            let irreducible: Bool
        }
        let cases: [Case]
    }
    struct Derivation: Decodable {
        let polynomial: String
        let candidates_read: Int
    }
    let cases: [Case]
    let tables: Tables
    let irreducibility: Irreducibility
    let derive_polynomial: Derivation
}

/// The definition of format.md 13.3 without lanes, cursors or blocks.
private func referenceCuts(_ bytes: [UInt8], _ polynomial: Polynomial, minimum: Int, maximum: Int) -> [Int] {
    let tables = RollingTables(polynomial)
    var cuts: [Int] = []
    var start = 0
    while start < bytes.count {
        var digest: UInt64 = 0
        var window = [UInt8](repeating: 0, count: 64)
        var length = min(minimum - 64, bytes.count - start)
        while start + length < bytes.count {
            let byte = bytes[start + length]
            digest ^= tables.out[Int(window[length % 64])]
            window[length % 64] = byte
            digest = (digest << 8 | UInt64(byte)) ^ tables.mod[Int(digest >> 45)]
            length += 1
            if length >= minimum && (digest & (1 << 20 - 1) == 0 || length == maximum) { break }
        }
        cuts.append(length)
        start += length
    }
    return cuts
}

/// All cuts, with the buffer growing by `step()` bytes whenever the chunker wants more.
private func cuts(_ bytes: [UInt8], _ chunker: Chunker, step: () -> Int) -> [Int] {
    var cuts: [Int] = []
    var start = 0, end = 0
    var cursor = ChunkCursor()
    while true {
        if let cut = chunker.nextCut(in: bytes.span.extracting(start..<end), cursor: &cursor, isEnd: end == bytes.count) {
            cuts.append(cut)
            start += cut
        } else if end == bytes.count {
            return cuts
        } else {
            end = min(bytes.count, end + step())
        }
    }
}

@Suite struct `The chunker` {
    private static let polynomial = Polynomial(0x3d_a335_8b4d_c173)

    @Test func `cuts every vector where restic cuts it`() throws {
        let vectors = try Vectors.load("chunker.json", as: ChunkerVectors.self)
        for vector in vectors.cases {
            let bytes = vector.input.bytes()
            #expect(SHA256.hash(bytes).hex == vector.input_sha256, "\(vector.name)")
            let chunker = Chunker(polynomial: try #require(Polynomial(hex: vector.polynomial)))
            var start = 0
            let chunks = cuts(bytes, chunker) { 1 << 20 }.map { length in
                defer { start += length }
                return "\(length) \(SHA256.hash(bytes.span.extracting(start..<start + length)).hex)"
            }
            #expect(chunks == vector.chunks, "\(vector.name)")
        }
    }

    @Test func `makes the tables of the vectors`() throws {
        let vectors = try Vectors.load("chunker.json", as: ChunkerVectors.self).tables
        let tables = RollingTables(try #require(Polynomial(hex: vectors.polynomial)))
        for (place, value) in vectors.out { #expect(String(tables.out[try #require(Int(place))], radix: 16) == value) }
        for (place, value) in vectors.mod { #expect(String(tables.mod[try #require(Int(place))], radix: 16) == value) }
        var out: [UInt8] = [], mod: [UInt8] = []
        for place in 0..<256 {
            for half in [UInt64(0), 32] {
                out.append(littleEndian: UInt32(truncatingIfNeeded: tables.out[place] >> half))
                mod.append(littleEndian: UInt32(truncatingIfNeeded: tables.mod[place] >> half))
            }
        }
        #expect(SHA256.hash(out).hex == vectors.out_sha256_of_256_le64)
        #expect(SHA256.hash(mod).hex == vectors.mod_sha256_of_256_le64)
    }

    @Test(arguments: [41, 42, 43, 44] as [UInt64])
    func `finds the cuts of the plain definition however the bytes arrive`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<12 {
            let minimum = Int.random(in: 64..<3_000, using: &random)
            let maximum = minimum + Int.random(in: 0..<400_000, using: &random)
            let bytes = Self.sparseRandom(Int.random(in: 0..<600_000, using: &random), &random)
            let chunker = Chunker(polynomial: Self.polynomial, minimum: minimum, maximum: maximum)
            let expected = referenceCuts(bytes, Self.polynomial, minimum: minimum, maximum: maximum)
            let steps = [1, 63, 4_096, 70_000, 1 << 20][Int.random(in: 1..<5, using: &random)]
            #expect(cuts(bytes, chunker) { steps } == expected, "\(minimum) \(maximum) \(bytes.count) \(steps)")
            #expect(cuts(bytes, chunker) { Int.random(in: 1..<40_000, using: &random) } == expected)
        }
    }

    /// Random bytes with regions of zeros and repetitions, where hits are dense.
    private static func sparseRandom(_ count: Int, _ random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let length = Int.random(in: 1..<50_000, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes += [UInt8](repeating: 0, count: length)
            case 1: bytes += [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length)
            default: bytes += SplitMix64.stream(seed: random.next(), count: length)
            }
        }
        return Array(bytes.prefix(count))
    }

    @Test func `takes single bytes one by one`() {
        let bytes = [UInt8](repeating: 0, count: 300) + SplitMix64.stream(seed: 5, count: 700)
        let chunker = Chunker(polynomial: Self.polynomial, minimum: 100, maximum: 400)
        #expect(cuts(bytes, chunker) { 1 } == referenceCuts(bytes, Self.polynomial, minimum: 100, maximum: 400))
    }

    @Test func `cuts finer where it is told to, and only inside the limits`() {
        let bytes = SplitMix64.stream(seed: 9, count: 4 << 20)
        for bits in [10, 14, 17] {
            let chunker = Chunker(polynomial: Self.polynomial, minimum: 4 << 10, averageBits: bits, maximum: 1 << 20)
            let lengths = cuts(bytes, chunker) { 1 << 16 }
            #expect(lengths.reduce(0, +) == bytes.count && lengths.dropLast().allSatisfy { (4 << 10...1 << 20).contains($0) })
            let average = bytes.count / lengths.count, expected = 4 << 10 + 1 << bits
            #expect((expected / 2...expected * 2).contains(average), "\(bits) bits: \(average)")
        }
    }

    @Test func `gives no chunk for an empty file`() {
        var cursor = ChunkCursor()
        let empty: [UInt8] = []
        #expect(Chunker(polynomial: Self.polynomial).nextCut(in: empty.span, cursor: &cursor, isEnd: true) == nil)
    }
}

@Suite struct `A polynomial` {
    @Test func `is irreducible exactly where restic accepts it`() throws {
        for vector in try Vectors.load("chunker.json", as: ChunkerVectors.self).irreducibility.cases {
            #expect(try #require(Polynomial(hex: vector.polynomial)).isIrreducible == vector.irreducible, "\(vector.polynomial)")
        }
    }

    @Test func `is derived from randomness as in the vectors`() throws {
        let vector = try Vectors.load("chunker.json", as: ChunkerVectors.self).derive_polynomial
        var random = SplitMix64(seed: 99)
        var reads = 0
        let polynomial = try Polynomial.random {
            reads += 1
            return random.next()
        }
        #expect(polynomial.hex == vector.polynomial)
        #expect(reads == vector.candidates_read)
        #expect(polynomial.degree == 53)
    }

    @Test func `of small degree is irreducible iff it has no divisor`() {
        for bits in UInt64(0)..<1_024 {
            let polynomial = Polynomial(bits)
            let hasDivisor = (UInt64(2)..<32).contains {
                polynomial.degree > Polynomial($0).degree && polynomial.modulo(Polynomial($0)).bits == 0
            }
            #expect(polynomial.isIrreducible == (polynomial.degree >= 1 && !hasDivisor), "\(bits)")
        }
    }

    @Test func `is read from hex of either case and written without leading zeros`() {
        #expect(Polynomial(hex: "003DA3358B4DC173")?.hex == "3da3358b4dc173")
        for text in ["", "+1", "0x1", "g", "10000000000000000", "-1"] { #expect(Polynomial(hex: text) == nil) }
    }
}
