// BackupSourceOptions: where a backup gets what it saves, besides the paths on the command line: lists of paths, or a stream.

import ArgumentParser
import Bytes
import FileTrees
import HostOS
import Operations
import RepositoryEngine

struct BackupSourceOptions: ParsableArguments {
    @Option(name: .long, help: "Save what this file names, a pattern a line; - is standard input; repeat it.")
    var filesFrom: [String] = []

    @Option(name: .long, help: "The same with a path a line, taken as it stands.")
    var filesFromVerbatim: [String] = []

    @Option(name: .long, help: "The same with paths that each end with a zero byte, as of `find -print0`.")
    var filesFromRaw: [String] = []

    @Flag(name: .long, help: "Save what comes on standard input, as one file.")
    var stdin = false

    @Flag(name: .long, help: "Save what a command prints, given instead of paths; only if it ends with exit status 0.")
    var stdinFromCommand = false

    @Option(name: .long, help: ArgumentHelp("The name of that file in the snapshot.", valueName: "name"))
    var stdinFilename = "stdin"

    /// Whether nothing was given.
    var isEmpty: Bool { !hasLists && !isStream }

    var isStream: Bool { stdin || stdinFromCommand }

    private var hasLists: Bool { ![filesFrom, filesFromVerbatim, filesFromRaw].allSatisfy(\.isEmpty) }

    /// The stream to save; nil if paths are to be saved.
    /// - Parameter words: what was given instead of paths.
    func stream(_ words: [String]) throws -> BackupStream.Source? {
        guard isStream else { return nil }
        guard !hasLists else { throw Failure(.usage, "a stream and a list of files cannot be saved into one snapshot", hint: "make two backups") }
        guard !(stdin && stdinFromCommand) else { throw Failure(.usage, "--stdin and --stdin-from-command exclude each other") }
        if stdinFromCommand { return .command(words) }
        guard words.isEmpty else {
            throw Failure(
                .usage, "--stdin saves what comes on standard input, and '\(words[0])' is a path",
                hint: "for a command's output: --stdin-from-command -- \(words.joined(separator: " "))")
        }
        return .standardInput
    }

    /// The paths that the lists name.
    /// - Parameter onNote: hears of patterns that find nothing.
    func listed(onNote: (String) -> Void) throws -> [BytePath] {
        let lists: [(PathListing, [String])] = [(.patterns, filesFrom), (.verbatim, filesFromVerbatim), (.raw, filesFromRaw)]
        guard lists.flatMap(\.1).filter({ $0 == "-" }).count < 2 else { throw Failure(.usage, "standard input can be read only once") }
        return try lists.flatMap { form, files in
            try files.flatMap { file in
                try form.paths(in: try content(of: file), of: file) { onNote("'\($0)' of the list '\(file)' finds nothing") }
            }
        }
    }

    private func content(of file: String) throws -> [UInt8] {
        if file == "-" {
            let input = try Descriptor.standard(0)
            guard input.waitForInput() else { throw RepositoryFailure.cancelled }
            return try input.readToEnd(limit: PathListing.maximumByteCount)
        }
        return try AtomicFile.read(BytePath(file), limit: PathListing.maximumByteCount)
    }
}
