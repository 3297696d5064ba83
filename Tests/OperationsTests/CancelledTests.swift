// What a cancelled run says: what is kept, and what to do.

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

@Suite struct `A cancelled run` {
    private let tree: ScratchTree
    private let workbench: AppWorkbench

    init() throws {
        tree = try ScratchTree(["app/uploads/a": .file("content"), "app/config/b": .file("content"), "key": .file("secret")])
        let text =
            "app: { name: school, root: \(tree["app"]) }\nrepository: \(tree["backup"])\npassword_file: \(tree["key"])\n"
            + "sources: { database: false, files: { paths: [uploads] }, config: { paths: [config] } }\n"
        try QuickRepository.make(at: tree["backup"], password: "secret")
        workbench = try AppWorkbench(
            settings: SettingsReader.read(Array(text.utf8), file: tree["app/lifeboat.yaml"]), state: AppState(directory: tree["state"]),
            programVersion: "lifeboat test")
    }

    private func failure(_ body: () throws -> Void) throws -> Failure {
        do {
            try body()
        } catch {
            return Failure(describing: error)
        }
        throw Failure(.failed, "it was not cancelled")
    }

    @Test func `of backup names what was saved before`() throws {
        let cancellation = Cancellation()
        let early = try failure {
            cancellation.cancel()
            _ = try AppBackup(workbench).run(cancellation: cancellation)
        }
        #expect(early.code == .cancelled && early.message == "cancelled: no new backup was made; all earlier ones are as they were", "\(early)")
        let late = Cancellation()
        let partly = try failure {
            _ = try AppBackup(workbench).run(cancellation: late) { event in if case .finished = event { late.cancel() } }
        }
        #expect(partly.message == "cancelled: config saved, the rest not", "\(partly)")
        #expect(partly.hint == "run it again: what is stored already need not be stored again")
        #expect(try AppHistory(workbench).runs(limit: 5).map { $0.result?.exitStatus } == [130, 130])
    }

    @Test func `of restore says whether the application was touched`() throws {
        _ = try AppBackup(workbench).run()
        let early = Cancellation()
        let untouched = try failure {
            early.cancel()
            _ = try AppRestore(workbench).run(cancellation: early, confirm: { _ in true })
        }
        #expect(untouched.message == "cancelled: nothing of the application was changed", "\(untouched)")
        let late = Cancellation()
        let touched = try failure {
            _ = try AppRestore(workbench).run(cancellation: late, confirm: { _ in true }) { event in
                if case .phase("files") = event { late.cancel() }
            }
        }
        #expect(touched.message == "cancelled: the files are only partly back; what was there before is kept (`lifeboat snapshots --tag safety`)", "\(touched)")
    }
}
