// ProgressLine: samples a run's counters: a line that rewrites itself on a terminal, JSON status lines with --json, one line for
// each SIGUSR1, nothing otherwise.

import Archiving
import Bytes
import HostOS
import Synchronization

final class ProgressLine: Sendable {
    private enum Form: Sendable { case silent, terminal, json }

    private let progress: Progress
    private let form: Form
    private let verb: String
    private let started = Host.monotonicNanoseconds()
    private let stopping = Mutex(false)
    private let drawing = Mutex(())
    private let monitor = Monitor()
    private let workers = Workers()

    init(_ progress: Progress, verb: String, output: OutputOptions) {
        self.progress = progress
        self.verb = verb
        if output.quiet { form = .silent } else if output.json { form = .json } else { form = Host.isTerminal(2) ? .terminal : .silent }
    }

    /// Runs `body` with the line showing.
    func around<R>(_ body: () throws -> R) rethrows -> R {
        workers.start("progress") { [self] in
            while !stopped() { drawing.withLock { _ in show() } }
        }
        defer {
            stopping.withLock { $0 = true }
            monitor.locked { _ in }
            try? workers.join()
            if form == .terminal { Console.rewrite("") }
        }
        return try body()
    }

    /// Prints or asks something else while the line is showing; the line waits.
    func aside<R>(_ body: () throws -> R) rethrows -> R {
        try drawing.withLock { _ in
            if form == .terminal { Console.rewrite("") }
            return try body()
        }
    }

    private func stopped() -> Bool {
        monitor.lockedWithTimeout { wait in
            if !stopping.withLock({ $0 }) { _ = wait(100_000_000) }
            return stopping.withLock { $0 }
        }
    }

    private func show() {
        let counts = progress.counts
        let seconds = Double(Host.monotonicNanoseconds() - started) / 1e9
        if Interrupts.takeStatusRequest() { Console.message(text(counts, seconds)) }
        switch form {
        case .silent: break
        case .terminal: Console.rewrite(text(counts, seconds))
        case .json: Console.out(json(counts, seconds))
        }
    }

    private func fraction(_ counts: Progress.Counts) -> Double? {
        counts.expectedBytes > 0 ? min(1, Double(counts.bytes) / Double(counts.expectedBytes)) : nil
    }

    private func text(_ counts: Progress.Counts, _ seconds: Double) -> String {
        var parts = ["\(verb)  \(ByteCount(counts.bytes))", "\(counts.files) files", Durations.short(seconds)]
        if let fraction = fraction(counts) {
            parts.insert("\(Int(fraction * 100)) %", at: 1)
            if fraction > 0.02 && seconds > 2 { parts.append("about \(Durations.short(seconds / fraction - seconds)) left") }
        }
        if counts.problems > 0 { parts.append("\(counts.problems) problems") }
        return parts.joined(separator: "  ")
    }

    private func json(_ counts: Progress.Counts, _ seconds: Double) -> String {
        JSONLine("status")
            .number("seconds_elapsed", UInt64(seconds), omitZero: true)
            .fraction("percent_done", fraction(counts) ?? 0)
            .number("total_files", counts.expectedFiles, omitZero: true)
            .number("files_done", counts.files, omitZero: true)
            .number("total_bytes", counts.expectedBytes, omitZero: true)
            .number("bytes_done", counts.bytes, omitZero: true)
            .number("error_count", counts.problems, omitZero: true)
            .text
    }
}
