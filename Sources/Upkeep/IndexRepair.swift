// IndexRepair: makes the index say again what the packs hold. The caller holds an exclusive lock.
//
// 1. Load every index file that is whole. 2. List the packs. Read the header of each pack that no index file names, that has another
// size than the index says, or that two index files describe differently; of every pack, if asked. 3. The new index: for each pack
// that is there what its header says, or, where that was not read or cannot be read, what the index said. Packs that are not there
// are left out. 4. New index files are durable: delete the damaged and outdated ones.
//
// What is promised: no pack is changed. A pack whose header cannot be read keeps its place in the index, for what lies in it may still
// be saved (PackSalvage). An index file that cannot be read for any other reason than damage ends the repair before a change. After a
// crash at any step every pack that was in the index, and is there, is in a stored index file.

import Bytes
import HostOS
package import RepositoryEngine
package import RepositoryFormat
import Stores
import Synchronization

package struct IndexRepair {
    package struct Outcome: Sendable {
        /// Could not be used, and were removed.
        package internal(set) var damagedIndexFiles: [(id: IndexID, reason: String)] = []
        /// Were in no index.
        package internal(set) var addedPacks: [PackID] = []
        /// Were in the index with another content.
        package internal(set) var correctedPacks: [PackID] = []
        /// Were in the index, and are not there.
        package internal(set) var missingPacks: [PackID] = []
        /// What the pack itself says could not be read; it was left as it is.
        package internal(set) var unreadablePacks: [(id: PackID, reason: String)] = []
        package internal(set) var packCount = 0
        package internal(set) var writtenIndexFileCount = 0
        package internal(set) var deletedIndexFileCount = 0

        /// Whether the index was right, or only several small files were made one.
        package var isUnneeded: Bool {
            damagedIndexFiles.isEmpty && addedPacks.isEmpty && correctedPacks.isEmpty && missingPacks.isEmpty && unreadablePacks.isEmpty
        }
    }

    private let repository: Repository
    private let readsAllPacks: Bool
    private let progress: UpkeepProgressHandler
    private var outcome = Outcome()

    /// What the whole index files say, and which packs they describe in two ways.
    private let old = BlobIndex()
    private var contradicted: Set<PackID> = []

    /// - Parameter repository: the one an exclusive lock guards.
    package init(_ repository: Repository, readsAllPacks: Bool = false, progress: @escaping UpkeepProgressHandler = { _ in }) {
        self.repository = repository
        self.readsAllPacks = readsAllPacks
        self.progress = progress
    }

    package mutating func run() throws -> Outcome {
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        let files = try loadIndexFiles()
        let packs = try repository.store.list(.pack).map { PackFile(id: PackID($0.name), byteCount: $0.byteCount) }.sorted { $0.id < $1.id }
        let there = Set(packs.map(\.id))
        outcome.missingPacks = old.packs.filter { !there.contains($0) }.sorted()
        let headers = try readHeaders(of: packs.filter(needsReading))
        let new = BlobIndex()
        for pack in packs { if let blobs = describe(pack, headers[pack.id]) { new.add(pack.id, blobs.span) } }
        outcome.packCount = new.packCount
        let indexed = IndexedRepository(repository: repository, index: new, indexFiles: files), known = Set(new.packs)
        var rewriter = IndexRewriter(indexed, source: .loadedIndex) { !known.contains($0) }
        outcome.deletedIndexFileCount = try rewriter.run(progress: progress)
        outcome.writtenIndexFileCount = rewriter.writtenFileCount
        return outcome
    }

    // MARK: Reading

    private mutating func loadIndexFiles() throws -> [IndexID] {
        let files = try repository.store.list(.index).map { IndexID($0.name) }.sorted()
        let counter = StageCounter(.loadingIndexes, total: files.count, progress)
        for file in files {
            do {
                // All packs of a file or none.
                let packs = try IndexFile.packs(in: repository.loadFile(StoreKey(.index, file.digest)), version: repository.config.version)
                for pack in packs { note(pack) }
            } catch {
                guard ProvenDamage.isShown(by: error) else { throw error }
                outcome.damagedIndexFiles.append((file, CheckReport.text(of: error)))
            }
            counter.advance()
        }
        return files
    }

    private mutating func note(_ pack: IndexedPack) {
        let known = old.blobs(of: pack.id)
        if known.isEmpty { return old.add(pack.id, pack.blobs.span) }
        if known != pack.blobs && Set(known) != Set(pack.blobs) { contradicted.insert(pack.id) }
    }

    private func needsReading(_ pack: PackFile) -> Bool {
        let blobs = old.blobs(of: pack.id)
        let expected = blobs.reduce(UInt64(PackHeader.overhead(of: blobs))) { $0 + UInt64($1.length) }
        return readsAllPacks || blobs.isEmpty || expected != pack.byteCount || contradicted.contains(pack.id)
    }

    private enum Header: Sendable {
        case blobs([PackedBlob])
        case unreadable(String)
    }

    private final class Reading: Sendable {
        let queue: Mutex<[PackFile]>
        let headers = Mutex<[PackID: Header]>([:])

        init(_ packs: [PackFile]) { queue = Mutex(packs.reversed()) }
    }

    private func readHeaders(of packs: [PackFile]) throws -> [PackID: Header] {
        if packs.isEmpty { return [:] }
        let counter = StageCounter(.readingPackHeaders, total: packs.count, progress), reading = Reading(packs)
        let workers = Workers(), repository = repository
        for number in 0..<min(packs.count, Host.processorCount) {
            workers.start("headers-\(number)") {
                let reader = PackHeaderReader(repository)
                while !workers.failed, let pack = reading.queue.withLock({ $0.popLast() }) {
                    let header = try IndexRepair.header(of: pack, reader)
                    reading.headers.withLock { $0[pack.id] = header }
                    counter.advance()
                }
            }
        }
        try workers.join()
        return reading.headers.withLock { $0 }
    }

    private static func header(of pack: PackFile, _ reader: PackHeaderReader) throws -> Header {
        do {
            return .blobs(try reader.read(pack))
        } catch {
            // Nothing is done to the pack, so it does not matter here whether it is damaged or only out of reach for now.
            guard CheckReport.isDamage(error) else { throw error }
            return .unreadable(CheckReport.text(of: error))
        }
    }

    // MARK: Deciding

    /// What the new index is to say about a pack; nil if nothing is known.
    private mutating func describe(_ pack: PackFile, _ header: Header?) -> [PackedBlob]? {
        let listed = old.blobs(of: pack.id)
        switch header {
        case .blobs(let blobs)?:
            if listed.isEmpty {
                outcome.addedPacks.append(pack.id)
            } else if contradicted.contains(pack.id) || Set(listed) != Set(blobs) || listed.count != blobs.count {
                outcome.correctedPacks.append(pack.id)
            }
            return blobs
        case .unreadable(let reason)?:
            outcome.unreadablePacks.append((pack.id, reason))
            return listed.isEmpty ? nil : listed
        case nil: return listed
        }
    }
}
