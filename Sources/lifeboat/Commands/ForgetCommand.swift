// `lifeboat forget`: removes old snapshots by policy, or those named.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Remove old snapshots: by the settings, by a policy, or those named.",
        discussion: """
            Examples:
              lifeboat forget --dry-run                                 what the application's settings would remove
              lifeboat forget --prune                                   remove it, and free the space
              lifeboat forget --explain                                 which rule keeps or drops each snapshot
              lifeboat forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12
              lifeboat forget --keep-last 3 --tag source=database --prune
              lifeboat forget 4f2a91c0

            Without a policy, in an application: its `retention:` decides, for each source by itself; never fewer than `minimum` good snapshots
            of a source stay, and what a restore replaced stays for 30 days. Nothing but the application's own snapshots is touched.

            A policy applies to each group of snapshots with the same host and paths; those of an application are also told apart by application,
            source and purpose. --group-by groups as restic does. Space is freed by `lifeboat prune`, or --prune.
            """)

    @Argument(help: "Remove exactly these: ids or their beginnings.")
    var ids: [String] = []

    @OptionGroup(title: "What to keep") var policy: PolicyOptions

    @Option(
        name: [.customShort("g"), .long],
        help: ArgumentHelp("What groups snapshots: host, paths, tags; empty for one group.", valueName: "parts"))
    var groupBy: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "Say for each snapshot which rule keeps or drops it, and remove nothing.")
    var explain = false

    @Flag(name: .long, help: "Free the space too, if anything was removed.")
    var prune = false

    @Flag(name: .long, help: "Allow removing every snapshot that the filter matches.")
    var unsafeAllowRemoveAll = false

    @OptionGroup(title: "Pruning") var limits: PruneLimitOptions
    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    private var onlyLooks: Bool { dryRun || explain }

    func run() throws {
        let report = ForgetReport(dryRun: onlyLooks, explains: explain, output), line = StageLine(output)
        let outcome = try line.around { progress in
            let onPlan: (ForgetPlan) -> Void = { plan in
                line.clear()
                report.print(plan)
            }
            let onPrunePlan: (String) -> Void = { text in
                line.clear()
                report.print(prunePlan: text)
            }
            if try followsSettings { return try retain().run(progress: progress, onPlan: onPlan, onPrunePlan: onPrunePlan).forgotten }
            return try forget().run(progress: progress, onPlan: onPlan, onPrunePlan: onPrunePlan)
        }
        report.print(outcome)
    }

    /// Nothing is said about what to keep, and there is an application whose settings say it.
    private var followsSettings: Bool {
        get throws {
            guard try ids.isEmpty && policy.policy().isEmpty, groupBy == nil, filter.isEmpty, !unsafeAllowRemoveAll else { return false }
            return try (!repository.isGiven || repository.config != nil) && repository.lookup.findIfAny() != nil
        }
    }

    private func retain() throws -> AppRetain {
        var verb = AppRetain(try repository.workbench())
        verb.dryRun = onlyLooks
        verb.prune = prune ? try limits.options() : nil
        return verb
    }

    private func forget() throws -> ForgetSnapshots {
        let policy = try policy.policy()
        guard ids.isEmpty || policy.isEmpty else {
            throw Failure(.usage, "both snapshots and a policy are given", hint: "name snapshots, or say what to keep")
        }
        let grouping = try groupBy.map { try SnapshotGrouping(parsing: $0) } ?? .withApplications
        let choice: ForgetSnapshots.Choice = ids.isEmpty ? .policy(policy, grouping, allowRemoveAll: unsafeAllowRemoveAll) : .named(ids)
        var verb = ForgetSnapshots(access: try repository.access(), choice: choice, filter: filter.filter())
        verb.dryRun = onlyLooks
        verb.prune = prune ? try limits.options() : nil
        return verb
    }
}
