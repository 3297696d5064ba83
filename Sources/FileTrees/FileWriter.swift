// FileWriter: puts content into restored files, from many threads, at any offset, with few descriptors open.
//
// 1. `prepare` creates the file (0600, exclusively) or takes over a regular file that has one name; anything else in the way
//    gives way by the rules of RestoreTarget. Longer content is cut; space is reserved, or the full size set for a sparse file.
// 2. `write` and `read` by offset, in any order, from any thread. The least recently used descriptors are closed and reopened
//    when needed; a reopened file must still be the one prepared.
// 3. `finish` applies the metadata and closes. `writeWhole` is all three for a small file in one open.
//
// A file taken over keeps the content not overwritten: an interrupted restore resumes by comparing with `read`. Its permissions are
// closed (0600) before a byte is written. Not promised: durability; nothing is flushed to disk.

package import Bytes
package import HostOS
import Synchronization

/// A file being restored. Made by `FileWriter.prepare`.
package final class PreparedFile: Sendable {
    package let path: BytePath
    package let size: UInt64
    /// Whether its content was there before and may be right already.
    package let existed: Bool
    /// The bytes it had before; 0 for a new file.
    package let previousSize: UInt64
    package let isSparse: Bool
    fileprivate let device: UInt64
    fileprivate let inode: UInt64

    fileprivate init(path: BytePath, size: UInt64, existed: Bool, isSparse: Bool, status: FileStatus) {
        self.path = path
        self.size = size
        self.existed = existed
        self.previousSize = existed ? status.size : 0
        self.isSparse = isSparse
        device = status.device
        inode = status.inode
    }
}

