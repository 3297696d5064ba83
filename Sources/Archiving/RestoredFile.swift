// RestoredFile: one file on its way back: where its blobs go, which have landed. Shared by the restore threads.

import Bytes
import FileTrees
import RepositoryEngine
import RepositoryFormat
import Synchronization

final class RestoredFile: Sendable {
    /// One blob's place in the file.
    struct Piece: Sendable {
        let id: BlobID
        let offset: UInt64
        let byteCount: Int
    }

    private struct State {
        var layout: [Piece] = []
        var present: Set<Int> = []
        var remaining = 0
        var prepared: PreparedFile?
        var finished = false
    }

    let item: RestorePlan.Item
    /// Whether something may be at its path already.
    let existing: Bool
    private let state = Mutex(State())

    init(_ item: RestorePlan.Item, existing: Bool) {
        self.item = item
        self.existing = existing
    }

    func setLayout(content: [BlobID], lengths: [Int]) {
        var offset: UInt64 = 0
        var layout: [Piece] = []
        layout.reserveCapacity(content.count)
        for (id, length) in zip(content, lengths) {
            layout.append(Piece(id: id, offset: offset, byteCount: length))
            offset += UInt64(length)
        }
        state.withLock { state in
            state.layout = layout
            state.remaining = layout.count
        }
    }

    var layout: [Piece] { state.withLock { $0.layout } }
    var byteCount: UInt64 { state.withLock { state in state.layout.last.map { $0.offset + UInt64($0.byteCount) } ?? 0 } }
    var isFinished: Bool { state.withLock { $0.finished } }
    /// Whether the existing file holds everything.
    var isComplete: Bool { state.withLock { !$0.layout.isEmpty && $0.remaining == 0 } }

    /// The pieces still to be written.
    var missing: [(number: Int, piece: Piece)] {
        state.withLock { state in
            if state.finished { return [] }
            return state.layout.indices.filter { !state.present.contains($0) }.map { ($0, state.layout[$0]) }
        }
    }

    func markPresent(_ number: Int) {
        state.withLock { state in
            if state.present.insert(number).inserted { state.remaining -= 1 }
        }
    }

    func setPrepared(_ prepared: PreparedFile) { state.withLock { $0.prepared = prepared } }

    func takePrepared() -> PreparedFile? {
        state.withLock { state in
            defer { state.prepared = nil }
            return state.prepared
        }
    }

    /// The opened file; the first thread to ask opens it.
    func prepared(_ open: () throws -> PreparedFile) throws -> PreparedFile {
        try state.withLock { state in
            if let prepared = state.prepared { return prepared }
            let opened = try open()
            state.prepared = opened
            return opened
        }
    }

    /// One more piece is written; true for the last.
    func landed() -> Bool {
        state.withLock { state in
            state.remaining -= 1
            return state.remaining == 0 && !state.finished
        }
    }

    func skip() { state.withLock { $0.finished = true } }

    /// True for the first caller.
    func giveUp() -> Bool {
        state.withLock { state in
            defer { state.finished = true }
            return !state.finished
        }
    }
}

/// What a restore wants from one pack.
struct PackWork: Sendable {
    struct Key: Hashable, Sendable {
        let blob: PackedBlob
        init(_ blob: PackedBlob) { self.blob = blob }
        static func == (a: Key, b: Key) -> Bool { a.blob == b.blob }
        func hash(into hasher: inout Hasher) { hasher.combine(blob.id.digest.word0) }
    }

    struct Use: Sendable {
        let file: Int
        let piece: Int
    }

    let id: PackID
    var blobs: [Key: [Use]]

    /// Groups the missing pieces of all files by the pack they are read from, packs in the order of first use.
    static func group(_ files: [RestoredFile], index: BlobIndex, onMissing: (RestoredFile, any Error) -> Void) -> [PackWork] {
        var packs: [PackWork] = []
        var numbers: [PackID: Int] = [:]
        for (number, file) in files.enumerated() {
            for (pieceNumber, piece) in file.missing {
                let handle = BlobHandle(type: .data, id: piece.id)
                guard let location = index.locate(handle) else {
                    onMissing(file, RepositoryFailure.blobMissing(handle))
                    break
                }
                let blob = PackedBlob(
                    type: .data, id: piece.id, offset: location.offset, length: location.length, uncompressedLength: location.uncompressedLength)
                let position = numbers[location.pack] ?? packs.count
                if position == packs.count {
                    numbers[location.pack] = position
                    packs.append(PackWork(id: location.pack, blobs: [:]))
                }
                packs[position].blobs[Key(blob), default: []].append(Use(file: number, piece: pieceNumber))
            }
        }
        return packs
    }
}
