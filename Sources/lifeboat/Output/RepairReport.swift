// RepairReport: what a repair did, what is lost, and what to do next.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct RepairReport {
    private static let shownCount = 20

    private let output: OutputOptions

    init(_ output: OutputOptions) { self.output = output }

    // MARK: Index

    func print(_ outcome: IndexRepair.Outcome) {
        printFindings(outcome)
        if output.json { return Console.out(RepairReport.json(outcome).text) }
        if output.quiet { return }
        let words =
            outcome.isUnneeded && outcome.writtenIndexFileCount == 0
            ? "the index is right" : "\(Counted.text(outcome.writtenIndexFileCount, "index file")) written, \(outcome.deletedIndexFileCount) removed"
        Console.out("\(words): \(Counted.text(outcome.packCount, "pack"))")
    }

    private func printFindings(_ outcome: IndexRepair.Outcome) {
        for file in outcome.damagedIndexFiles { say("removed index \(file.id.short): \(file.reason)") }
        list(outcome.addedPacks) { "added pack \($0.hex), which was in no index" }
        list(outcome.correctedPacks) { "corrected pack \($0.hex), of which the index said something else" }
        list(outcome.missingPacks) { "dropped pack \($0.hex), which is not there" }
        for pack in outcome.unreadablePacks { warn("pack \(pack.id.hex) cannot be read and was left as it is: \(pack.reason)") }
        if !outcome.unreadablePacks.isEmpty { hint("`lifeboat repair packs` saves what is whole in damaged packs") }
    }

    private static func json(_ outcome: IndexRepair.Outcome) -> JSONLine {
        JSONLine("summary")
            .strings("removed_indexes", outcome.damagedIndexFiles.map(\.id.hex)).strings("added_packs", outcome.addedPacks.map(\.hex))
            .strings("corrected_packs", outcome.correctedPacks.map(\.hex)).strings("missing_packs", outcome.missingPacks.map(\.hex))
            .strings("unreadable_packs", outcome.unreadablePacks.map(\.id.hex)).number("packs", UInt64(outcome.packCount))
            .number("indexes_written", UInt64(outcome.writtenIndexFileCount)).number("indexes_removed", UInt64(outcome.deletedIndexFileCount))
    }

    // MARK: Packs

    /// Ends with an error if a pack was left alone.
    func print(_ outcome: PackSalvage.Outcome) throws {
        for copy in outcome.copies { say("kept a copy: \(copy)") }
        list(outcome.rebuiltPacks) { "rebuilt pack \($0.hex) from parity" }
        list(outcome.lostBlobs) { "lost \($0.type) blob \($0.id.hex)" }
        for pack in outcome.untouchedPacks { warn("pack \(pack.id.hex) was left alone: \(pack.reason)") }
        if !outcome.undeletedPacks.isEmpty { warn("\(outcome.undeletedPacks.count) packs could not be deleted; the next prune tries again") }
        if output.json { Console.out(RepairReport.json(outcome).text) } else if !output.quiet { Console.out(RepairReport.words(outcome)) }
        if !outcome.lostBlobs.isEmpty {
            hint("`lifeboat backup` stores again what still exists at the source; then `lifeboat repair snapshots --forget` removes the rest from the snapshots")
        }
        if let pack = outcome.untouchedPacks.first {
            throw Failure(
                .failed, "\(Counted.text(outcome.untouchedPacks.count, "pack")) could not be repaired, the first is pack \(pack.id.short)",
                hint: "copy the repository to a disk that can be read, and repair the copy")
        }
    }

    private static func words(_ outcome: PackSalvage.Outcome) -> String {
        let rebuilt = outcome.rebuiltPacks.count
        if outcome.removedPacks.isEmpty && outcome.untouchedPacks.isEmpty {
            return rebuilt == 0 ? "no pack is damaged" : "\(Counted.text(rebuilt, "pack")) rebuilt from parity, nothing is lost"
        }
        return (rebuilt == 0 ? "" : "\(Counted.text(rebuilt, "pack")) rebuilt from parity; ")
            + "\(Counted.text(outcome.removedPacks.count, "pack")) removed: \(Counted.text(outcome.savedBlobCount, "blob")) "
            + "(\(ByteCount(outcome.savedByteCount))) saved, \(outcome.lostBlobs.count) lost"
    }

    private static func json(_ outcome: PackSalvage.Outcome) -> JSONLine {
        JSONLine("summary")
            .strings("removed_packs", outcome.removedPacks.map(\.hex)).strings("untouched_packs", outcome.untouchedPacks.map(\.id.hex))
            .number("saved_blobs", UInt64(outcome.savedBlobCount)).number("saved_bytes", outcome.savedByteCount)
            .number("lost_blobs", UInt64(outcome.lostBlobs.count)).strings("lost", outcome.lostBlobs.map { "\($0.type)/\($0.id.hex)" })
            .strings("rebuilt_packs", outcome.rebuiltPacks.map(\.hex))
            .strings("copies", outcome.copies.map(\.description))
    }

    // MARK: Snapshots

    func print(_ outcome: RepairSnapshots.Outcome, dryRun: Bool) {
        for entry in outcome.entries where entry.fate != .whole { print(entry, dryRun) }
        for file in outcome.damagedFiles { print(file.id, file.reason, outcome, dryRun) }
        for copy in outcome.copies { say("kept a copy: \(copy)") }
        if let recovered = outcome.recovered { say("what damaged snapshots may have held is in snapshot \(recovered.short), tagged `\(Recovery.tag)`") }
        if output.json { return printJSON(outcome, dryRun) }
        if output.quiet { return }
        let count = outcome.changedCount
        Console.out(
            count == 0
                ? "no snapshots \(dryRun ? "would be" : "were") modified" : "\(dryRun ? "would modify" : "modified") \(Counted.text(count, "snapshot"))")
    }

    private func print(_ entry: SnapshotRepair.Entry, _ dryRun: Bool) {
        let snapshot = entry.snapshot
        say("snapshot \(snapshot.id.short) of \(snapshot.snapshot.paths.map(\.description).joined(separator: ", ")) at \(snapshot.snapshot.time.secondText)")
        for change in entry.changes { say("  \(change.path): \(RepairReport.words(change.kind))") }
        switch entry.fate {
        case .whole: break
        case .repaired(let id): say(id.map { "  saved new snapshot \($0.short)" } ?? "  would save a new snapshot")
        case .repairedBefore(let id): say("  snapshot \(id.short) is its repaired form")
        case .rootLost: say("  nothing of it can be restored\(entry.isRemoved ? "" : "; --forget removes it")")
        }
        if entry.isRemoved { say(dryRun ? "  would remove the old snapshot" : "  removed the old snapshot") }
    }

    private func print(_ id: SnapshotID, _ reason: String, _ outcome: RepairSnapshots.Outcome, _ dryRun: Bool) {
        warn(reason)
        if !outcome.areDamagedFilesRemoved {
            say("  `--forget` removes snapshot \(id.short), when what it may have held is in a snapshot tagged `\(Recovery.tag)`")
        } else {
            say(dryRun ? "  would remove snapshot \(id.short)" : "  removed snapshot \(id.short)")
        }
    }

    private static func words(_ kind: TreeChange.Kind) -> String {
        switch kind {
        case .shortenedFile(let count): "\(Counted.text(count, "part")) of the file lost, the rest kept"
        case .correctedSize: "its size was put right"
        case .emptiedDirectory(let reason): "replaced by an empty directory: \(reason)"
        case .removedNode(let reason): "removed: \(reason)"
        }
    }

    private func printJSON(_ outcome: RepairSnapshots.Outcome, _ dryRun: Bool) {
        for entry in outcome.entries where entry.fate != .whole {
            var line = JSONLine("snapshot").string("id", entry.snapshot.id.hex).strings("changed_paths", entry.changes.map(\.path.description))
            if case .repaired(let id?) = entry.fate { line = line.string("new_id", id.hex) }
            if case .repairedBefore(let id) = entry.fate { line = line.string("new_id", id.hex) }
            Console.out(line.bool("removed", entry.isRemoved).text)
        }
        Console.out(
            JSONLine("summary").bool("dry_run", dryRun, omitFalse: true).number("modified", UInt64(outcome.changedCount))
                .strings("damaged_snapshots", outcome.damagedFiles.map(\.id.hex)).string("recovered", outcome.recovered?.hex).text)
    }

    // MARK: Recovery

    func print(_ outcome: RecoverTrees.Outcome) {
        printFindings(outcome.index)
        let recovery = outcome.recovery
        for tree in recovery.unreadableTrees { warn("tree \(tree.id.short) cannot be read: \(tree.reason)") }
        if output.json {
            return Console.out(
                JSONLine("summary").number("trees", UInt64(recovery.treeCount)).number("roots", UInt64(recovery.roots.count))
                    .string("snapshot_id", recovery.snapshot?.hex).text)
        }
        if output.quiet { return }
        Console.out("found \(Counted.text(recovery.roots.count, "unreferenced root")) in \(Counted.text(recovery.treeCount, "tree"))")
        Console.out(recovery.snapshot.map { "saved new snapshot \($0.short)" } ?? "no snapshot to write")
        if recovery.snapshot != nil { hint("`lifeboat check` tells whether everything in it is complete, `lifeboat ls --tag \(Recovery.tag)` what it is") }
    }

    // MARK: Lines

    private func say(_ text: String) { output.say(text) }

    private func hint(_ text: String) { output.say(Style.hint.on(stderr: "hint:") + "  " + text) }

    private func warn(_ text: String) {
        if output.json { Console.message(JSONLine("error").string("message", text).text) } else { Console.warning(text) }
    }

    /// The first of many; with -v all.
    private func list<Item>(_ items: [Item], _ words: (Item) -> String) {
        let shown = output.verbose > 0 ? items.count : RepairReport.shownCount
        for item in items.prefix(shown) { say(words(item)) }
        if items.count > shown { say("and \(items.count - shown) more; -v names them all") }
    }
}
