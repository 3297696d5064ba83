// PackAdoption: packs that a run left which did not finish get into the index, so that nothing in them is sent again.
//
// A program that is killed leaves a shared lock, and whole packs that no index file names. 1. Without a shared lock of a dead program
// nothing is done, and nothing but the locks was looked at. 2. The packs are listed; those that the index does not name may be adopted.
// 3. Nobody else may be at work: the packs could be theirs, and would be named twice. No harm, but untidy; the next run looks again.
// 4. Every such pack is read: its bytes must have the hash that is its name, so they are what the dead program sealed and verified; its
// header says what is in it. A pack that is damaged stays where it is; one that cannot be read just now is for the next run. 5. An index
// file names what was found. 6. The dead locks go: they were the sign that there is something to look for.
//
// What is promised: the caller's lock is held, so no prune removes a pack meanwhile; a crash at any moment leaves packs without an index, as
// before, or with one. What a prune left that was killed is none of this: its lock is exclusive.
// Memory: two megabytes for each thread, and what the headers say, some 60 bytes for each blob found.

import Bytes
import Codecs
import HostOS
package import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

package final class PackAdoption: Sendable {
    /// What is read at most; the rest is for the next run. A run of lifeboat leaves no more than a gigabyte without an index.
    package static let maximumByteCount: UInt64 = 16 << 30
    private static let readByteCount = 2 << 20

    package struct Outcome: Sendable, Equatable {
        package internal(set) var adoptedPackCount = 0
        package internal(set) var adoptedByteCount: UInt64 = 0
        /// In no index, and not what their names say.
        package internal(set) var damagedPackCount = 0

        package init() {}
    }

    private let indexed: IndexedRepository
    private let identity: Identity
    private let maximumByteCount: UInt64
    private let readings = Mutex<[Reading]>([])

    private struct Reading: Sendable {
        let pack: PackFile
        let blobs: [PackedBlob]
    }

    /// - Parameters:
    ///   - indexed: guarded by a shared lock of this process.
    ///   - identity: who holds that lock.
    package init(_ indexed: IndexedRepository, identity: Identity, maximumByteCount: UInt64 = PackAdoption.maximumByteCount) {
        self.indexed = indexed
        self.identity = identity
        self.maximumByteCount = maximumByteCount
    }

    private var repository: Repository { indexed.repository }

    /// On return the index, stored and loaded, names the adopted packs.
    package func run() throws -> Outcome {
        var outcome = Outcome()
        let dead = try locks().filter { !$0.lock.isExclusive && RepositoryLock.isStale($0.lock, identity) }
        if dead.isEmpty { return outcome }
        let orphans = try repository.store.list(.pack).map { PackFile(id: PackID($0.name), byteCount: $0.byteCount) }
            .filter { !indexed.index.contains($0.id) }.sorted { $0.id < $1.id }
        guard try isAlone() else { return outcome }
        let chosen = affordable(orphans)
        outcome.damagedPackCount = try read(chosen)
        let adopted = readings.withLock { $0.sorted { $0.pack.id < $1.pack.id } }
        try index(adopted)
        outcome.adoptedPackCount = adopted.count
        outcome.adoptedByteCount = adopted.reduce(0) { $0 + $1.pack.byteCount }
        if outcome.adoptedPackCount + outcome.damagedPackCount == orphans.count {
            for entry in dead { try? repository.store.delete(StoreKey(.lock, entry.id.digest)) }
        }
        return outcome
    }

    /// All but our own.
    private func locks() throws -> [(id: LockID, lock: LockFile)] {
        try RepositoryLock.locks(of: repository).filter {
            $0.lock.hostName != identity.hostName || $0.lock.processID != Int64(identity.processID)
        }
    }

    /// Looked at after the packs were listed: whoever wrote one of them still holds its lock, or has ended and its index file is there.
    private func isAlone() throws -> Bool {
        let others = try locks().contains { !RepositoryLock.isStale($0.lock, identity) }
        return try !others && Set(repository.store.list(.index).map { IndexID($0.name) }).isSubset(of: indexed.indexFiles)
    }

    private func affordable(_ packs: [PackFile]) -> [PackFile] {
        var left = maximumByteCount
        return packs.filter { pack in
            guard pack.byteCount <= left else { return false }
            left -= pack.byteCount
            return true
        }
    }

    // MARK: Reading

    /// Reads every pack into `readings`; the number of damaged ones. One that could not be read just now is in neither.
    private func read(_ packs: [PackFile]) throws -> Int {
        if packs.isEmpty { return 0 }
        let queue = Mutex(Array(packs.reversed())), damagedCount = Mutex(0), workers = Workers()
        for number in 0..<min(packs.count, Host.processorCount) {
            workers.start("adopt-\(number)") { [self] in
                let headers = PackHeaderReader(repository), buffer = Block(capacity: PackAdoption.readByteCount), hasher = SHA256()
                while let pack = workers.failed ? nil : queue.withLock({ $0.popLast() }) {
                    do {
                        let blobs = try contents(of: pack, headers, buffer, hasher)
                        readings.withLock { $0.append(Reading(pack: pack, blobs: blobs)) }
                    } catch let error as RepositoryFailure where !ProvenDamage.isShown(by: error) {
                        throw error
                    } catch {
                        // Its blobs are sent again, as if it were not there.
                        if ProvenDamage.isShown(by: error) { damagedCount.withLock { $0 += 1 } }
                    }
                }
            }
        }
        try workers.join()
        return damagedCount.withLock { $0 }
    }

    private func contents(of pack: PackFile, _ headers: PackHeaderReader, _ buffer: Block, _ hasher: SHA256) throws -> [PackedBlob] {
        let blobs = try headers.read(pack)
        guard try digest(of: pack, buffer, hasher) == pack.id.digest else {
            throw RepositoryFailure.damaged(object: "pack \(pack.id.short)", detail: "its content does not have the hash that is its name")
        }
        return blobs
    }

    private func digest(of pack: PackFile, _ buffer: Block, _ hasher: SHA256) throws -> Digest {
        hasher.reset()
        var position: UInt64 = 0
        while position < pack.byteCount {
            let count = Int(min(UInt64(PackAdoption.readByteCount), pack.byteCount - position))
            buffer.setCountUninitialised(count)
            try buffer.withMutableBytes(0..<count) { try repository.store.read(StoreKey(.pack, pack.id.digest), at: position, into: &$0) }
            buffer.withBytes(0..<count) { hasher.update($0) }
            position += UInt64(count)
        }
        return hasher.finish()
    }

    // MARK: Indexing

    private func index(_ packs: [Reading]) throws {
        var writer = IndexFileWriter()
        for (number, reading) in packs.enumerated() {
            writer.append(reading.pack.id, blobs: reading.blobs)
            guard writer.isFull || number == packs.count - 1 else { continue }
            _ = try repository.saveFile(.index, json: writer.finished())
            writer = IndexFileWriter()
        }
        // Known only now: what the index holds may be relied upon.
        for reading in packs { indexed.index.add(reading.pack.id, reading.blobs.span) }
    }
}
