// Timetable: what is due, and when what comes next. A pure function of the schedule, of what was done, and of the time.
//
// 1. A job is due if its newest slot lies after the last attempt that gave a result, whenever that was: a tick every few minutes catches up
//    with whatever the machine slept through, once, however many slots it missed. A job that never gave a result is due from the start.
// 2. Every slot is put off by the same few minutes, which depend on host and application: hundreds of hosts with one schedule do not
//    fall upon one store in the same second.
// 3. After an attempt that gave no result the next one waits: 5 minutes, 10, 20 … up to 4 hours. The next slot starts afresh.
// 4. Without `catch_up`, a slot that nothing tried within an hour is let go.
//
// "Gave a result" is not "was good": a verify that found damage has done its work, and a backup in which one file could not be read is a
// backup. Trying again at once would change neither.

package import Bytes
package import Settings

/// What the schedule can start, in the order in which it does: rows name files, so the database comes before the files.
package enum ScheduledJob: String, Sendable, CaseIterable {
    case config, database, files, verify, drill

    /// As the journal names it.
    package var verb: String {
        switch self {
        case .config, .database, .files: "backup"
        case .verify: "verify"
        case .drill: "drill"
        }
    }

    package var source: AppSource? { AppSource(rawValue: rawValue) }

    /// Exit statuses of attempts that gave a result.
    package var resultStatuses: Set<Int32> {
        switch self {
        case .config, .database, .files: [0, FailureCode.sourceIncomplete.rawValue]
        case .verify: [0, FailureCode.damaged.rawValue]
        case .drill: [0, FailureCode.drillFailed.rawValue]
        }
    }
}

/// What is known of a job's past, in seconds since 1970.
package struct JobHistory: Sendable, Equatable {
    /// When the newest attempt that gave a result began.
    package var lastResult: Int64?
    /// When the attempts after it ended, or began if they never ended; the newest first.
    package var failures: [Int64]

    package init(lastResult: Int64? = nil, failures: [Int64] = []) {
        self.lastResult = lastResult
        self.failures = failures
    }
}

package struct Timetable: Sendable {
    /// How often `schedule run` is to be called.
    package static let tickSeconds: Int64 = 300
    package static let longestJitterSeconds: Int64 = 900
    private static let shortestWaitSeconds: Int64 = 300
    private static let longestWaitSeconds: Int64 = 4 * 3600
    private static let graceSeconds: Int64 = 3600

    package enum State: Sendable, Equatable {
        case due
        /// Due, and tried before: not again before this.
        case waiting(until: Int64)
        case idle
    }

    package struct Entry: Sendable {
        package let job: ScheduledJob
        package let phrase: CalendarPhrase
        package let history: JobHistory
        package let state: State
        /// When the job starts next if nothing fails: now if it is due; nil for never.
        package let next: Int64?
    }

    package let schedule: Schedule
    private let drillEvery: Duration
    private let zone: TimeZoneRules
    /// A number that host and application always have, and others hardly.
    private let seed: UInt64

    /// - Parameter drillEvery: how often a drill is wanted where the schedule says nothing of drills.
    package init(_ schedule: Schedule, drillEvery: Duration, zone: @escaping TimeZoneRules, host: String, application: String) {
        self.schedule = schedule
        self.drillEvery = drillEvery
        self.zone = zone
        // FNV-1a: the same in every process, which Swift's own hash is not.
        seed = Array("\(host)\n\(application)".utf8).reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    package func phrase(of job: ScheduledJob) -> CalendarPhrase {
        switch job {
        case .config: schedule.config
        case .database: schedule.database
        case .files: schedule.files
        case .verify: schedule.verify
        case .drill: schedule.drill ?? .every(drillEvery)
        }
    }

    /// How many seconds after its slots a job starts: at most a quarter of an hour, and a tenth of what lies between two slots.
    package func jitter(of phrase: CalendarPhrase) -> Int64 {
        guard let interval = phrase.longestIntervalSeconds else { return 0 }
        let mixed = ((seed ^ (seed >> 32)) &* 0x9E37_79B9_7F4A_7C15) >> 32
        return Int64(mixed % UInt64(max(1, min(Timetable.longestJitterSeconds, interval / 10))))
    }

    package func entry(for job: ScheduledJob, _ history: JobHistory, now: Int64) -> Entry {
        let phrase = phrase(of: job), jitter = jitter(of: phrase)
        let state = state(phrase, jitter, history, now)
        let next: Int64? =
            switch state {
            case .due: now
            case .waiting(let instant): instant
            case .idle: phrase.slot(after: now - jitter, in: zone).map { $0 + jitter }
            }
        return Entry(job: job, phrase: phrase, history: history, state: state, next: next)
    }

    private func state(_ phrase: CalendarPhrase, _ jitter: Int64, _ history: JobHistory, _ now: Int64) -> State {
        guard let slot = phrase.slot(notAfter: now - jitter, in: zone) else { return .idle }
        // A result from the future is a clock that was wrong once; it must not stop the schedule.
        if let last = history.lastResult, last >= slot, last <= now { return .idle }
        let failures = history.failures.filter { (slot...now).contains($0) }
        guard let newest = failures.max() else {
            return schedule.catchUp || now - slot - jitter <= Timetable.graceSeconds ? .due : .idle
        }
        let wait = min(Timetable.shortestWaitSeconds << Int64(min(failures.count - 1, 16)), Timetable.longestWaitSeconds)
        return now >= newest + wait ? .due : .waiting(until: newest + wait)
    }

    /// When jobs start in a span of time, if every one is done when it is due; the earliest first.
    package func upcoming(_ jobs: [ScheduledJob], after now: Int64, count: Int) -> [(instant: Int64, job: ScheduledJob)] {
        let each = jobs.flatMap { job -> [(instant: Int64, job: ScheduledJob)] in
            let phrase = phrase(of: job), jitter = jitter(of: phrase)
            var found: [(instant: Int64, job: ScheduledJob)] = [], probe = now - jitter
            while found.count < count, let slot = phrase.slot(after: probe, in: zone) {
                found.append((slot + jitter, job))
                probe = slot
            }
            return found
        }
        let order = ScheduledJob.allCases
        return Array(
            each.sorted { a, b in
                a.instant != b.instant ? a.instant < b.instant : (order.firstIndex(of: a.job) ?? 0) < (order.firstIndex(of: b.job) ?? 0)
            }.prefix(count))
    }
}
