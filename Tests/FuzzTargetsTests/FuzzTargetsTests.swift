// FuzzTargetsTests: every seed of Fuzzing/Seeds, with every input a fuzzer ever found fault with, and mutations of them, through the
// same entries. `make fuzz` looks for new ones.

import Bytes
import FuzzTargets
import HostOS
import TestKit
import Testing

private enum Seeds {
    static let folder = BytePath(#filePath).parent.parent.parent.appending("Fuzzing").appending("Seeds")

    static func of(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
        let place = folder.appending(name)
        return try Directory.entries(of: place).sorted { $0.name.lexicographicallyPrecedes($1.name) }.map { entry in
            (BytePath.display(entry.name), try AtomicFile.read(place.appending(entry.name), limit: 1 << 20))
        }
    }
}

@Suite struct `Bytes from anybody` {
    @Test func `have seeds at every door, and no seeds at a door that is not there`() throws {
        let folders = try Directory.entries(of: Seeds.folder).map { String(decoding: $0.name, as: UTF8.self) }
        #expect(Set(folders) == Set(FuzzTarget.all.map(\.name)))
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
    }

    @Test(arguments: FuzzTarget.all) func `are read or refused as they were when they were found`(_ target: FuzzTarget) throws {
        let seeds = try Seeds.of(target.name)
        try #require(!seeds.isEmpty)
        for seed in seeds {
            let complaint = target.complaint(about: seed.bytes)
            #expect(complaint == nil, "seed \(seed.name)")
        }
    }

    @Test(arguments: FuzzTarget.all) func `are read or refused after any change`(_ target: FuzzTarget) throws {
        var random = SeededRandom(seed: 0x5eed)
        let seeds = try Seeds.of(target.name)
        // A few thousand for readers that take microseconds; archives are files, and large seeds take their time.
        let clock = ContinuousClock(), end = clock.now.advanced(by: .seconds(4))
        for round in 0..<3000 {
            if clock.now > end { break }
            guard let seed = seeds.randomElement(using: &random), let other = seeds.randomElement(using: &random) else { return }
            let input = Mutation.apply(to: seed.bytes, with: other.bytes, &random)
            if let complaint = target.complaint(about: input) {
                Issue.record("\(complaint) (seed 0x5eed, round \(round), from \(seed.name)): \(Base64.encode(Array(input.prefix(4096))))")
                return
            }
        }
    }
}

/// What fuzzers do first, without the feedback.
private enum Mutation {
    private static let telling: [UInt8] = Array("\"\\{}[],:'`;*?!$/.#-%&<\n".utf8) + [0, 1, 0x7f, 0x80, 0xc3, 0xff]

    static func apply(to seed: [UInt8], with other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            guard !bytes.isEmpty else { return random.bytes(Int.random(in: 0...40, using: &random)) }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = min(bytes.count - place, Int.random(in: 1...32, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = telling.randomElement(using: &random) ?? 0
            case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            case 3: bytes.removeSubrange(place..<place + length)
            case 4: bytes.removeSubrange(place...)
            case 5: bytes = Array(bytes[..<place]) + Array(other.suffix(max(0, other.count - place)))
            default: bytes.replaceSubrange(place..<place + length, with: Array("\(UInt64.max >> UInt64.random(in: 0..<64, using: &random))".utf8))
            }
        }
        return bytes
    }
}
