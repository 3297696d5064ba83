// Forgetting snapshots: texts, lifeboat's own minimum, and what really happens in a repository.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `Forgetting snapshots` {
    private func snapshots(_ count: Int) -> [CatalogedSnapshot] {
        (0..<count).map { number in
            CatalogedSnapshot(
                id: SnapshotID(Digest(word0: UInt64(number), word1: 0, word2: 0, word3: 0)),
                snapshot: SnapshotFile(
                    time: Timestamp(seconds: 1_700_000_000 + Int64(number) * 86_400), tree: BlobID(.zero), paths: ["/data"]))
        }
    }

    @Test(arguments: [("1y5m7d2h", "1y5m7d2h"), ("2h1y", "1y2h"), ("3d4d", "4d"), ("", ""), ("0h", "")])
    func `reads durations`(text: String, canonical: String) throws {
        #expect(try CalendarDuration(parsing: text).description == canonical)
    }

    @Test(arguments: ["d", "5", "-1d", "1w", "1 d", "1.5d", "99999999999999999999y"])
    func `refuses what is no duration`(text: String) {
        #expect(throws: UpkeepFailure.self) { try CalendarDuration(parsing: text) }
    }

    @Test func `reads counts`() throws {
        #expect(try ForgetPolicy.count(parsing: "12") == 12)
        #expect(try ForgetPolicy.count(parsing: "unlimited") == ForgetPolicy.unlimited)
        #expect(throws: UpkeepFailure.self) { try ForgetPolicy.count(parsing: "-1") }
    }

    @Test func `never leaves fewer than the minimum`() throws {
        let policy = ForgetPolicy(counts: [.last: 1], minimum: 4)
        let plan = try ForgetPlan(snapshots(9), policy: policy, now: Timestamp(seconds: 1_800_000_000))
        #expect(plan.groups[0].keep.map { $0.snapshot.id.digest.word0 } == [8, 7, 6, 5])
        #expect(plan.groups[0].keep.map(\.reasons) == [["last snapshot"], ["minimum of 4"], ["minimum of 4"], ["minimum of 4"]])
        #expect(plan.removals.count == 5)
    }

    @Test func `keeps all of a group smaller than the minimum`() throws {
        let policy = ForgetPolicy(within: CalendarDuration(hours: 1), tagLists: [["nope"]], minimum: 5)
        #expect(try ForgetPlan(snapshots(3), policy: policy, now: Timestamp(seconds: 1_800_000_000)).removals.isEmpty)
    }

    @Test func `does not take a minimum alone for a policy`() {
        #expect(throws: UpkeepFailure.noPolicy) {
            try ForgetPlan(snapshots(3), policy: ForgetPolicy(minimum: 1), now: Timestamp(seconds: 1_800_000_000))
        }
    }

    @Test func `names the group it refuses to empty`() {
        #expect(throws: UpkeepFailure.nothingKept(group: "path [/data]")) {
            try ForgetPlan(snapshots(3), policy: ForgetPolicy(tagLists: [["nope"]]), now: Timestamp(seconds: 1_800_000_000))
        }
    }

    @Test func `deletes the snapshot files and counts what fails`() throws {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: 1)
        for _ in 0..<4 { try fixture.addSnapshot() }
        let repository = try RepositoryFixture.open(FaultyStore(store, .failOnce(at: 2)))
        let outcome = try Forget.execute(Array(fixture.snapshots.prefix(3)), in: repository)
        #expect(outcome.removed == [fixture.snapshots[0], fixture.snapshots[2]])
        #expect(outcome.failed.map(\.id) == [fixture.snapshots[1]])
        #expect(Set(try SnapshotCatalog.load(fixture.repository).map(\.id)) == [fixture.snapshots[1], fixture.snapshots[3]])
    }

    // MARK: Marks

    private func marked(_ number: Int, _ tags: [String]) -> CatalogedSnapshot {
        CatalogedSnapshot(
            id: SnapshotID(Digest(word0: UInt64(number), word1: 0, word2: 0, word3: 0)),
            snapshot: SnapshotFile(time: Timestamp(seconds: 1_700_000_000 + Int64(number)), tree: BlobID(.zero), paths: ["/data"], tags: tags))
    }

    private let marks = TagMarks(program: "lifeboat", owner: "app=", prefixes: ["source=", "replaced="], words: ["safety"])

    @Test func `tells apart by marks what has the same paths, and nothing else`() throws {
        let snapshots = [
            marked(0, ["lifeboat", "app=a", "source=database", "run=1"]), marked(1, ["lifeboat", "app=a", "source=database", "run=2"]),
            marked(2, ["lifeboat", "app=a", "safety", "replaced=database", "run=3"]), marked(3, ["lifeboat", "app=b", "source=database", "run=4"]),
            marked(4, ["app=a", "source=database"]), marked(5, ["source=database", "lifeboat"]), marked(6, []),
        ]
        let plan = try ForgetPlan(
            snapshots, policy: ForgetPolicy(counts: [.last: 1]), grouping: SnapshotGrouping(byMarks: marks), now: Timestamp(seconds: 1_800_000_000))
        #expect(
            plan.groups.map(\.key.tags) == [
                [], ["app=a", "replaced=database", "safety"], ["app=a", "source=database"], ["app=b", "source=database"],
            ])
        #expect(Set(plan.removals.map(\.digest.word0)) == [0, 4, 5])
        let asRestic = try ForgetPlan(snapshots, policy: ForgetPolicy(counts: [.last: 1]), now: Timestamp(seconds: 1_800_000_000))
        #expect(asRestic.groups.count == 1 && asRestic.removals.count == 6)
    }

    // MARK: Explanations

    @Test func `says for each snapshot that goes why no rule keeps it`() throws {
        let hours: [Int64] = [0, 1, 2, 24, 25, 48, 72]
        let snapshots = hours.enumerated().map { number, hour in
            CatalogedSnapshot(
                id: SnapshotID(Digest(word0: UInt64(number) << 56, word1: 0, word2: 0, word3: 0)),
                snapshot: SnapshotFile(time: Timestamp(seconds: 1_700_049_600 - hour * 3600), tree: BlobID(.zero), paths: ["/data"]))
        }
        let policy = ForgetPolicy(counts: [.last: 1, .daily: 2], within: CalendarDuration(hours: 1), tagLists: [["x"]])
        let decisions = policy.decide(snapshots, now: Timestamp(seconds: 1_800_000_000))
        #expect(decisions.map(\.keeps) == [true, false, false, true, false, false, false])
        #expect(
            decisions[2].refusals == [
                "has not tags [x]", "within 1h: it is older", "last snapshot: 1 newer kept", "daily snapshot: 00000000 is of the same day",
            ], "\(decisions[2].refusals)")
        #expect(decisions[4].refusals.last == "daily snapshot: 03000000 is of the same day")
        #expect(decisions[6].refusals.last == "daily snapshot: 2 newer kept")
        #expect(decisions[0].reasons == ["within 1h", "last snapshot", "daily snapshot"])
    }
}
