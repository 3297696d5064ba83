// ForeignTargets: files that other people hand over to be restored: archives, database dumps, and the manifests beside them.

import Bytes
import Codecs
import Databases
import HostOS

extension FuzzTarget {
    static let foreignTargets: [FuzzTarget] = [
        FuzzTarget("archive") { try read($0, .archive) },
        FuzzTarget("single-file") { try read($0, .single) },
        FuzzTarget("sql-dump", dump),
        FuzzTarget("table-definition") { bytes in
            let definition = TableDefinition(bytes)
            try BrokenLaw.unless(
                definition.withoutForeignKeys.bytes.count <= bytes.count + 1, "a definition grows when its foreign keys are taken out")
            if definition.foreignKeys.isEmpty { try BrokenLaw.unless(definition.withoutForeignKeys.bytes == bytes, "a definition without foreign keys changes") }
        },
        FuzzTarget("manifest") { bytes in
            switch try ManifestEngine(json: bytes) {
            case .sqlite:
                let manifest = try DatabaseManifest(json: bytes)
                try BrokenLaw.unless(try DatabaseManifest(json: manifest.json) == manifest, "a manifest changes when it is written again")
            case .server:
                let manifest = try ServerManifest(json: bytes)
                try BrokenLaw.unless(try ServerManifest(json: manifest.json) == manifest, "a manifest changes when it is written again")
            }
        },
    ]

    /// libarchive reads files by name; this one lies in memory where there is a place for that.
    private static func read(_ bytes: [UInt8], _ form: ArchiveReader.Form) throws {
        let folder: BytePath = try FileStatus.ifExists("/dev/shm") == nil ? "/tmp" : "/dev/shm"
        let path = folder.appending("lifeboat-fuzz-\(Host.processID)-\(UInt64.random(in: 0 ... .max))")
        defer { try? Directory.remove(path) }
        try Descriptor.open(path, .createNew, permissions: 0o600).write(bytes.span)
        let reader = try ArchiveReader(path, form)
        let most = max(64 << 20, 250 * UInt64(bytes.count)) + (1 << 20)
        var nameByteCount = 0
        while let entry = try reader.next() {
            nameByteCount += entry.path.count
            try BrokenLaw.unless(max(entry.path.count, entry.linkTarget.count) <= 4096, "a name is longer than any path")
            try BrokenLaw.unless(!entry.path.contains(0) && !entry.linkTarget.contains(0), "a name holds a zero byte")
            try BrokenLaw.unless(entry.permissions <= 0o7777 && entry.nanoseconds >= 0, "an entry claims what no file has")
            while try reader.read() > 0 {}
            try BrokenLaw.unless(reader.byteCount <= most, "\(reader.byteCount) bytes came out of \(bytes.count)")
        }
    }

    /// What a dump is judged by must not depend on where the reads end.
    private static func dump(_ bytes: [UInt8]) throws {
        func verdict(_ step: Int) -> (isComplete: Bool, refusal: String?) {
            var scan = ForeignDumpScan()
            do {
                for start in stride(from: 0, to: bytes.count, by: step) { try scan.take(Array(bytes[start..<min(bytes.count, start + step)])) }
                try scan.finish()
                return (scan.isComplete, nil)
            } catch {
                return (false, Failure(describing: error).message)
            }
        }
        let whole = verdict(max(1, bytes.count))
        for step in [1, 7, 100] { try BrokenLaw.unless(verdict(step) == whole, "a dump read in pieces of \(step) bytes is judged otherwise") }
    }
}

extension ArchiveReader {
    /// Up to 64 KiB of the entry's content, thrown away.
    fileprivate func read() throws -> Int {
        try [UInt8](byteCount: 64 << 10) { (span: inout MutableSpan<UInt8>) throws in try read(into: &span) }.count
    }
}
