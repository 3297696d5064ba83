// CacheOptions: copies of a far repository on this machine.

import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine

struct CacheOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Keep copies of snapshots, index and trees on this machine, or not. Default: only of repositories that are not local.")
    var cache: Bool?

    @Option(name: .long, help: "Where to keep them; implies --cache. Default: $LIFEBOAT_CACHE_DIR, or lifeboat/ in $XDG_CACHE_HOME or ~/.cache.")
    var cacheDir: String?

    @Flag(name: .long, help: "Remove the copies of repositories that were not used for 30 days.")
    var cleanupCache = false

    /// Nil if nothing is to be kept.
    func choice() throws -> CacheChoice? {
        if cacheDir != nil, cache == false {
            throw Failure(.usage, "both --no-cache and --cache-dir are given", hint: "leave one out")
        }
        if cache == false { return nil }
        guard let directory = try CacheOptions.directory(named: cacheDir) else {
            if cache == true { throw Failure(.usage, "there is no place for a cache: no home directory is known", hint: "name one with --cache-dir") }
            return nil
        }
        var choice = CacheChoice(cache == true || cacheDir != nil ? .always : .forDistantOnes, in: directory)
        choice.removesOld = cleanupCache
        return choice
    }

    static func directory(named name: String?) throws -> CacheDirectory? {
        guard let name else { return CacheChoice.standardDirectory() }
        guard !name.isEmpty else { throw Failure(.usage, "the cache directory has no name", hint: "name it, as in --cache-dir /var/cache/lifeboat") }
        return CacheDirectory(root: .resolve(BytePath(name), in: Host.workingDirectory()))
    }
}
