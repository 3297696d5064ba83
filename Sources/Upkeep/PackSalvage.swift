// PackSalvage: takes every whole blob out of damaged packs, and then the packs out of the repository. The caller holds an exclusive lock.
//
// 1. Each pack is copied aside, whole and durable. 2. What may lie in it: all that its header says, and all that the index says. Each
// blob that opens and has the hash that is its name is stored again in a new pack. 3. The new packs are durable, then their index
// files. 4. Index files without the damaged packs replace the old ones. 5. The damaged packs are deleted.
// A blob is lost if it was whole in none of its places.
//
// What is promised: a crash at any step loses nothing that was readable; the next run finishes the work. A pack that cannot be read
// for another reason than damage, or of which nothing says what is in it, is left alone and reported.

package import Bytes
import HostOS
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct PackSalvage {
    package struct Outcome: Sendable {
        /// Stored again.
        package internal(set) var savedBlobCount = 0
        package internal(set) var savedByteCount: UInt64 = 0
        /// Whole nowhere in the repository; sorted.
        package internal(set) var lostBlobs: [BlobHandle] = []
        /// No longer in the index, and deleted.
        package internal(set) var removedPacks: [PackID] = []
        /// Of these, the ones that could not be deleted; the next prune tries again.
        package internal(set) var undeletedPacks: [PackID] = []
        package internal(set) var untouchedPacks: [(id: PackID, reason: String)] = []
        /// Whole again, in their old place, before anything had to be saved out of them.
        package var rebuiltPacks: [PackID] = []
        /// Where the copies are.
        package var copies: [BytePath] = []

        package init() {}
    }

    private let packs: [PackID]
    private let indexed: IndexedRepository
    private let copies: KeptCopies
    private let options: WriterOptions
    private let progress: UpkeepProgressHandler
    private let beforeDeleting: (Set<PackID>) -> Void
    private var outcome = Outcome()

    /// - Parameters:
    ///   - indexed: the whole index of the repository that the lock guards.
    ///   - beforeDeleting: hears of the packs that are in no index file any more, before they go.
    package init(
        _ packs: [PackID], _ indexed: IndexedRepository, copies: KeptCopies, options: WriterOptions = WriterOptions(),
        progress: @escaping UpkeepProgressHandler = { _ in }, beforeDeleting: @escaping (Set<PackID>) -> Void = { _ in }
    ) {
        self.packs = Set(packs).sorted()
        self.indexed = indexed
        self.copies = copies
        self.options = options
        self.progress = progress
        self.beforeDeleting = beforeDeleting
    }

    private var repository: Repository { indexed.repository }

    package mutating func run() throws -> Outcome {
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        let salvaged = try salvage(findPacks())
        let gone = Set(outcome.removedPacks)
        outcome.lostBlobs = try lost(of: salvaged, gone)
        if gone.isEmpty { return outcome }
        var rewriter = IndexRewriter(indexed) { gone.contains($0) }
        _ = try rewriter.run(progress: progress)
        beforeDeleting(gone)
        try deletePacks()
        return outcome
    }

    /// All of them are there, or nothing is done.
    private func findPacks() throws -> [PackFile] {
        try packs.map { pack in
            guard let byteCount = try repository.store.byteCount(of: StoreKey(.pack, pack.digest)) else {
                throw UpkeepFailure.noSuchPack(pack.hex)
            }
            return PackFile(id: pack, byteCount: byteCount)
        }
    }

    // MARK: Saving

    /// What became of the blobs of all packs.
    private struct Salvaged {
        var saved: Set<BlobHandle> = []
        var damaged: Set<BlobHandle> = []

        mutating func note(_ blobs: [PackedBlob]) { damaged.formUnion(blobs.map(\.handle)) }
    }

    private mutating func salvage(_ files: [PackFile]) throws -> Salvaged {
        var salvaged = Salvaged()
        let counter = StageCounter(.salvagingPacks, total: files.count, progress)
        let writer = BlobWriter(indexed, options: options)
        do {
            let lane = writer.lane(), reader = BlobReader(indexed), headers = PackHeaderReader(repository)
            for pack in files {
                try salvage(pack, &salvaged, lane, reader, headers)
                counter.advance(byteCount: pack.byteCount)
            }
            let statistics = try writer.finish()
            outcome.savedBlobCount = Int(statistics.dataBlobs + statistics.treeBlobs)
            outcome.savedByteCount = statistics.dataAdded
        } catch {
            writer.abandon()
            throw error
        }
        return salvaged
    }

    private mutating func salvage(
        _ pack: PackFile, _ salvaged: inout Salvaged, _ lane: BlobWriter.Lane, _ reader: BlobReader, _ headers: PackHeaderReader
    ) throws {
        do {
            let all = try candidates(in: pack, headers)
            guard !all.isEmpty else {
                return outcome.untouchedPacks.append((pack.id, "neither its header nor the index says what is in it"))
            }
            outcome.copies.append(try copies.keep(StoreKey(.pack, pack.id.digest), of: repository.store))
            let inside = all.filter { $0.byteRange.upperBound <= pack.byteCount && $0.length <= UInt32(BlobReader.maximumBlobByteCount) }
            salvaged.note(Array(all.subtracting(inside)))
            for range in PackRange.group(Array(inside)) { try salvage(range, of: pack.id, &salvaged, lane, reader) }
            outcome.removedPacks.append(pack.id)
        } catch let error as StoreFailure where error.kind != .unreachable && error.kind != .noSpace {
            outcome.untouchedPacks.append((pack.id, error.message))
        }
    }

    /// What may be in the pack.
    private func candidates(in pack: PackFile, _ headers: PackHeaderReader) throws -> Set<PackedBlob> {
        var blobs = Set(indexed.index.blobs(of: pack.id))
        do {
            blobs.formUnion(try headers.read(pack))
        } catch {
            guard ProvenDamage.isShown(by: error) else { throw error }
        }
        return blobs
    }

    private func salvage(
        _ range: PackRange, of pack: PackID, _ salvaged: inout Salvaged, _ lane: BlobWriter.Lane, _ reader: BlobReader
    ) throws {
        let key = StoreKey(.pack, pack.digest)
        var bytes: [UInt8]
        do {
            bytes = try repository.store.load(key, offset: UInt64(range.offset), byteCount: range.byteCount)
        } catch {
            guard ProvenDamage.isShown(by: error) else { throw error }
            if range.blobs.count == 1 { return salvaged.note(range.blobs) }
            // The pack ends within the range: what lies before its end may be whole.
            for blob in range.blobs { for alone in PackRange.group([blob]) { try salvage(alone, of: pack, &salvaged, lane, reader) } }
            return
        }
        for blob in range.blobs { try salvage(blob, of: pack, from: &bytes, startingAt: range.offset, &salvaged, lane, reader) }
    }

    private func salvage(
        _ blob: PackedBlob, of pack: PackID, from bytes: inout [UInt8], startingAt start: UInt32, _ salvaged: inout Salvaged,
        _ lane: BlobWriter.Lane, _ reader: BlobReader
    ) throws {
        if salvaged.saved.contains(blob.handle) { return }
        let from = Int(blob.offset - start)
        do {
            try bytes.withMutableBytes(from..<from + Int(blob.length)) { sealed in
                try reader.open(blob.handle, at: BlobLocation(pack: pack, blob: blob), &sealed) { try lane.saveAgain(blob.handle, $0) }
            }
            salvaged.saved.insert(blob.handle)
        } catch RepositoryFailure.blobDamaged {
            salvaged.note([blob])
        }
    }

    // MARK: Removing

    /// Damaged here, saved from nowhere else, and whole in no pack that stays.
    private func lost(of salvaged: Salvaged, _ gone: Set<PackID>) throws -> [BlobHandle] {
        let reader = BlobReader(indexed)
        return try salvaged.damaged.subtracting(salvaged.saved).filter { blob in
            for location in indexed.index.locations(blob) where !gone.contains(location.pack) {
                do {
                    _ = try reader.read(blob, at: location)
                    return false
                } catch {
                    guard CheckReport.isDamage(error) else { throw error }
                }
            }
            return true
        }.sorted()
    }

    /// A pack that cannot be deleted is in no index any more, and only wastes space. A lost lock is another matter and ends the run.
    private mutating func deletePacks() throws {
        let counter = StageCounter(.deletingPacks, total: outcome.removedPacks.count, progress)
        for pack in outcome.removedPacks {
            do {
                try repository.store.delete(StoreKey(.pack, pack.digest))
            } catch is StoreFailure {
                outcome.undeletedPacks.append(pack)
            }
            counter.advance()
        }
    }
}
