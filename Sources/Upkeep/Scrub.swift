// Scrub: reads files of a repository from the first to the last byte and compares their hash with their name. Needs no key.
//
// 1. List packs, parity, index, snapshots, keys and locks. 2. Of packs and parity those that are asked for, the others all. 3. As many
// threads as processors, each with one buffer, hash them at the speed of the disk or of SHA-256, whichever is slower. 4. A file that is
// not what its name says, is too short, or cannot be read, is read once more before it is called damaged.
//
// No lock is taken. A file that another program removed since the listing has vanished, and that is no damage.
// What is not promised: that files are there which ought to be (only the index knows; `check` does), and that the config is whole: it has no name to
// be compared with. Memory: 4 MiB for each thread, and the listing.

package import Bytes
import Codecs
import HostOS
package import RepositoryFormat
package import Stores
import Synchronization

package struct ScrubOptions: Sendable {
    /// Which packs and parity files are read; a percentage or a size takes those first that were not read for longest.
    package var readData: CheckOptions.ReadData
    /// When files were last read completely and found whole, as far as anybody knows.
    package var lastRead: [PackID: Timestamp]
    /// Only packs and parity files that were not read since this time.
    package var before: Timestamp?

    package init(readData: CheckOptions.ReadData = .all, lastRead: [PackID: Timestamp] = [:], before: Timestamp? = nil) {
        self.readData = readData
        self.lastRead = lastRead
        self.before = before
    }
}

package struct ScrubResult: Sendable {
    package struct Damage: Sendable, Equatable {
        package let key: StoreKey
        package let reason: String
    }

    /// Packs first, then by name.
    package internal(set) var damage: [Damage] = []
    /// Every pack and parity file that was listed, with its size.
    package internal(set) var data: [(id: PackID, byteCount: UInt64)] = []
    /// Of these, what was read and is whole.
    package internal(set) var wholeData: [PackID] = []
    package internal(set) var readFileCount = 0
    package internal(set) var readByteCount: UInt64 = 0
    /// Removed by another program meanwhile.
    package internal(set) var vanishedFileCount = 0

    package var isClean: Bool { damage.isEmpty }
    package var damagedPacks: [PackID] { damage.filter { $0.key.kind == .pack }.map { PackID($0.key.name) } }
    package var damagedParity: [Digest] { damage.filter { $0.key.kind == .parity }.map(\.key.name) }
}

package final class Scrub: Sendable {
    private static let smallKinds: [StoreKind] = [.index, .snapshot, .key, .lock, .paritySettings]

    private let store: any Store
    private let options: ScrubOptions
    private let progress: UpkeepProgressHandler
    private let queue = Mutex<[NamedFile]>([])
    private let result = Mutex(ScrubResult())

    package init(_ store: any Store, options: ScrubOptions = ScrubOptions(), progress: @escaping UpkeepProgressHandler = { _ in }) {
        self.store = store
        self.options = options
        self.progress = progress
    }

    /// Damage is in the result. Throws if the place cannot be read at all.
    package func run() throws -> ScrubResult {
        let files = try choose()
        queue.withLock { $0 = files.reversed() }
        let counter = StageCounter(.readingFiles, total: files.count, progress)
        let workers = Workers()
        for number in 0..<min(max(files.count, 1), Host.processorCount) {
            workers.start("scrub-\(number)") { [self] in
                let reader = NamedFileReader(store)
                while let file = workers.failed ? nil : queue.withLock({ $0.popLast() }) {
                    note(try reader.verdict(on: file), file)
                    counter.advance(byteCount: file.byteCount)
                }
            }
        }
        try workers.join()
        return result.withLock { result in
            result.damage.sort { ($0.key.kind == .pack ? 0 : 1, $0.key.path) < ($1.key.kind == .pack ? 0 : 1, $1.key.path) }
            return result
        }
    }

    /// Whether a file is now what its name says, or gone.
    package static func isRight(_ key: StoreKey, in store: any Store) throws -> Bool {
        guard let byteCount = try store.byteCount(of: key) else { return true }
        if case .damaged = try NamedFileReader(store).verdict(on: NamedFile(key: key, byteCount: byteCount)) { return false }
        return true
    }

    private func choose() throws -> [NamedFile] {
        var data: [NamedFile] = [], small: [NamedFile] = []
        for kind in [StoreKind.pack, .parity] { data += try list(kind) }
        for kind in Scrub.smallKinds { small += try list(kind) }
        let all = data.map { (id: PackID($0.key.name), byteCount: $0.byteCount) }
        result.withLock { $0.data = all }
        let due = options.before.map { before in all.filter { options.lastRead[$0.id].map { $0 < before } ?? true } } ?? all
        var random = SystemRandomNumberGenerator()
        let chosen = Set(options.readData.select(due, lastRead: options.lastRead, using: &random))
        return small + data.filter { chosen.contains(PackID($0.key.name)) }
    }

    private func list(_ kind: StoreKind) throws -> [NamedFile] {
        try store.list(kind).sorted { $0.name < $1.name }.map { NamedFile(key: StoreKey(kind, $0.name), byteCount: $0.byteCount) }
    }

    private func note(_ verdict: NamedFileReader.Verdict, _ file: NamedFile) {
        result.withLock { result in
            switch verdict {
            case .vanished: return result.vanishedFileCount += 1
            case .damaged(let reason): result.damage.append(ScrubResult.Damage(key: file.key, reason: reason))
            case .whole: if file.key.kind == .pack || file.key.kind == .parity { result.wholeData.append(PackID(file.key.name)) }
            }
            result.readFileCount += 1
            result.readByteCount += file.byteCount
        }
    }
}

/// A file whose name is the hash of its content.
struct NamedFile: Sendable {
    let key: StoreKey
    let byteCount: UInt64
}

/// Reads one such file after another through the same memory. Not thread-safe: every thread has its own.
final class NamedFileReader {
    enum Verdict: Equatable {
        case whole, vanished
        case damaged(String)
    }

    private static let pieceByteCount = 4 << 20

    private let store: any Store
    private let buffer = Block(capacity: NamedFileReader.pieceByteCount)
    private let hasher = SHA256()

    init(_ store: any Store) {
        self.store = store
        buffer.setCountUninitialised(buffer.capacity)
    }

    /// - Throws: trouble with the place, which says nothing about the file.
    func verdict(on file: NamedFile) throws -> Verdict {
        var verdict = try readOnce(file)
        if case .damaged = verdict { verdict = try readOnce(file) }
        return verdict
    }

    private func readOnce(_ file: NamedFile) throws -> Verdict {
        do {
            return try hash(of: file) == file.key.name ? .whole : .damaged("its content does not have the hash that is its name")
        } catch let error as StoreFailure {
            switch error.kind {
            case .missing: return try store.exists(file.key) ? .damaged(error.message) : .vanished
            case .corrupt, .transient: return .damaged(error.message)
            case .denied, .noSpace, .unreachable: throw error
            }
        }
    }

    private func hash(of file: NamedFile) throws -> Digest {
        hasher.reset()
        var offset: UInt64 = 0
        while offset < file.byteCount {
            let count = Int(min(UInt64(buffer.capacity), file.byteCount - offset))
            try buffer.withMutableBytes(0..<count) { try store.read(file.key, at: offset, into: &$0) }
            buffer.withBytes(0..<count) { hasher.update($0) }
            offset += UInt64(count)
        }
        return hasher.finish()
    }
}
