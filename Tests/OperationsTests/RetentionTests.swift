// The retention of the settings: what it may never do, whatever the snapshots are.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Settings
import TestKit
import Testing
import Upkeep

@Suite struct `The retention of an application` {
    private static let day: Int64 = 86_400
    private static let now = Timestamp(seconds: 1_790_000_000)

    private func snapshot(_ number: Int, _ tags: [String], days: Int, host: String = "web", path: BytePath = "/srv/app/db.sqlite") -> CatalogedSnapshot {
        let file = SnapshotFile(
            time: Self.now.adding(seconds: -Int64(days) * Self.day - 60), tree: BlobID(.zero), paths: [path], hostName: host,
            tags: ["lifeboat", "app=school"] + tags)
        return CatalogedSnapshot(id: SnapshotID(Digest(word0: UInt64(number), word1: 7, word2: 0, word3: 0)), snapshot: file)
    }

    private func retention(last: Int = 0, daily: Int = 0, minimum: Int = 1) -> Retention {
        var retention = Retention()
        (retention.last, retention.daily, retention.minimum) = (last, daily, minimum)
        return retention
    }

    private func removed(_ plan: ForgetPlan) -> Set<UInt64> { Set(plan.removals.map(\.digest.word0)) }

    private func plan(_ snapshots: [CatalogedSnapshot], _ policy: Retention) -> ForgetPlan {
        AppRetentionPlan(policy).plan(snapshots, application: "school", now: Self.now)
    }

    @Test func `counts each source by itself`() {
        let snapshots = (0..<4).flatMap { day in
            [snapshot(day, ["source=database"], days: day), snapshot(10 + day, ["source=files"], days: day), snapshot(20 + day, ["source=config"], days: day)]
        }
        #expect(removed(plan(snapshots, retention(last: 3))) == [3, 13, 23])
    }

    @Test func `counts each database and each host by itself, and files whatever their paths are`() {
        let snapshots = [
            snapshot(1, ["source=database"], days: 0, path: "/a.sqlite"), snapshot(2, ["source=database"], days: 1, path: "/b.sqlite"),
            snapshot(3, ["source=database"], days: 2, host: "old"), snapshot(4, ["source=files"], days: 0, path: "/srv/new"),
            snapshot(5, ["source=files"], days: 1, path: "/srv/old"),
        ]
        #expect(removed(plan(snapshots, retention(last: 1))) == [5])
    }

    @Test func `keeps safety backups for thirty days, and never counts them`() {
        let snapshots =
            (0..<3).map { snapshot($0, ["source=database"], days: $0) }
            + [0, 29, 30, 31].map { snapshot(100 + $0, ["safety", "replaced=database"], days: $0) }
        let plan = plan(snapshots, retention(last: 3))
        #expect(removed(plan) == [130, 131])
        let reasons = plan.groups.flatMap(\.decisions).filter { $0.snapshot.snapshot.tags.contains("safety") }.map { $0.reasons + $0.refusals }
        #expect(reasons.first == ["safety backup of the last 30 days"])
        #expect(reasons.last == ["safety backup: older than 30 days"])
    }

    @Test func `does not take a damaged capture for a good one, and keeps it while it is all there is`() {
        let damaged = [0, 40].map { snapshot(50 + $0, ["source=database", "damaged"], days: $0) }
        #expect(removed(plan(damaged, retention(last: 1))).isEmpty)
        let good = (1..<5).map { snapshot($0, ["source=database"], days: $0) }
        #expect(removed(plan(damaged + good, retention(last: 1, minimum: 3))) == [4, 90])
    }

    @Test func `leaves alone what says no source, and other sources if some were chosen`() {
        let snapshots = (0..<4).flatMap { [snapshot($0, [], days: $0), snapshot(10 + $0, ["source=files"], days: $0), snapshot(20 + $0, ["source=config"], days: $0)] }
        var chosen = AppRetentionPlan(retention(last: 2))
        chosen.sources = [.files]
        #expect(removed(chosen.plan(snapshots, application: "school", now: Self.now)) == [12, 13])
    }

    @Test func `drops nothing because a clock ran ahead`() {
        let snapshots = [snapshot(1, ["source=database"], days: 40), snapshot(2, ["safety", "replaced=database"], days: 60)]
        let future = Self.now.adding(seconds: 3650 * Self.day)
        #expect(AppRetentionPlan(retention(last: 1)).plan(snapshots, application: "school", now: future).removals.isEmpty)
    }

    @Test func `gives nobody's place to backups dated in the future, and drops none of them`() {
        let ahead = (1...10).map { snapshot($0, ["source=files"], days: -20_000 - $0) }
        let real = (0..<5).map { snapshot(20 + $0, ["source=files"], days: $0) }
        #expect(removed(plan(ahead + real, retention(daily: 3))) == [23, 24])
        #expect(removed(plan(ahead, retention(last: 1))).isEmpty)
    }

