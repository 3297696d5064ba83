// IndexLoading: the union of all index files as one table. Snapshots must have been listed before (a backup finishing in between
// would else be seen without its blobs).

import Bytes
import HostOS
package import RepositoryFormat
import Stores
import Synchronization

/// An opened repository together with its whole index: what every reader and writer of blobs needs.
package final class IndexedRepository: Sendable {
    package let repository: Repository
    package let index: BlobIndex
    /// The index files that were loaded.
    package let indexFiles: [IndexID]

    package init(repository: Repository, index: BlobIndex, indexFiles: [IndexID]) {
        self.repository = repository
        self.index = index
        self.indexFiles = indexFiles
        repository.copies?.remember(treePacks: index.treePacks)
    }

    /// The same repository and index, but nothing written reaches the store: for dry runs.
    package func discardingWrites() -> IndexedRepository {
        IndexedRepository(repository: repository.through(DiscardingStore(repository.store)), index: index, indexFiles: indexFiles)
    }

    /// Loads every index file; one that cannot be loaded is an error, because blobs would seem missing.
    package static func load(_ repository: Repository) throws -> IndexedRepository {
        let index = BlobIndex()
        let files = try load(repository, besides: [], into: index)
        return IndexedRepository(repository: repository, index: index, indexFiles: files)
    }

    /// Loads what other programs have added meanwhile.
    /// - Returns: the files that were not among those `known`.
    package func loadIndexFiles(besides known: Set<IndexID>) throws -> [IndexID] {
        let files = try IndexedRepository.load(repository, besides: known, into: index)
        repository.copies?.remember(treePacks: index.treePacks)
        return files
    }

    private static func load(_ repository: Repository, besides known: Set<IndexID>, into index: BlobIndex) throws -> [IndexID] {
        let files = try repository.store.list(.index).map { IndexID($0.name) }.filter { !known.contains($0) }.sorted()
        try IndexLoading.forEachFile(files, of: repository) { _, json in
            try IndexFile.parse(json, version: repository.config.version) { pack, blobs in index.add(pack, blobs) }
        }
        return files
    }
}

package enum IndexLoading {
    /// Loads the files side by side and hands each JSON to `body`, which runs on several threads at once.
    package static func forEachFile(
        _ files: [IndexID], of repository: Repository, _ body: @escaping @Sendable (IndexID, [UInt8]) throws -> Void
    ) throws {
        let next = Mutex(0)
        let workers = Workers()
        for number in 0..<min(files.count, Host.processorCount) {
            workers.start("index-\(number)") {
                while let file = next.withLock({ position in
                    position < files.count
                        ? files[
                            {
                                position += 1; return position - 1
                            }()] : nil
                }) {
                    if workers.failed { return }
                    do {
                        try body(file, repository.loadFile(StoreKey(.index, file.digest)))
                    } catch let error as FormatError {
                        throw RepositoryFailure.damaged(object: "index \(file.short)", detail: error.detail)
                    }
                }
            }
        }
        try workers.join()
    }
}
