// BlobWriter: the one door into the repository for blobs. Every worker thread holds a lane of its own.
//
//   hash → known? stop → compress (kept only if it gains) → seal in place → verify by opening and comparing → open pack
//
// A lane touches a byte with hash, compressor, cipher, MAC and the verification; it takes one lock for the index and one to append
// the sealed blob to a pack. Nothing is acknowledged before `finish` has returned: packs are durable, then their index files.

import Bytes
import Codecs
package import HostOS
package import RepositoryFormat
import Stores
import Synchronization

/// How hard to compress. Bytes of compressed blobs never influence an id, so it can change from run to run.
package enum Compression: String, Sendable, CaseIterable {
    case auto, off, fastest, better, max

    var level: Int32 {
        switch self {
        case .auto, .off: 3
        case .fastest: 1
        case .better: 7
        case .max: 15
        }
    }
}

package struct WriterOptions: Sendable {
    package var compression: Compression
    /// Target size of a pack's blobs in bytes, 4 to 128 MiB.
    package var packByteCount: Int
    /// Packs being hashed and saved at once. One keeps up with two processors on a local disk, and each holds a pack of memory.
    package var uploaderCount: Int

    package init(compression: Compression = .auto, packByteCount: Int = 16 << 20, uploaderCount: Int = 1) {
        self.compression = compression
        self.packByteCount = min(max(packByteCount, 4 << 20), 128 << 20)
        self.uploaderCount = uploaderCount
    }
}

/// What a writer stored, in restic's vocabulary.
package struct WriterStatistics: Sendable, Equatable {
    package var dataBlobs: UInt64 = 0
    package var treeBlobs: UInt64 = 0
    /// Uncompressed bytes of newly stored blobs.
    package var dataAdded: UInt64 = 0
    /// Bytes those blobs take in packs: sealed size plus header entry.
    package var dataAddedPacked: UInt64 = 0

    package init() {}
}

