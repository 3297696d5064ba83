// `lifeboat history`: what was done on this machine, and how it ended.

import ArgumentParser
import Bytes
import Journal
import Operations
import RepositoryEngine

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List the runs of the application on this machine, the newest first.",
        discussion: "Examples:\n  lifeboat history\n  lifeboat history -n 100 --json")

    @Option(name: [.customShort("n"), .long], help: "How many.")
    var limit = 20

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard limit > 0 else { throw Failure(.usage, "-n \(limit) asks for nothing", hint: "write a number above 0") }
        let workbench = try repository.workbench()
        let runs = try AppHistory(workbench).runs(limit: limit)
        if output.json { return Console.out("[" + runs.map(json).joined(separator: ",") + "]") }
        let now = workbench.identity.now()
        var table = Table(["started", "verb", "result", "took", "read", "stored", "run"], rightAligned: [3, 4, 5])
        for run in runs {
            let took = run.nanoseconds.map { Durations.short(nanoseconds: $0) } ?? ""
            table.append([
                Wording.when(run.started, now: now), run.start.verb + (run.start.source.map { " \($0)" } ?? ""), result(run), took,
                run.result.map { "\(ByteCount($0.bytesRead))" } ?? "", run.result.map { "\(ByteCount($0.bytesStored))" } ?? "", run.id.text,
            ])
        }
        table.print()
        for run in runs { if let message = run.result?.message { Console.out("  \(run.id.text): \(message)") } }
    }

    private func result(_ run: RunRecord) -> String {
        switch run.outcome {
        case .running: "running"
        case .interrupted: "✗ interrupted"
        case .finished(exitStatus: 0): "✓"
        case .finished(exitStatus: 3): "! incomplete"
        case .finished(let status): "✗ exit status \(status)"
        }
    }

    private func json(_ run: RunRecord) -> String {
        let outcome =
            switch run.outcome {
            case .running: "running"
            case .interrupted: "interrupted"
            case .finished: "finished"
            }
        var line = JSONLine().string("run_id", run.id.text).string("verb", run.start.verb).string("application", run.start.application)
            .string("source", run.start.source).time("started", run.started)
        if let ended = run.ended { line = line.time("ended", ended) }
        line = line.string("outcome", outcome)
        guard let result = run.result else { return line.text }
        let phases = result.phases.map { JSONLine().string("name", $0.name).fraction("seconds", Double($0.nanoseconds) / 1e9).text }
        return line.number("exit_code", UInt64(max(0, result.exitStatus))).number("bytes_read", result.bytesRead).number(
            "bytes_stored", result.bytesStored
        )
        .number("files", result.fileCount).string("message", result.message)
        .raw("snapshot_ids", "[" + result.snapshotIDs.map { "\"\($0)\"" }.joined(separator: ",") + "]")
        .raw("phases", "[" + phases.joined(separator: ",") + "]").text
    }
}
