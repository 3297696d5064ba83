// ForgetPolicy: which snapshots of one group stay, and why. A pure function of the snapshots and the time (format: forget policy).
//
// 1. Newest first. 2. A snapshot stays if it has all tags of a list. 3. It stays if it is within a duration of the latest one that is
// not in the future. 4. For each counter (last, hourly … yearly) with something left: it stays if its period differs from the period
// kept before, or if it is the oldest of all. 5. The same without a count for each period within a duration. 6. lifeboat's own:
// if fewer than `minimum` stayed, the newest others stay too.
// Hours, days and weeks are those of the snapshot's own UTC offset. For each snapshot that goes, every rule says why it does not want it.

package import Bytes
package import RepositoryEngine
import RepositoryFormat

package struct ForgetPolicy: Sendable, Equatable {
    /// In the order in which reasons are given.
    package enum Period: String, Sendable, CaseIterable {
        case last, hourly, daily, weekly, monthly, yearly

        /// "day" of "daily".
        var noun: String {
            switch self {
            case .last: "place"
            case .hourly: "hour"
            case .daily: "day"
            case .weekly: "week"
            case .monthly: "month"
            case .yearly: "year"
            }
        }

        /// Equal for two snapshots in the same period; never negative for years the calendar of snapshots knows.
        func key(of time: Timestamp, position: Int) -> Int64 {
            let date = time.civil
            switch self {
            case .last: return Int64(position)
            case .hourly: return ((date.year * 100 + date.month) * 100 + date.day) * 100 + date.hour
            case .daily: return (date.year * 100 + date.month) * 100 + date.day
            case .weekly:
                let (year, week) = time.isoWeek
                return year * 100 + week
            case .monthly: return date.year * 100 + date.month
            case .yearly: return date.year
            }
        }
    }

    package static let unlimited = -1

    /// How many of each period; `unlimited`, or 0 for none.
    package var counts: [Period: Int]
    /// Everything this close to the latest snapshot.
    package var within: CalendarDuration?
    /// One of each period this close to the latest snapshot. `last` has no meaning here.
    package var periodsWithin: [Period: CalendarDuration]
    /// Snapshots with all tags of any of these lists; an empty list means untagged snapshots.
    package var tagLists: [[String]]
    /// Never leave fewer snapshots than this in a group.
    package var minimum: Int

    package init(
        counts: [Period: Int] = [:], within: CalendarDuration? = nil, periodsWithin: [Period: CalendarDuration] = [:],
        tagLists: [[String]] = [], minimum: Int = 0
    ) {
        self.counts = counts
        self.within = within
        self.periodsWithin = periodsWithin
        self.tagLists = tagLists
        self.minimum = minimum
    }

    /// Whether it names nothing to keep. A minimum alone is no policy.
    package var isEmpty: Bool {
        counts.values.allSatisfy { $0 == 0 } && (within?.isZero ?? true) && periodsWithin.values.allSatisfy(\.isZero) && tagLists.isEmpty
    }

    /// A number of snapshots as people write it: digits or `unlimited`.
    package static func count(parsing text: String) throws(UpkeepFailure) -> Int {
        if text == "unlimited" { return unlimited }
        guard let count = Int(text), count >= 0 else { throw .invalidText(text, what: "a number of snapshots", example: "7, or unlimited") }
        return count
    }

    /// A snapshot and why it stays; it goes if there is no reason.
    package struct Decision: Sendable {
        package let snapshot: CatalogedSnapshot
        package var reasons: [String]
        /// Why the rules that do not keep it do not, in their order.
        package var refusals: [String]

        package init(snapshot: CatalogedSnapshot, reasons: [String], refusals: [String] = []) {
            self.snapshot = snapshot
            self.reasons = reasons
            self.refusals = refusals
        }

        package var keeps: Bool { !reasons.isEmpty }
    }

    /// Decides about the snapshots of one group; the result is newest first.
    package func decide(_ snapshots: [CatalogedSnapshot], now: Timestamp) -> [Decision] {
        let newestFirst = snapshots.sorted { ($0.snapshot.time, $0.id) > ($1.snapshot.time, $1.id) }
        let latest = newestFirst.first { $0.snapshot.time < now }?.snapshot.time ?? .zero
        var rules = makeRules(latest: latest)
        var decisions: [Decision] = []
        for (position, snapshot) in newestFirst.enumerated() {
            var decision = decisionWithoutCount(snapshot, latest: latest)
            for index in rules.indices {
                switch rules[index].answer(for: snapshot, position: position, isOldest: position == newestFirst.count - 1) {
                case .keep(let reason): decision.reasons.append(reason)
                case .refuse(let refusal): decision.refusals.append(refusal)
                }
            }
            decisions.append(decision)
        }
        keepMinimum(&decisions)
        return decisions
    }

    private func decisionWithoutCount(_ snapshot: CatalogedSnapshot, latest: Timestamp) -> Decision {
        var decision = Decision(snapshot: snapshot, reasons: [])
        for list in tagLists {
            let names = "tags [\(list.joined(separator: ", "))]"
            if SnapshotFilter.hasTags(snapshot.snapshot, list) {
                decision.reasons.append("has \(names)")
            } else {
                decision.refusals.append("has not \(names)")
            }
        }
        if let within, !within.isZero {
            if snapshot.snapshot.time > within.before(latest) {
                decision.reasons.append("within \(within)")
            } else {
                decision.refusals.append("within \(within): it is older")
            }
        }
        return decision
    }

    private func makeRules(latest: Timestamp) -> [Rule] {
        let counted = Period.allCases.compactMap { period -> Rule? in
            guard let count = counts[period], count != 0 else { return nil }
            return Rule(period: period, limit: count, after: nil, name: "\(period.rawValue) snapshot")
        }
        let timed = Period.allCases.compactMap { period -> Rule? in
            guard let duration = periodsWithin[period], !duration.isZero else { return nil }
            return Rule(
                period: period, limit: ForgetPolicy.unlimited, after: duration.before(latest), name: "\(period.rawValue) within \(duration)")
        }
        return counted + timed
    }

    private func keepMinimum(_ decisions: inout [Decision]) {
        var missing = minimum - decisions.count(where: \.keeps)
        for index in decisions.indices where missing > 0 && !decisions[index].keeps {
            decisions[index].reasons = ["minimum of \(minimum)"]
            missing -= 1
        }
    }

    /// One counter while the snapshots pass by.
    private struct Rule {
        enum Answer {
            case keep(String)
            case refuse(String)
        }

        let period: Period
        let limit: Int
        /// Only snapshots after this instant count.
        let after: Timestamp?
        let name: String
        private var remaining: Int
        private var previousKey: Int64 = -1
        /// The snapshot that the rule kept for the period it is in.
        private var keeper: SnapshotID?

        init(period: Period, limit: Int, after: Timestamp?, name: String) {
            self.period = period
            self.limit = limit
            self.after = after
            self.name = name
            remaining = limit
        }

        mutating func answer(for snapshot: CatalogedSnapshot, position: Int, isOldest: Bool) -> Answer {
            let time = snapshot.snapshot.time
            let key = period.key(of: time, position: position)
            let isNew = key != previousKey
            if remaining == 0 { return .refuse(isNew ? "\(name): \(limit) newer kept" : samePeriod) }
            if let after, time <= after { return .refuse("\(name): it is older") }
            guard isNew || isOldest else { return .refuse(samePeriod) }
            previousKey = key
            keeper = snapshot.id
            if remaining > 0 { remaining -= 1 }
            return .keep(isNew ? name : "oldest \(name)")
        }

        private var samePeriod: String { "\(name): \(keeper?.short ?? "another") is of the same \(period.noun)" }
    }
}
