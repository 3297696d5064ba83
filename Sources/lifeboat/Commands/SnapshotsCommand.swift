// `lifeboat snapshots`: what is in the repository.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat

struct SnapshotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "List the snapshots.",
        discussion: "Examples:\n  lifeboat snapshots\n  lifeboat snapshots --tag source=database --json")

    @Argument(help: "Only these: ids or their beginnings.")
    var ids: [String] = []

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let listing = try ListSnapshots(access: repository.access(), names: ids, filter: filter.filter()).run()
        print(listing.snapshots)
        for failure in listing.damage { Console.warning(failure.message) }
        if !listing.damage.isEmpty { Console.end(.damaged) }
    }

    private func print(_ snapshots: [CatalogedSnapshot]) {
        if output.json {
            Console.out("[" + snapshots.map { SnapshotJSON.object($0) }.joined(separator: ",") + "]")
            return
        }
        var table = Table(["ID", "Time", "Host", "Tags", "Paths", "Size"], rightAligned: [5])
        for entry in snapshots {
            let snapshot = entry.snapshot
            table.append([
                entry.id.short, snapshot.time.secondText, snapshot.hostName, snapshot.tags.joined(separator: ","),
                snapshot.paths.map(\.description).joined(separator: ", "),
                snapshot.summary.map { ByteCount($0.totalBytesProcessed).description } ?? "",
            ])
        }
        table.print()
        Console.out(Counted.text(snapshots.count, "snapshot"))
    }
}

enum SnapshotJSON {
    /// The stored object with `id` and `short_id` added, as restic prints it.
    static func object(_ entry: CatalogedSnapshot) -> String {
        extended(entry, by: "")
    }

    /// The same as the first message of a listing.
    static func message(_ entry: CatalogedSnapshot) -> String {
        extended(entry, by: ",\"message_type\":\"snapshot\",\"struct_type\":\"snapshot\"")
    }

    private static func extended(_ entry: CatalogedSnapshot, by members: String) -> String {
        var text = String(decoding: entry.snapshot.json, as: UTF8.self)
        text.removeLast()
        return text + ",\"id\":\"\(entry.id.hex)\",\"short_id\":\"\(entry.id.short)\"\(members)}"
    }
}

extension Timestamp {
    /// "2026-11-24 10:00:00" in the timestamp's own offset.
    var secondText: String { String(description.prefix(19)).replacing("T", with: " ") }
}
