// `lifeboat export [database|files|config|all] --output FILE`: what a snapshot holds as a file that other programs read.

import Archiving
import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a backup into a file outside the repository: .sql, .sqlite or .tar, compressed or not.",
        discussion: """
            The file is not encrypted: whoever can read it can read everything in it.

            Examples:
              lifeboat export database --output school.sql.gz
              lifeboat export files --output files.tar.zst --at '2026-11-23 18:00'
              lifeboat export --output everything.tar
              lifeboat export files --output - --format tar.gz | ssh elsewhere tar -xz
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case database, files, config, all

        var sources: Set<AppSource> {
            switch self {
            case .database: [.database]
            case .files: [.files]
            case .config: [.config]
            case .all: Set(AppSource.allCases)
            }
        }
    }

    @Argument(help: "What to write.")
    var part: Part = .all

    @Option(name: [.short, .long], help: "The new file; its name says what it is. - for standard output.")
    var output: String

    @Option(name: .long, help: "What to write to standard output: sql, sqlite, tar, and .gz or .zst after it.")
    var format: String?

    @Option(name: .long, help: ArgumentHelp("The state at this instant, or the last before it: '2026-11-24 10:00:00'.", valueName: "time"))
    var at: String?

    @Option(name: [.short, .long], help: "These snapshots instead of the newest: ids or their beginnings, one for each source.")
    var snapshot: [String] = []

    @Flag(name: .long, help: "Replace the file if it exists.")
    var force = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var answer: OutputOptions

    func run() throws {
        if at != nil && !snapshot.isEmpty { throw Failure(.usage, "both --at and --snapshot are given", hint: "leave one out") }
        let form = try ExportForm(name: format.map { "." + $0 } ?? output)
        var verb = AppExport(try repository.workbench(), form, to: try destination())
        verb.selection.sources = part.sources
        verb.selection.instant = try at.map(SnapshotTime.parse)
        verb.selection.snapshotIDs = snapshot
        let progress = Progress()
        let outcome = try ProgressLine(progress, verb: "exporting", output: answer).around { try verb.run(progress: progress) }
        report(outcome)
    }

    private func destination() throws -> AppExport.Destination {
        guard output == "-" else { return .file(.resolve(BytePath(output), in: Host.workingDirectory()), replaces: force) }
        guard !Host.isTerminal(1) else {
            throw Failure(.usage, "the file would be written to the terminal", hint: "redirect it, as in `… > files.tar`, or use --output FILE")
        }
        return .stream { try StandardStreams.write($0) }
    }

    private func report(_ outcome: AppExport.Outcome) {
        for note in outcome.notes { answer.say("note: \(note)") }
        // Standard output is the file itself then.
        if output == "-" { return }
        if answer.json {
            Console.out(
                JSONLine().string("file", output).number("bytes", outcome.byteCount).number("files", outcome.fileCount).number("rows", outcome.rowCount)
                    .strings("snapshots", outcome.snapshots.map(\.id.hex)).text)
            return
        }
        let what = outcome.rowCount > 0 ? "\(outcome.fileCount) files, \(outcome.rowCount) rows" : "\(outcome.fileCount) files"
        answer.say("✓ \(output): \(ByteCount(outcome.byteCount)) (\(what)) from \(outcome.snapshots.map(\.id.short).joined(separator: " "))")
    }
}
