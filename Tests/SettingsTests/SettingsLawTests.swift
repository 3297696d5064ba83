// SettingsLawTests: whatever the bytes, reading ends with a value or with problems, and never with a trap.

import Bytes
import Settings
import Testing

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `Any text` {
    private static let tokens = [
        ": ", "\n", "- ", "[", "]", "{", "}", "*a", "&a ", "\"", "'", "#", "!", "|", ">", "%", "\t", "  ", "? ", "---", "...", "<<: *a", "null", "~",
        "\0", "\u{FEFF}", "\u{E000}", "999999999999999999999", "-1", "€", "\u{85}",
    ]

    private static func mutated(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...20, using: &random)))
            case 2: bytes.insert(contentsOf: Array((tokens.randomElement(using: &random) ?? "").utf8), at: at)
            case 3: bytes.removeLast(bytes.count - at)
            case 4:
                let end = min(bytes.count, at + Int.random(in: 1...60, using: &random))
                bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0..<bytes.count, using: &random))
            default: bytes.replaceSubrange(at..<at + 1, with: Array((tokens.randomElement(using: &random) ?? "").utf8))
            }
        }
        return bytes
    }

    @Test(arguments: 0..<8) func `gives settings or problems, and the same each time`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let full = Array(Examples.full.utf8)
        var accepted = 0
        for round in 0..<250 {
            let bytes = Self.mutated(full, &random)
            let first = Result { () throws(SettingsProblems) in try SettingsReader.read(bytes, file: settingsPath) }
            let second = Result { () throws(SettingsProblems) in try SettingsReader.read(bytes, file: settingsPath) }
            #expect(first == second, "seed \(seed), round \(round)")
            if case .success = first { accepted += 1 }
            if case .failure(let problems) = first {
                #expect(
                    problems.problems.allSatisfy { $0.position.line >= 1 && $0.position.column >= 1 && !$0.message.contains("\n") },
                    "seed \(seed), round \(round)")
            }
        }
        #expect(accepted < 250, "seed \(seed)")
    }

    @Test func `cut anywhere gives settings or problems`() {
        let full = Array(Examples.full.utf8)
        for length in 0..<full.count { _ = try? SettingsReader.read(Array(full[..<length]), file: settingsPath) }
        #expect((try? SettingsReader.read(full, file: settingsPath)) != nil)
    }

    @Test(arguments: 0..<4) func `as an env file gives values or problems`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let text = Array("export A=\"x ${B} \\n\"\nB='y' # c\r\nC=\"two\nlines\"\nD=$A${A\n\"E\"=1".utf8)
        for round in 0..<1000 {
            let env = DotEnv(Self.mutated(text, &random), file: "/e")
            #expect(env.names.allSatisfy { !$0.isEmpty }, "seed \(seed), round \(round)")
        }
    }
}
