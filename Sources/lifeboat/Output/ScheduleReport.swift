// ScheduleReport: the timetable, what comes next, and what a run of the schedule did.

import Bytes
import HostOS
import Operations
import RepositoryEngine
import Settings

struct ScheduleReport {
    private let run: AppScheduleRun
    private let output: OutputOptions

    init(_ run: AppScheduleRun, _ output: OutputOptions) {
        self.run = run
        self.output = output
    }

    private var now: Timestamp { run.schedule.workbench.identity.now() }

    // MARK: The timetable

    func list() throws {
        let entries = try run.schedule.entries()
        if output.json { return Console.out("[" + entries.map(json).joined(separator: ",") + "]") }
        var table = Table(["job", "when", "last done", "next", "state"])
        for entry in entries {
            let next = isAvailable(entry.job) ? entry.next.map(time) ?? "never" : ""
            table.append([entry.job.rawValue, "\(entry.phrase)", entry.history.lastResult.map(time) ?? "never", next, state(entry)])
        }
        table.print()
        Console.out("times in \(run.schedule.timetable.schedule.timeZone ?? "this machine's time zone")")
    }

    private func isAvailable(_ job: ScheduledJob) -> Bool { run.actions[job] != nil }

    private func state(_ entry: Timetable.Entry) -> String {
        guard isAvailable(entry.job) else { return "not in this version" }
        return switch entry.state {
        case .due: "due"
        case .waiting: "failed; tried again"
        case .idle: ""
        }
    }

    private func json(_ entry: Timetable.Entry) -> String {
        var line = JSONLine().string("job", entry.job.rawValue).string("when", "\(entry.phrase)").bool("available", isAvailable(entry.job))
        if let last = entry.history.lastResult { line = line.time("last_done", Timestamp(seconds: last)) }
        if let next = entry.next, isAvailable(entry.job) { line = line.time("next", Timestamp(seconds: next)) }
        let state =
            switch entry.state {
            case .due: "due"
            case .waiting: "waiting"
            case .idle: "idle"
            }
        return line.string("state", state).text
    }

    func next(_ count: Int) {
        let upcoming = run.schedule.timetable.upcoming(run.jobs, after: now.seconds, count: count)
        if output.json {
            let items = upcoming.map { JSONLine().time("time", Timestamp(seconds: $0.instant)).string("job", $0.job.rawValue).text }
            return Console.out("[" + items.joined(separator: ",") + "]")
        }
        var table = Table(["time", "in", "job"], rightAligned: [1])
        for (instant, job) in upcoming { table.append([time(instant), Durations.short(Double(instant - now.seconds)), job.rawValue]) }
        table.print()
    }

    /// In the schedule's own zone, which need not be this machine's.
    private func time(_ instant: Int64) -> String {
        let offset = run.schedule.zone(instant)
        let local = Timestamp(seconds: instant, utcOffset: offset)
        return String(local.secondText.prefix(16))
    }

    /// What is due, before it is done.
    func due() throws {
        let due = try run.schedule.entries().filter { $0.state == .due && isAvailable($0.job) }.map(\.job.rawValue)
        if output.json { return Console.out(JSONLine().raw("due", "[" + due.map { "\"\($0)\"" }.joined(separator: ",") + "]").text) }
        Console.out(due.isEmpty ? "nothing is due" : "due: \(due.joined(separator: ", "))")
    }

    // MARK: A run

    func show(_ event: AppScheduleRun.Event) {
        switch event {
        case .started(let job): output.say("\(job.rawValue) …")
        case .finished(let job, let text): output.say("\(job.rawValue): \(text)")
        case .note(let text): output.say(text)
        case .warning(let text): if !output.json { Console.warning(text) }
        case .failed(let subject, let failure):
            if output.json {
                Console.message(JSONLine("error").string("job", subject).string("message", failure.message).text)
            } else {
                Console.failure(failure, subject: subject)
            }
        case .putOff(let job): output.say("\(job.rawValue) is put off: another backup or restore of this application is running")
        }
    }

    /// Prints the outcome, and ends with the worst of all exit statuses.
    func finish(_ outcome: AppScheduleRun.Outcome) {
        if output.json {
            let results = outcome.results.map { JSONLine().string("job", $0.job.rawValue).number("exit_code", UInt64($0.code?.rawValue ?? 0)).text }
            Console.out(
                JSONLine("summary").raw("jobs", "[" + results.joined(separator: ",") + "]").number("exit_code", UInt64(outcome.code?.rawValue ?? 0)).text)
        } else if !output.quiet {
            Console.out(outcome.results.isEmpty ? "nothing is due" : "\(Counted.text(outcome.results.count, "job")) done")
        }
        if let code = outcome.code { Console.end(code) }
    }
}
