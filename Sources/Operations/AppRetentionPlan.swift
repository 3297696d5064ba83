// AppRetentionPlan: which snapshots of one application go, by the `retention:` of its settings. A pure function of snapshots and time.
//
// 1. Good backups: the policy decides for each source, and for each database of several, of each host, by itself. Never fewer than `minimum`
//    good ones of it stay. Neither safety backups nor damaged captures are counted among them.
// 2. Safety backups stay for 30 days.
// 3. Damaged captures stay for 30 days, and for as long as there is no good backup of the same database.
// 4. A good backup dated in the future stays, and takes nobody's place: it was made while a clock was wrong. Else a week of such backups
//    would be all that is kept, and each new one would go as soon as it is made.
// 5. Everything else in the repository, snapshots of the application that say no source among it, is no concern of a plan.
//
// The 30 days are counted back from the newest snapshot of the application or from now, whichever is earlier: a clock that runs ahead
// makes no snapshot old.

package import Bytes
package import RepositoryEngine
import RepositoryFormat
package import Settings
package import Upkeep

package struct AppRetentionPlan: Sendable {
    /// How long what a restore replaced, and what was damaged when it was captured, stays.
    static let passingDays = 30

    package let policy: Retention
    package var sources: Set<AppSource> = Set(AppSource.allCases)

    package init(_ policy: Retention) { self.policy = policy }

    /// - Parameter snapshots: of one application, in any order.
    package func plan(_ snapshots: [CatalogedSnapshot], application name: String, now: Timestamp) -> ForgetPlan {
        let newest = snapshots.map(\.snapshot.time).max() ?? now
        let limit = min(now, newest).subtracting(years: 0, months: 0, days: AppRetentionPlan.passingDays, hours: 0)
        let known = snapshots.filter { candidate in candidate.snapshot.heldSource.map(sources.contains) ?? false }
        let groups = Dictionary(grouping: known) { SnapshotGrouping.Key($0.snapshot, application: name) }
        let goodPlaces = Set(known.filter { $0.snapshot.backupSource != nil }.map { Place($0.snapshot) })
        return ForgetPlan(
            groups: groups.sorted { $0.key < $1.key }.map { key, members in
                ForgetPlan.Group(key: key, decisions: decide(members, limit, goodPlaces, now))
            })
    }

    /// - Parameter members: all good, all safety backups or all damaged.
    private func decide(_ members: [CatalogedSnapshot], _ limit: Timestamp, _ goodPlaces: Set<Place>, _ now: Timestamp) -> [ForgetPolicy.Decision] {
        guard let first = members.first else { return [] }
        if first.snapshot.backupSource != nil {
            let ahead = members.filter { $0.snapshot.time > now }.sorted { ($0.snapshot.time, $0.id) > ($1.snapshot.time, $1.id) }
            return ahead.map { .init(snapshot: $0, reasons: ["dated in the future"]) }
                + ForgetPolicy(policy).decide(members.filter { $0.snapshot.time <= now }, now: now)
        }
        return members.sorted { ($0.snapshot.time, $0.id) > ($1.snapshot.time, $1.id) }.map { member in
            passing(member, limit, hasGoodOne: goodPlaces.contains(Place(member.snapshot)))
        }
    }

    private func passing(_ member: CatalogedSnapshot, _ limit: Timestamp, hasGoodOne: Bool) -> ForgetPolicy.Decision {
        let kind = member.snapshot.isSafetyBackup ? "safety backup" : "damaged capture"
        let days = AppRetentionPlan.passingDays
        if member.snapshot.time > limit { return .init(snapshot: member, reasons: ["\(kind) of the last \(days) days"]) }
        if !member.snapshot.isSafetyBackup && !hasGoodOne {
            return .init(snapshot: member, reasons: ["\(kind), and there is no good backup"])
        }
        return .init(snapshot: member, reasons: [], refusals: ["\(kind): older than \(days) days"])
    }

    /// What a good backup and a damaged capture of the same thing have in common.
    private struct Place: Hashable {
        let host: String
        let source: AppSource?
        let paths: [BytePath]

        init(_ snapshot: SnapshotFile) {
            host = snapshot.hostName
            source = snapshot.heldSource
            paths = source == .database ? snapshot.paths : []
        }
    }
}

extension SnapshotGrouping.Key {
    /// Files and configuration go by their source alone, whatever paths they were made of; each database is one by itself.
    fileprivate init(_ snapshot: SnapshotFile, application name: String) {
        let source = snapshot.heldSource
        let purpose =
            snapshot.isSafetyBackup
            ? [AppTag.safety] + (source.map { [AppTag.replaced($0)] } ?? [])
            : (source.map { [AppTag.source($0)] } ?? []) + (snapshot.backupSource == nil ? [AppTag.damaged] : [])
        self.init(
            host: snapshot.hostName, paths: source == .database ? snapshot.paths.sorted() : [],
            tags: ([AppTag.application(name)] + purpose).sorted())
    }
}

extension ForgetPolicy {
    /// The same policy in the engine's words.
    package init(_ retention: Retention) {
        let within: [Period: RetentionSpan?] = [
            .hourly: retention.withinHourly, .daily: retention.withinDaily, .weekly: retention.withinWeekly,
            .monthly: retention.withinMonthly, .yearly: retention.withinYearly,
        ]
        self.init(
            counts: [
                .last: retention.last, .hourly: retention.hourly, .daily: retention.daily, .weekly: retention.weekly,
                .monthly: retention.monthly, .yearly: retention.yearly,
            ],
            within: retention.within.map(CalendarDuration.init), periodsWithin: within.compactMapValues { $0.map(CalendarDuration.init) },
            minimum: retention.minimum)
    }
}

extension CalendarDuration {
    fileprivate init(_ span: RetentionSpan) {
        self.init(years: span.years, months: span.months, days: span.days, hours: span.hours)
    }
}
