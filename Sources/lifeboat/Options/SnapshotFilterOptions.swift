// SnapshotFilterOptions: which snapshots are meant.

import ArgumentParser
import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat

struct SnapshotFilterOptions: ParsableArguments {
    @Option(name: [.customShort("H"), .long], help: "Only snapshots of this host; repeat it for several.")
    var host: [String] = []

    @Option(name: .long, help: "Only snapshots with all of these tags, separated by commas; repeat it for alternatives.")
    var tag: [String] = []

    @Option(name: .long, help: "Only snapshots of this path; repeat it to require several.")
    var path: [String] = []

    /// Whether no flag was given.
    var isEmpty: Bool { host.isEmpty && tag.isEmpty && path.isEmpty }

    func filter() -> SnapshotFilter {
        var hosts = host
        if hosts.isEmpty, let variable = Host.environment("RESTIC_HOST"), !variable.isEmpty { hosts = [variable] }
        return SnapshotFilter(
            hosts: hosts == [""] ? [] : hosts, tagLists: tag.map { TagList.flatten([$0]) },
            paths: path.map { .resolve(BytePath($0), in: Host.workingDirectory()) })
    }
}

enum SnapshotTime {
    /// RFC 3339, or "2026-11-24 10:00:00" in the local time zone.
    static func parse(_ text: String) throws -> Timestamp {
        if let exact = Timestamp(parsing: text) { return exact }
        if let local = Timestamp(parsing: text.replacing(" ", with: "T") + "Z") {
            let offset = Host.utcOffset(at: local.seconds)
            return local.adding(seconds: -Int64(offset)).with(utcOffset: offset)
        }
        throw Failure(.usage, "'\(text)' is not a time", hint: "write it like 2026-11-24T10:00:00Z or '2026-11-24 10:00:00'")
    }
}
