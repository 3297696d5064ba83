// ForgetPolicy: which snapshots of one group stay, and why. A pure function of the snapshots and the time (format: forget policy).
//
// 1. Newest first. 2. A snapshot stays if it has all tags of a list. 3. It stays if it is within a duration of the latest one that is
// not in the future. 4. For each counter (last, hourly … yearly) with something left: it stays if its period differs from the period
// kept before, or if it is the oldest of all. 5. The same without a count for each period within a duration. 6. lifeboat's own:
// if fewer than `minimum` stayed, the newest others stay too.
// Hours, days and weeks are those of the snapshot's own UTC offset.

package import Bytes
package import RepositoryEngine
import RepositoryFormat

package struct ForgetPolicy: Sendable, Equatable {
    /// In the order in which reasons are given.
    package enum Period: String, Sendable, CaseIterable {
        case last, hourly, daily, weekly, monthly, yearly

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

        package var keeps: Bool { !reasons.isEmpty }
    }

    /// Decides about the snapshots of one group; the result is newest first.
    package func decide(_ snapshots: [CatalogedSnapshot], now: Timestamp) -> [Decision] {
        let newestFirst = snapshots.sorted { ($0.snapshot.time, $0.id) > ($1.snapshot.time, $1.id) }
        let latest = newestFirst.first { $0.snapshot.time < now }?.snapshot.time ?? .zero
        var rules = makeRules(latest: latest)
        var decisions: [Decision] = []
        for (position, snapshot) in newestFirst.enumerated() {
            var reasons = reasonsWithoutCount(snapshot, latest: latest)
            for index in rules.indices {
                let reason = rules[index].reason(
                    for: snapshot.snapshot.time, position: position, isOldest: position == newestFirst.count - 1)
                if let reason { reasons.append(reason) }
            }
            decisions.append(Decision(snapshot: snapshot, reasons: reasons))
        }
        keepMinimum(&decisions)
        return decisions
    }

    private func reasonsWithoutCount(_ snapshot: CatalogedSnapshot, latest: Timestamp) -> [String] {
        var reasons = tagLists.filter { SnapshotFilter.hasTags(snapshot.snapshot, $0) }.map { "has tags [\($0.joined(separator: ", "))]" }
        if let within, !within.isZero, snapshot.snapshot.time > within.before(latest) { reasons.append("within \(within)") }
        return reasons
    }

    private func makeRules(latest: Timestamp) -> [Rule] {
        let counted = Period.allCases.map { Rule(period: $0, remaining: counts[$0] ?? 0, after: nil, reason: "\($0.rawValue) snapshot") }
        let timed = Period.allCases.compactMap { period -> Rule? in
            guard let duration = periodsWithin[period], !duration.isZero else { return nil }
            return Rule(
                period: period, remaining: ForgetPolicy.unlimited, after: duration.before(latest),
                reason: "\(period.rawValue) within \(duration)")
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
        let period: Period
        var remaining: Int
        /// Only snapshots after this instant count.
        let after: Timestamp?
        let reason: String
        var previousKey: Int64 = -1

        init(period: Period, remaining: Int, after: Timestamp?, reason: String) {
            self.period = period
            self.remaining = remaining
            self.after = after
            self.reason = reason
        }

        mutating func reason(for time: Timestamp, position: Int, isOldest: Bool) -> String? {
            guard remaining != 0 else { return nil }
            if let after, time <= after { return nil }
            let key = period.key(of: time, position: position)
            let isNew = key != previousKey
            guard isNew || isOldest else { return nil }
            previousKey = key
            if remaining > 0 { remaining -= 1 }
            return isNew ? reason : "oldest \(reason)"
        }
    }
}
