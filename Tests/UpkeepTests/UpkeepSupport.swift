// What the tests of prune and check share.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

/// Everything must be right: structure, every byte of every pack, no hints about damage.
func expectClean(_ store: any Store, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let result = try Check(RepositoryFixture.open(store), options: CheckOptions(readData: .all)).run()
    #expect(result.errors.map(\.description) == [], comment, sourceLocation: sourceLocation)
}

/// Every snapshot gives back exactly what went in.
func expectComplete(
    _ snapshots: [SnapshotID], of fixture: RepositoryFixture, in store: any Store, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let repository = try RepositoryFixture.open(store)
    for id in snapshots {
        let found = try RepositoryFixture.read(id, from: repository)
        #expect(found == fixture.contents[id], comment, sourceLocation: sourceLocation)
    }
}

/// Makes a plan and carries it out, as Operations does under an exclusive lock.
@discardableResult
func prune(
    _ store: any Store, _ options: PruneOptions = PruneOptions(), writerOptions: WriterOptions = WriterOptions()
) throws -> PruneOutcome {
    let plan = try PrunePlan.make(for: RepositoryFixture.open(store), options: options)
    var execution = PruneExecution(plan, writerOptions: writerOptions)
    return try execution.run()
}

func check(_ store: any Store, readData: CheckOptions.ReadData = .none) throws -> CheckResult {
    try Check(RepositoryFixture.open(store), options: CheckOptions(readData: readData)).run()
}

/// Bytes of blobs that no snapshot needs, counting copies beyond the first.
func unneededByteCount(in store: any Store) throws -> UInt64 {
    let statistics = try PrunePlan.make(for: RepositoryFixture.open(store)).statistics
    return statistics.unusedByteCount + statistics.duplicateByteCount
}

/// Changes one stored file in place.
func replace(_ key: StoreKey, in store: any Store, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try store.load(key, limit: 1 << 30)
    change(&bytes)
    try store.save(key, bytes.span)
}

/// Writes another index file over the given packs.
func writeIndex(_ packs: [IndexedPack], in repository: Repository) throws -> IndexID {
    var writer = IndexFileWriter()
    for pack in packs { writer.append(pack.id, blobs: pack.blobs) }
    return IndexID(try repository.saveFile(.index, json: writer.finished()))
}

/// All packs of all index files, each file with its packs.
func indexFiles(of repository: Repository) throws -> [(id: IndexID, packs: [IndexedPack])] {
    try repository.store.list(.index).map { entry in
        (
            IndexID(entry.name),
            try IndexFile.packs(in: repository.loadFile(StoreKey(.index, entry.name)), version: repository.config.version)
        )
    }
}

func packs(of repository: Repository) throws -> [IndexedPack] { try indexFiles(of: repository).flatMap(\.packs) }
