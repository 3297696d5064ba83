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
            Inside an application, without --repo and patterns: its files, over what is there, or below --target.

            Examples:
              lifeboat restore files
              lifeboat restore files --snapshot latest --target /tmp/out --repo /mnt/backup/host --password-file host.key
              lifeboat restore files --snapshot 4f2a91c0:/home/anna --include '*.odt' --target /tmp/anna
            """)

    @Option(name: [.short, .long], help: "The snapshot: latest, an id or its beginning, with :/directory for a part.")
    var snapshot = "latest"

    @Option(name: [.short, .long], help: "The directory to restore into.")
    var target: String?

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

    @Flag(name: .long, help: "Read everything back that was written, and compare it with the snapshot.")
    var verify = false

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    @OptionGroup var application: AppRestoreOptions

    func run() throws {
        if try concernsApplication() {
            let snapshots = snapshot == "latest" ? [] : [snapshot]
            return try application.run([.files], snapshots: snapshots, target: target, delete: delete, dryRun: dryRun, repository, output)
        }
        let verb = try verb()
        let progress = Progress()
        let outcome = try ProgressLine(progress, verb: "restoring", output: output).around { try verb.run(progress: progress) }
        RestoreReport(outcome.summary, snapshot: outcome.snapshot.id, target: verb.target, dryRun: dryRun).print(output)
    }

    /// Whether this is about the application here, and not about any snapshot of any repository.
    private func concernsApplication() throws -> Bool {
        let choosesFiles =
            !include.isEmpty || !exclude.isEmpty || overwrite != "always" || sparse || ownershipByName || verify || snapshot.contains(":")
        if repository.isGiven || choosesFiles || !filter.filter().isEmpty { return false }
        return try repository.lookup.findIfAny() != nil
    }

    /// In an application `latest` means its newest files: the very latest snapshot may be of its database, or a safety backup.
    private func meantSnapshots() throws -> SnapshotFilter {
        let said = filter.filter()
        guard !repository.isGiven, said.isEmpty, try repository.lookup.findIfAny() != nil else { return said }
        return try repository.workbench().backups(of: .files)
    }

    private func verb() throws -> RestoreFiles {
        guard let target else { throw Failure(.usage, "the directory to restore into is not given", hint: "add --target DIR") }
        guard include.isEmpty || exclude.isEmpty else {
            throw Failure(.usage, "--include and --exclude cannot be combined", hint: "use one of them")
        }
        guard let rule = RestoreRequest.Overwrite(rawValue: overwrite) else {
            throw Failure(.usage, "--overwrite cannot be '\(overwrite)'", hint: "use always, if-changed, if-newer or never")
        }
        var verb = RestoreFiles(
            access: try repository.access(), snapshot: snapshot, filter: try meantSnapshots(),
            target: .resolve(BytePath(target), in: Host.workingDirectory()))
        if !include.isEmpty { verb.selection = .including([try PatternList(include)]) }
        if !exclude.isEmpty { verb.selection = .excluding([try PatternList(exclude)]) }
        verb.overwrite = rule
        verb.delete = delete
        verb.sparse = sparse
        verb.ownershipByName = ownershipByName
        verb.verify = verify
        verb.dryRun = dryRun
        return verb
    }
}