package final class BlobWriter: Sendable {
    package let indexed: IndexedRepository
    private let options: WriterOptions
    private let assembler: PackAssembler
    private let uploader: Uploader
    private let statistics = Mutex(WriterStatistics())

    package init(_ indexed: IndexedRepository, options: WriterOptions = WriterOptions(), clock: any Clock = SystemClock()) {
        self.indexed = indexed
        self.options = options
        uploader = Uploader(indexed, count: options.uploaderCount, clock: clock)
        assembler = PackAssembler(targetByteCount: options.packByteCount, uploader: uploader)
    }

    /// A lane for one thread.
    package func lane() -> Lane { Lane(self) }

    package var statisticsSoFar: WriterStatistics { statistics.withLock { $0 } }

    /// Writes out the last packs and the index. On return everything saved through any lane is durable and indexed.
    /// All lanes must have stopped.
    package func finish() throws -> WriterStatistics {
        try assembler.flush()
        try uploader.finish()
        return statisticsSoFar
    }

    /// Stops the uploads. Packs that are stored stay, and are named by the index if the store still takes one: no snapshot needs them, and
    /// the next run finds them. For failed and cancelled runs.
    package func abandon() { uploader.abandon() }

    /// One thread's way in. Not thread-safe.
    package final class Lane {
        private let writer: BlobWriter
        private let hasher = SHA256()
        private let seal: Seal
        private let compressor: ZstdCompressor
        private let decompressor = ZstdDecompressor()
        private let sealed = Scratch()

        fileprivate init(_ writer: BlobWriter) {
            self.writer = writer
            seal = Seal(key: writer.indexed.repository.masterKey)
            compressor = ZstdCompressor(level: writer.options.compression.level, isTunedForLargeMessages: writer.options.compression == .auto)
        }

        /// What became of a blob.
        package struct Saved: Sendable {
            package let id: BlobID
            package let isNew: Bool
        }

        /// Stores a blob unless the repository has it.
        package func save(_ type: BlobType, _ plaintext: Span<UInt8>) throws -> Saved {
            let id = BlobID(hasher.digest(of: plaintext))
            return Saved(id: id, isNew: try save(type, plaintext, id: id))
        }

        /// Stores a blob whose id the caller has verified or computed. True if it was new.
        package func save(_ type: BlobType, _ plaintext: Span<UInt8>, id: BlobID) throws -> Bool {
            let handle = BlobHandle(type: type, id: id)
            guard writer.indexed.index.reserve(handle) else { return false }
            try store(handle, plaintext)
            return true
        }

        /// Stores a blob even though the repository has a copy: repacking.
        package func saveAgain(_ handle: BlobHandle, _ plaintext: Span<UInt8>) throws { try store(handle, plaintext) }

        /// Stores a blob of another repository, whose reader has verified it, unless this repository has it. What is compressed there is
        /// sealed as it is, where the format allows that. True if it was new.
        /// - Parameters:
        ///   - payload: the frame that unfolds to `plaintext`; not looked at if `uncompressedLength` is 0.
        package func saveTransferred(
            _ handle: BlobHandle, _ plaintext: Span<UInt8>, payload: Span<UInt8>, uncompressedLength: UInt32
        ) throws -> Bool {
            guard uncompressedLength != 0, writer.indexed.repository.config.version == .two else {
                return try save(handle.type, plaintext, id: handle.id)
            }
            guard writer.indexed.index.reserve(handle) else { return false }
            sealed.reserve(payload.count + Seal.overhead)
            sealed.count = payload.count + Seal.overhead
            sealed.block.replace(at: Seal.nonceByteCount, with: payload)
            sealed.block.withMutableBytes(0..<sealed.count) { seal.sealInPlace(&$0) }
            // The frame was unfolded and compared a moment ago: that it comes out again as it went in is enough.
            try verify(handle, payload, 0)
            try append(handle, plainByteCount: plaintext.count, uncompressedLength)
            return true
        }

        private func store(_ handle: BlobHandle, _ plaintext: Span<UInt8>) throws {
            let uncompressedLength = sealIntoScratch(handle.type, plaintext)
            try verify(handle, plaintext, uncompressedLength)
            try append(handle, plainByteCount: plaintext.count, uncompressedLength)
        }

        /// Puts what is in the scratch memory into a pack.
        private func append(_ handle: BlobHandle, plainByteCount: Int, _ uncompressedLength: UInt32) throws {
            let entryByteCount = PackHeader.entryByteCount(isCompressed: uncompressedLength != 0)
            let length = sealed.count
            try sealed.block.withBytes(0..<length) { bytes in
                try writer.assembler.append(handle, bytes, uncompressedLength: uncompressedLength)
            }
            writer.statistics.withLock { statistics in
                if handle.type == .data { statistics.dataBlobs += 1 } else { statistics.treeBlobs += 1 }
                statistics.dataAdded += UInt64(plainByteCount)
                statistics.dataAddedPacked += UInt64(length + entryByteCount)
            }
        }

        /// Compresses and seals; returns the uncompressed length, or 0 if the blob is stored as it is.
        private func sealIntoScratch(_ type: BlobType, _ plaintext: Span<UInt8>) -> UInt32 {
            let mayCompress =
                writer.indexed.repository.config.version == .two && plaintext.count > 0
                && (type == .tree || writer.options.compression != .off)
            sealed.reserve(max(ZstdCompressor.bound(plaintext.count), plaintext.count) + Seal.overhead)
            var uncompressedLength: UInt32 = 0
            sealed.block.withMutableBytes(Seal.nonceByteCount..<sealed.block.count - Seal.tagByteCount) { body in
                if mayCompress, let count = compressor.compress(plaintext, into: &body), type == .tree || count < plaintext.count {
                    uncompressedLength = UInt32(plaintext.count)
                    sealed.count = count + Seal.overhead
                } else {
                    sealed.count = plaintext.count + Seal.overhead
                }
            }
            if uncompressedLength == 0 { sealed.block.replace(at: Seal.nonceByteCount, with: plaintext) }
            sealed.block.withMutableBytes(0..<sealed.count) { seal.sealInPlace(&$0) }
            return uncompressedLength
        }

        /// Opens what was just sealed and compares it with the plaintext, piece by piece: bad memory must not become a bad backup.
        private func verify(_ handle: BlobHandle, _ plaintext: Span<UInt8>, _ uncompressedLength: UInt32) throws {
            var position = 0, same = true
            func compare(_ piece: Span<UInt8>) {
                same =
                    same && piece.count <= plaintext.count - position
                    && piece.isEqual(to: plaintext.extracting(position..<position + piece.count))
                position += piece.count
            }
            do {
                try sealed.block.withBytes(0..<sealed.count) { (bytes) throws(CodecError) in
                    if uncompressedLength != 0 { decompressor.beginStream() }
                    try seal.inspect(bytes) { (piece) throws(CodecError) in
                        guard uncompressedLength != 0 else { return compare(piece) }
                        try decompressor.continueStream(piece, onOutput: compare)
                    }
                }
            } catch {
                throw RepositoryFailure.verificationFailed(handle)
            }
            guard same, position == plaintext.count else { throw RepositoryFailure.verificationFailed(handle) }
        }
    }

    /// Memory a lane reuses from blob to blob; what a rare long blob needed is given back after it.
    private final class Scratch {
        private(set) var block = Block(capacity: 0)
        var count = 0

        func reserve(_ byteCount: Int) {
            let isWasteful = block.capacity > 4 << 20 && byteCount < block.capacity / 2
            if block.capacity < byteCount || isWasteful { block = Block(capacity: max(byteCount, 1 << 16)) }
            block.setCountUninitialised(byteCount)
        }
    }
}
