// CheckOutcome: what a check found, as a person or a script wants to read it.

import Bytes
import Operations
import RepositoryFormat
import Upkeep

struct CheckOutcome {
    private static let shownPathCount = 5

    private let result: CheckResult

    init(_ result: CheckResult) { self.result = result }

    /// Prints the outcome, and ends with exit status 20 if there is damage.
    func print(_ output: OutputOptions) {
        for (position, error) in result.errors.enumerated() {
            CheckOutcome.print(error, output)
            if !output.json && isLastOfHarmlessPack(position) { Console.message("       concerns no file of any snapshot") }
        }
        if output.json {
            Console.out(json)
        } else {
            if !output.quiet { for hint in result.hints { Console.message(Style.hint.on(stderr: "note:") + "  " + hint) } }
            if !output.quiet || !result.isClean { Console.out(verdict) }
        }
        if !result.isClean {
            if !output.json { for line in advice { Console.message(line) } }
            Console.end(.damaged)
        }
    }

    private static func print(_ error: CheckError, _ output: OutputOptions) {
        if output.json { return Console.message(JSONLine("error").string("message", error.description).text) }
        Console.message(Style.error.on(stderr: "error:") + " " + error.description)
        for place in error.affected.prefix(shownPathCount) {
            Console.message("       concerns \(place.path) in snapshot \(place.snapshot.short)")
        }
        if error.affectedCount > shownPathCount { Console.message("       and \(error.affectedCount - shownPathCount) more places") }
    }

    private var verdict: String {
        let counts = result.counts
        let scope =
            "\(Counted.text(counts.snapshots, "snapshot")), \(Counted.text(counts.trees, "tree")), \(Counted.text(counts.packs, "pack"))"
        let read = counts.packsRead > 0 ? ", \(ByteCount(counts.bytesRead)) in \(Counted.text(counts.packsRead, "pack")) read" : ""
        let finding = result.isClean ? "no damage found" : "\(Counted.text(result.errors.count, "error")) found"
        return "\(finding): \(scope)\(read)"
    }

    /// Whether the errors of a pack end here, and all of its blobs that snapshots need can still be read.
    private func isLastOfHarmlessPack(_ position: Int) -> Bool {
        let object = result.errors[position].object
        guard object.hasPrefix("pack "), result.isTraceComplete else { return false }
        if position + 1 < result.errors.count, result.errors[position + 1].object == object { return false }
        return !result.errors.contains { $0.object == object && $0.affectedCount > 0 }
    }

    /// A new backup heals what still exists at its source, once damaged packs are out of the way and before the rest is given up.
    private var advice: [String] {
        var steps = result.repairs.filter { $0 != .snapshots }.map { ($0.command, $0.purpose) }
        steps.append(("lifeboat backup", "stores again what is missing and still exists at the source"))
        if result.repairs.contains(.snapshots) { steps.append((CheckResult.Repair.snapshots.command, CheckResult.Repair.snapshots.purpose)) }
        let width = steps.map(\.0.count).max() ?? 0
        return [Style.hint.on(stderr: "hint:") + "  copy the repository, then, in this order:"]
            + steps.map { "         \($0 + String(repeating: " ", count: width - $0.count))   \($1)" }
            + ["       and check again"]
    }

    private var json: String {
        let broken = result.brokenPacks.map { "\"\($0.hex)\"" }.joined(separator: ",")
        return JSONLine("summary")
            .number("num_errors", UInt64(result.errors.count))
            .raw("broken_packs", result.brokenPacks.isEmpty ? "null" : "[\(broken)]")
            .bool("suggest_repair_index", result.suggestsRepairIndex)
            .bool("suggest_prune", result.suggestsPrune)
            .strings("repairs", result.repairs.map(\.command))
            .text
    }
}
