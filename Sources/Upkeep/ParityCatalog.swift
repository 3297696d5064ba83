// ParityCatalog: which packs the parity files of a repository protect, and how much of it is wanted. Needs no key.
//
// A group is a set of packs under one layout; its files, one for each band, each describe it whole. Only a group with all of its bands
// protects anything: one that a crash left in the middle is made again. Of each file only the header is read.

package import Bytes
import Codecs
package import RepositoryFormat
package import Stores

package struct ParityGroup: Sendable {
    package let layout: ParityLayout
    package let columns: [ParityColumn]
    /// The parity file of each band.
    package internal(set) var files: [Int: Digest]

    package var bandCount: Int { columns.map { layout.bandCount($0.pack.byteCount) }.max() ?? 0 }
    package var isComplete: Bool { files.count == bandCount }
    package var packs: [PackID] { columns.map(\.pack.id) }
}

package struct ParityCatalog: Sendable {
    package internal(set) var groups: [ParityGroup] = []
    /// Parity files that do not say what they are.
    package internal(set) var unreadableFiles: [Digest] = []
    package internal(set) var byteCount: UInt64 = 0

    /// - Throws: whatever keeps the place from being read; a damaged file is in `unreadableFiles`.
    package static func load(_ store: any Store) throws -> ParityCatalog {
        var catalog = ParityCatalog(), byGroup: [Group: Int] = [:]
        for entry in try store.list(.parity).sorted(by: { $0.name < $1.name }) {
            do {
                catalog.byteCount += entry.byteCount
                guard let header = try ParityFile(entry.name, byteCount: entry.byteCount, store).header() else {
                    catalog.unreadableFiles.append(entry.name)
                    continue
                }
                let group = Group(layout: header.layout, columns: header.columns)
                if let index = byGroup[group] {
                    catalog.groups[index].files[header.band] = entry.name
                } else {
                    byGroup[group] = catalog.groups.count
                    catalog.groups.append(ParityGroup(layout: header.layout, columns: header.columns, files: [header.band: entry.name]))
                }
            } catch let error as StoreFailure where error.kind == .missing {
                // Replaced by another update since the listing.
            }
        }
        return catalog
    }

    private struct Group: Hashable {
        let layout: ParityLayout
        let columns: [ParityColumn]
    }

    /// Packs of complete groups.
    package var protectedPacks: Set<PackID> { Set(groups.filter(\.isComplete).flatMap(\.packs)) }
}

/// One parity file in the store.
struct ParityFile {
    let name: Digest
    let byteCount: UInt64
    private let store: any Store

    init(_ name: Digest, byteCount: UInt64, _ store: any Store) {
        self.name = name
        self.byteCount = byteCount
        self.store = store
    }

    var key: StoreKey { StoreKey(.parity, name) }

    /// From the beginning of the file or, if that is damaged, from its end. Nil if both are, or if the file has another size than they say.
    func header() throws -> ParityHeader? {
        if let header = try read(at: 0) { return header }
        guard byteCount > 4, let trailer = try part(at: byteCount - 4, 4) else { return nil }
        let count = UInt64(trailer.span.littleEndianWord32(at: 0))
        return count + 4 <= byteCount ? try read(at: byteCount - 4 - count) : nil
    }

    private func read(at offset: UInt64) throws -> ParityHeader? {
        guard offset + UInt64(ParityHeader.startByteCount) <= byteCount, let start = try part(at: offset, ParityHeader.startByteCount),
            let count = ParityHeader.announcedByteCount(start.span), offset + UInt64(count) <= byteCount,
            let bytes = try part(at: offset, count), let header = ParityHeader(parsing: bytes), header.fileByteCount == byteCount
        else { return nil }
        return header
    }

    /// Nil where the file is damaged or cannot be read in this place.
    func part(at offset: UInt64, _ count: Int) throws -> [UInt8]? {
        do {
            return try store.load(key, offset: offset, byteCount: count)
        } catch let error as StoreFailure where error.kind == .corrupt || error.kind == .transient {
            return nil
        }
    }
}

/// How much parity a repository wants: a small file under the hash of its content. Several are there only after a crash; the newest counts.
package struct ParitySettings: Sendable, Equatable {
    private static let maximumByteCount = 4096

    package let redundancyPercent: Int
    package let layout: ParityLayout
    package let time: UInt64

    /// - Parameter percent: 1 … 100, else nil.
    package init?(redundancyPercent percent: Int, time: UInt64) {
        guard let layout = ParityLayout(redundancyPercent: percent) else { return nil }
        redundancyPercent = percent
        self.layout = layout
        self.time = time
    }

    /// Nil if parity is off.
    /// - Throws: `.damaged` if a file is there and none can be understood.
    package static func load(_ store: any Store) throws -> ParitySettings? {
        let entries = try store.list(.paritySettings)
        let found = try entries.compactMap { try parse(store.load(StoreKey(.paritySettings, $0.name), limit: maximumByteCount), $0.name) }
        if found.isEmpty, let entry = entries.first {
            throw StoreFailure(.corrupt, "\(StoreKey(.paritySettings, entry.name)) in \(store.location) is damaged, or of a newer lifeboat")
        }
        return found.max { $0.time < $1.time }
    }

    /// Durable before older ones go.
    package func save(in store: any Store) throws {
        let older = try store.list(.paritySettings)
        let json = Array("{\"version\":1,\"redundancy_percent\":\(redundancyPercent),\"time\":\(time)}".utf8), name = SHA256.hash(json)
        try store.save(StoreKey(.paritySettings, name), json.span)
        for entry in older where entry.name != name { try store.delete(StoreKey(.paritySettings, entry.name)) }
    }

    private static func parse(_ json: [UInt8], _ name: Digest) throws -> ParitySettings? {
        guard SHA256.hash(json) == name else { return nil }
        var scanner = JSONScanner(json), version: UInt64?, percent: UInt64?, time: UInt64?
        do {
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                switch String(decoding: key, as: UTF8.self) {
                case "version": version = try scanner.unsigned()
                case "redundancy_percent": percent = try scanner.unsigned()
                case "time": time = try scanner.unsigned()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
        } catch {
            return nil
        }
        guard version == 1, let percent, percent <= 100, let time else { return nil }
        return ParitySettings(redundancyPercent: Int(percent), time: time)
    }
}
