// ScrubReport: what a scrub found, and what to do next.

import Bytes
import Operations
import RepositoryFormat
import Stores
import Upkeep

struct ScrubReport {
    private let outcome: ScrubRepository.Outcome
    private var result: ScrubResult { outcome.result }

    init(_ outcome: ScrubRepository.Outcome) { self.outcome = outcome }

    /// Prints the outcome, and ends with exit status 20 if there is damage.
    func print(_ output: OutputOptions) {
        for note in outcome.notes { Console.warning(note) }
        for damage in result.damage { ScrubReport.print(damage, output) }
        if let repaired = outcome.repaired { ScrubReport.print(repaired, output) }
        if output.json { Console.out(json) } else if !output.quiet || !isClean { Console.out(verdict) }
        if !output.json && !output.quiet && !result.data.isEmpty { Console.out(outcome.coverage.sentence) }
        if isClean { return }
        if !output.json { for line in advice { Console.message(Style.hint.on(stderr: "hint:") + "  " + line) } }
        Console.end(.damaged)
    }

    private var isClean: Bool { outcome.remaining.isEmpty }

    private static func print(_ repaired: ParityRebuild.Outcome, _ output: OutputOptions) {
        for copy in repaired.copies { output.say("kept a copy: \(copy)") }
        for pack in repaired.rebuilt { output.say("rebuilt pack \(pack.hex) from parity") }
        for pack in repaired.failed { output.say("pack \(pack.id.hex) cannot be rebuilt: \(pack.reason)") }
    }

    private static func print(_ damage: ScrubResult.Damage, _ output: OutputOptions) {
        let text = "\(damage.key.kind.rawValue) \(damage.key.name.hex) is damaged: \(damage.reason)"
        Console.message(output.json ? JSONLine("error").string("message", text).text : Style.error.on(stderr: "error:") + " " + text)
    }

    private var verdict: String {
        let read = "\(Counted.text(result.readFileCount, "file")) read (\(ByteCount(result.readByteCount)))"
        let gone = result.vanishedFileCount > 0 ? ", \(result.vanishedFileCount) removed meanwhile" : ""
        if isClean && !result.isClean { return "\(Counted.text(result.damage.count, "damaged file")) found and put right: \(read)\(gone)" }
        return isClean ? "no damage found: \(read)\(gone)" : "\(Counted.text(result.damage.count, "damaged file")) found: \(read)\(gone)"
    }

    private var advice: [String] {
        let kinds = Set(outcome.remaining.map(\.key.kind)), packs = outcome.remaining.filter { $0.key.kind == .pack }.map { PackID($0.key.name) }
        var lines: [String] = []
        if kinds.contains(.pack) {
            let names = packs.count > 10 ? [] : packs.map(\.short)
            lines.append(
                "`\((["lifeboat repair packs"] + names).joined(separator: " "))` rebuilds packs from parity, and saves what is whole in those without")
        }
        if kinds.contains(.parity) {
            lines.append("`lifeboat scrub --repair` makes damaged parity files anew")
        }
        if kinds.contains(.index) { lines.append("`lifeboat repair index` makes damaged index files anew") }
        if kinds.contains(.snapshot) { lines.append("`lifeboat repair snapshots --dry-run` shows what became of damaged snapshots") }
        if kinds.contains(.key) { lines.append("`lifeboat key add`, with a key that still opens, makes a new one; then `lifeboat key remove` the damaged one") }
        if kinds.contains(.lock) { lines.append("`lifeboat unlock --remove-all` removes locks, when no other program works in the repository") }
        return lines
    }

    private var json: String {
        let coverage = outcome.coverage
        return JSONLine("summary")
            .number("num_errors", UInt64(result.damage.count)).number("files_read", UInt64(result.readFileCount))
            .number("bytes_read", result.readByteCount).number("files_vanished", UInt64(result.vanishedFileCount), omitZero: true)
            .number("num_remaining", UInt64(outcome.remaining.count))
            .strings("rebuilt_packs", outcome.repaired?.rebuilt.map(\.hex) ?? []).strings("damaged_packs", result.damagedPacks.map(\.hex))
            .strings("damaged_files", result.damage.map(\.key.path))
            .number("data_bytes", coverage.byteCount).number("data_bytes_ever_read", coverage.readByteCount)
            .text
    }
}
