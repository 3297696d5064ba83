// PackInspection: reads packs from the first to the last byte, once, in pieces, and compares all that can be compared.
//
// 1. The end of the pack, as long as the index says its header is. 2. The header must open and parse, and say the same as the index.
// 3. The blobs, in pieces that end between blobs: each must open, unfold and have the hash that is its id. 4. The hash of all bytes
// must be the pack's name. A pack with an error is read once more before it is called broken.
// Where index and header differ the header is believed, for it is sealed. Without a readable header the index is.
// Memory: a header and a piece per thread; a piece is 8 MiB, or one blob if that is larger.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

final class PackInspection: Sendable {
    private let indexed: IndexedRepository
    private let report: CheckReport
    private let progress: UpkeepProgressHandler
    private let queue = Mutex<[PackFile]>([])

    init(_ indexed: IndexedRepository, _ report: CheckReport, _ progress: @escaping UpkeepProgressHandler) {
        self.indexed = indexed
        self.report = report
        self.progress = progress
    }

    func run(_ packs: [PackFile]) throws {
        if packs.isEmpty { return }
        queue.withLock { $0 = packs.reversed() }
        let counter = StageCounter(.readingPacks, total: packs.count, progress)
        let workers = Workers()
        for number in 0..<min(packs.count, Host.processorCount) {
            workers.start("check-\(number)") { [self] in
                let scan = PackScan(indexed)
                while let pack = next(unless: workers.failed) {
                    try inspect(pack, scan)
                    counter.advance(byteCount: pack.byteCount)
                    report.count { counts in
                        counts.packsRead += 1
                        counts.bytesRead += pack.byteCount
                    }
                }
            }
        }
        try workers.join()
    }

    private func next(unless failed: Bool) -> PackFile? { failed ? nil : queue.withLock { $0.popLast() } }

    private func inspect(_ pack: PackFile, _ scan: PackScan) throws {
        var errors = try scan.errors(of: pack)
        if !errors.isEmpty { errors = try scan.errors(of: pack) }
        guard !errors.isEmpty else { return report.noteWhole(pack.id) }
        for error in errors { report.add(error) }
        if scan.indexDiffers { report.suggestReadingAllHeaders() }
        report.markBroken(pack.id)
    }
}

/// Reads one pack after another. Not thread-safe: every thread has its own.
private final class PackScan {
    private static let pieceByteCount = 8 << 20

    private let indexed: IndexedRepository
    private let reader: BlobReader
    private let seal: Seal
    private let hasher = SHA256()

    private var pack = PackFile(id: PackID(.zero), byteCount: 0)
    private var errors: [CheckError] = []
    /// Whether the header of the last pack can be read and says something else than the index.
    private(set) var indexDiffers = false

    init(_ indexed: IndexedRepository) {
        self.indexed = indexed
        reader = BlobReader(indexed)
        seal = Seal(key: indexed.repository.masterKey)
    }

    /// What is wrong with the pack; empty if nothing is.
    func errors(of pack: PackFile) throws -> [CheckError] {
        self.pack = pack
        errors = []
        indexDiffers = false
        hasher.reset()
        do {
            try scan()
        } catch {
            if !CheckReport.isDamage(error) { throw error }
            complain(CheckReport.text(of: error), blobs: indexed.index.blobs(of: pack.id).map(\.handle))
        }
        return errors
    }

    private func complain(_ message: String, blobs: [BlobHandle] = []) {
        errors.append(CheckError("pack \(pack.id.short)", message, blobs: blobs))
    }

    private func scan() throws {
        let listed = indexed.index.blobs(of: pack.id).sorted { $0.offset < $1.offset }
        let tail = try readTail(expecting: PackHeader.overhead(of: listed))
        let header = parseHeader(tail)
        if let header { compare(header, listed) }
        let end = pack.byteCount - UInt64(tail.count)
        var position: UInt64 = 0
        for piece in pieces(of: header ?? contiguous(listed), upTo: end) {
            try hash(from: position, to: piece.start)
            try inspect(piece)
            position = piece.end
        }
        try hash(from: position, to: end)
        hasher.update(tail.span)
        if hasher.finish() != pack.id.digest { complain("its content does not have the hash that is its name") }
    }

    // MARK: Header

    /// The bytes after the blobs: header and its length. If the length says otherwise than the index, as much as it says.
    private func readTail(expecting expected: Int) throws -> [UInt8] {
        let trailer = PackHeader.trailerByteCount
        guard pack.byteCount >= UInt64(trailer) else { return try load(from: 0, to: pack.byteCount) }
        var tail = try load(last: expected)
        let sealed = try? PackHeader.sealedLength(trailer: tail.span.extracting(last: trailer), fileByteCount: pack.byteCount)
        if let sealed, sealed + trailer != tail.count { tail = try load(last: sealed + trailer) }
        return tail
    }

