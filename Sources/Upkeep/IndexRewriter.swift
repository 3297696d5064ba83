// IndexRewriter: new index files without the packs that are about to go, then the old ones away. For pruning, the stored files are the
// truth; for repairing, the loaded index is: damaged files go, and packs that no file describes rightly are written from it.
//
// 1. Read every index file there is now. One that is full, not oversized, names no pack that goes and none twice stays as it is.
// 2. The packs of all others that stay are gathered into new files. A description of a pack counts only if it is the one that the
// loaded index holds. 3. Every pack that must stay has to be described now, or nothing is deleted. 4. The new files are durable:
// delete the old ones.
// What is promised: after a crash at any step every pack that stays is described by a stored index file.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores

struct IndexRewriter {
    /// A file with more blobs than a full one and the largest possible pack.
    private static let oversizedBlobCount = IndexFileWriter.fullBlobCount + PackHeader.maximumEntryCount

    /// Where the truth is.
    enum Source { case storedFiles, loadedIndex }

    private let indexed: IndexedRepository
    private let source: Source
    private let isGone: (PackID) -> Bool
    private var writer = IndexFileWriter()
    private var described: Set<PackID> = []
    private var obsolete: [IndexID] = []
    private(set) var writtenFileCount = 0

    /// - Parameters:
    ///   - indexed: its index knows every pack that must stay, those just written included.
    ///   - isGone: packs that are about to be deleted.
    ///   - source: with `.loadedIndex`, what the files lack is taken from the index.
    init(_ indexed: IndexedRepository, source: Source = .storedFiles, isGone: @escaping (PackID) -> Bool) {
        self.indexed = indexed
        self.source = source
        self.isGone = isGone
    }

    private var repository: Repository { indexed.repository }

    /// Returns the number of deleted files. Throws before the first deletion if a pack would be lost from the index.
    mutating func run(progress: @escaping UpkeepProgressHandler) throws -> Int {
        let files = try repository.store.list(.index).map { IndexID($0.name) }.sorted()
        let counter = StageCounter(.rewritingIndex, total: files.count, progress)
        // Whether the only file to be replaced says nothing wrong; nil unless there is exactly one.
        var alone: Bool?
        for file in files {
            guard let packs = try load(file) else {
                alone = nil
                obsolete.append(file)
                continue
            }
            if staysAsItIs(packs) {
                described.formUnion(packs.map(\.id))
            } else {
                alone = obsolete.isEmpty ? isClean(packs) : nil
                try take(packs)
                obsolete.append(file)
            }
            counter.advance()
        }
        if source == .loadedIndex, try fillGaps() { alone = nil }
        // A single file that is merely not full would be replaced by its like.
        if let alone, alone, writtenFileCount == 0 { obsolete = [] } else { try flush() }
        try ensureComplete()
        for file in obsolete { try repository.store.delete(StoreKey(.index, file.digest)) }
        return obsolete.count
    }

    /// Nil for a damaged file that is to be replaced from the loaded index.
    private func load(_ file: IndexID) throws -> [IndexedPack]? {
        do {
            return try IndexFile.packs(in: repository.loadFile(StoreKey(.index, file.digest)), version: repository.config.version)
        } catch {
            if source == .loadedIndex && ProvenDamage.isShown(by: error) { return nil }
            guard let error = error as? FormatError else { throw error }
            throw RepositoryFailure.damaged(object: "index \(file.short)", detail: error.detail)
        }
    }

    /// Writes the packs that no file describes as the loaded index does. False if there are none.
    private mutating func fillGaps() throws -> Bool {
        let gaps = indexed.index.packs.filter { !isGone($0) && !described.contains($0) }
        try take(gaps.map { IndexedPack(id: $0, blobs: indexed.index.blobs(of: $0)) })
        return !gaps.isEmpty
    }

    private func staysAsItIs(_ packs: [IndexedPack]) -> Bool {
        let blobCount = packs.reduce(0) { $0 + $1.blobs.count }
        return blobCount >= IndexFileWriter.fullBlobCount && blobCount < IndexRewriter.oversizedBlobCount && isClean(packs)
    }

    /// Names only packs that stay, each for the first time and as they were loaded.
    private func isClean(_ packs: [IndexedPack]) -> Bool {
        Set(packs.map(\.id)).count == packs.count && packs.allSatisfy { !described.contains($0.id) && !isGone($0.id) && isCurrent($0) }
    }

    private mutating func take(_ packs: [IndexedPack]) throws {
        for pack in packs where !isGone(pack.id) && isCurrent(pack) && described.insert(pack.id).inserted {
            writer.append(pack.id, blobs: pack.blobs)
            if writer.isFull { try flush() }
        }
    }

    /// Whether the file describes the pack as the loaded index does. Another description is damage, and must not win.
    private func isCurrent(_ pack: IndexedPack) -> Bool {
        let known = indexed.index.blobs(of: pack.id)
        return known == pack.blobs || (known.count == pack.blobs.count && Set(known) == Set(pack.blobs))
    }

    private mutating func flush() throws {
        guard !writer.isEmpty else { return }
        let id = IndexID(try repository.saveFile(.index, json: writer.finished()))
        // The name comes with a random nonce, so it is never one of the old files.
        precondition(!obsolete.contains(id))
        writtenFileCount += 1
        writer = IndexFileWriter()
    }

    private func ensureComplete() throws {
        for pack in indexed.index.packs where !isGone(pack) && !described.contains(pack) {
            throw UpkeepFailure.indexChanged(pack: pack.short)
        }
    }
}
