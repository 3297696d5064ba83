// A backup of an application in this process: what happens to the other sources when one fails.

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import Operations
import RepositoryEngine
import Settings
import TestKit
import Testing

@Suite struct `A backup in which the database cannot be captured` {
    private func workbench(_ tree: ScratchTree, _ answer: @escaping @Sendable ([UInt8]) -> Child.Result) throws -> AppWorkbench {
        let text =
            "app: { name: school, root: \(tree["app"]) }\nrepository: \(tree["backup"])\npassword_file: \(tree["key"])\n"
            + "sources: { database: { path: data.sqlite }, files: { paths: [uploads] }, config: { paths: [config] } }\n"
        let settings = try SettingsReader.read(Array(text.utf8), file: tree["app/lifeboat.yaml"])
        try QuickRepository.make(at: tree["backup"], password: "secret")
        return try AppWorkbench(
            settings: settings, state: AppState(directory: tree["state"]),
            sqlite: SQLiteClient { (request) throws(SystemError) in answer(request) },
            programVersion: "lifeboat test")
    }

    private func tree() throws -> ScratchTree {
        try ScratchTree([
            "app/data.sqlite": .file("SQLite format 3\0 and more"), "app/uploads/a": .file("same content"),
            "app/config/b": .file("same content"),
            "key": .file("secret"),
        ])
    }

    @Test func `still saves files and configuration, and says which source failed`() throws {
        let tree = try tree()
        let workbench = try workbench(tree) { _ in Child.Result(exitStatus: 139, output: [], errorOutput: Array("killed".utf8)) }
        let outcome = try AppBackup(workbench).run()
        #expect(outcome.code == .failed)
        #expect(outcome.units.map(\.unit.source) == [.config, .database, .files])
        #expect(outcome.units.map { $0.failure == nil } == [true, false, true])
        #expect(outcome.units[1].failure?.message.contains("the worker process ended with status 139: killed") == true)
        let status = AppStatus(workbench).run()
        #expect(status.verdict == .atRisk)
        #expect(status.worstCaseSeconds == nil)
        // The journal knows it as well, and no copy is left behind.
        let run = try #require(try AppHistory(workbench).runs(limit: 1).first)
        #expect(run.result?.exitStatus == 1)
        #expect(run.result?.snapshotIDs.count == 2)
        #expect(
            try Directory.entries(of: tree["state"]).map { String(decoding: $0.name, as: UTF8.self) }.allSatisfy {
                !$0.hasPrefix("lifeboat-staging")
            })
    }

    @Test func `whose only source fails ends with that failure`() throws {
        let tree = try tree()
        let workbench = try workbench(tree) { _ in Child.Result(exitStatus: 1, output: [], errorOutput: []) }
        var backup = AppBackup(workbench)
        backup.sources = [.database]
        let outcome = try backup.run()
        #expect(outcome.code == .failed)
        #expect(outcome.units.count == 1)
    }

    @Test func `and that is a dry run leaves no trace`() throws {
        let tree = try tree()
        let workbench = try workbench(tree) { _ in Child.Result(exitStatus: 1, output: [], errorOutput: []) }
        var backup = AppBackup(workbench)
        backup.dryRun = true
        backup.sources = [.files, .config]
        let before = try TreePicture(of: tree["backup"])
        let outcome = try backup.run()
        #expect(outcome.code == nil)
        #expect(outcome.units.allSatisfy { $0.summary?.snapshotID == nil })
        #expect(try TreePicture(of: tree["backup"]) == before)
        #expect(try AppHistory(workbench).runs(limit: 5).isEmpty)
    }
}
