// The original names `backup:database`, `backup:filesystem`, `backup:config`: the command lines that `php artisan` knew, over the
// same code as `backup database`, `backup files` and `backup config`.

import ArgumentParser
import Operations

struct OriginalBackupDatabase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup:database", abstract: "Save the application's database (`backup database` under its original name).",
        discussion: """
            Examples:
              lifeboat backup:database
              lifeboat backup:database --compress --clean-old
            """)

    @OptionGroup var compress: CompressOption
    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.database], repository, compress.options(), output) }
}

struct OriginalBackupFilesystem: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup:filesystem", abstract: "Save the application's files (`backup files` under its original name).",
        discussion: """
            Examples:
              lifeboat backup:filesystem
              lifeboat backup:filesystem --exclude="node_modules,vendor" --compress
              lifeboat backup:filesystem --exclude '*.log' --exclude '*.tmp' --clean-old
            """)

    @Option(name: .long, help: ArgumentHelp("Leave out what matches, beside what the settings leave out: separated by commas.", valueName: "a,b"))
    var exclude: [String] = []

    @OptionGroup var compress: CompressOption
    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.files], exclude: TagList.flatten(exclude), repository, compress.options(), output) }
}

struct OriginalBackupConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup:config", abstract: "Save the application's configuration (`backup config` under its original name).",
        discussion: """
            Examples:
              lifeboat backup:config
              lifeboat backup:config --compress
            """)

    @OptionGroup var compress: CompressOption
    @OptionGroup var options: AppBackupOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.config], repository, compress.options(), output) }
}
