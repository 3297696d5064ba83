// The timetable through whole years with a clock that tests move: each slot once, no gap longer than promised, whatever fails meanwhile.

import Bytes
import HostOS
import Operations
import Settings
import TestKit
import Testing

@Suite struct `The timetable` {
    private func timetable(_ zone: String = "UTC", _ text: String = "", host: String = "web1", application: String = "school") throws -> Timetable {
        let yaml = "app: /srv/a\nschedule: { timezone: \(zone)\(text.isEmpty ? "" : ", " + text) }\n"
        let schedule = try SettingsReader.read(Array(yaml.utf8), file: "/srv/a/lifeboat.yaml").schedule
        return Timetable(schedule, drillEvery: .seconds(30 * 86_400), zone: try Zones.rules(zone), host: host, application: application)
    }

    /// Ticks through the span, and does what is due.
    /// - Parameter isUp: whether the machine runs at an instant.
    /// - Returns: when the job ran.
    private func runs(
        _ table: Timetable, _ job: ScheduledJob, from start: Int64 = Zones.start, through end: Int64 = Zones.end, isUp: (Int64) -> Bool = { _ in true },
        succeeds: (Int64) -> Bool = { _ in true }
    ) -> (done: [Int64], failed: [Int64]) {
        let clock = SettableClock(seconds: start)
        var history = JobHistory(lastResult: start), done: [Int64] = [], failed: [Int64] = []
        while clock.now().seconds <= end {
            let now = clock.now().seconds
            if isUp(now), table.entry(for: job, history, now: now).state == .due {
                if succeeds(now) {
                    done.append(now)
                    history = JobHistory(lastResult: now)
                } else {
                    failed.append(now)
                    history.failures.insert(now, at: 0)
                }
            }
            clock.advance(seconds: Timetable.tickSeconds)
        }
        return (done, failed)
    }

