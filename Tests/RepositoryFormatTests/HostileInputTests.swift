import Bytes
import Codecs
import RepositoryFormat
import Testing

/// Every parser with a valid input: each must answer any change of it with a value or a FormatError.
private struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    let valid: [UInt8]
    let parse: @Sendable ([UInt8]) throws -> Void
    var testDescription: String { name }

    static var all: [Target] {
        get throws {
            var random = SplitMix64(seed: 7)
            let nodes = (0..<3).map { _ in Node.random(&random) }.sorted { $0.name.lexicographicallyPrecedes($1.name) }
            let blobs = PackedBlob.randomPack(&random)
            var index = IndexFileWriter()
            index.append(PackID(Digest(word0: 1, word1: 0, word2: 0, word3: 0)), blobs: Array(blobs.prefix(4)))
            let snapshot = SnapshotFile(
                time: .zero, tree: BlobID(Digest(word0: 1, word1: 2, word2: 3, word3: 4)), paths: ["/é"], hostName: "h", tags: ["t"],
                summary: .init())
            let lock = LockFile(time: .zero, isExclusive: true, hostName: "h", userName: "u", processID: -1)
            let key = KeyFile(
                created: .zero, userName: "u", hostName: "h", parameters: try ScryptParameters(cost: 16, blockSize: 8, parallelism: 1),
                salt: [UInt8](repeating: 5, count: 64), sealedMasterKey: [1, 2, 3])
            let config = RepositoryConfig(id: .zero, polynomial: Polynomial(0x3d_a335_8b4d_c173))
            let encoded = EncodedFile.encode(Array(lock.json), version: .two, compressor: ZstdCompressor(level: 1))
            return [
                Target(name: "tree", valid: try Tree.serialise(nodes)) { _ = try Tree.parse($0) },
                Target(name: "pack header", valid: PackHeader.serialise(blobs)) { _ = try PackHeader.parse($0.span, version: .two) },
                Target(name: "index", valid: index.finished()) { _ = try IndexFile.packs(in: $0, version: .two) },
                Target(name: "snapshot", valid: snapshot.json) { _ = try SnapshotFile(parsing: $0) },
                Target(name: "lock", valid: lock.json) { _ = try LockFile(parsing: $0) },
                Target(name: "key", valid: key.json) { _ = try KeyFile(parsing: $0) },
                Target(name: "config", valid: config.json) { _ = try RepositoryConfig(parsing: $0) },
                Target(name: "encoded file", valid: encoded) {
                    _ = try EncodedFile.decode($0, version: .two, limit: 1 << 20, decompressor: ZstdDecompressor())
                },
            ]
        }
    }

    /// Parses, and counts anything but success and FormatError as an issue.
    func probe(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
        do {
            try parse(bytes)
        } catch is FormatError {
        } catch {
            Issue.record("\(name), \(what()): \(error)")
        }
    }
}

@Suite struct `Hostile bytes` {
    @Test func `cut off at any length are refused, not trapped on`() throws {
        for target in try Target.all {
            #expect(throws: Never.self) { try target.parse(target.valid) }
            for count in 0..<target.valid.count { target.probe(Array(target.valid.prefix(count)), "cut to \(count)") }
        }
    }

    @Test(arguments: [91, 92, 93, 94] as [UInt64])
    func `with random changes are refused or read, not trapped on`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let interesting: [UInt8] = Array("\"\\{}[],:0-9eEu/<\n".utf8) + [0, 0x7f, 0x80, 0xff]
        for target in try Target.all {
            for round in 0..<1_500 {
                var bytes = target.valid
                for _ in 0..<Int.random(in: 1..<4, using: &random) where !bytes.isEmpty {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 1: bytes[place] = interesting.randomElement(using: &random) ?? 0
                    case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
                    default: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<9, using: &random)))
                    }
                }
                target.probe(bytes, "seed \(seed), round \(round)")
            }
        }
    }

    @Test(arguments: [95, 96] as [UInt64])
    func `without any form are refused or read, not trapped on`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for target in try Target.all {
            for round in 0..<500 { target.probe(random.bytes(Int.random(in: 0..<200, using: &random)), "seed \(seed), round \(round)") }
        }
    }
}
