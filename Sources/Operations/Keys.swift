// Keys: the verbs `key list|add|remove|passwd`. Every key seals the same master key under another password, so that passwords can be
// given, changed and taken back without touching a byte of data.

package import Bytes
import Codecs
package import RepositoryEngine
package import RepositoryFormat
import Stores
import Upkeep

package struct Keys {
    package var access: RepositoryAccess
    /// What a new key costs to open; nil: as much as this machine does in half a second.
    package var parameters: ScryptParameters?

    package init(access: RepositoryAccess) { self.access = access }

    package struct Entry: Sendable {
        package let id: KeyID
        package let isCurrent: Bool
        /// What the key file says, or why it cannot be read.
        package let file: Result<KeyFile, Failure>
    }

    /// Every key, sorted by id.
    package func list() throws -> [Entry] {
        try access.with(.shared, onlyReading: true) { repository in
            try repository.keyring.list().map { id in
                let file = Result { try repository.keyring.load(id) }.mapError { Failure(describing: $0) }
                return Entry(id: id, isCurrent: id == repository.keyID, file: file)
            }
        }
    }

    /// Gives the repository another password. The new key is proved by opening it before this returns.
    package func add(_ password: PasswordSource, identity: Identity) throws -> KeyID {
        let secret = try password.resolve()
        return try access.audit.record(AuditTrail.Action("key add", "\(access.address)"), announced: false) {
            try access.with(.shared) { try add(secret, to: $0, identity) }
        } result: { id in
            (0, "key \(id.short)")
        }
    }

    /// Takes a password back. The key in use is refused.
    package func remove(_ prefix: String) throws -> KeyID {
        try access.exclusively { repository in
            let id = try repository.keyring.resolve(prefix)
            if id == repository.keyID { throw RepositoryFailure.keyInUse }
            try access.audit.record(AuditTrail.Action("key remove", "key \(id.short) of \(access.address)", destroys: true)) {
                try Keys.remove(id, from: repository)
            }
            return id
        }
    }

    /// Replaces the key in use by one with a new password: the new one is there before the old one goes.
    package func change(to password: PasswordSource, identity: Identity) throws -> KeyID {
        let secret = try password.resolve()
        return try access.exclusively { repository in
            try Keys.ensureDeletable(repository)
            let action = AuditTrail.Action("key passwd", "key \(repository.keyID.short) of \(access.address)", destroys: true)
            return try access.audit.record(action) {
                let id = try add(secret, to: repository, identity)
                try Keys.remove(repository.keyID, from: repository)
                return id
            } result: { id in
                (0, "replaced by key \(id.short)")
            }
        }
    }

    private func add(_ password: SecretBytes, to repository: Repository, _ identity: Identity) throws -> KeyID {
        try repository.keyring.add(
            master: repository.masterKey, password: password, parameters: parameters ?? Keyring.calibratedParameters(), userName: identity.userName,
            hostName: identity.hostName, created: identity.now())
    }

    private static func remove(_ id: KeyID, from repository: Repository) throws {
        try ensureDeletable(repository)
        try repository.keyring.remove(id)
    }

    private static func ensureDeletable(_ repository: Repository) throws {
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
    }
}
