// BackupStream: the verb `backup files --stdin`: what comes through a pipe, ours or that of a command, as one file of a snapshot.
//
// A command's snapshot is made only when the command has ended with exit status 0: what a failing program printed is not a backup.
// Of our own standard input nobody can tell whether its writer failed; only that nothing came at all.

package import Archiving
package import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat

package struct BackupStream {
    package enum Source: Sendable {
        case standardInput
        /// A program, looked up in PATH if it has no slash, and its arguments. What it prints on standard error goes to ours.
        case command([String])
    }

    package var access: RepositoryAccess
    /// Its targets are not looked at.
    package var request: BackupRequest
    package var source: Source
    /// The name in the snapshot; it may lie in directories.
    package var name: BytePath

    package init(access: RepositoryAccess, request: BackupRequest, source: Source, name: BytePath) {
        self.access = access
        self.request = request
        self.source = source
        self.name = name
    }

    package func run(progress: Progress = Progress(), cancellation: Cancellation = Cancellation()) throws -> BackupSummary {
        let path = BytePath.resolve(name, in: .root)
        guard path != .root else {
            throw Failure(.usage, "'\(name)' is no name for a file in a snapshot", hint: "name it with --stdin-filename, as in `--stdin-filename school.sql`")
        }
        var access = access
        access.withoutLock = request.dryRun
        return try Cancelled.explained("no snapshot was made", next: "run it again: what is stored already need not be stored again") {
            try access.withIndexForAdding { indexed, _ in
                let ingest = ArchiveIngest(indexed, request, progress: progress, cancellation: cancellation)
                do {
                    let byteCount = try pour(into: ingest, at: path)
                    guard byteCount > 0 else {
                        throw Failure(
                            .failed, "nothing came to be saved as '\(path)', so no snapshot was made",
                            hint: "see whether the program that should have written it ran")
                    }
                } catch {
                    ingest.abandon()
                    throw error
                }
                let summary = try ingest.finish(paths: [path])
                if !request.dryRun { ParityUpkeep.follow(indexed.repository, access) }
                return summary
            }
        }
    }

    private func pour(into ingest: ArchiveIngest, at path: BytePath) throws -> UInt64 {
        switch source {
        case .standardInput: return try add(ingest, path, from: Descriptor.standard(0))
        case .command(let words):
            let command = try StreamedCommand.start(words)
            let byteCount = try add(ingest, path, from: command.output)
            try command.requireSuccess()
            return byteCount
        }
    }

    private func add(_ ingest: ArchiveIngest, _ path: BytePath, from input: borrowing Descriptor) throws -> UInt64 {
        var node = Node(name: [], kind: .file)
        node.mode = GoFileMode(posix: 0o100644)
        node.modificationTime = request.time
        node.accessTime = request.time
        node.changeTime = request.time
        var byteCount: UInt64 = 0
        try ingest.add(node, at: path) { span in
            guard input.waitForInput() else { throw RepositoryFailure.cancelled }
            let count = try input.read(into: &span)
            byteCount += UInt64(count)
            return count
        }
        return byteCount
    }
}

/// A program whose output is saved. Ended with us.
private struct StreamedCommand: ~Copyable {
    private let name: String
    private let process: ChildProcess
    let output: Descriptor

    static func start(_ words: [String]) throws -> StreamedCommand {
        guard let name = words.first, !name.isEmpty else {
            throw Failure(
                .usage, "no command was given whose output is to be saved",
                hint: "give it after two dashes, as in `lifeboat backup files --stdin-from-command --stdin-filename school.sql -- mariadb-dump school`")
        }
        guard let executable = Host.programs(named: name).first else {
            throw Failure(.failed, "the command '\(name)' cannot be started: there is no such program", hint: "name it with its path")
        }
        let program = ChildProcess.Program(executable, words.dropFirst().map { Array($0.utf8) }, environment: Host.environment())
        let pipe = try ChildProcess.Pipe(named: BytePath(name))
        let process = try ChildProcess.start(program, input: ChildProcess.devNull(), output: pipe.write, errors: Descriptor.standard(2))
        return StreamedCommand(name: name, process: process, output: pipe.keepingRead())
    }

    func requireSuccess() throws {
        // It may have closed its output long before it ends.
        var status = process.exitStatus
        while status == nil {
            if Interrupts.isRequested { throw RepositoryFailure.cancelled }
            status = process.waitForExit(limitNanoseconds: 100_000_000)
        }
        if let status, status != 0 {
            throw Failure(
                .failed, "the command '\(name)' ended with exit status \(status), so no snapshot was made",
                hint: "what it printed above says why; run it by itself to see")
        }
    }
}