    @Test(arguments: Zones.names, [ScheduledJob.database, .files, .config, .verify])
    func `of the original schedule runs each slot of a year once, and never leaves a longer gap than it promises`(zone: String, job: ScheduledJob) throws {
        let table = try timetable(zone), phrase = table.phrase(of: job), rules = try Zones.rules(zone)
        let slots = phrase.slots(after: Zones.start, through: Zones.end - 3600, in: rules)
        let done = runs(table, job).done
        #expect(done.count == slots.count, "\(done.count) runs for \(slots.count) slots")
        let jitter = table.jitter(of: phrase)
        for (slot, run) in zip(slots, done) { #expect((0..<Timetable.tickSeconds).contains(run - slot - jitter), "slot \(slot) ran at \(run)") }
        let promise = try #require(phrase.longestIntervalSeconds) + 3600 + Timetable.tickSeconds
        for (earlier, later) in zip(done, done.dropFirst()) { #expect(later - earlier <= promise, "\(later - earlier) s at \(earlier)") }
    }

    @Test(arguments: Zones.names, ["hourly :15", "every 6h", "1st sunday 02:30", "daily 02:30"])
    func `of any schedule does the same`(zone: String, text: String) throws {
        let table = try timetable(zone, "database: \(text)"), phrase = table.phrase(of: .database)
        let slots = phrase.slots(after: Zones.start, through: Zones.end - 3600, in: try Zones.rules(zone))
        let done = runs(table, .database, through: Zones.end - 3600 + Timetable.longestJitterSeconds + 300).done.prefix(slots.count)
        #expect(done.count == slots.count)
        for (slot, run) in zip(slots, done) { #expect((0..<Timetable.tickSeconds).contains(run - slot - table.jitter(of: phrase))) }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `catches up once with what the machine slept through`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed), sleeps: [Range<Int64>] = []
        for _ in 0..<12 {
            let start = Int64.random(in: Zones.start...Zones.end, using: &random)
            sleeps.append(start..<start + Int64.random(in: 600...10 * 86_400, using: &random))
        }
        let isUp: (Int64) -> Bool = { instant in !sleeps.contains { $0.contains(instant) } }
        let table = try timetable("Europe/Kyiv"), phrase = table.phrase(of: .database)
        let slots = phrase.slots(after: Zones.start, through: Zones.end, in: try Zones.rules("Europe/Kyiv"))
        let done = runs(table, .database, isUp: isUp).done
        for (earlier, later) in zip(done, done.dropFirst()) {
            // Between two runs the newest slot changed, and nothing else starts one.
            #expect(slots.contains { $0 > earlier - table.jitter(of: phrase) && $0 <= later }, "seed \(seed)")
            let asleep = stride(from: earlier, to: later, by: 300).count { !isUp($0) } * 300
            #expect(later - earlier <= 86_400 + 3600 + 600 + Int64(asleep), "seed \(seed): \(later - earlier)")
        }
    }

    @Test func `lets a missed slot go without catch_up, and keeps the others`() throws {
        let table = try timetable("UTC", "database: daily 02:00, catch_up: false")
        let start = try Zones.reading("2026-06-01 00:00:00")
        let asleep = start + 86_400..<start + 86_400 + 12 * 3600
        let done = runs(table, .database, from: start, through: start + 3 * 86_400, isUp: { !asleep.contains($0) }).done
        #expect(done.map { ($0 - start) / 86_400 } == [0, 2])
    }

    @Test func `tries again after 5, 10, 20 minutes and so on, and afresh with the next slot`() throws {
        let table = try timetable("UTC", "database: daily 02:00"), start = try Zones.reading("2026-06-01 00:00:00")
        let failed = runs(table, .database, from: start, through: start + 2 * 86_400, succeeds: { _ in false }).failed
        let today = failed.filter { $0 < start + 26 * 3600 }
        #expect(zip(today, today.dropFirst()).map { $1 - $0 } == [300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400, 14_400, 14_400])
        let next = failed.filter { $0 >= start + 26 * 3600 }
        #expect(zip(next, next.dropFirst()).map { $1 - $0 }.prefix(3) == [300, 600, 1200])
    }

    @Test func `says when a failed job is tried again`() throws {
        let table = try timetable("UTC", "database: daily 02:00"), slot = try Zones.reading("2026-06-01 02:00:00")
        let history = JobHistory(lastResult: slot - 86_400, failures: [slot + 1500, slot + 1000])
        let entry = table.entry(for: .database, history, now: slot + 1600)
        #expect(entry.state == .waiting(until: slot + 2100) && entry.next == slot + 2100)
        #expect(table.entry(for: .database, history, now: slot + 2100).state == .due)
    }

    @Test func `is due from the start for what was never done, and is not fooled by a result from the future`() throws {
        let table = try timetable()
        let now = try Zones.reading("2026-06-03 12:00:00")
        #expect(table.entry(for: .files, JobHistory(), now: now).state == .due)
        #expect(table.entry(for: .files, JobHistory(lastResult: now - 60), now: now).state == .idle)
        #expect(table.entry(for: .database, JobHistory(lastResult: now + 86_400 * 365), now: now).state == .due)
        #expect(try timetable("UTC", "files: never").entry(for: .files, JobHistory(), now: now).next == nil)
    }

    @Test func `puts hosts and applications off by different minutes, always the same`() throws {
        let phrase = CalendarPhrase.daily(TimeOfDay(hour: 2, minute: 0))
        let jitters = try (0..<200).map { try timetable(host: "web\($0)").jitter(of: phrase) }
        #expect(try jitters == (0..<200).map { try timetable(host: "web\($0)").jitter(of: phrase) })
        #expect(jitters.allSatisfy { (0..<Timetable.longestJitterSeconds).contains($0) } && Set(jitters).count > 150)
        #expect(try Set((0..<50).map { try timetable(application: "app\($0)").jitter(of: phrase) }).count > 40)
        #expect(try timetable().jitter(of: .hourly(minute: 0)) < 360 && timetable().jitter(of: .never) == 0)
    }

    @Test func `lists what comes next in order, a database before its files`() throws {
        let table = try timetable("UTC", "database: every 1h, files: every 1h, config: every 1h, verify: never")
        let next = table.upcoming(ScheduledJob.allCases.filter { $0 != .drill }, after: 1_790_000_000, count: 9)
        #expect(next.map(\.job) == [.config, .database, .files, .config, .database, .files, .config, .database, .files])
        #expect(next.map(\.instant) == next.map(\.instant).sorted() && next.first.map { $0.instant > 1_790_000_000 } == true)
    }
}
