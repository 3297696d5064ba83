// Workshop: a scratch directory with a repository, and both programs that work on it.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

final class Workshop {
    static let password = "correct horse"

    let scratch: ScratchTree
    let zone: String

    init(zone: String = "UTC") throws {
        scratch = try ScratchTree(["home": .directory])
        self.zone = zone
    }

    var repository: BytePath { scratch["repository"] }

    /// A repository whose key opens quickly.
    func makeRepository() throws { try QuickRepository.make(at: repository, password: Workshop.password) }

    /// Works in the scratch directory, so that relative targets are recorded as such.
    func lifeboat() throws -> CommandLineProgram {
        var program = try Program.lifeboat(home: scratch["home"], repository: repository, password: Workshop.password, zone: zone)
        program.directory = scratch.path
        return program
    }

    var restic: ResticPeer {
        var peer = ResticPeer(home: scratch["home"], repository: repository, password: Workshop.password, zone: zone)
        peer.program.directory = scratch.path
        return peer
    }

    /// Runs lifeboat and requires an exit status.
    @discardableResult
    func lifeboat(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let result = try lifeboat().run(arguments)
        try #require(
            result.exitStatus == status, "lifeboat \(arguments): \(result.errorText)\(result.outputText.suffix(2000))",
            sourceLocation: sourceLocation)
        return result
    }

    @discardableResult
    func restic(_ arguments: String..., status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) throws -> Child.Result {
        let result = try restic.run(arguments)
        try #require(
            result.exitStatus == status, "restic \(arguments): \(result.errorText)\(result.outputText.suffix(2000))",
            sourceLocation: sourceLocation)
        return result
    }

    /// Stock restic finds nothing wrong with any byte of the repository.
    func requireCleanCheck(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let result = try restic("check", "--read-data", sourceLocation: sourceLocation)
        #expect(result.outputText.contains("no errors were found"), sourceLocation: sourceLocation)
    }

    /// The trees of two directories of the workshop are the same in every respect.
    func expectSame(_ left: BytePath, _ right: BytePath, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let differences = try TreePicture(of: scratch[left]).differences(from: TreePicture(of: scratch[right]))
        #expect(differences.isEmpty, "\(differences.prefix(20).joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
}

/// JSON as the programs print it.
enum AnswerJSON {
    static func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    static func array(_ text: String) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }

    /// The last line of a stream of messages.
    static func lastObject(_ text: String) throws -> [String: Any] {
        try object(String(try #require(text.split(separator: "\n").last)))
    }

    static func objects(_ text: String) throws -> [[String: Any]] { try text.split(separator: "\n").map { try object(String($0)) } }

    static func number(_ object: [String: Any], _ key: String) throws -> UInt64 { try #require(object[key] as? NSNumber).uint64Value }

    static func text(_ object: [String: Any], _ key: String) throws -> String { try #require(object[key] as? String) }
}
