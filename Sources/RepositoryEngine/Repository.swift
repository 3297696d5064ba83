// Repository: an opened repository: a store, its config and its master key; and the sealed files in it that are not packs.
//
// What is promised: every file loaded here was verified against its name and authenticated; every file saved is durable on return.

package import Bytes
package import Codecs
package import HostOS
package import RepositoryFormat
package import Stores

package final class Repository: Sendable {
    package let store: any Store
    package let config: RepositoryConfig
    package let masterKey: SealKey
    package let keyID: KeyID
    /// Copies on this machine, which the store reads from.
    let copies: CachedStore?

    /// The most a sealed file other than a pack may take on disk, and what it may unfold to.
    static let maximumFileByteCount = 256 << 20
    static let maximumDecodedByteCount = 512 << 20

    private init(store: any Store, config: RepositoryConfig, masterKey: SealKey, keyID: KeyID, copies: CachedStore? = nil) {
        self.store = store
        self.config = config
        self.masterKey = masterKey
        self.keyID = keyID
        self.copies = copies
    }

    /// The same repository through another store (one that guards, counts or throttles).
    package func through(_ store: any Store) -> Repository {
        Repository(store: store, config: config, masterKey: masterKey, keyID: keyID, copies: copies)
    }

    /// The same repository, read through copies on this machine.
    /// - Parameters:
    ///   - place: where they are, or will be.
    ///   - onTrouble: hears once that no more can be made.
    package func cached(in place: LocalStore, onTrouble: @escaping @Sendable (Failure) -> Void) -> Repository {
        let copies = CachedStore(store, copies: place, onTrouble: onTrouble)
        return Repository(store: copies, config: config, masterKey: masterKey, keyID: keyID, copies: copies)
    }

    package var keyring: Keyring { Keyring(store: store) }

    /// Makes a new repository: folders, key, then config. Refused if anything of a repository is there already.
    /// - Parameter polynomial: how files are cut; nil for one of its own. The one of another repository makes both cut alike.
    package static func create(
        in store: any Store, password: SecretBytes, identity: Identity, parameters: ScryptParameters? = nil,
        version: RepositoryVersion = .two, polynomial: Polynomial? = nil
    ) throws -> Repository {
        if try store.exists(.config) { throw RepositoryFailure.alreadyExists(location: store.location, what: "a config file") }
        if try !store.list(.key).isEmpty { throw RepositoryFailure.alreadyExists(location: store.location, what: "a key") }
        if try !store.list(.snapshot).isEmpty { throw RepositoryFailure.alreadyExists(location: store.location, what: "a snapshot") }
        try store.create()
        let masterKey = try SealKey.random()
        let keyID = try Keyring(store: store).add(
            master: masterKey, password: password, parameters: parameters ?? Keyring.calibratedParameters(),
            userName: identity.userName, hostName: identity.hostName, created: identity.now())
        let polynomial = try polynomial ?? Polynomial.random(SecureRandom.uint64)
        let config = RepositoryConfig(version: version, id: SecureRandom.digest(), polynomial: polynomial)
        try store.save(.config, Seal(key: masterKey).seal(config.json).span)
        return Repository(store: store, config: config, masterKey: masterKey, keyID: keyID)
    }

    package static func open(_ store: any Store, password: SecretBytes, keyHint: String? = nil) throws -> Repository {
        guard try store.exists(.config) else { throw RepositoryFailure.missing(location: store.location) }
        let (keyID, masterKey) = try Keyring(store: store).open(password: password, hint: keyHint)
        let sealed = try store.load(.config, limit: RepositoryConfig.maximumByteCount)
        let json: [UInt8]
        do {
            json = try Seal(key: masterKey).open(sealed)
        } catch {
            throw RepositoryFailure.damaged(object: "the config", detail: Failure(describing: error).message)
        }
        return Repository(store: store, config: try RepositoryConfig(parsing: json), masterKey: masterKey, keyID: keyID)
    }

    // MARK: Sealed files

    /// Seals and stores an index, lock or snapshot; its name is the hash of what was stored.
    package func saveFile(_ kind: StoreKind, json: [UInt8]) throws -> Digest {
        let stored = Seal(key: masterKey).seal(EncodedFile.encode(json, version: config.version, compressor: ZstdCompressor(level: 3)))
        let name = SHA256.hash(stored)
        try store.save(StoreKey(kind, name), stored.span)
        return name
    }

    /// Loads an index, lock or snapshot: hash, seal and encoding are verified. A bad read is tried once more.
    package func loadFile(_ key: StoreKey) throws -> [UInt8] {
        var stored = try store.load(key, limit: Repository.maximumFileByteCount)
        if SHA256.hash(stored) != key.name { stored = try store.load(key, limit: Repository.maximumFileByteCount) }
        guard SHA256.hash(stored) == key.name else {
            throw RepositoryFailure.damaged(object: key.description, detail: "its content does not match its name")
        }
        do {
            return try EncodedFile.decode(
                Seal(key: masterKey).open(stored), version: config.version, limit: Repository.maximumDecodedByteCount,
                decompressor: ZstdDecompressor())
        } catch {
            throw RepositoryFailure.damaged(object: key.description, detail: Failure(describing: error).message)
        }
    }
}

/// Who writes: what keys, locks and snapshots say about their origin. Injected, so that tests can be someone else.
package struct Identity: Sendable {
    package let hostName: String
    package let userName: String
    package let userID: UInt32
    package let groupID: UInt32
    package let processID: Int32
    package let clock: any Clock
    package let zone: TimeZoneRules

    package init(
        hostName: String, userName: String, userID: UInt32, groupID: UInt32, processID: Int32, clock: any Clock, zone: @escaping TimeZoneRules
    ) {
        self.hostName = hostName
        self.userName = userName
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
        self.clock = clock
        self.zone = zone
    }

    package func now() -> Timestamp {
        let time = clock.now()
        return Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds, in: zone)
    }
}
