// `lifeboat dump`: one file of a snapshot to standard output, or a directory as a tar or zip archive.

import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine

struct DumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Write a file, or a directory as a tar or zip archive, to standard output.",
        discussion: """
            Examples:
              lifeboat dump latest /etc/hosts
              lifeboat dump latest /var/www/uploads | tar -tv
              lifeboat dump 4f2a91c0 / --target everything.tar
              lifeboat dump latest /var/www/uploads --archive zip --target uploads.zip
            """)

    @Argument(help: "The snapshot: latest, an id or its beginning, with :/directory for a part.")
    var snapshot: String

    @Argument(help: "A file or directory in it; / for everything.")
    var path: String

    @Option(name: .shortAndLong, help: "How to write a directory: tar or zip.")
    var archive = "tar"

    @Option(name: .shortAndLong, help: "Write into this new file instead of standard output.")
    var target: String?

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let form = DumpFiles.ArchiveForm(rawValue: archive) else {
            throw Failure(.usage, "an archive cannot be a '\(archive)'", hint: "use --archive tar or --archive zip")
        }
        var verb = DumpFiles(access: try repository.access(), snapshot: snapshot, filter: filter.filter(), path: BytePath(path))
        verb.form = form
        if let target {
            let file = NewFile(try Descriptor.open(.resolve(BytePath(target), in: Host.workingDirectory()), .createNew, permissions: 0o600))
            try verb.run(allowsArchive: {}, sink: file.write)
        } else {
            try verb.run(allowsArchive: refuseTerminal) { try StandardStreams.write($0) }
        }
    }

    private func refuseTerminal() throws {
        guard !Host.isTerminal(1) else {
            throw Failure(
                .usage, "an archive would be written to the terminal", hint: "redirect it, as in `… > files.tar`, or use --target FILE")
        }
    }

    /// A descriptor that a closure can hold.
    private final class NewFile {
        private let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
        func write(_ bytes: Span<UInt8>) throws { try descriptor.write(bytes) }
    }
}