/// Safe to use from several threads.
package final class FileWriter: Sendable {
    private let target: RestoreTarget
    private let metadata: MetadataApplier
    private let openFiles: Mutex<OpenFiles>

    package init(_ target: RestoreTarget, metadata: MetadataApplier, openFileLimit: Int = 128) {
        self.target = target
        self.metadata = metadata
        openFiles = Mutex(OpenFiles(limit: max(openFileLimit, 1)))
    }

    /// A descriptor shared by the threads that write right now; closed when the table and all of them let go.
    private final class OpenFile: Sendable {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    private struct OpenFiles {
        let limit: Int
        private var files: [ObjectIdentifier: (file: OpenFile, lastUse: UInt64)] = [:]
        private var clock: UInt64 = 0

        init(limit: Int) { self.limit = limit }

        mutating func find(_ prepared: PreparedFile) -> OpenFile? {
            let key = ObjectIdentifier(prepared)
            guard let file = files[key]?.file else { return nil }
            clock += 1
            files[key]?.lastUse = clock
            return file
        }

        /// Keeps `file` and returns the one given up for it, to be closed after unlocking.
        mutating func keep(_ file: OpenFile, for prepared: PreparedFile) -> OpenFile? {
            var givenUp: OpenFile? = nil
            if files.count >= limit, let oldest = files.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
                givenUp = files.removeValue(forKey: oldest)?.file
            }
            clock += 1
            files[ObjectIdentifier(prepared)] = (file, clock)
            return givenUp
        }

        mutating func remove(_ prepared: PreparedFile) -> OpenFile? { files.removeValue(forKey: ObjectIdentifier(prepared))?.file }
    }

    // MARK: Large files

    /// Makes the file ready for content of `size` bytes. Its parent directory must exist.
    ///
    /// - Parameter sparse: whether leading zeros of every write may be left as holes; ignored if the file existed.
    package func prepare(_ path: BytePath, size: UInt64, sparse: Bool = false) throws -> PreparedFile {
        let opened = try openForWriting(path)
        let status = try opened.descriptor.status()
        let file = PreparedFile(path: path, size: size, existed: opened.existed, isSparse: sparse && !opened.existed, status: status)
        if file.isSparse || file.previousSize > size { try opened.descriptor.truncate(to: size) }
        if !file.isSparse && file.previousSize < size { try opened.descriptor.reserve(size) }
        keep(OpenFile(opened.descriptor), for: file)
        return file
    }

    /// Writes at `offset`. Of a sparse file the leading zeros of `bytes` are skipped.
    package func write(_ bytes: Span<UInt8>, to file: PreparedFile, at offset: UInt64) throws {
        let skipped = file.isSparse ? SparseRegions.leadingZeroCount(bytes) : 0
        if skipped == bytes.count { return }
        try open(file).descriptor.write(bytes.extracting(skipped..<bytes.count), at: offset + UInt64(skipped))
    }

    /// Fills `buffer` from `offset` unless the file ends first; returns the bytes read.
    package func read(from file: PreparedFile, into buffer: inout MutableSpan<UInt8>, at offset: UInt64) throws -> Int {
        try open(file).descriptor.readFully(into: &buffer, at: offset)
    }

    /// Applies the metadata, closes the file and returns what could not be applied.
    package func finish(_ file: PreparedFile, _ restored: RestoredMetadata) throws -> [SystemError] {
        defer { close(file) }
        return metadata.apply(restored, to: try open(file).descriptor)
    }

    /// Closes without metadata: the content could not be restored in full.
    package func close(_ file: PreparedFile) {
        // The descriptor is closed here, not under the lock.
        _ = openFiles.withLock { $0.remove(file) }
    }

    private func keep(_ file: OpenFile, for prepared: PreparedFile) {
        _ = openFiles.withLock { $0.keep(file, for: prepared) }
    }

    private func open(_ file: PreparedFile) throws -> OpenFile {
        if let known = openFiles.withLock({ $0.find(file) }) { return known }
        let descriptor = try target.root.open(file.path, .update)
        let status = try descriptor.status()
        guard status.inode == file.inode && status.device == file.device else { throw FileTreeError.inTheWay(file.path, status.kind) }
        let opened = OpenFile(descriptor)
        keep(opened, for: file)
        return opened
    }

    // MARK: Small files

    /// Writes a file's whole content and its metadata. Returns what of the metadata could not be applied.
    package func writeWhole(_ bytes: Span<UInt8>, to path: BytePath, _ restored: RestoredMetadata) throws -> [SystemError] {
        let opened = try openForWriting(path)
        if opened.existed { try opened.descriptor.truncate(to: 0) }
        try opened.descriptor.write(bytes, at: 0)
        return metadata.apply(restored, to: opened.descriptor)
    }

    // MARK: Opening

    private struct WritableFile: ~Copyable {
        let descriptor: Descriptor
        let existed: Bool
    }

    private func openForWriting(_ path: BytePath) throws -> WritableFile {
        do {
            return WritableFile(descriptor: try target.root.open(path, .createNew), existed: false)
        } catch {
            guard error.kind == .exists else { throw error }
            if let existing = try takeOver(path) { return WritableFile(descriptor: existing, existed: true) }
            try target.clear(path)
            return WritableFile(descriptor: try target.root.open(path, .createNew), existed: false)
        }
    }

    /// The existing file, if content may be written into it: regular, and with no other name that would change too.
    private func takeOver(_ path: BytePath) throws(SystemError) -> Descriptor? {
        guard let found = try target.root.statusIfExists(of: path), found.kind == .regular, found.linkCount == 1 else { return nil }
        do {
            let descriptor = try target.root.open(path, .update)
            let status = try descriptor.status()
            guard status.kind == .regular && status.linkCount == 1 else { return nil }
            if status.mode != 0o600 { try descriptor.setMode(0o600) }
            return descriptor
        } catch {
            // Write-protected, a running program, someone else's, or gone: a new file takes its place.
            switch error.kind {
            case .permissionDenied, .busy, .notFound, .symbolicLink: return nil
            default: throw error
            }
        }
    }
}
