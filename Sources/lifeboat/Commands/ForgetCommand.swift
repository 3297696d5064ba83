// `lifeboat forget`: removes old snapshots by policy, or those named.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Remove snapshots by policy, or those named.",
        discussion: """
            Examples:
              lifeboat forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run
              lifeboat forget --keep-last 3 --tag source=database --prune
              lifeboat forget 4f2a91c0

            The policy applies to each group of snapshots with the same host and paths. Space is freed by `lifeboat prune`, or --prune.
            """)

    @Argument(help: "Remove exactly these: ids or their beginnings.")
    var ids: [String] = []

    @OptionGroup(title: "What to keep") var policy: PolicyOptions

    @Option(
        name: [.customShort("g"), .long],
        help: ArgumentHelp("What groups snapshots: host, paths, tags; empty for one group.", valueName: "parts"))
    var groupBy = "host,paths"

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "Free the space too, if anything was removed.")
    var prune = false

    @Flag(name: .long, help: "Allow removing every snapshot that the filter matches.")
    var unsafeAllowRemoveAll = false

    @OptionGroup(title: "Pruning") var limits: PruneLimitOptions
    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let verb = try verb(), report = ForgetReport(dryRun: dryRun, output)
        let line = StageLine(output)
        let outcome = try line.around { progress in
            try verb.run(
                progress: progress,
                onPlan: {
                    line.clear()
                    report.print($0)
                },
                onPrunePlan: {
                    line.clear()
                    report.print(prunePlan: $0)
                })
        }
        report.print(outcome)
    }

    private func verb() throws -> ForgetSnapshots {
        let policy = try policy.policy()
        guard ids.isEmpty || policy.isEmpty else {
            throw Failure(.usage, "both snapshots and a policy are given", hint: "name snapshots, or say what to keep")
        }
        let choice: ForgetSnapshots.Choice =
            ids.isEmpty ? .policy(policy, try SnapshotGrouping(parsing: groupBy), allowRemoveAll: unsafeAllowRemoveAll) : .named(ids)
        var verb = ForgetSnapshots(access: try repository.access(), choice: choice, filter: filter.filter())
        verb.dryRun = dryRun
        verb.prune = prune ? try limits.options() : nil
        return verb
    }
}
