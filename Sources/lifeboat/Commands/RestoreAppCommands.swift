// `lifeboat restore [all|database|config]`: the application, or one of its sources. (`restore files` is in RestoreFilesCommand.)

import Archiving
import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import Settings

/// What all restores of an application can be told.
struct AppRestoreOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The state at this instant, or the last before it: '2026-11-24 10:00:00'.", valueName: "time"))
    var at: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Restore this file instead of a snapshot: what `export` wrote, .sql of mysqldump or sqlite3, .tar, .zip of laravel-backup.", valueName: "file")
    )
    var from: String?

    @Flag(name: .long, help: "Take an SQL file although its last line does not say that it is whole.")
    var forceTruncated = false

    @Flag(name: .long, help: "Do not ask, and do as with --while-open. What is replaced is saved first all the same.")
    var force = false

    @Flag(name: .long, help: "Do not save what is replaced.")
    var noSafetyBackup = false

    @Flag(name: .long, help: "Replace a database although processes have it open; they must be restarted afterwards.")
    var whileOpen = false

    @Option(name: .long, help: ArgumentHelp("Restore a server's database as this account, which may make databases.", valueName: "account"))
    var databaseUser: String?

    @Option(name: .long, help: ArgumentHelp("The file with that account's password; without it none is sent.", valueName: "file"))
    var databasePasswordFile: String?

    @Flag(name: .long, help: "Also bring back the accounts that a server's database belongs to; those that exist stay as they are.")
    var accounts = false

    /// - Parameters:
    ///   - target: a directory to restore into instead of the application.
    ///   - into: the name of another database on the same server.
    func run(
        _ sources: Set<AppSource>, snapshots: [String], tables: [String] = [], into: String? = nil, target: String?, delete: Bool = false,
        dryRun: Bool, _ repository: RepositoryOptions, _ output: OutputOptions
    ) throws {
        if forceTruncated && from == nil { throw Failure(.usage, "--force-truncated is about a file, and none is given", hint: "add --from FILE") }
        if at != nil && !snapshots.isEmpty { throw Failure(.usage, "both --at and --snapshot are given", hint: "leave one out") }
        let workbench = try repository.workbench()
        var verb = AppRestore(workbench)
        verb.artefact = from.map { AppArtefact(.resolve(BytePath($0), in: Host.workingDirectory())) }
        verb.artefact?.acceptsTruncated = forceTruncated
        verb.selection.sources = sources
        verb.selection.instant = try at.map(SnapshotTime.parse)
        verb.selection.snapshotIDs = snapshots
        verb.selection.tables = tables
        verb.selection.target = target.map { .resolve(BytePath($0), in: Host.workingDirectory()) }
        verb.selection.server.database = into
        verb.selection.server.user = databaseUser
        verb.selection.server.password = databasePasswordFile.map { .file(.resolve(BytePath($0), in: Host.workingDirectory())) }
        verb.restoresAccounts = accounts
        verb.takesSafetyBackup = !noSafetyBackup
        verb.delete = delete
        verb.replacesWhileOpen = whileOpen || force
        verb.dryRun = dryRun
        let report = AppRestoreReport(
            title: workbench.application.title, repository: "\(workbench.access.address)", output: output, now: workbench.identity.now())
        let progress = Progress(), line = ProgressLine(progress, verb: "restoring", output: output)
        let outcome = try line.around {
            try verb.run(
                progress: progress, confirm: { plan in try line.aside { try confirm(plan, report, output) } },
                onEvent: { event in line.aside { report.show(event) } })
        }
        if outcome.isDryRun { return printPlan(outcome.plan, report, output) }
        report.finish(outcome)
    }

    private func printPlan(_ plan: AppRestorePlan, _ report: AppRestoreReport, _ output: OutputOptions) {
        if output.json { return Console.out(report.planJSON(plan)) }
        for text in report.lines(plan, takesSafetyBackup: !noSafetyBackup) { Console.out(text) }
        Console.out("dry run: nothing was changed")
    }

    /// An empty place elsewhere needs no question; the application itself always does.
    private func confirm(_ plan: AppRestorePlan, _ report: AppRestoreReport, _ output: OutputOptions) throws -> Bool {
        for text in report.lines(plan, takesSafetyBackup: !noSafetyBackup) { output.say(text) }
        if force || (plan.target != nil && !plan.replacesSomething) { return true }
        return try Console.confirm(plan.replacesSomething ? "Replace it?" : "Restore it?")
    }
}

struct RestoreAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Bring back the whole application: configuration, database, files.",
        discussion: """
            Examples:
              lifeboat restore                               shows what it will do, and asks
              lifeboat restore all --force                   does not ask
              lifeboat restore all --at '2026-11-23 18:00'   the state of yesterday evening
              lifeboat restore all --target /tmp/look        beside the application, which is left alone
              lifeboat restore --from everything.tar.zst     a file of `lifeboat export`, or a .zip of laravel-backup
            """)

    @Option(name: [.short, .long], help: "These snapshots instead of the newest: ids or their beginnings, one for each source.")
    var snapshot: [String] = []

    @Option(name: [.short, .long], help: "Restore below this directory, and leave the application alone.")
    var target: String?

    @Flag(name: .long, help: "Remove what the snapshot does not have from restored directories.")
    var delete = false

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var options: AppRestoreOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try options.run(Set(AppSource.allCases), snapshots: snapshot, target: target, delete: delete, dryRun: dryRun, repository, output)
    }
}

struct RestoreDatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Bring back the application's database, or some of its tables.",
        discussion: """
            Examples:
              lifeboat restore database
              lifeboat restore database --tables grades,attendance --at '2026-11-23 18:00'
              lifeboat restore database --snapshot 4f2a91c0 --target /tmp/look
              lifeboat restore database --from dump.sql.gz
              lifeboat restore database --into sms_yesterday --at '2026-11-23 18:00'
            """)

    @Option(name: [.short, .long], help: "These snapshots instead of the newest: ids or their beginnings, one for each database.")
    var snapshot: [String] = []

    @Option(name: .long, help: "Only these tables, separated by commas. All others stay as they are.")
    var tables: String?

    @Option(name: [.short, .long], help: "Restore below this directory, and leave the application alone.")
    var target: String?

    @Option(name: .long, help: ArgumentHelp("Restore into this other database of the same server.", valueName: "name"))
    var into: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var options: AppRestoreOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let chosen = TagList.flatten(tables.map { [$0] } ?? [])
        if tables != nil && chosen.isEmpty {
            throw Failure(.usage, "--tables names no table", hint: "write it like --tables grades,attendance")
        }
        if !chosen.isEmpty && target != nil {
            throw Failure(.usage, "--tables and --target cannot be combined", hint: "restore the whole database to the target")
        }
        try options.run([.database], snapshots: snapshot, tables: chosen, into: into, target: target, dryRun: dryRun, repository, output)
    }
}

struct RestoreConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Bring back the application's configuration.", discussion: "Example:\n  lifeboat restore config")

    @Option(name: [.short, .long], help: "This snapshot instead of the newest: an id or its beginning.")
    var snapshot: [String] = []

    @Option(name: [.short, .long], help: "Restore below this directory, and leave the application alone.")
    var target: String?

    @Flag(name: .long, help: "Remove what the snapshot does not have from restored directories.")
    var delete = false

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var options: AppRestoreOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try options.run([.config], snapshots: snapshot, target: target, delete: delete, dryRun: dryRun, repository, output)
    }
}
