// ForgetReport: which snapshots stay and why, which go, and what became of it.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct ForgetReport {
    private let dryRun: Bool
    /// Also why no rule keeps what goes.
    private let explains: Bool
    private let output: OutputOptions

    init(dryRun: Bool, explains: Bool = false, _ output: OutputOptions) {
        self.dryRun = dryRun
        self.explains = explains
        self.output = output
    }

    func print(_ plan: ForgetPlan) {
        if output.json { return Console.out("[" + plan.groups.map(json).joined(separator: ",") + "]") }
        if output.quiet { return }
        for group in plan.groups {
            Console.out("snapshots of \(group.key)")
            let dropped = group.decisions.filter { !$0.keeps }
            table(group.keep.map { ($0.snapshot, $0.reasons) }, title: "keep")
            table(dropped.map { ($0.snapshot, explains ? $0.refusals : []) }, title: dryRun ? "would remove" : "remove")
        }
    }

    func print(prunePlan: String) {
        if !output.json && !output.quiet { Console.out(prunePlan) }
    }

    /// Prints the outcome, and ends with exit status 3 if a snapshot could not be removed.
    func print(_ outcome: ForgetSnapshots.Outcome) {
        if !output.json && !output.quiet {
            let count = Counted.text(outcome.removed.count, "snapshot")
            Console.out(explains ? "nothing was changed; \(count) would go" : dryRun ? "dry run: would remove \(count)" : "removed \(count)")
            if outcome.plan == nil { for id in outcome.removed { Console.out("  \(id.short)") } }
            if let pruned = outcome.pruned { PruneReport.printResult(pruned) }
        }
        for (id, message) in outcome.failed { Console.warning("snapshot \(id.short) was not removed: \(message)") }
        if !outcome.failed.isEmpty { Console.end(.sourceIncomplete) }
    }

    private func table(_ rows: [(CatalogedSnapshot, [String])], title: String) {
        if rows.isEmpty { return }
        Console.out("\(title) \(Counted.text(rows.count, "snapshot")):")
        var table = Table(["  ID", "Time", "Host", "Tags", "Reasons", "Paths"])
        for (entry, reasons) in rows {
            let snapshot = entry.snapshot
            table.append([
                "  " + entry.id.short, snapshot.time.secondText, snapshot.hostName, snapshot.tags.joined(separator: ","),
                reasons.joined(separator: explains ? "; " : ", "), snapshot.paths.map(\.description).joined(separator: ", "),
            ])
        }
        table.print()
        Console.out("")
    }

    // MARK: JSON, as restic prints it

    private func json(_ group: ForgetPlan.Group) -> String {
        let line = JSONLine()
            .raw("tags", Self.array(group.key.tags.map(Self.quoted))).string("host", group.key.host)
            .raw("paths", Self.array(group.key.paths.map { Self.quoted($0.bytes) }))
            .raw("keep", Self.array(group.keep.map { SnapshotJSON.object($0.snapshot) }))
            .raw("remove", Self.array(group.remove.map { SnapshotJSON.object($0) }))
            .raw("reasons", Self.array(group.keep.map(Self.json)))
        return explains ? line.raw("explanations", Self.array(group.decisions.map(Self.explanation))).text : line.text
    }

    /// Not among restic's keys: every snapshot with what decided about it.
    private static func explanation(_ decision: ForgetPolicy.Decision) -> String {
        JSONLine().string("snapshot_id", decision.snapshot.id.hex).bool("keep", decision.keeps)
            .raw("rules", array((decision.keeps ? decision.reasons : decision.refusals).map(quoted))).text
    }

    private static func json(_ decision: ForgetPolicy.Decision) -> String {
        JSONLine().raw("snapshot", SnapshotJSON.object(decision.snapshot))
            .raw("matches", array(decision.reasons.map(quoted)))
            .text
    }

    private static func array(_ elements: [String]) -> String { elements.isEmpty ? "null" : "[" + elements.joined(separator: ",") + "]" }

    private static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

    private static func quoted(_ raw: [UInt8]) -> String {
        var writer = JSONWriter()
        writer.string(raw)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
