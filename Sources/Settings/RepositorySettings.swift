// RepositorySettings: one place where snapshots go.

package import Bytes

/// One entry of `repositories:`.
package struct RepositorySettings: Hashable, Sendable {
    /// `repository: URL` alone is a repository of this name.
    package static let singleName = "local"

    package let name: String
    /// As written: a path, or `local:`, `sftp:`, `s3:`, `rest:`, `rclone:` and what belongs to it. Never with a password.
    package let url: String
    /// The repository whose snapshots are copied here, instead of reading the application twice.
    package let copyFrom: String?
    package let credentials: SecretReference?
    package let protection: RepositoryProtection?
    package let uploadLimitPerSecond: ByteCount?
    package let downloadLimitPerSecond: ByteCount?
    package let position: SettingsPosition

    /// The path of a repository in the local file system, as written; nil for one behind a network.
    package var localPath: BytePath? { RepositoryScheme.localPath(of: url) }
}

/// What the store is to refuse to everybody, and how often that is proved.
package struct RepositoryProtection: Hashable, Sendable {
    package let appendOnly: Bool
    package let objectLock: Duration?
    package let prove: ProofInterval?

    package enum ProofInterval: String, Hashable, Sendable, CaseIterable { case daily, weekly, monthly }
}

/// The kinds of address a repository can have.
enum RepositoryScheme {
    static let network = ["sftp", "s3", "rest", "rclone"]
    /// What restic speaks and lifeboat reaches through rclone only.
    static let throughRclone = ["b2", "azure", "gs", "swift"]

    /// The part before the first colon if it looks like a scheme; nil for a path.
    static func scheme(of url: String) -> String? {
        guard !url.hasPrefix("/"), !url.hasPrefix("."), let colon = url.firstIndex(of: ":") else { return nil }
        let scheme = url[..<colon]
        guard !scheme.isEmpty, scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return nil }
        return scheme.lowercased()
    }

    static func localPath(of url: String) -> BytePath? {
        switch scheme(of: url) {
        case nil: BytePath(url)
        case "local": BytePath(String(url.dropFirst("local:".count)))
        default: nil
        }
    }

    /// Whether an authority such as `user:secret@host` is part of the address.
    static func holdsPassword(_ url: String) -> Bool {
        guard let slashes = url.firstRange(of: "://") else { return false }
        let authority = url[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }
}
