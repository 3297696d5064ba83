// `backup files --group-by` beside stock restic's: both must find the same parent.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `The parent of a backup` {
    private static let groupings = ["host,paths", "host", "paths", "tags", "host,tags", "paths,tag", "host,paths,tags", ""]

    /// Snapshots that have some of host, paths and tags in common.
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        try workshop.scratch.add("one/file", .file("one"))
        try workshop.scratch.add("two/file", .file("two"))
        let past = [
            ("a", ["one"], "x,y"), ("a", ["one", "two"], "x"), ("b", ["one"], "y"), ("a", ["two"], "z"), ("b", ["two"], ""), ("c", ["one", "two"], "y,x"),
        ]
        for (number, (host, paths, tags)) in past.enumerated() {
            let result = try workshop.lifeboat().run(
                ["backup", "files", "--host", host, "--time", "2026-01-0\(number + 1)T10:00:00Z"] + tagged(tags) + paths)
            try #require(result.exitStatus == 0, "\(result.errorText)")
        }
        return workshop
    }

    private func tagged(_ tags: String) -> [String] { tags.isEmpty ? [] : ["--tag", tags] }

    /// The parent of the newest snapshot, which is removed again.
    private func takeParent(_ workshop: Workshop) throws -> String? {
        let newest = try #require(try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).last)
        #expect(try AnswerJSON.text(newest, "time").hasPrefix("2026-01-05T"))
        try workshop.lifeboat("forget", try AnswerJSON.text(newest, "id"))
        return newest["parent"] as? String
    }

    private func removeLater(_ workshop: Workshop) throws {
        for snapshot in try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText) where try AnswerJSON.text(snapshot, "time") > "2026-01-05" {
            try workshop.lifeboat("forget", try AnswerJSON.text(snapshot, "id"))
        }
    }

    @Test(.enabled(if: ResticPeer.isNew, "restic knows --group-by for backups since 0.16: name one in RESTIC")) func `is the one that restic finds`() throws {
        let workshop = try workshop()
        try removeLater(workshop)
        for grouping in Self.groupings {
            for (host, paths, tags) in [("a", ["one"], "x"), ("b", ["two"], "y,x"), ("d", ["one", "two"], ""), ("c", ["two"], "x,y"), ("a", ["two", "one"], "z")] {
                let common = ["--host", host, "--group-by", grouping] + tagged(tags) + paths
                let ours = try workshop.lifeboat().run(["backup", "files", "--time", "2026-01-05T09:00:00Z"] + common)
                try #require(ours.exitStatus == 0, "\(ours.errorText)")
                let our = try takeParent(workshop)
                let theirs = try workshop.restic.run(["backup", "--time", "2026-01-05 09:00:00"] + common)
                try #require(theirs.exitStatus == 0, "\(theirs.errorText)")
                #expect(try our == takeParent(workshop), "\(common)")
            }
        }
    }

    @Test func `is the newest of those alike`() throws {
        let workshop = try workshop()
        let ids = try AnswerJSON.array(workshop.lifeboat("snapshots", "--json").outputText).map { try AnswerJSON.text($0, "id") }
        try #require(ids.count == 6)
        try removeLater(workshop)
        let cases: [(grouping: String?, parent: Int?)] = [
            (nil, nil), ("host,paths", nil), ("host", 2), ("paths", 3), ("tags", 2), ("", 3), ("host,paths,tags", nil),
        ]
        for (grouping, parent) in cases {
            let words = ["backup", "files", "two", "--host", "b", "--tag", "y", "--time", "2026-01-05T09:00:00Z"]
            let result = try workshop.lifeboat().run(words + (grouping.map { ["--group-by", $0] } ?? []))
            try #require(result.exitStatus == 0, "\(result.errorText)")
            #expect(try takeParent(workshop) == parent.map { ids[$0] }, "\(grouping ?? "none")")
        }
        try workshop.lifeboat("backup", "files", "one", "--group-by", "owner", status: 64)
        try workshop.lifeboat("backup", "files", "one", "--read-concurrency", "0", status: 64)
        try workshop.lifeboat("backup", "files", "one", "--read-concurrency", "1", "--no-scan")
    }
}
