// CacheDirectory: where copies of far repositories are kept: a folder for each, named by the repository's id, beside a CACHEDIR.TAG, by
// which backup programs know that nothing in here is worth saving (https://bford.info/cachedir/). All of it may be deleted at any time.

package import Bytes
package import HostOS
package import Stores

package struct CacheDirectory: Sendable {
    /// What the file must begin with, to the letter.
    package static let tag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file is a cache directory tag created by lifeboat.
        # For information about cache directory tags, see https://bford.info/cachedir/

        """

    package let root: BytePath

    package init(root: BytePath) { self.root = root }

    /// The place for copies of one repository, made if need be; it counts as used from now on.
    package func copies(of repository: Digest, clock: any Clock = SystemClock()) throws -> LocalStore {
        try Directory.createAll(root, mode: 0o700)
        let tag = root.appending("CACHEDIR.TAG")
        if try FileStatus.ifExists(tag) == nil { try AtomicFile.write(Array(CacheDirectory.tag.utf8).span, to: tag, mode: 0o644) }
        let folder = root.appending(repository.hex)
        try Directory.createAll(folder, mode: 0o700)
        for kind in [StoreKind.snapshot, .index, .pack] { try Directory.createAll(folder.appending(kind.folder), mode: 0o700) }
        let now = clock.now()
        try Descriptor.open(folder, .directory).setTimes(access: now, modification: now)
        return LocalStore(root: folder, isDurable: false)
    }

    /// One repository's copies.
    package struct Entry: Sendable {
        /// The repository's id.
        package let repository: Digest
        package let lastUsed: FileTime
        package let path: BytePath
    }

    /// Every repository that has copies here, the one used last at the end. A directory that does not exist has none.
    package func entries() throws -> [Entry] {
        guard try FileStatus.ifExists(root) != nil else { return [] }
        var found: [Entry] = []
        for entry in try Directory.entries(of: root) {
            guard let id = Digest(hex: String(decoding: entry.name, as: UTF8.self)) else { continue }
            let path = root.appending(entry.name), status = try FileStatus.of(path)
            if status.kind == .directory { found.append(Entry(repository: id, lastUsed: status.modificationTime, path: path)) }
        }
        return found.sorted { ($0.lastUsed.seconds, $0.repository) < ($1.lastUsed.seconds, $1.repository) }
    }

    /// Bytes in the files of one entry.
    package func byteCount(of entry: Entry) throws -> UInt64 {
        let store = LocalStore(root: entry.path)
        return try [StoreKind.snapshot, .index, .pack].flatMap { try store.list($0) }.reduce(0) { $0 + $1.byteCount }
    }

    package func remove(_ entry: Entry) throws { try Directory.removeTree(entry.path) }
}
