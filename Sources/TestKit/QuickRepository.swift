// QuickRepository: a real repository on disk whose key opens in no time, and locks on it that a living process holds. Anyone with
// the password can use it, stock restic too; only the key's derivation is as cheap as the format allows.

package import Bytes
import Codecs
import HostOS
package import RepositoryEngine
package import RepositoryFormat
import Stores

package enum QuickRepository {
    package static func make(at path: BytePath, password: String, version: RepositoryVersion = .two) throws {
        _ = try Repository.create(
            in: LocalStore(root: path), password: SecretBytes(Array(password.utf8)), identity: identity(host: Host.name()),
            parameters: ScryptParameters(cost: 16, blockSize: 8, parallelism: 1), version: version)
    }

    /// Takes a lock as this process, or as one on another machine. Held until `release`.
    package static func lock(
        _ path: BytePath, password: String, _ kind: RepositoryLock.Kind, host: String = Host.name()
    ) throws -> RepositoryLock {
        let repository = try Repository.open(LocalStore(root: path), password: SecretBytes(Array(password.utf8)))
        return try RepositoryLock.acquire(repository, kind, identity: identity(host: host))
    }

    private static func identity(host: String) -> Identity {
        Identity(
            hostName: host, userName: "tester", userID: Host.userID, groupID: Host.groupID, processID: Host.processID, clock: SystemClock(),
            zone: { _ in 0 })
    }
}
