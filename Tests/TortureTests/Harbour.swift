// Harbour: a scratch directory with a source, a repository, and both programs that sail from it, as their users run them.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

final class Harbour {
    static let password = "correct horse"

    let scratch: ScratchTree
    /// Where the repository is; another place than the usual for tests that want one of their own.
    var repository: BytePath

    init() throws {
        scratch = try ScratchTree(["home": .directory, "data": .directory])
        repository = scratch["repository"]
    }

    func makeRepository() throws { try QuickRepository.make(at: repository, password: Harbour.password) }

    var lifeboat: CommandLineProgram {
        get throws {
            var program = try Program.lifeboat(home: scratch["home"], repository: repository, password: Harbour.password)
            program.directory = scratch.path
            return program
        }
    }

    var restic: CommandLineProgram {
        var peer = ResticPeer(home: scratch["home"], repository: repository, password: Harbour.password)
        peer.program.directory = scratch.path
        return peer.program
    }

    @discardableResult
    func lifeboat(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let result = try lifeboat.run(arguments)
        try #require(
            result.exitStatus == status, "lifeboat \(arguments): \(result.errorText)\(result.outputText.suffix(2000))", sourceLocation: sourceLocation)
        return result
    }

    @discardableResult
    func restic(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let result = try restic.run(["--no-cache"] + arguments)
        try #require(
            result.exitStatus == 0, "restic \(arguments): \(result.errorText)\(result.outputText.suffix(2000))", sourceLocation: sourceLocation)
        return result
    }

    /// What a snapshot brings back, by lifeboat or by restic.
    func restored(_ snapshot: String, byRestic: Bool = false) throws -> TreePicture {
        try scratch.remove("out")
        if byRestic {
            try restic("restore", snapshot, "--target", "out", "--no-lock")
        } else {
            try lifeboat("restore", "files", "--snapshot", snapshot, "--target", "out", "--no-lock")
        }
        return try TreePicture(of: scratch["out/data"])
    }

    func source() throws -> TreePicture { try TreePicture(of: scratch["data"]) }

    /// The full ids of the snapshots there are.
    func snapshotIDs() throws -> Set<String> {
        let text = try lifeboat("snapshots", "--json", "--no-lock").outputText
        let list = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        return Set(list.compactMap { $0["id"] as? String })
    }

    /// Both programs find every byte in order.
    func expectWhole(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let ours = try lifeboat.run(["check", "--read-data", "--no-lock"])
        #expect(ours.exitStatus == 0, "\(comment): \(ours.errorText)\(ours.outputText)", sourceLocation: sourceLocation)
        let theirs = try restic.run(["--no-cache", "check", "--read-data", "--no-lock"])
        #expect(
            theirs.exitStatus == 0 && theirs.outputText.contains("no errors were found"), "\(comment): \(theirs.errorText)\(theirs.outputText)",
            sourceLocation: sourceLocation)
    }
}
