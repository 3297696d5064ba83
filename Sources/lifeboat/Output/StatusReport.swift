// StatusReport: the answer of `status` in one line, a table, and what to do something about.

import Bytes
import Journal
import Operations
import Settings

struct StatusReport {
    private let report: AppStatusReport

    init(_ report: AppStatusReport) { self.report = report }

    func print(_ output: OutputOptions) {
        if output.json { return Console.out(json) }
        Console.out(headline)
        if output.quiet { return }
        if !report.sources.isEmpty { for line in table { Console.out("  " + line) } }
        for reason in report.reasons { Console.out("  \(Style.error.on(stdout: "✗")) \(reason)") }
        for warning in report.warnings { Console.out("  \(Style.warning.on(stdout: "!")) \(warning)") }
        if let hint = report.repositoryFailure?.hint { Console.out("  \(Style.hint.on(stdout: "hint:"))  \(hint)") }
    }

    // MARK: The headline

    private var headline: String {
        let name = Style.bold.on(stdout: report.application.title)
        let style: Style = report.verdict == .restorable ? .good : report.verdict == .atRisk ? .warning : .error
        return "\(name)  \(style.on(stdout: "● " + report.verdict.rawValue))    \(loss) · \(back)"
    }

    private var loss: String {
        let goal = report.application.objectives.rpo.settingsText
        guard let seconds = report.worstCaseSeconds else { return "worst case now: lose everything that is not saved (goal \(goal))" }
        return "worst case now: lose \(seconds == 0 ? "less than a second" : Durations.short(Double(seconds))) (goal \(goal))"
    }

    private var back: String {
        let goal = report.application.objectives.rto.settingsText
        guard let seconds = report.recoverySeconds, let started = report.measured?.started else {
            return "recovery not measured yet (goal \(goal)): `lifeboat drill`"
        }
        return "back in ~\(Durations.short(seconds)) (goal \(goal), measured \(Wording.when(started, now: report.now)))"
    }

    // MARK: The table

    private var table: [String] {
        var table = Table(["source", "last good", "snapshots", "size", "verified", "drilled"], rightAligned: [2, 3])
        for source in report.sources {
            let last = source.lastGood.map { "\(Wording.when($0, now: report.now)) ✓" } ?? "never ✗"
            table.append([
                source.label, last, "\(source.snapshotCount)", source.lastGood == nil ? "" : "\(ByteCount(source.byteCount))",
                verified(source), drilled(source),
            ])
        }
        return table.lines
    }

    private func verified(_ source: AppStatusReport.Source) -> String {
        guard let verify = report.lastVerify, let result = verify.result else { return "not yet" }
        if let only = verify.start.source, only != source.source.rawValue { return "not yet" }
        let mark = result.exitStatus == 0 ? "✓" : "✗"
        return "\(Wording.when(verify.started, now: report.now)) \(mark)"
    }

    private func drilled(_ source: AppStatusReport.Source) -> String {
        guard let drill = source.drill else { return "not yet" }
        let mark =
            switch drill.outcome {
            case .proved: "✓"
            case .failed: "✗"
            case .inconclusive: "?"
            }
        let days = (report.now.seconds - drill.time.seconds) / 86_400
        return "\(days > 6 ? "\(days) d ago" : Wording.when(drill.time, now: report.now)) \(mark)"
    }

    // MARK: JSON

    private var json: String {
        let sources = report.sources.map { source in
            var line = JSONLine().string("source", source.source.rawValue).string("label", source.label)
            if let last = source.lastGood { line = line.time("last_good", last) }
            line = line.number("snapshots", UInt64(source.snapshotCount)).number("bytes", source.byteCount).string("problem", source.problem)
            if let drill = source.drill { line = line.time("last_drill", drill.time).string("last_drill_outcome", drill.outcome.rawValue) }
            if let proof = source.lastProof { line = line.time("last_proof", proof) }
            return line.text
        }
        var line = JSONLine().string("application", report.application.name).string("verdict", report.verdict.rawValue).string(
            "repository", report.repository
        )
        .time("time", report.now)
        if let seconds = report.worstCaseSeconds { line = line.number("worst_case_loss_seconds", UInt64(seconds)) }
        line = line.number("rpo_seconds", UInt64(report.application.objectives.rpo.components.seconds))
        if let seconds = report.recoverySeconds, let measured = report.measured {
            line = line.fraction("recovery_seconds", seconds).string("recovery_measured_by", measured.start.verb).time("recovery_measured", measured.started)
        }
        line = line.number("rto_seconds", UInt64(report.application.objectives.rto.components.seconds)).number(
            "drill_every_seconds", UInt64(report.application.objectives.drillEvery.components.seconds)
        ).bool("objective_breached", report.isBreached)
        if let verify = report.lastVerify {
            line = line.time("last_verify", verify.started).bool("last_verify_ok", verify.outcome.isSuccess)
        }
        return line.raw("sources", "[" + sources.joined(separator: ",") + "]").raw("reasons", list(report.reasons)).raw(
            "warnings", list(report.warnings)
        ).text
    }

    private func list(_ texts: [String]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
