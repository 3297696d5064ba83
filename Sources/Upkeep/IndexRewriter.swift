// IndexRewriter: new index files without the packs that are about to go, then the old ones away.
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

    private let indexed: IndexedRepository
    private let isGone: (PackID) -> Bool
    private var writer = IndexFileWriter()
    private var described: Set<PackID> = []
    private var obsolete: [IndexID] = []
    private(set) var writtenFileCount = 0

    /// - Parameters:
    ///   - indexed: its index knows every pack that must stay, those just written included.
    ///   - isGone: packs that are about to be deleted.
    init(_ indexed: IndexedRepository, isGone: @escaping (PackID) -> Bool) {
        self.indexed = indexed
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
            let packs = try load(file)
            if staysAsItIs(packs) {
                described.formUnion(packs.map(\.id))
            } else {
                alone = obsolete.isEmpty ? isClean(packs) : nil
                try take(packs)
                obsolete.append(file)
            }
            counter.advance()
        }
        // A single file that is merely not full would be replaced by its like.
        if let alone, alone, writtenFileCount == 0 { obsolete = [] } else { try flush() }
        try ensureComplete()
        for file in obsolete { try repository.store.delete(StoreKey(.index, file.digest)) }
        return obsolete.count
    }

    private func load(_ file: IndexID) throws -> [IndexedPack] {
        let json = try repository.loadFile(StoreKey(.index, file.digest))
        do {
            return try IndexFile.packs(in: json, version: repository.config.version)
        } catch let error as FormatError {
            throw RepositoryFailure.damaged(object: "index \(file.short)", detail: error.detail)
        }
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
