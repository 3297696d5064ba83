// IndexInspection: loads every index file that can be loaded, and compares what they say with each other and with the pack files.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

struct IndexInspection {
    /// Over everything that could be loaded.
    let indexed: IndexedRepository
    private let report: CheckReport

    /// What the first index file that names a pack says about it, and how many do.
    private struct Description {
        let blobCount: Int
        /// Independent of the order of blobs.
        let fingerprint: Int
        var fileCount = 1
        var contradicts = false

        init(_ blobs: Span<PackedBlob>) {
            blobCount = blobs.count
            var sum = 0
            for index in 0..<blobs.count { sum &+= blobs[index].hashValue }
            fingerprint = sum
        }

        mutating func meet(_ other: Description) {
            fileCount += 1
            if other.blobCount != blobCount || other.fingerprint != fingerprint { contradicts = true }
        }
    }

    private final class Descriptions: Sendable {
        let byPack = Mutex<[PackID: Description]>([:])
    }

    init(_ repository: Repository, _ report: CheckReport, _ progress: @escaping UpkeepProgressHandler) throws {
        self.report = report
        let files = try repository.store.list(.index).map { IndexID($0.name) }.sorted()
        let index = BlobIndex(), descriptions = Descriptions()
        let counter = StageCounter(.loadingIndexes, total: files.count, progress)
        for file in files {
            do {
                let json = try repository.loadFile(StoreKey(.index, file.digest))
                try IndexFile.parse(json, version: repository.config.version) { pack, blobs in
                    let description = Description(blobs)
                    descriptions.byPack.withLock { if $0[pack]?.meet(description) == nil { $0[pack] = description } }
                    index.add(pack, blobs)
                }
            } catch {
                try report.add("index \(file.short)", error)
                report.suggestRepairIndex()
            }
            counter.advance()
        }
        indexed = IndexedRepository(repository: repository, index: index, indexFiles: files)
        report.count { counts in
            counts.indexFiles = files.count
            counts.packs = index.packCount
            counts.blobs = index.blobCount
        }
        reportDescriptions(descriptions.byPack.withLock { $0 })
    }

    private func reportDescriptions(_ byPack: [PackID: Description]) {
        for (pack, _) in byPack.filter({ $0.value.contradicts }).sorted(by: { $0.key < $1.key }) {
            report.add(CheckError("pack \(pack.short)", "index files contradict each other about its blobs"))
            report.suggestRepairIndex()
        }
        let repeated = byPack.filter { $0.value.fileCount > 1 && !$0.value.contradicts }.keys.sorted()
        if let first = repeated.first {
            report.addHint("\(repeated.count) packs are named by several index files, the first is pack \(first.short)")
            report.suggestRepairIndex()
        }
    }

    /// The packs that are in the index, there, and of the right size. The others are reported.
    func comparePacks(with listing: [StoreEntry]) -> [PackFile] {
        var sizes = Dictionary(listing.map { (PackID($0.name), $0.byteCount) }, uniquingKeysWith: { first, _ in first })
        var mixed: [PackID] = []
        var present: [PackFile] = []
        indexed.index.forEachPack { entries in
            let types = Set(entries.blobs.map(\.type))
            if types.count > 1 { mixed.append(entries.id) }
            guard let actual = sizes.removeValue(forKey: entries.id) else {
                report.suggestRepairIndex()
                return report.add(CheckError("pack \(entries.id.short)", "it is missing", blobs: entries.blobs.map(\.handle)))
            }
            let expected = entries.blobs.reduce(UInt64(PackHeader.overhead(of: entries.blobs))) { $0 + UInt64($1.length) }
            if actual == expected { return present.append(PackFile(id: entries.id, byteCount: actual)) }
            report.suggestRepairIndex()
            report.markBroken(entries.id)
            let lost = entries.blobs.filter { $0.byteRange.upperBound > actual }.map(\.handle)
            report.add(CheckError("pack \(entries.id.short)", "it has \(actual) bytes, but the index says \(expected)", blobs: lost))
            present.append(PackFile(id: entries.id, byteCount: actual))
        }
        hint(unindexed: sizes.keys.sorted(), mixed: mixed.sorted())
        return present
    }

    private func hint(unindexed: [PackID], mixed: [PackID]) {
        report.count { $0.unindexedPacks = unindexed.count }
        if let first = unindexed.first {
            report.addHint("\(unindexed.count) packs are in no index, the first is pack \(first.short)")
            report.suggestPrune()
        }
        if let first = mixed.first, indexed.repository.config.version == .two {
            report.addHint("\(mixed.count) packs hold both data and trees, the first is pack \(first.short)")
            report.suggestPrune()
        }
    }
}
