// ParityReport: what parity protects, and what was done for it. Ends with exit status 20 where packs are damaged or missing.

import Bytes
import Operations
import RepositoryFormat
import Upkeep

struct ParityReport {
    private let output: OutputOptions

    init(_ output: OutputOptions) { self.output = output }

    func print(_ outcome: ParityOutcome) {
        for pack in outcome.damagedPacks { warn("pack \(pack.hex) is damaged and got no parity") }
        for pack in outcome.missingPacks { warn("pack \(pack.hex) is not there") }
        if outcome.unsuitablePackCount > 0 { warn("\(Counted.text(outcome.unsuitablePackCount, "pack")) too large to be protected") }
        if output.json {
            Console.out(
                JSONLine("summary").number("packs_added", UInt64(outcome.addedPackCount)).number("files_written", UInt64(outcome.writtenFileCount))
                    .number("files_removed", UInt64(outcome.deletedFileCount)).strings("damaged_packs", outcome.damagedPacks.map(\.hex))
                    .strings("missing_packs", outcome.missingPacks.map(\.hex)).text)
        } else if !output.quiet {
            Console.out(
                outcome.addedPackCount == 0 && outcome.deletedFileCount == 0
                    ? "parity fits the packs"
                    : "parity made for \(Counted.text(outcome.addedPackCount, "pack")): \(Counted.text(outcome.writtenFileCount, "file")) written, "
                        + "\(outcome.deletedFileCount) removed")
        }
        if !outcome.missingPacks.isEmpty {
            hint("`lifeboat repair packs` rebuilds lost packs; if they were pruned by another program, `lifeboat repository parity update --forget-missing`")
        }
        if !outcome.damagedPacks.isEmpty { hint("`lifeboat repair packs` saves what is whole in damaged packs") }
        if !outcome.damagedPacks.isEmpty || !outcome.missingPacks.isEmpty { Console.end(.damaged) }
    }

    func print(_ status: ParityRepository.Status) {
        if output.json { return Console.out(ParityReport.json(status)) }
        guard let settings = status.settings else {
            Console.out("parity is off")
            if status.parityByteCount > 0 { hint("its files are still there: `lifeboat repository parity off` removes them") }
            return
        }
        let layout = settings.layout
        Console.out("parity is on, \(settings.redundancyPercent)%: of any \(layout.dataCount) packs of a group \(layout.parityCount) may be lost or damaged")
        Console.out(
            "\(status.protectedPackCount) of \(Counted.text(status.packCount, "pack")) protected; \(ByteCount(status.parityByteCount)) beside \(ByteCount(status.packByteCount))"
        )
        if !status.missingPacks.isEmpty { hint("\(Counted.text(status.missingPacks.count, "protected pack")) not there: lost, or pruned by another program") }
        if status.protectedPackCount < status.packCount { hint("`lifeboat repository parity update` protects the rest") }
    }

    private static func json(_ status: ParityRepository.Status) -> String {
        JSONLine().bool("enabled", status.settings != nil).number("redundancy_percent", UInt64(status.settings?.redundancyPercent ?? 0))
            .number("packs", UInt64(status.packCount)).number("packs_protected", UInt64(status.protectedPackCount))
            .number("packs_bytes", status.packByteCount).number("parity_bytes", status.parityByteCount)
            .number("groups", UInt64(status.groupCount)).strings("missing_packs", status.missingPacks.map(\.hex)).text
    }

    private func hint(_ text: String) { output.say(Style.hint.on(stderr: "hint:") + "  " + text) }

    private func warn(_ text: String) {
        if output.json { Console.message(JSONLine("error").string("message", text).text) } else { Console.warning(text) }
    }
}