    @Test func `drops nothing while the clock is far behind`() {
        let snapshots = (0..<9).map { snapshot($0, ["source=files"], days: $0) }
        let plan = AppRetentionPlan(retention(last: 1)).plan(snapshots, application: "school", now: Timestamp(seconds: 1000))
        #expect(plan.removals.isEmpty)
    }

    @Test func `says the same of database snapshots in the words of the settings`() {
        var retention = Retention.standard
        (retention.last, retention.within) = (Retention.unlimited, RetentionSpan(months: 6))
        let policy = ForgetPolicy(retention)
        #expect(policy.counts[.last] == ForgetPolicy.unlimited && policy.counts[.monthly] == 12 && policy.minimum == 3)
        #expect(policy.within == CalendarDuration(months: 6) && policy.periodsWithin.isEmpty)
    }

    // MARK: Laws

    private struct World {
        var good: [CatalogedSnapshot] = []
        var others: [CatalogedSnapshot] = []
        var policy = Retention()
    }

    private func world(seed: UInt64) -> World {
        var random = SeededRandom(seed: seed), world = World()
        func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
        for number in 0..<Int.random(in: 0...60, using: &random) {
            let source = pick(["database", "files", "config"]), days = Int.random(in: 0...400, using: &random)
            let path: BytePath = pick(["/srv/app/a.sqlite", "/srv/app/b.sqlite"])
            switch Int.random(in: 0..<6, using: &random) {
            case 0: world.others.append(snapshot(number, ["safety", "replaced=\(source)"], days: days, host: pick(["web", "old"]), path: path))
            case 1: world.others.append(snapshot(number, ["source=\(source)", "damaged"], days: days, host: pick(["web", "old"]), path: path))
            default: world.good.append(snapshot(number, ["source=\(source)"], days: days, host: pick(["web", "old"]), path: path))
            }
        }
        world.policy.last = pick([0, 0, 1, 3])
        world.policy.daily = pick([0, 2, 7])
        world.policy.weekly = pick([0, 4])
        world.policy.monthly = pick([0, 12, Retention.unlimited])
        world.policy.within = pick([nil, RetentionSpan(days: 10)])
        world.policy.minimum = pick([1, 3, 5])
        if world.policy.keepsNothing { world.policy.last = 1 }
        return world
    }

    private func key(_ snapshot: CatalogedSnapshot) -> String {
        let source = snapshot.snapshot.tags.first { $0.hasPrefix("source=") } ?? ""
        return "\(snapshot.snapshot.hostName) \(source) \(source == "source=database" ? "\(snapshot.snapshot.paths)" : "")"
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `never leaves fewer good snapshots of anything than the minimum`(seed: UInt64) {
        let world = world(seed: seed)
        let gone = removed(plan(world.good + world.others, world.policy))
        for (key, members) in Dictionary(grouping: world.good, by: key) {
            let left = members.count { !gone.contains($0.id.digest.word0) }
            #expect(left >= min(world.policy.minimum, members.count), "seed \(seed), \(key): \(left) of \(members.count)")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `decides about good snapshots as if nothing else were there`(seed: UInt64) {
        let world = world(seed: seed)
        let goodIDs = Set(world.good.map(\.id.digest.word0))
        let alone = removed(plan(world.good, world.policy)), together = removed(plan(world.good + world.others, world.policy))
        #expect(alone == together.intersection(goodIDs), "seed \(seed)")
        for source in ["source=database", "source=files", "source=config"] {
            let mine = world.good.filter { $0.snapshot.tags.contains(source) }
            #expect(removed(plan(mine, world.policy)) == alone.intersection(mine.map(\.id.digest.word0)), "seed \(seed), \(source)")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `has a word about every snapshot`(seed: UInt64) {
        let world = world(seed: seed)
        let decisions = plan(world.good + world.others, world.policy).groups.flatMap(\.decisions)
        #expect(decisions.count == world.good.count + world.others.count, "seed \(seed)")
        for decision in decisions { #expect(!(decision.keeps ? decision.reasons : decision.refusals).isEmpty, "seed \(seed)") }
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `applied twice removes nothing the second time`(seed: UInt64) {
        let world = world(seed: seed), all = world.good + world.others
        let gone = removed(plan(all, world.policy))
        let again = removed(plan(all.filter { !gone.contains($0.id.digest.word0) }, world.policy))
        // Damaged captures may lose their last good neighbour in no way: good ones are never all removed.
        #expect(again.isEmpty, "seed \(seed): \(again)")
    }
}
