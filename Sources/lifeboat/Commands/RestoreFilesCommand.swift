// `lifeboat restore files --snapshot S --target DIR`: files from a snapshot into a directory.

import Archiving
import ArgumentParser
import Bytes
import FileTrees
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat

struct RestoreFilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Restore files from a snapshot.",
        discussion: """
            Examples:
              lifeboat restore files --snapshot latest --target /tmp/out --repo /mnt/backup/host --password-file host.key
              lifeboat restore files --snapshot 4f2a91c0:/home/anna --include '*.odt' --target /tmp/anna
            """)

    @Option(name: [.short, .long], help: "The snapshot: latest, an id or its beginning, with :/directory for a part.")
    var snapshot = "latest"

    @Option(name: [.short, .long], help: "The directory to restore into.")
    var target: String

    @Option(name: [.short, .long], help: "Restore only what matches; repeat it.")
    var include: [String] = []

    @Option(name: [.short, .long], help: "Leave out what matches; repeat it.")
    var exclude: [String] = []

    @Option(name: .long, help: "What to do with existing files: always, if-changed, if-newer or never.")
    var overwrite = "always"

    @Flag(name: .long, help: "Remove what the snapshot does not have from restored directories.")
    var delete = false

    @Flag(name: .long, help: "Make files with holes where the content is zero.")
    var sparse = false

    @Flag(name: .long, help: "Set owners by name instead of by number.")
    var ownershipByName = false

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let verb = try verb()
        let progress = Progress()
        let outcome = try ProgressLine(progress, verb: "restoring", output: output).around { try verb.run(progress: progress) }
        RestoreReport(outcome.summary, snapshot: outcome.snapshot.id, target: verb.target, dryRun: dryRun).print(output)
    }

    private func verb() throws -> RestoreFiles {
        guard include.isEmpty || exclude.isEmpty else { throw Failure(.usage, "--include and --exclude cannot be combined", hint: "use one of them") }
        guard let rule = RestoreRequest.Overwrite(rawValue: overwrite) else {
            throw Failure(.usage, "--overwrite cannot be '\(overwrite)'", hint: "use always, if-changed, if-newer or never")
        }
        var verb = RestoreFiles(
            access: try repository.access(), snapshot: snapshot, filter: filter.filter(),
            target: .resolve(BytePath(target), in: Host.workingDirectory()))
        if !include.isEmpty { verb.selection = .including([try PatternList(include)]) }
        if !exclude.isEmpty { verb.selection = .excluding([try PatternList(exclude)]) }
        verb.overwrite = rule
        verb.delete = delete
        verb.sparse = sparse
        verb.ownershipByName = ownershipByName
        verb.dryRun = dryRun
        return verb
    }
}
