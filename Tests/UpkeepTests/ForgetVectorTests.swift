// The forget policy against what restic 0.19.1 decided in 99 cases.

import Bytes
import Foundation
import RepositoryEngine
import RepositoryFormat
import Testing

import Upkeep

@Suite struct `The forget policy` {
    /// One case of the vectors, ready to run.
    struct Case: CustomTestStringConvertible, Sendable {
        let number: Int
        let set: String
        let arguments: [String]
        let snapshots: [SnapshotFile]
        let exitCode: Int
        let groups: [Group]
        let refusal: String

        struct Group: Sendable, Equatable {
            var host: String
            var paths: [String]
            var tags: [String]
            var keep: [Int]
            var remove: [Int]
            var reasons: [[String]]
        }

        var testDescription: String { "\(number): \(set) \(arguments.joined(separator: " "))" }
    }

    static let cases: [Case] = load()

    private static func load() -> [Case] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../RepositoryFormatTests/Vectors/forget.json")
        guard let data = try? Data(contentsOf: file), let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let sets = root["sets"] as? [String: [[String: Any]]], let cases = root["cases"] as? [[String: Any]]
        else { return [] }
        return cases.enumerated().map { number, one in
            let set = one["set"] as? String ?? "", result = one["result"] as? [String: Any] ?? [:]
            let groups = (result["groups"] as? [[String: Any]] ?? []).map(group)
            return Case(
                number: number, set: set, arguments: one["args"] as? [String] ?? [], snapshots: (sets[set] ?? []).map(snapshot),
                exitCode: result["exit_code"] as? Int ?? -1, groups: groups, refusal: result["stderr"] as? String ?? "")
        }
    }

    private static func snapshot(_ fields: [String: Any]) -> SnapshotFile {
        SnapshotFile(
            time: Timestamp(parsing: fields["time"] as? String ?? "") ?? .zero,
            tree: BlobID(Digest(word0: 1, word1: 0, word2: 0, word3: 0)),
            paths: (fields["paths"] as? [String] ?? ["/data"]).map { BytePath($0) }, hostName: fields["hostname"] as? String ?? "h1",
            tags: fields["tags"] as? [String] ?? [])
    }

    private static func group(_ json: [String: Any]) -> Case.Group {
        let key = json["group"] as? [String: Any] ?? [:]
        let reasons = json["reasons"] as? [[String: Any]] ?? []
        return Case.Group(
            host: key["host"] as? String ?? "", paths: key["paths"] as? [String] ?? [], tags: key["tags"] as? [String] ?? [],
            keep: json["keep"] as? [Int] ?? [], remove: json["remove"] as? [Int] ?? [],
            reasons: reasons.map { $0["matches"] as? [String] ?? [] })
    }

    /// What the command line will make of the arguments.
    private struct Parsed {
        var policy = ForgetPolicy()
        var filter = SnapshotFilter()
        var grouping = SnapshotGrouping()
        var allowRemoveAll = false

        init(_ arguments: [String]) throws {
            var rest = arguments[...]
            while let option = rest.popFirst() {
                if option == "--unsafe-allow-remove-all" {
                    allowRemoveAll = true
                    continue
                }
                let value = rest.popFirst() ?? ""
                let name = option.replacingOccurrences(of: "--keep-", with: "")
                switch option {
                case "--keep-within": policy.within = try CalendarDuration(parsing: value)
                case "--keep-tag": policy.tagLists.append(value.split(separator: ",").map(String.init))
                case "--host": filter.hosts.append(value)
                case "--path": filter.paths.append(BytePath(value))
                case "--tag": filter.tagLists.append(value.split(separator: ",").map(String.init))
                case "--group-by": grouping = try SnapshotGrouping(parsing: value)
                default:
                    if name.hasPrefix("within-"), let period = ForgetPolicy.Period(rawValue: String(name.dropFirst(7))) {
                        policy.periodsWithin[period] = try CalendarDuration(parsing: value)
                    } else {
                        let period = try #require(ForgetPolicy.Period(rawValue: name))
                        policy.counts[period] = try ForgetPolicy.count(parsing: value)
                    }
                }
            }
        }
    }

    @Test func `has all cases to answer`() { #expect(`The forget policy`.cases.count == 99) }

    @Test(arguments: `The forget policy`.cases)
    func `decides as restic does`(_ one: Case) throws {
        let parsed = try Parsed(one.arguments)
        let snapshots = one.snapshots.enumerated().map { position, file in
            CatalogedSnapshot(id: SnapshotID(Digest(word0: UInt64(position), word1: 0, word2: 0, word3: 0)), snapshot: file)
        }
        // Between the sets' past and the one snapshot of 2098.
        let now = Timestamp(seconds: 1_790_000_000)
        let plan: ForgetPlan
        do {
            plan = try ForgetPlan(
                snapshots, policy: parsed.policy, filter: parsed.filter, grouping: parsed.grouping, now: now,
                allowRemoveAll: parsed.allowRemoveAll)
        } catch {
            #expect(one.exitCode == 1)
            #expect(refusalKind(one.refusal) == refusalKind(error.failure.message))
            return
        }
        #expect(one.exitCode == 0)
        let groups = plan.groups.map { group in
            Case.Group(
                host: group.key.host, paths: group.key.paths.map(\.description), tags: group.key.tags,
                keep: group.keep.map { Int($0.snapshot.id.digest.word0) }, remove: group.remove.map { Int($0.id.digest.word0) },
                reasons: group.keep.map(\.reasons))
        }
        let byKey = { (a: Case.Group, b: Case.Group) in "\(a.host) \(a.paths) \(a.tags)" < "\(b.host) \(b.paths) \(b.tags)" }
        #expect(groups.sorted(by: byKey) == one.groups.sorted(by: byKey))
    }

    private func refusalKind(_ text: String) -> String {
        for (words, kind) in [
            ("refusing to delete last", "last"), ("no policy", "policy"), ("remove-all", "filter"), ("would be removed", "filter"),
        ]
        where text.contains(words) { return kind }
        return text
    }
}
