// `lifeboat tag`: other tags for snapshots that are there.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Change the tags of snapshots.",
        discussion: """
            Examples:
              lifeboat tag --add before-upgrade latest
              lifeboat tag --remove old --tag old        take the tag away wherever it is
              lifeboat tag --set keep,yearly 4f2a91c0    these tags and no others
              lifeboat tag --set '' 4f2a91c0             no tags at all

            Without ids, every snapshot that --host, --tag and --path match is changed. A changed snapshot gets a new id; the files in it stay as
            they are. The tags app=, source= and purpose= tell what an application's snapshots are: leave them as they are.
            """)

    @Argument(help: "The snapshots: ids, their beginnings, or latest.")
    var ids: [String] = []

    @Option(name: .long, help: ArgumentHelp("Replace all tags; repeat it, or separate tags by commas.", valueName: "tags"))
    var set: [String] = []

    @Option(name: .long, help: ArgumentHelp("Add tags.", valueName: "tags"))
    var add: [String] = []

    @Option(name: .long, help: ArgumentHelp("Take tags away.", valueName: "tags"))
    var remove: [String] = []

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let change = try change()
        let verb = TagSnapshots(
            access: try repository.access(), choice: SnapshotChoice(names: ids, filter: filter.filter()), change: change)
        let outcome = try StageLine(output).around { try verb.run(progress: $0) }
        report(outcome)
    }

    private func change() throws -> TagChange {
        guard !set.isEmpty || !add.isEmpty || !remove.isEmpty else {
            throw Failure(.usage, "nothing to do: no tags are given", hint: "use --set, --add or --remove")
        }
        if set.isEmpty { return .change(add: TagList.flatten(add), remove: TagList.flatten(remove)) }
        guard add.isEmpty, remove.isEmpty else {
            throw Failure(.usage, "--set and --add or --remove are given together", hint: "--set alone says what the tags will be")
        }
        return .set(TagList.flatten(set))
    }

    private func report(_ outcome: Retag.Outcome) {
        if output.json {
            for change in outcome.replaced {
                let line = JSONLine("changed").string("old_snapshot_id", change.old.hex).string("new_snapshot_id", change.new.hex)
                Console.out(line.strings("tags", change.tags).text)
            }
            Console.out(JSONLine("summary").number("changed_snapshots", UInt64(outcome.replaced.count)).text)
        } else if !output.quiet {
            for change in outcome.replaced {
                Console.out("\(change.old.short) is now \(change.new.short)  \(change.tags.isEmpty ? "no tags" : change.tags.joined(separator: ","))")
            }
            let count = Counted.text(outcome.replaced.count, "snapshot")
            Console.out(outcome.replaced.isEmpty ? "no snapshots were modified" : "modified tags on \(count)")
        }
        RemainingSnapshots.report(outcome.remaining)
    }
}

/// Originals that could not be removed although their successors are there.
enum RemainingSnapshots {
    /// Ends the program with exit status 3 if there are some.
    static func report(_ remaining: [(id: SnapshotID, message: String)]) {
        for (id, message) in remaining { Console.warning("snapshot \(id.short) was not removed, and its successor is there: \(message)") }
        if !remaining.isEmpty { Console.end(.sourceIncomplete) }
    }
}
