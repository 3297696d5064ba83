// `lifeboat backup [database|config]`: the application, or one of its sources. (`backup files` is in BackupFilesCommand.)

import Archiving
import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import Settings
import Upkeep

/// What all backups of an application can be told.
struct AppBackupOptions: ParsableArguments {
    @Option(name: .long, help: "The directory for the passing copy of a database. Default: lifeboat's state directory.")
    var staging: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "After a complete backup, remove what the settings' `retention:` does not keep, and free the space.")
    var cleanOld = false

    /// - Parameter exclude: patterns of files to leave out, beside those of the settings.
    func run(
        _ sources: Set<AppSource>, exclude: [String] = [], _ repository: RepositoryOptions, _ writer: WriterOptions, _ output: OutputOptions
    ) throws {
        let workbench = try repository.workbench()
        var verb = AppBackup(workbench)
        verb.sources = sources
        verb.exclude = exclude
        verb.dryRun = dryRun
        verb.staging = staging.map { .resolve(BytePath($0), in: Host.workingDirectory()) }
        verb.writer = writer
        let report = AppBackupReport(title: workbench.application.title, output: output, dryRun: dryRun)
        let progress = Progress(), line = ProgressLine(progress, verb: "saving", output: output)
        let outcome = try line.around { try verb.run(progress: progress) { event in line.aside { report.show(event) } } }
        let trouble = cleanOld ? clean(workbench, after: outcome, sources, output) : nil
        report.finish(outcome)
        if let trouble { Console.end(trouble) }
    }

    /// Applies the retention of the sources that were saved. What was saved stays saved, whatever becomes of this.
    /// - Returns: why it was not done, if it was not.
    private func clean(
        _ workbench: AppWorkbench, after outcome: AppBackupOutcome, _ sources: Set<AppSource>, _ output: OutputOptions
    ) -> FailureCode? {
        guard outcome.code == nil else {
            Console.warning("old backups were not removed, because this one is not complete")
            return nil
        }
        var verb = AppRetain(workbench)
        verb.sources = sources
        verb.dryRun = dryRun
        verb.prune = PruneOptions()
        do {
            let line = StageLine(output)
            return RetainReport.print(try line.around { try verb.run(progress: $0) }, output)
        } catch {
            let failure = Failure(describing: error)
            Console.failure(failure, subject: "old backups were not removed")
            return failure.code
        }
    }
}

struct BackupAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Save the whole application: configuration, database, files.",
        discussion: """
            Examples:
              lifeboat backup
              lifeboat backup --clean-old                                 and remove what `retention:` does not keep
              lifeboat backup --config /etc/lifeboat.d/sms.yaml --json
            """)

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(Set(AppSource.allCases), repository, writing.options(), output) }
}

struct BackupDatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Save the application's database, consistently, while it is in use.",
        discussion: "Examples:\n  lifeboat backup database\n  lifeboat backup database --clean-old")

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.database], repository, writing.options(), output) }
}

struct BackupConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Save the application's configuration: .env, config/ and what the settings add.",
        discussion: "Examples:\n  lifeboat backup config\n  lifeboat backup config --clean-old")

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.config], repository, writing.options(), output) }
}
