// LocalStore: a repository in a directory of this machine, laid out and saved as the format prescribes.
//
// Saving: temporary file in the destination directory, fsync, rename, fsync of the directory, chmod read-only (AtomicFile).
// Missing `data/xx` directories are made on demand. Names that are not 64 hex digits are ignored when listing.

package import Bytes
import HostOS

package final class LocalStore: Store {
    private let root: BytePath
    /// Directories 0700 and files 0600, opened to the group if the existing config is.
    private let groupAccess: Bool
    /// Whether what was saved survives a power cut.
    private let isDurable: Bool

    package var location: String { root.description }
    package var path: BytePath { root }

    /// - Parameter isDurable: false for copies, which a power cut may break: their reader looks at them.
    package init(root: BytePath, isDurable: Bool = true) {
        self.root = root
        self.isDurable = isDurable
        let mode = (try? FileStatus.following(root.appending("config")))?.mode ?? 0
        groupAccess = mode & 0o040 != 0
    }

    package var listsAtOnce: Bool { Directory.isOnLocalFileSystem(root) }

    private var directoryMode: UInt32 { groupAccess ? 0o770 : 0o700 }
    private var fileMode: UInt32 { groupAccess ? 0o660 : 0o600 }

    private func path(_ key: StoreKey) -> BytePath { root.appending(key.path) }

    package func create() throws {
        try translating("create the repository", absence: .unreachable) { () throws(SystemError) in
            try Directory.createAllDurably(root, mode: directoryMode)
            for kind in StoreKind.ofFormat where kind != .config { try Directory.create(root.appending(kind.folder), mode: directoryMode) }
            for prefix in 0..<256 {
                try Directory.create(root.appending("data").appending(Hex.encode([UInt8(prefix)])), mode: directoryMode)
            }
            try Directory.synchronize(root.appending("data"))
            try Directory.synchronize(root)
        }
    }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        let path = path(key)
        try translating("save \(key)", absence: .unreachable) { () throws(SystemError) in
            do throws(SystemError) {
                try AtomicFile.write(content, to: path, mode: fileMode, finalMode: fileMode & ~0o222, isDurable: isDurable)
            } catch {
                guard error.kind == .notFound, key.kind != .config else { throw error }
                // Never the root itself: a disk that is not mounted must not be filled in beneath its mount point.
                if !StoreKind.ofFormat.contains(key.kind) { try Directory.create(path.parent.parent, mode: directoryMode) }
                try Directory.create(path.parent, mode: directoryMode)
                try AtomicFile.write(content, to: path, mode: fileMode, finalMode: fileMode & ~0o222, isDurable: isDurable)
                if isDurable { try Directory.synchronize(path.parent.parent) }
                if !StoreKind.ofFormat.contains(key.kind) { try Directory.synchronize(root) }
            }
        }
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        try translating("read \(key)") { () throws(SystemError) in
            let file = try Descriptor.open(path(key), .read)
            let size = try file.status().size
            guard size <= UInt64(limit) else { throw tooLarge(key, size, limit) }
            return try [UInt8](byteCount: Int(size)) { (span) throws(SystemError) in try file.readFully(into: &span, at: 0) }
        }
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        let count = try translating("read \(key)") { () throws(SystemError) in
            try Descriptor.open(path(key), .read).readFully(into: &buffer, at: offset)
        }
        guard count == buffer.count else {
            let wanted = offset + UInt64(buffer.count), there = offset + UInt64(count)
            throw StoreFailure(.corrupt, "\(key) in \(location) is too short: \(wanted) bytes wanted, \(there) there")
        }
    }

    package func byteCount(of key: StoreKey) throws -> UInt64? {
        try translating("read the size of \(key)") { () throws(SystemError) in
            do throws(SystemError) {
                return try FileStatus.following(path(key)).size
            } catch {
                if error.kind == .notFound || error.kind == .notDirectory { return nil }
                throw error
            }
        }
    }

    package func list(_ kind: StoreKind) throws -> [StoreEntry] {
        try translating("list the \(kind.folder) of the repository") { () throws(SystemError) in
            let folder = root.appending(kind.folder)
            guard kind == .pack else { return try files(in: folder) }
            var entries: [StoreEntry] = []
            for entry in try names(in: folder) where entry.kind == .directory || entry.kind == .unknown {
                entries += try files(in: folder.appending(entry.name))
            }
            return entries
        }
    }

    package func delete(_ key: StoreKey) throws {
        try translating("delete \(key)") { () throws(SystemError) in
            try Directory.remove(path(key))
            // A snapshot or index file must not come back after a power cut when the packs it needs were deleted after it.
            if isDurable && key.kind != .pack { try Directory.synchronize(path(key).parent) }
        }
    }

    // MARK: Helpers

    private func names(in folder: BytePath) throws(SystemError) -> [DirectoryEntry] {
        do {
            return try Directory.entries(of: folder)
        } catch {
            if error.kind == .notFound || error.kind == .notDirectory { return [] }
            throw error
        }
    }

    private func files(in folder: BytePath) throws(SystemError) -> [StoreEntry] {
        var entries: [StoreEntry] = []
        let names = try names(in: folder)
        guard !names.isEmpty else { return [] }
        let directory = try Descriptor.open(folder, .read)
        for entry in names {
            guard let digest = lowerCaseDigest(entry.name) else { continue }
            do {
                let status = try directory.status(of: entry.name)
                if status.kind == .regular || status.kind == .symbolicLink { entries.append(StoreEntry(name: digest, byteCount: status.size)) }
            } catch {
                // Deleted by another process since the listing. Any other reason must be heard: a snapshot that is left out loses its data.
                if error.kind != .notFound { throw error }
            }
        }
        return entries
    }

    private func lowerCaseDigest(_ name: [UInt8]) -> Digest? {
        guard name.count == 64, !name.contains(where: { (0x41...0x46).contains($0) }), let bytes = Hex.decode(name) else { return nil }
        return Digest(bytes)
    }

    private func tooLarge(_ key: StoreKey, _ size: UInt64, _ limit: Int) -> SystemError {
        SystemError(operation: "read", path: path(key), kind: .outOfRange, reason: "\(ByteCount(size)), more than the limit of \(ByteCount(UInt64(limit)))")
    }

    /// - Parameter absence: what it means that a file or directory is not there: what was to be read is missing, the place for what was
    ///   to be written is out of reach.
    private func translating<R>(_ action: String, absence: StoreFailure.Kind = .missing, _ body: () throws(SystemError) -> R) throws(StoreFailure) -> R {
        do {
            return try body()
        } catch {
            let kind: StoreFailure.Kind =
                switch error.kind {
                case .notFound: absence
                case .permissionDenied, .readOnly: .denied
                case .noSpace: .noSpace
                case .outOfRange, .isDirectory, .symbolicLink: .corrupt
                case .notDirectory: .unreachable
                default: .transient
                }
            throw StoreFailure(kind, "could not \(action) in \(location): \(error.reason)")
        }
    }
}
