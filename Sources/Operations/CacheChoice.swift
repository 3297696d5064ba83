// CacheChoice: whether copies of a repository are kept on this machine, and where.

import Bytes
package import HostOS
package import RepositoryEngine
import RepositoryFormat
import Stores

package struct CacheChoice: Sendable {
    package enum Use: Sendable {
        case never
        /// For repositories that are not directories of this machine: copies of those cost more than they save.
        case forDistantOnes
        case always
    }

    package var use: Use
    package var directory: CacheDirectory
    /// How many days a repository's copies may lie unused before `removesOld` removes them.
    package var maximumAgeDays: Int64 = 30
    package var removesOld = false

    package init(_ use: Use, in directory: CacheDirectory) {
        self.use = use
        self.directory = directory
    }

    func isWanted(for address: StoreAddress) -> Bool {
        switch (use, address) {
        case (.never, _): false
        case (.always, _): true
        case (.forDistantOnes, .local): false
        }
    }

    /// The usual place: what the environment names, or the user's own directory for such things; nil for a user without a home.
    package static func standardDirectory(environment: (String) -> String? = Host.environment) -> CacheDirectory? {
        func path(_ name: String, _ below: String...) -> BytePath? {
            guard let value = environment(name), value.hasPrefix("/") else { return nil }
            return below.reduce(BytePath(value)) { $0.appending($1) }
        }
        // A folder of our own in restic's directory: the two keep their copies differently.
        let root = path("LIFEBOAT_CACHE_DIR") ?? path("RESTIC_CACHE_DIR", "lifeboat") ?? path("XDG_CACHE_HOME", "lifeboat") ?? path("HOME", ".cache", "lifeboat")
        return root.map { CacheDirectory(root: $0) }
    }

    /// The entries that nobody has used for too long.
    package func old(_ entries: [CacheDirectory.Entry], now: FileTime) -> [CacheDirectory.Entry] {
        entries.filter { $0.lastUsed.seconds < now.seconds - maximumAgeDays * 86_400 }
    }
}

extension RepositoryAccess {
    /// The same without copies: for what proves or mends the repository itself, as it would have to be read on another machine.
    package var uncached: RepositoryAccess {
        var access = self
        access.cache = nil
        return access
    }

    /// The repository with its copies, if they are wanted and can be had.
    func withCopies(_ repository: Repository) -> Repository {
        guard let cache, cache.isWanted(for: address) else { return repository }
        let tell = onCacheTrouble
        do {
            let copies = try cache.directory.copies(of: repository.config.id)
            if cache.removesOld {
                for entry in cache.old(try cache.directory.entries(), now: SystemClock().now()) where entry.repository != repository.config.id {
                    try cache.directory.remove(entry)
                }
            }
            return repository.cached(in: copies) { tell?($0) }
        } catch {
            tell?(Failure(.failed, "going on without a cache: \(Failure(describing: error).message)"))
            return repository
        }
    }
}
