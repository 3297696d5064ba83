// FormatTargets: what a repository holds, as whoever can write to its disk may have left it.

import Bytes
import Codecs
import RepositoryFormat

extension FuzzTarget {
    static let formatTargets: [FuzzTarget] = [
        FuzzTarget("config") { bytes in
            let config = try RepositoryConfig(parsing: bytes)
            try BrokenLaw.unless(try RepositoryConfig(parsing: config.json) == config, "a config changes when it is written again")
        },
        FuzzTarget("key") { bytes in
            // A key file has two layers of JSON: the file, and what is sealed in it.
            let inner = try? MasterKeyJSON(parsing: bytes)
            if let inner { try BrokenLaw.unless(try MasterKeyJSON(parsing: inner.json) == inner, "a master key changes when it is written again") }
            let key = try KeyFile(parsing: bytes)
            try BrokenLaw.unless(try KeyFile(parsing: key.json) == key, "a key file changes when it is written again")
            let memory = 128 * key.parameters.cost * key.parameters.blockSize + 128 * key.parameters.blockSize * key.parameters.parallelism
            try BrokenLaw.unless(memory < 4 << 30, "a key file makes scrypt take \(memory) bytes")
        },
        FuzzTarget("lock") { bytes in
            let lock = try LockFile(parsing: bytes)
            try BrokenLaw.unless(try LockFile(parsing: lock.json) == lock, "a lock changes when it is written again")
        },
        FuzzTarget("snapshot") { bytes in
            let snapshot = try SnapshotFile(parsing: bytes)
            try BrokenLaw.unless(try SnapshotFile(parsing: snapshot.json) == snapshot, "a snapshot changes when it is written again")
        },
        FuzzTarget("index", index),
        FuzzTarget("pack-header") { bytes in
            for version in [RepositoryVersion.one, .two] {
                let entries = try PackHeader.parse(bytes.span, version: version)
                try BrokenLaw.unless(PackHeader.serialise(entries) == bytes, "a pack header changes when it is written again")
                let end = entries.last.map { UInt64($0.offset) + UInt64($0.length) } ?? 0
                try BrokenLaw.unless(end <= UInt64(UInt32.max), "a pack header leads beyond 4 GiB")
            }
        },
        FuzzTarget("tree") { bytes in
            let nodes = try Tree.parse(bytes)
            // What cannot be written (names out of order, a kind of file from the future) is read all the same.
            guard let written = try? Tree.serialise(nodes) else { return }
            try BrokenLaw.unless(try Tree.parse(written) == nodes, "a tree changes when it is written again")
            try BrokenLaw.unless(Tree.roundTrips(written), "a written tree does not round-trip")
        },
        FuzzTarget("encoded-file") { bytes in
            let limit = 1 << 20
            for version in [RepositoryVersion.one, .two] {
                let json = try EncodedFile.decode(bytes, version: version, limit: limit, decompressor: ZstdDecompressor())
                try BrokenLaw.unless(json.count <= limit, "a file of \(json.count) bytes came out where \(limit) were allowed")
            }
        },
    ]

    private static func index(_ bytes: [UInt8]) throws {
        let packs = try IndexFile.packs(in: bytes, version: .two)
        var writer = IndexFileWriter()
        for pack in packs {
            writer.append(pack.id, blobs: pack.blobs)
            for blob in pack.blobs { try BrokenLaw.unless(blob.byteRange.upperBound <= UInt64(UInt32.max), "a blob beyond 4 GiB") }
        }
        let isSame = try IndexFile.packs(in: writer.finished(), version: .two) == packs
        try BrokenLaw.unless(isSame, "an index changes when it is written again")
    }
}
