// Stock restic looks at what our prune left, and prunes it again.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `Stock restic` {
    static let isInstalled = (try? FileStatus.following("/usr/bin/restic")) != nil

    private func restic(_ arguments: [String], _ store: LocalStore) throws -> Child.Result {
        try Child.run(
            "/usr/bin/restic", ["--no-cache", "-r", store.path.description] + arguments,
            environment: ["RESTIC_PASSWORD=\(RepositoryFixture.password)", "HOME=/nonexistent", "PATH=/usr/bin:/bin"])
    }

    private func withRepository(_ seed: UInt64, _ body: (LocalStore, inout RepositoryFixture) throws -> Void) throws {
        let root = BytePath("/tmp/lifeboat-upkeep-\(UInt64.random(in: 0 ... .max))")
        defer { try? Directory.removeTree(root) }
        let store = LocalStore(root: root)
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<11 { try fixture.addSnapshot() }
        try body(store, &fixture)
    }

    @Test(.enabled(if: isInstalled), arguments: [UInt64(70), 71])
    func `finds a pruned repository clean`(seed: UInt64) throws {
        try withRepository(seed) { store, fixture in
            _ = try Forget.execute([0, 2, 3, 7].map { fixture.snapshots[$0] }, in: fixture.repository)
            try prune(store, PruneOptions(maximumUnused: .percent(0)))
            let check = try restic(["check", "--read-data"], store)
            #expect(check.exitStatus == 0, "\(check.outputText)\(check.errorText)")
            let pruned = try restic(["prune", "--max-unused", "0"], store)
            #expect(pruned.exitStatus == 0, "\(pruned.outputText)\(pruned.errorText)")
            #expect(pruned.outputText.contains("to delete:             0 blobs"), "\(pruned.outputText)")
            try expectClean(store)
            try expectComplete(Array(fixture.snapshots.suffix(3)), of: fixture, in: store)
        }
    }

    @Test(.enabled(if: isInstalled))
    func `leaves a repository that we find clean and can prune again`() throws {
        try withRepository(72) { store, fixture in
            let forgotten = try restic(["forget", "--keep-last", "3", "--prune", "--max-unused", "0"], store)
            #expect(forgotten.exitStatus == 0, "\(forgotten.errorText)")
            try expectClean(store)
            try expectComplete(Array(fixture.snapshots.suffix(3)), of: fixture, in: store)
            #expect(try unneededByteCount(in: store) == 0)
            try prune(store)
            try expectComplete(Array(fixture.snapshots.suffix(3)), of: fixture, in: store)
        }
    }

    @Test(.enabled(if: isInstalled), arguments: RepositoryStatistics.Mode.allCases)
    func `counts the same statistics`(mode: RepositoryStatistics.Mode) throws {
        try withRepository(73) { store, fixture in
            let theirs = try restic(["stats", "--json", "--mode", mode.rawValue], store)
            #expect(theirs.exitStatus == 0, "\(theirs.errorText)")
            let ours = try RepositoryStatistics.compute(
                mode, of: SnapshotCatalog.load(fixture.repository), in: IndexedRepository.load(fixture.repository))
            #expect(number("total_size", in: theirs.outputText) == ours.totalByteCount)
            #expect(number("total_file_count", in: theirs.outputText) ?? 0 == ours.fileCount)
            #expect(number("total_blob_count", in: theirs.outputText) ?? 0 == ours.blobCount)
            #expect(ours.snapshotCount == 11)
        }
    }

    private func number(_ key: String, in json: String) -> UInt64? {
        guard let range = json.firstRange(of: "\"\(key)\":") else { return nil }
        return UInt64(json[range.upperBound...].prefix { $0.isNumber })
    }
}
