// Settings files, state directories and secrets: where they are looked for, and what is refused.

import Bytes
import HostOS
import Operations
import Settings
import TestKit
import Testing

@Suite struct `The settings file` {
    private func failure(_ body: () throws -> Void) -> Failure? {
        do {
            try body()
            return nil
        } catch {
            return Failure(describing: error)
        }
    }

    @Test func `is found above the working directory`() throws {
        let tree = try ScratchTree(["app/lifeboat.yaml": .file("app: ."), "app/public/deep": .directory])
        #expect(try AppLookup(workingDirectory: tree["app/public/deep"]).find() == tree["app/lifeboat.yaml"])
    }

    @Test func `named on purpose must exist`() throws {
        let tree = try ScratchTree(["lifeboat.yaml": .file("app: .")])
        let failure = failure { _ = try AppLookup(explicit: "other.yaml", workingDirectory: tree.path).find() }
        #expect(failure?.code == .configInvalid)
        #expect(failure?.message.contains("/other.yaml'") == true)
    }

    @Test(.enabled(if: Host.isRoot)) func `of another user is used only if it is named`() throws {
        let tree = try ScratchTree(["lifeboat.yaml": .file("app: .")])
        try Descriptor.open(tree["lifeboat.yaml"], .update).setOwner(user: 12_345, group: 12_345)
        #expect(failure { _ = try AppLookup(workingDirectory: tree.path).find() }?.message.contains("belongs to another user") == true)
        #expect(try AppLookup(explicit: "lifeboat.yaml", workingDirectory: tree.path).find() == tree["lifeboat.yaml"])
    }
}

@Suite struct `The state directory` {
    @Test func `is held by one run at a time`() throws {
        let tree = try ScratchTree()
        let state = AppState(directory: tree["state"])
        var held: AppState.RunLock? = try state.acquireRunLock()
        do {
            _ = try state.acquireRunLock()
            Issue.record("two runs held the lock")
        } catch {
            #expect(Failure(describing: error).code == .locked)
        }
        #expect(held != nil)
        held = nil
        _ = try state.acquireRunLock()
    }

    @Test func `is cleared of what killed runs left, and of nothing else`() throws {
        let tree = try ScratchTree([
            "here/lifeboat-staging-app-old/1-copy": .file("left"), "here/lifeboat-staging-other-x/f": .file("kept"),
            "here/mine": .file("kept"),
        ])
        let state = AppState(directory: tree["app"])
        let lock = try state.acquireRunLock()
        let staging = try state.makeStaging(in: tree["here"], run: "new", under: lock)
        #expect(staging == tree["here/lifeboat-staging-app-new"])
        #expect(try FileStatus.of(staging).mode == 0o700)
        #expect(
            try Directory.entries(of: tree["here"]).map { String(decoding: $0.name, as: UTF8.self) } == [
                "lifeboat-staging-app-new", "lifeboat-staging-other-x", "mine",
            ])
    }
}
