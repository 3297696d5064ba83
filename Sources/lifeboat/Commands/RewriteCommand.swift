// `lifeboat rewrite`: snapshots without some of their files, or with other metadata.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct RewriteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewrite", abstract: "Take files out of snapshots, or change their host or time.",
        discussion: """
            Examples:
              lifeboat rewrite --exclude '*.log' --dry-run
              lifeboat rewrite --exclude /data/secret.txt --forget     in all snapshots; the originals go
              lifeboat rewrite --include /data/reports 4f2a91c0
              lifeboat rewrite --new-host web1 --host localhost --forget
              lifeboat rewrite --snapshot-summary                      add the size to snapshots of old programs

            Without ids, every snapshot that --host, --tag and --path match is rewritten. One that would not change stays as it is. The new
            snapshot gets the tag `rewrite`; with --forget it takes the original's place instead. The files' data stays in the repository until no
            snapshot needs it and `lifeboat prune` runs: to remove a secret, use --forget, then prune.
            """)

    @Argument(help: "The snapshots: ids, their beginnings, or latest.")
    var ids: [String] = []

    @OptionGroup(title: "What to leave out, or to keep") var patterns: RewritePatternOptions

    @Option(name: .long, help: ArgumentHelp("Replace the host name.", valueName: "name"))
    var newHost: String?

    @Option(name: .long, help: ArgumentHelp("Replace the time: '2026-11-24 10:00:00'.", valueName: "time"))
    var newTime: String?

    @Flag(name: [.short, .long], help: "Give each snapshot a record of its size if it has none.")
    var snapshotSummary = false

    @Flag(name: .long, help: "Remove the originals.")
    var forget = false

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done; -vv names every file that would go.")
    var dryRun = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let request = try request()
        let verb = RewriteSnapshots(
            access: try repository.access(), choice: SnapshotChoice(names: ids, filter: filter.filter()), request: request)
        let line = StageLine(output), namesFiles = output.verbose >= 2 && !output.json
        let outcome = try line.around { progress in
            try verb.run(progress: progress) { snapshot, path in
                if namesFiles { Console.out("\(snapshot.id.short): without \(path)") }
            }
        }
        if output.json { printJSON(outcome) } else if !output.quiet { printText(outcome) }
        RemainingSnapshots.report(outcome.changes.compactMap { change in change.remains.map { (change.original.id, $0) } })
    }

    private func request() throws -> RewriteRequest {
        var request = RewriteRequest()
        request.selection = try patterns.selection()
        request.addsSummary = snapshotSummary
        request.newHost = newHost.flatMap { $0.isEmpty ? nil : $0 }
        request.newTime = try newTime.map(SnapshotTime.parse)
        request.forgetsOriginals = forget
        request.isDryRun = dryRun
        return request
    }

    private func printText(_ outcome: RewriteOutcome) {
        for change in outcome.changes {
            let old = change.original.id.short, snapshot = change.successor
            let what = "\(snapshot.paths.map(\.description).joined(separator: ", ")) of \(snapshot.hostName) at \(snapshot.time.secondText)"
            let files = snapshot.summary.map { ": \(Counted.text($0.totalFilesProcessed, "file")), \(ByteCount($0.totalBytesProcessed))" } ?? ""
            let verb = dryRun ? "would rewrite \(old)" : forget ? "\(old) is now \(change.id?.short ?? "")" : "\(old) rewritten as \(change.id?.short ?? "")"
            Console.out("\(verb)  \(what)\(files)")
        }
        let count = Counted.text(outcome.changes.count, "snapshot")
        switch (outcome.changes.isEmpty, dryRun) {
        case (true, false): Console.out("no snapshots were modified")
        case (true, true): Console.out("no snapshots would be modified")
        case (false, true): Console.out("dry run: would modify \(count)\(forget ? ", and remove the originals" : "")")
        case (false, false): Console.out("modified \(count)\(forget ? "; the originals are removed, `lifeboat prune` frees their space" : "")")
        }
    }

    private func printJSON(_ outcome: RewriteOutcome) {
        for change in outcome.changes {
            let line = JSONLine("changed").string("old_snapshot_id", change.original.id.hex).string("new_snapshot_id", change.id?.hex)
            Console.out(
                line.string("tree", change.successor.tree.hex).number("total_files_processed", change.successor.summary?.totalFilesProcessed ?? 0)
                    .number("total_bytes_processed", change.successor.summary?.totalBytesProcessed ?? 0).text)
        }
        Console.out(
            JSONLine("summary").bool("dry_run", dryRun, omitFalse: true).number("changed_snapshots", UInt64(outcome.changes.count))
                .number("unchanged_snapshots", UInt64(outcome.unchanged.count)).number("tree_blobs", outcome.written.treeBlobs)
                .number("data_added_packed", outcome.written.dataAddedPacked).text)
    }
}
