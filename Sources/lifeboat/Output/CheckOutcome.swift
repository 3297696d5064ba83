// CheckOutcome: what a check found, as a person or a script wants to read it.

import Bytes
import RepositoryFormat
import Upkeep

struct CheckOutcome {
    private static let shownPathCount = 5

    private let result: CheckResult

    init(_ result: CheckResult) { self.result = result }

    /// Prints the outcome, and ends with exit status 20 if there is damage.
    func print(_ output: OutputOptions) {
        for error in result.errors { CheckOutcome.print(error, output) }
        if output.json {
            Console.out(json)
        } else {
            if !output.quiet { for hint in result.hints { Console.message(Style.hint.on(stderr: "note:") + "  " + hint) } }
            if !output.quiet || !result.isClean { Console.out(verdict) }
        }
        if !result.isClean {
            if !output.json { Console.message(Style.hint.on(stderr: "hint:") + "  " + advice) }
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

    private var advice: String {
        if result.suggestsRepairIndex { return "stock restic can repair this repository: `restic repair index`, then back up again" }
        return "run a new backup: it stores again what still exists at the source"
    }

    private var json: String {
        let broken = result.brokenPacks.map { "\"\($0.hex)\"" }.joined(separator: ",")
        return JSONLine("summary")
            .number("num_errors", UInt64(result.errors.count))
            .raw("broken_packs", result.brokenPacks.isEmpty ? "null" : "[\(broken)]")
            .bool("suggest_repair_index", result.suggestsRepairIndex)
            .bool("suggest_prune", result.suggestsPrune)
            .text
    }
}
