// FileProbe: the questions that detection and resolution ask of a machine. Answered by whoever may touch files.

package import Bytes

/// What a path names, after symbolic links are followed.
package enum PathKind: Hashable, Sendable { case file, directory, other }

/// Read-only and forgiving: what cannot be read is answered as if it were not there.
package protocol FileProbe {
    /// Nil if nothing is there. Follows symbolic links.
    func kind(of path: BytePath) -> PathKind?
    /// The path with every symbolic link resolved; nil if nothing is there.
    func realPath(of path: BytePath) -> BytePath?
    /// The first `byteCount` bytes of a file, or all if it is shorter; nil if it is no readable file.
    func beginning(of path: BytePath, byteCount: Int) -> [UInt8]?
    /// The names in a directory, in byte order, without `.` and `..`.
    func names(in directory: BytePath) -> [[UInt8]]
}

extension FileProbe {
    func isFile(_ path: BytePath) -> Bool { kind(of: path) == .file }
    func isDirectory(_ path: BytePath) -> Bool { kind(of: path) == .directory }

    /// Whether the file begins as every non-empty SQLite database does.
    func isSQLiteDatabase(_ path: BytePath) -> Bool {
        let magic = Array("SQLite format 3\0".utf8)
        return isFile(path) && beginning(of: path, byteCount: magic.count) == magic
    }

    /// Whether a text file contains any of these words within its first mebibytes.
    func file(_ path: BytePath, containsAnyOf words: [String], within byteCount: Int = 1 << 20) -> Bool {
        guard let bytes = beginning(of: path, byteCount: byteCount) else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return words.contains { text.contains($0) }
    }

    /// Where a directory to be saved really is: a link as the last name is followed, so that a snapshot holds the files and not the link.
    func followingLastLink(_ path: BytePath) -> BytePath {
        guard let real = realPath(of: path), let parent = realPath(of: path.parent) else { return path }
        return real == parent.appending(path.name) ? path : real
    }
}

extension DotEnv {
    /// The application's env file as settings name it; nil if there is none.
    /// - Parameter root: the application's absolute root.
    package static func read(_ environmentFile: BytePath = Application.defaultEnvironmentFile, root: BytePath, probe: some FileProbe) -> DotEnv? {
        let path = BytePath.resolve(environmentFile, in: root)
        guard probe.isFile(path), let bytes = probe.beginning(of: path, byteCount: DotEnv.maximumByteCount + 1) else { return nil }
        return DotEnv(bytes, file: path)
    }
}
