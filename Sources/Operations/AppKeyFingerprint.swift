// AppKeyFingerprint: by what key an application's encrypted columns and cookies can be read, without giving the key away.
//
// Laravel and Hyperf encrypt with APP_KEY of the env file. A database restored beside another key is whole and yet unreadable in
// part; so each database snapshot carries the fingerprint as a tag, and a restore compares.

import Bytes
import Codecs
import RepositoryFormat
import Settings

struct AppKeyFingerprint: Hashable, CustomStringConvertible {
    /// The first 64 bits of a SHA-256: enough to tell keys apart, too little to be one.
    let text: String

    /// Nil for an application without such a key.
    init?(_ env: DotEnv?) {
        guard let key = env?.setting("APP_KEY") else { return nil }
        text = String(SHA256.hash(Array("lifeboat: fingerprint of APP_KEY\n\(key)".utf8)).hex.prefix(16))
    }

    private static let prefix = "app-key="

    var tag: String { Self.prefix + text }
    var description: String { text }

    /// The fingerprint that a database's snapshot carries.
    static func recorded(in snapshot: SnapshotFile) -> String? {
        snapshot.tags.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// Why a database saved under one key will not work under another; nil if the keys are the same or one is not known.
    static func warning(_ snapshot: SnapshotFile, now env: DotEnv?) -> String? {
        guard let saved = recorded(in: snapshot) else { return nil }
        guard let current = AppKeyFingerprint(env) else {
            return "the database was saved under an APP_KEY (fingerprint \(saved)), and the env file has none: what the application encrypted cannot be read"
        }
        return current.text == saved
            ? nil
            : "the database was saved under another APP_KEY (fingerprint \(saved)) than the env file has now (\(current)): what the application encrypted cannot be read; `lifeboat restore config` brings that key back"
    }
}
