// Keyring: the key files of a repository. Each holds the same master key, sealed with a key derived from one password.

package import Bytes
package import Codecs
import HostOS
package import RepositoryFormat
package import Stores

package struct Keyring: Sendable {
    package static let maximumTriedKeys = 20

    private let store: any Store

    package init(store: any Store) { self.store = store }

    /// Reads one key file and checks its bytes against its name.
    package func load(_ id: KeyID) throws -> KeyFile {
        let bytes = try store.load(StoreKey(.key, id.digest), limit: KeyFile.maximumByteCount)
        guard SHA256.hash(bytes) == id.digest else {
            throw RepositoryFailure.damaged(object: "key \(id.short)", detail: "its content does not match its name")
        }
        return try KeyFile(parsing: bytes)
    }

    /// Every key id, sorted.
    package func list() throws -> [KeyID] { try store.list(.key).map { KeyID($0.name) }.sorted() }

    /// Finds the key that the password opens: the hinted one first, then each.
    package func open(password: SecretBytes, hint: String? = nil) throws -> (id: KeyID, master: SealKey) {
        let ids = try list()
        if ids.isEmpty { throw RepositoryFailure.noKeys(location: store.location) }
        // A hint that fits no key, or a key that does not open, is no error: the others are tried.
        if let hint, let id = ids.first(where: { $0.hex.hasPrefix(hint) }), let master = try? unlock(id, password) { return (id, master) }
        // A damaged key file must not shut out those whose own key is whole; restic stops at it.
        var damage: (any Error)?
        for (position, id) in ids.enumerated() {
            guard position < Keyring.maximumTriedKeys else { throw RepositoryFailure.tooManyKeys(location: store.location) }
            do {
                if let master = try unlock(id, password) { return (id, master) }
            } catch let error as StoreFailure where error.kind != .corrupt {
                throw error
            } catch {
                damage = damage ?? error
            }
        }
        throw damage ?? RepositoryFailure.wrongPassword(location: store.location)
    }

    /// The master key, or nil if the password is not this key's.
    private func unlock(_ id: KeyID, _ password: SecretBytes) throws -> SealKey? {
        let file = try load(id)
        let userKey = try SealKey(derived: Keyring.derive(password, salt: file.salt, file.parameters))
        do {
            let json = try MasterKeyJSON(parsing: Seal(key: userKey).open(file.sealedMasterKey))
            return try SealKey(encryption: SecretBytes(json.encryption), macK: SecretBytes(json.macK), macR: SecretBytes(json.macR))
        } catch CodecError.wrongTag {
            return nil
        }
    }

    private static func derive(_ password: SecretBytes, salt: [UInt8], _ parameters: ScryptParameters) throws(CodecError) -> SecretBytes {
        try password.withBytes { (bytes) throws(CodecError) in
            try Scrypt.derive(password: bytes, salt: salt, n: parameters.cost, r: parameters.blockSize, p: parameters.parallelism)
        }
    }

    /// Seals the master key with a new password, stores the key file and proves it by opening it again.
    package func add(
        master: SealKey, password: SecretBytes, parameters: ScryptParameters, userName: String, hostName: String, created: Timestamp
    ) throws -> KeyID {
        let salt = SecureRandom.bytes(KeyFile.saltByteCount)
        let userKey = try SealKey(derived: Keyring.derive(password, salt: salt, parameters))
        let masterJSON = MasterKeyJSON(
            encryption: master.encryption.withBytes { [UInt8](copying: $0) }, macK: master.macK.withBytes { [UInt8](copying: $0) },
            macR: master.macR.withBytes { [UInt8](copying: $0) }
        ).json
        let file = KeyFile(
            created: created, userName: userName, hostName: hostName, parameters: parameters, salt: salt,
            sealedMasterKey: Seal(key: userKey).seal(masterJSON))
        let bytes = file.json
        let id = KeyID(SHA256.hash(bytes))
        try store.save(StoreKey(.key, id.digest), bytes.span)
        do {
            if try unlock(id, password) != nil { return id }
        } catch let error as StoreFailure where error.kind != .corrupt && error.kind != .missing {
            try? store.delete(StoreKey(.key, id.digest))
            throw error
        } catch {}
        try? store.delete(StoreKey(.key, id.digest))
        throw RepositoryFailure.damaged(object: "new key \(id.short)", detail: "it could not be read back and was removed again")
    }

    /// Removes a key file; the caller has made sure that it is not the one in use.
    package func remove(_ id: KeyID) throws { try store.delete(StoreKey(.key, id.digest)) }

    /// The one key whose id begins with `prefix`.
    package func resolve(_ prefix: String) throws -> KeyID {
        let matches = try list().filter { $0.hex.hasPrefix(prefix) }
        guard let id = matches.first, !prefix.isEmpty else { throw RepositoryFailure.noSuchKey(prefix) }
        guard matches.count == 1 else { throw RepositoryFailure.ambiguousKey(prefix) }
        return id
    }

    /// scrypt parameters that take at most half a second and 60 MiB here (the format's own calibration rule).
    package static func calibratedParameters() throws -> ScryptParameters {
        let budget: Int64 = 500_000_000
        let blockSize: UInt64 = 8
        var cost: UInt64 = 32768
        func nanoseconds(_ parallelism: UInt64) throws -> Int64 {
            let start = Host.monotonicNanoseconds()
            _ = try derive(
                SecretBytes(Array("calibration".utf8)), salt: [UInt8](repeating: 7, count: 64),
                ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism))
            return max(1, Host.monotonicNanoseconds() - start)
        }
        var single = try nanoseconds(1)
        while single > budget && cost > 1024 {
            cost /= 2
            single = try nanoseconds(1)
        }
        return try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: UInt64(max(1, min(16, budget / single))))
    }
}
