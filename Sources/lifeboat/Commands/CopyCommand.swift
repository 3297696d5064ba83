// `lifeboat copy`: snapshots of one repository into another.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct CopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy snapshots into another repository.",
        discussion: """
            Examples:
              lifeboat copy --repo /mnt/offsite/app --password-file offsite.key
                                                         the application's snapshots, to a second place
              lifeboat copy --from-repo /mnt/backup/app --from-password-file app.key --repo /mnt/offsite/app --password-file offsite.key
              lifeboat copy --from-repo /mnt/backup/app --tag source=database latest

            --from-repo is read, --repo is written. Without --from-repo, in an application, its repository is the one to copy from. What the
            destination has already is not sent again: neither snapshots nor data. Make the destination with `lifeboat repository init
            --copy-chunker-params --from-repo …`, so that backups into both places share data.
            """)

    @Argument(help: "Only these: ids, their beginnings, or latest. Default: all that the filter matches.")
    var ids: [String] = []

    @OptionGroup(title: "The repository to copy from") var from: FromRepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var source = try source()
        source.access.limits = repository.limits
        var destination = try repository.access()
        // What an application's snapshots are copied to is no application's; that they were copied is a line of its log.
        if source.isOfApplication { destination.audit = source.access.audit }
        let verb = CopySnapshots(
            source: source.access, destination: destination, choice: SnapshotChoice(names: ids, filter: filter.filter()),
            writer: try writing.options())
        let line = StageLine(output)
        let outcome = try line.around { progress in
            try verb.run(
                progress: progress,
                onChoice: { choice in
                    line.clear()
                    if output.verbose > 0 && !output.json { for entry in choice.present { printPresent(entry.source, entry.destination) } }
                },
                onCopied: { copied in
                    line.clear()
                    print(copied)
                })
        }
        printSummary(outcome)
    }

    private func source() throws -> (access: RepositoryAccess, isOfApplication: Bool) {
        let retry = try repository.retryLock.map(Durations.seconds) ?? 0
        if let access = try from.access(retryLockSeconds: retry, withoutLock: repository.noLock) { return (access, false) }
        guard repository.isGiven, try repository.lookup.findIfAny() != nil else {
            throw Failure(
                .usage, "no repository to copy from is given",
                hint: "use --from-repo PATH or set LIFEBOAT_FROM_REPOSITORY; in an application, give the destination with --repo")
        }
        var access = try AppWorkbench.open(repository.lookup, programVersion: "lifeboat \(Lifeboat.version)").access
        access.withoutLock = repository.noLock
        access.onReadingWithoutLock = { Console.warning($0.message) }
        access.onDamagedSnapshot = { Console.warning($0.message) }
        access.audit.onWarning = { Console.warning($0) }
        return (access, true)
    }

    private func printPresent(_ source: CatalogedSnapshot, _ copy: SnapshotID) {
        if !output.quiet { Console.out("\(source.id.short) was copied before, to \(copy.short)") }
    }

    private func print(_ copied: CopyOutcome.Copied) {
        let snapshot = copied.source.snapshot
        if output.json {
            return Console.out(
                JSONLine("copied").string("source_snapshot_id", copied.source.id.hex).string("snapshot_id", copied.destination.hex).text)
        }
        if output.quiet { return }
        Console.out(
            "\(copied.source.id.short) copied to \(copied.destination.short)  \(snapshot.paths.map(\.description).joined(separator: ", "))"
                + " of \(snapshot.hostName) at \(snapshot.time.secondText)")
    }

    private func printSummary(_ outcome: CopyOutcome) {
        let written = outcome.written
        if output.json {
            return Console.out(
                JSONLine("summary").number("snapshots_copied", UInt64(outcome.copied.count))
                    .number("snapshots_present", UInt64(outcome.present.count)).number("packs_read", UInt64(outcome.readPackCount))
                    .number("data_blobs", written.dataBlobs).number("tree_blobs", written.treeBlobs).number("data_added", written.dataAdded)
                    .number("data_added_packed", written.dataAddedPacked).text)
        }
        if output.quiet { return }
        Console.out(
            "copied \(Counted.text(outcome.copied.count, "snapshot")), \(outcome.present.count) were there already; wrote"
                + " \(ByteCount(written.dataAddedPacked)) for \(ByteCount(written.dataAdded)) in \(Counted.text(written.dataBlobs + written.treeBlobs, "blob"))")
    }
}
