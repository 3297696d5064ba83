// Drills in this process: a dump that lost a row, a machine without a server program.

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import Operations
import RepositoryEngine
import RepositoryFormat
import Settings
import TestKit
import Testing

@Suite struct `A drill of a database on a server` {
    private let tree: ScratchTree
    private let workbench: AppWorkbench
    private let database: String

    init() throws {
        let server = try MariaDBServer.shared()
        database = try server.newDatabase("drilled")
        try server.sql("CREATE TABLE pupils (id INT PRIMARY KEY, name TEXT); INSERT INTO pupils SELECT seq, CONCAT('pupil ', seq) FROM seq_1_to_50;", in: database)
        tree = try ScratchTree(["app": .directory, "key": .file("secret"), "scratch": .directory])
        let text =
            "app: { name: school, root: \(tree["app"]) }\nrepository: \(tree["backup"])\npassword_file: \(tree["key"])\n"
            + "sources: { database: { type: mariadb, socket: \(server.socket), user: root, database: \(database) }, files: false, config: false }\n"
        let settings = try SettingsReader.read(Array(text.utf8), file: tree["app/lifeboat.yaml"])
        try QuickRepository.make(at: tree["backup"], password: "secret")
        workbench = try AppWorkbench(
            settings: settings, state: AppState(directory: tree["state"]),
            sqlite: SQLiteClient { (_) throws(SystemError) in Child.Result(exitStatus: 1, output: [], errorOutput: []) }, programVersion: "lifeboat test")
        let outcome = try AppBackup(workbench).run()
        try #require(outcome.code == nil, "\(outcome.units.compactMap(\.failure))")
    }

    private func drill(_ change: (inout AppDrill) -> Void = { _ in }) throws -> AppDrillReport {
        var drill = AppDrill(workbench)
        drill.scratch = tree["scratch"]
        change(&drill)
        let report = try drill.run().report
        #expect(try Directory.entries(of: tree["scratch"]).isEmpty)
        return report
    }

    @Test func `is proved, and the journal keeps what was compared`() throws {
        let report = try drill()
        #expect(report.outcome == .proved && report.code == nil, "\(report.verdict)")
        let run = try #require(try AppHistory(workbench).runs(limit: 1).first)
        #expect(run.start.verb == "drill" && run.outcome.isSuccess)
        #expect(run.result?.phases.map(\.name) == ["load", "proof", "checks"])
        let record = try #require(try RunJournal.open(workbench.state.journalPath).drill(of: run.id))
        #expect(record == DrillRecord(outcome: .proved, sources: ["database": .proved], tables: 1, rows: 50, files: 0, checks: 0))
        let status = AppStatus(workbench).run()
        #expect(status.sources.first?.drill?.outcome == .proved && status.measured?.id == run.id)
    }

    @Test func `fails when a file of rows lacks one`() throws {
        try forge { path, content in
            guard path.first == Array("data".utf8) else { return content }
            let lines = content.split(separator: 0x0a, omittingEmptySubsequences: false)
            return Array((lines.prefix(3) + lines.dropFirst(4)).joined(separator: [0x0a]))
        }
        let report = try drill()
        #expect(report.outcome == .failed && report.code == .drillFailed)
        #expect(report.parts.first?.failure?.message.contains("pupils") == true, "\(report.verdict)")
        #expect(report.reason?.message.hasPrefix("database: ") == true)
    }

    @Test func `is inconclusive where no server program is installed, and says how to install one`() throws {
        let report = try drill { $0.programPlaces = [tree["app"]] }
        #expect(report.outcome == .inconclusive && report.code == .drillFailed)
        #expect(report.verdict.hasPrefix("INCONCLUSIVE: database: could not start a throw-away server: no MariaDB server program is installed"))
        #expect(report.reason?.hint?.contains("apt-get install mariadb-server") == true)
        let status = AppStatus(workbench).run()
        #expect(status.sources.first?.drill?.outcome == .inconclusive && status.measured == nil)
        #expect(status.verdict == .restorable && status.warnings.contains { $0.contains("proved nothing") })
    }

    @Test func `never compares with the live database, but with what was saved`() throws {
        try MariaDBServer.shared().sql("DELETE FROM pupils WHERE id > 10", in: database)
        #expect(try drill().total(\.rows) == 50)
    }

    /// Saves the newest dump once more as the newest, with other files.
    private func forge(_ change: ([[UInt8]], [UInt8]) -> [UInt8]) throws {
        var restore = AppRestore(workbench)
        restore.selection.target = tree["dump"]
        _ = try restore.run { _ in true }
        let root = tree["dump"].appending("mysql").appending(Array(database.utf8))
        try workbench.access.withIndex(.shared) { indexed, snapshots in
            let original = try #require(snapshots.last).snapshot
            let request = BackupRequest(
                targets: original.paths, workingDirectory: .root, hostName: original.hostName, userName: original.userName, time: workbench.identity.now(),
                programVersion: "forger")
            var tagged = request
            tagged.tags = original.tags
            let ingest = TreeIngest(indexed, tagged, zone: { _ in 0 }), lane = ingest.lane()
            for path in try files(below: root) {
                let content = change(path, try AtomicFile.read(BytePath(names: root.components + path, absolute: true), limit: 1 << 24))
                lane.begin(path)
                try lane.write(content.span)
                try lane.end()
            }
            _ = try ingest.finish(parent: nil)
        }
    }

    private func files(below root: BytePath, _ names: [[UInt8]] = []) throws -> [[[UInt8]]] {
        try Directory.entries(of: BytePath(names: root.components + names, absolute: true)).flatMap { entry -> [[[UInt8]]] in
            let path = names + [entry.name]
            return entry.kind == .directory ? try files(below: root, path) : [path]
        }
    }
}

@Suite struct `An expectation of a check` {
    @Test(arguments: [
        (">= 500", "500", true), (">= 500", "499", false), ("> 500", "500", false), ("<= 1.5", "1.25", true), ("< 3", "10", false),
        ("= done", "done", true), ("done", "doing", false), ("!= 0", "0", false), ("= 9007199254740993", "9007199254740992", false), (">= 1", "many", false),
        ("== 7", "7.0", true),
    ])
    func `holds or not`(text: String, answer: String, holds: Bool) throws {
        #expect(try #require(Expectation(parsing: text)).holds(for: answer) == holds)
    }
}
