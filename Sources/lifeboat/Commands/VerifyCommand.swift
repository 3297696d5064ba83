// `lifeboat verify`, and `backup:verify` as it was called: is what was saved still there, whole, and what it claims to be?

import ArgumentParser

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check the application's backups: structure, data, and that the database comes back as it was.",
        discussion: """
            Examples:
              lifeboat verify                          reads as much of the data as the settings say (5 %)
              lifeboat verify database                 the database alone
              lifeboat verify --read-data 100%         reads all of it
              lifeboat verify --report                 and writes a page to look at, to print, to file
              lifeboat verify --report report.txt      or .html, or .json

            What has not been read back for longest is read first. Exit status 20 means that damage was found.
            """)

    @Argument(help: "What to look at.")
    var source: SourceChoice = .all

    @OptionGroup var options: VerifyOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(source.sources, repository, output) }
}

struct OriginalBackupVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup:verify", abstract: "Check the application's backups (`verify` under its original name).",
        discussion: """
            Examples:
              lifeboat backup:verify --report
              lifeboat backup:verify --type=database
            """)

    @Option(name: .long, help: "What to look at.")
    var type: SourceChoice = .all

    @OptionGroup var options: VerifyOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(type.sources, repository, output) }
}