    private func load(last count: Int) throws -> [UInt8] {
        let limit = UInt64(PackHeader.maximumSealedByteCount + PackHeader.trailerByteCount)
        return try load(from: pack.byteCount - min(UInt64(count), pack.byteCount, limit), to: pack.byteCount)
    }

    /// The entries, or nil after a complaint.
    private func parseHeader(_ tail: [UInt8]) -> [PackedBlob]? {
        do {
            guard tail.count >= PackHeader.trailerByteCount else { throw FormatError.damaged("pack header", "the pack is empty") }
            let trailer = tail.span.extracting(last: PackHeader.trailerByteCount)
            let count = try PackHeader.sealedLength(trailer: trailer, fileByteCount: pack.byteCount)
            guard tail.count == count + PackHeader.trailerByteCount else { throw FormatError.damaged("pack header", "its length is wrong") }
            let plaintext = try seal.open(tail.span.extracting(0..<count))
            return try PackHeader.parse(
                plaintext.span, version: indexed.repository.config.version, blobByteCount: pack.byteCount - UInt64(tail.count))
        } catch {
            complain("its header is damaged: \(Failure(describing: error).message)")
            return nil
        }
    }

    private func compare(_ header: [PackedBlob], _ listed: [PackedBlob]) {
        if header == listed { return }
        indexDiffers = true
        let inHeader = Set(header), inIndex = Set(listed)
        for blob in listed where !inHeader.contains(blob) {
            complain("the index says that the \(blob.handle) is in it, the header does not", blobs: [blob.handle])
        }
        for blob in header where !inIndex.contains(blob) {
            complain("its header says that the \(blob.handle) is in it, the index does not")
        }
        if inHeader == inIndex { complain("the index names a blob twice") }
    }

    // MARK: Blobs

    private struct Piece {
        let start: UInt64
        var end: UInt64
        var blobs: [PackedBlob]
    }

    /// What the index says, as far as it can be read like a header: each blob where the last one ended.
    private func contiguous(_ listed: [PackedBlob]) -> [PackedBlob] {
        var end: UInt64 = 0
        var blobs: [PackedBlob] = []
        for blob in listed {
            if blob.byteRange.lowerBound >= end {
                blobs.append(blob)
                end = blob.byteRange.upperBound
            } else {
                complain("the index says that the \(blob.handle) overlaps another blob", blobs: [blob.handle])
            }
        }
        return blobs
    }

    private func pieces(of blobs: [PackedBlob], upTo end: UInt64) -> [Piece] {
        var pieces: [Piece] = []
        for blob in blobs {
            let range = blob.byteRange
            guard range.upperBound <= end, blob.length <= UInt32(BlobReader.maximumBlobByteCount) else {
                complain("the \(blob.handle) reaches beyond the end of the pack or is too large to read", blobs: [blob.handle])
                continue
            }
            if let last = pieces.last, last.end == range.lowerBound, range.upperBound - last.start <= UInt64(PackScan.pieceByteCount) {
                pieces[pieces.count - 1].blobs.append(blob)
                pieces[pieces.count - 1].end = range.upperBound
            } else {
                pieces.append(Piece(start: range.lowerBound, end: range.upperBound, blobs: [blob]))
            }
        }
        return pieces
    }

    private func inspect(_ piece: Piece) throws {
        var bytes = try load(from: piece.start, to: piece.end)
        hasher.update(bytes.span)
        for blob in piece.blobs {
            let from = Int(UInt64(blob.offset) - piece.start)
            do {
                try bytes.withMutableBytes(from..<from + Int(blob.length)) { sealed in
                    try reader.open(blob.handle, at: BlobLocation(pack: pack.id, blob: blob), &sealed) { _ in }
                }
            } catch {
                complain("the \(blob.handle) is damaged: \(detail(of: error))", blobs: [blob.handle])
            }
        }
    }

    private func detail(of error: any Error) -> String {
        if case RepositoryFailure.blobDamaged(_, _, let detail) = error { return detail }
        return Failure(describing: error).message
    }

    // MARK: Reading

    private func hash(from start: UInt64, to end: UInt64) throws {
        var position = start
        while position < end {
            let next = min(end, position + UInt64(PackScan.pieceByteCount))
            let bytes = try load(from: position, to: next)
            hasher.update(bytes.span)
            position = next
        }
    }

    private func load(from start: UInt64, to end: UInt64) throws -> [UInt8] {
        try indexed.repository.store.load(StoreKey(.pack, pack.id.digest), offset: start, byteCount: Int(end - start))
    }
}
