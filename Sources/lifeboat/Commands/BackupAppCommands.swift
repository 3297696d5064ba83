// `lifeboat backup [database|config]`: the application, or one of its sources. (`backup files` is in BackupFilesCommand.)

import Archiving
import ArgumentParser
import Bytes
import HostOS
import Operations
import Settings

/// What all backups of an application can be told.
struct AppBackupOptions: ParsableArguments {
    @Option(name: .long, help: "The directory for the passing copy of a database. Default: lifeboat's state directory.")
    var staging: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    func run(_ sources: Set<AppSource>, _ repository: RepositoryOptions, _ writing: WritingOptions, _ output: OutputOptions) throws {
        let workbench = try repository.workbench()
        var verb = AppBackup(workbench)
        verb.sources = sources
        verb.dryRun = dryRun
        verb.staging = staging.map { .resolve(BytePath($0), in: Host.workingDirectory()) }
        verb.writer = try writing.options()
        let report = AppBackupReport(title: workbench.application.title, output: output, dryRun: dryRun)
        let progress = Progress(), line = ProgressLine(progress, verb: "saving", output: output)
        let outcome = try line.around { try verb.run(progress: progress) { event in line.aside { report.show(event) } } }
        report.finish(outcome)
    }
}

struct BackupAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Save the whole application: configuration, database, files.",
        discussion: "Examples:\n  lifeboat backup\n  lifeboat backup --config /etc/lifeboat.d/sms.yaml --json")

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(Set(AppSource.allCases), repository, writing, output) }
}

struct BackupDatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Save the application's database, consistently, while it is in use.",
        discussion: "Example:\n  lifeboat backup database")

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.database], repository, writing, output) }
}

struct BackupConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Save the application's configuration: .env, config/ and what the settings add.",
        discussion: "Example:\n  lifeboat backup config")

    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.config], repository, writing, output) }
}
