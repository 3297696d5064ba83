// `lifeboat diff`: what became of the files between two snapshots.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what changed between two snapshots.",
        discussion: """
            Examples:
              lifeboat diff 4f2a91c0 latest
              lifeboat diff 4f2a91c0:/var/www latest:/var/www --metadata
              lifeboat diff 4f2a91c0 latest --tag source=files

            --host, --tag and --path say of what `latest` is the latest.

            Marks: + added, - removed, M content changed, U metadata changed (with --metadata), T type changed, ? content changed though nothing
            else did: perhaps a damaged disk.
            """)

    @Argument(help: "The older snapshot: an id, its beginning, or latest, with :/directory for a part.")
    var before: String

    @Argument(help: "The newer one.")
    var after: String

    @Flag(name: .long, help: "Also show what changed only in mode, owner, times and the like.")
    var metadata = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = DiffSnapshots(access: try repository.access(), before: before, after: after)
        verb.showsMetadata = metadata
        verb.filter = filter.filter()
        let (json, quiet) = (output.json, output.quiet)
        let outcome = try verb.run(
            onSnapshots: { old, new in
                if !json && !quiet { Console.out("comparing snapshot \(old.id.short) to \(new.id.short):\n") }
            },
            onChange: { change in
                if json { return Console.out(DiffCommand.json(change)) }
                if !quiet { Console.out("\(change.marks.padded(to: 5))\(change.path)") }
            })
        if json { Console.out(statisticsJSON(outcome.statistics)) } else { DiffCommand.print(outcome.statistics) }
        for message in outcome.unreadable { Console.warning("not compared: \(message)") }
        if !outcome.unreadable.isEmpty { Console.end(.damaged) }
    }

    private static func json(_ change: DiffChange) -> String {
        JSONLine("change").bytes("path", change.path.bytes).string("modifier", change.marks).text
    }

    private func statisticsJSON(_ statistics: DiffStatistics) -> String {
        func side(_ side: DiffStatistics.Side) -> String {
            JSONLine().number("files", side.files).number("dirs", side.directories).number("others", side.others)
                .number("data_blobs", side.dataBlobs).number("tree_blobs", side.treeBlobs).number("bytes", side.bytes).text
        }
        return JSONLine("statistics").string("source_snapshot", before).string("target_snapshot", after)
            .number("changed_files", statistics.changedFiles).raw("added", side(statistics.added)).raw("removed", side(statistics.removed)).text
    }

    /// As restic words it.
    private static func print(_ statistics: DiffStatistics) {
        let added = statistics.added, removed = statistics.removed
        func line(_ title: String, _ new: UInt64, _ gone: UInt64, _ more: String = "") {
            Console.out("\(title.padded(to: 13))\("\(new)".padded(before: 5)) new, \("\(gone)".padded(before: 5)) removed\(more)")
        }
        Console.out("")
        line("Files:", added.files, removed.files, ", \("\(statistics.changedFiles)".padded(before: 5)) changed")
        line("Dirs:", added.directories, removed.directories)
        line("Others:", added.others, removed.others)
        line("Data Blobs:", added.dataBlobs, removed.dataBlobs)
        line("Tree Blobs:", added.treeBlobs, removed.treeBlobs)
        Console.out("  Added:   \(ByteCount(added.bytes))")
        Console.out("  Removed: \(ByteCount(removed.bytes))")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    fileprivate func padded(before width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
