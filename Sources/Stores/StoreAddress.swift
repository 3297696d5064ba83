// StoreAddress: where a repository is, as the user wrote it.

package import Bytes

package enum StoreAddress: Hashable, Sendable, CustomStringConvertible {
    case local(BytePath)

    private static let laterSchemes = ["sftp", "s3", "rest", "rclone", "b2", "azure", "gs", "swift"]

    /// Understands a path and `local:PATH`. Relative paths are resolved in `directory`.
    package init(parsing text: String, relativeTo directory: BytePath) throws(Failure) {
        guard !text.isEmpty else { throw Failure(.usage, "the repository address is empty", hint: "give a path, as in `--repo /mnt/backup/app`") }
        if text.hasPrefix("local:") {
            self = .local(.resolve(BytePath(String(text.dropFirst("local:".count))), in: directory))
            return
        }
        let scheme = text.prefix { $0 != ":" && $0 != "/" }
        if scheme.endIndex < text.endIndex, text[scheme.endIndex] == ":", StoreAddress.laterSchemes.contains(String(scheme)) {
            throw Failure(
                .usage, "this version of lifeboat stores repositories in local directories only, not at \(scheme): addresses",
                hint: "mount the place and give its path, as in `--repo /mnt/backup/app`")
        }
        self = .local(.resolve(BytePath(text), in: directory))
    }

    package var description: String {
        switch self {
        case .local(let path): path.description
        }
    }

    /// The store at this address. Nothing is read yet.
    package func open() -> any Store {
        switch self {
        case .local(let path): LocalStore(root: path)
        }
    }
}
