// Migration: a repository takes a step to a newer version of the format. The caller holds an exclusive lock and has checked it.
//
// To version 2 (with compression): 1. the old config is copied aside, durable; 2. the new one, which differs in its version alone, is
// stored in its place at once; 3. it is read back, opened and compared; 4. if storing or reading back went wrong, the old bytes are
// stored again; 5. if all went well, the copy is removed.
// What is promised: at any moment the repository has a whole config, as far as its store replaces files at once, as the local one does;
// and the copy is there for as long as anything may still go wrong. Nothing else in the repository is changed: what is uncompressed
// stays so, and is a part of version 2 as well.

import Bytes
import Codecs
import HostOS
package import RepositoryEngine
import RepositoryFormat
import Stores

package enum Migration: String, Sendable, CaseIterable {
    case upgradeRepositoryToVersion2 = "upgrade_repo_v2"

    package init(named name: String) throws(UpkeepFailure) {
        guard let migration = Migration(rawValue: name) else { throw .noSuchMigration(name) }
        self = migration
    }

    package var summary: String {
        switch self {
        case .upgradeRepositoryToVersion2: "upgrade a repository to version 2"
        }
    }

    /// Why it cannot be applied to the repository; nil if it can.
    package func obstacle(in repository: Repository) -> String? {
        switch self {
        case .upgradeRepositoryToVersion2: repository.config.version == .two ? "repository is already upgraded to version 2" : nil
        }
    }

    /// - Parameter repository: the one an exclusive lock guards. Open it anew afterwards.
    package func apply(to repository: Repository, copies: KeptCopies) throws {
        if let obstacle = obstacle(in: repository) { throw UpkeepFailure.migrationRefused(rawValue, reason: obstacle) }
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        switch self {
        case .upgradeRepositoryToVersion2:
            let old = repository.config
            try ConfigReplacement(repository, copies).run(RepositoryConfig(version: .two, id: old.id, polynomial: old.polynomial))
        }
    }
}

private struct ConfigReplacement {
    private let repository: Repository
    private let copies: KeptCopies

    init(_ repository: Repository, _ copies: KeptCopies) {
        self.repository = repository
        self.copies = copies
    }

    func run(_ config: RepositoryConfig) throws {
        let old = try repository.store.load(.config, limit: RepositoryConfig.maximumByteCount)
        let copy = try copies.keep(.config, of: repository.store, as: "config-\(repository.config.id.hex)")
        do {
            try repository.store.save(.config, Seal(key: repository.masterKey).seal(config.json).span)
            try verify(config)
        } catch RepositoryFailure.cancelled {
            // Refused before it was stored, or read back after it was durable: either config is whole.
            throw RepositoryFailure.cancelled
        } catch {
            throw restored(old, copy, because: Failure(describing: error).message)
        }
        try? Directory.remove(copy)
    }

    private func verify(_ config: RepositoryConfig) throws {
        let sealed = try repository.store.load(.config, limit: RepositoryConfig.maximumByteCount)
        guard try RepositoryConfig(parsing: Seal(key: repository.masterKey).open(sealed)) == config else {
            throw RepositoryFailure.damaged(object: "the config", detail: "what was stored is not what is read back")
        }
    }

    /// Puts the old bytes back. The failure says whether that succeeded.
    private func restored(_ old: [UInt8], _ copy: BytePath, because reason: String) -> UpkeepFailure {
        var isRestored = false
        do {
            let isUntouched = try repository.store.load(.config, limit: RepositoryConfig.maximumByteCount) == old
            if !isUntouched { try repository.store.save(.config, old.span) }
            isRestored = try repository.store.load(.config, limit: RepositoryConfig.maximumByteCount) == old
        } catch {
            isRestored = false
        }
        return .configNotReplaced(reason: reason, isOldRestored: isRestored, copy: "\(copy)")
    }
}
