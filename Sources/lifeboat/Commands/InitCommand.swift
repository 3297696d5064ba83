// `lifeboat init`: from a directory to a protected application.

import Archiving
import ArgumentParser
import Bytes
import Databases
import Foundation
import HostOS
import Journal
import Operations
import Settings

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Protect the application here: find out what it is, make key, repository and lifeboat.yaml, save it.",
        discussion: """
            Examples:
              cd /var/www/sms && sudo lifeboat init
              lifeboat init --app /var/www/sms --repository /mnt/backup/sms --password-file /etc/lifeboat/sms.key --yes
            """)

    @Option(name: .long, help: "The application's directory.")
    var app = "."

    @Option(name: [.long, .customLong("repo")], help: "Where backups go; made if it is missing.")
    var repository: String?

    @Option(name: .long, help: "The file with the repository's password; made if it is missing.")
    var passwordFile: String?

    @Flag(name: [.short, .long], help: "Do not ask; take what is proposed.")
    var yes = false

    @Flag(name: .long, help: "Do not make the first backup.")
    var noBackup = false

    @Flag(name: .long, help: "Do not bring the first backup back in a private place to see whether it is one.")
    var noDrill = false

    @Flag(name: .long, help: "Replace a lifeboat.yaml that is there.")
    var force = false

    @Flag(name: [.customShort("n"), .long], help: "Only look.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = try AppInit(root: .resolve(BytePath(app), in: Host.workingDirectory()))
        verb.replacesSettings = force
        let findings = try verb.look()
        let found = InitReport(findings)
        if !output.quiet && !output.json { for line in found.lines { Console.out(line) } }
        let places = try places(verb.proposal(name: findings.name))
        if dryRun {
            return Console.out(
                output.json ? found.json(places, nil) : "dry run: would keep backups in \(places.repository), opened by the key \(places.keyFile)")
        }
        let outcome = try verb.make(places, findings)
        if output.json { Console.out(found.json(places, outcome)) } else { report(outcome, places) }
        if !noBackup { try firstBackup(outcome.settingsFile) }
    }

    // MARK: Asking

    private func places(_ proposal: AppInit.Places) throws -> AppInit.Places {
        let directory = Host.workingDirectory()
        var places = proposal
        if let repository {
            places.repository = .resolve(BytePath(repository), in: directory)
        } else if !yes {
            places.repository = .resolve(try ask("Where should backups go?", default: proposal.repository), in: directory)
        }
        if let passwordFile { places.keyFile = .resolve(BytePath(passwordFile), in: directory) }
        return places
    }

    private func ask(_ question: String, default proposal: BytePath) throws -> BytePath {
        guard Console.isInteractive else {
            throw Failure(
                .confirmationNeeded, "where should backups go? There is no terminal to ask on",
                hint: "add --repository DIR, or --yes for \(proposal)")
        }
        let answer = try Console.answer(to: "\(question) [\(proposal)]")
        return answer.isEmpty ? proposal : BytePath(answer)
    }

    // MARK: Reporting

    private func report(_ outcome: AppInit.Outcome, _ places: AppInit.Places) {
        for warning in outcome.warnings { Console.message("  \(Style.warning.on(stderr: "!")) \(warning)") }
        if output.quiet { return }
        let good = Style.good.on(stdout: "✓")
        Console.out(
            "  \(good) key: \(places.keyFile)"
                + (outcome.keyWasMade ? " (new; keep a copy where this machine's loss cannot reach it)" : " (was there)"))
        Console.out(
            "  \(good) repository: \(places.repository)" + (outcome.repositoryWasMade ? " (new, in the restic format)" : " (was there)"))
        Console.out("  \(good) settings: \(outcome.settingsFile)")
        if noBackup { Console.out("Next: `lifeboat backup`") }
    }

    private func firstBackup(_ settingsFile: BytePath) throws {
        let workbench = try AppWorkbench.open(AppLookup(explicit: settingsFile), programVersion: "lifeboat \(Lifeboat.version)")
        let report = AppBackupReport(title: workbench.application.title, output: output, dryRun: false)
        let progress = Progress(), line = ProgressLine(progress, verb: "saving", output: output)
        if !output.quiet && !output.json { Console.out("First backup") }
        let outcome = try line.around { try AppBackup(workbench).run(progress: progress) { event in line.aside { report.show(event) } } }
        report.finish(outcome)
        let isDoubtful = noDrill ? false : try firstDrill(workbench)
        if output.quiet || output.json { return }
        for line in FirstVerdict(AppStatus(workbench).run(), isDoubtful: isDoubtful).lines { Console.out(line) }
    }

    /// True if it proved nothing, because something could not be tried here. One that failed ends init.
    private func firstDrill(_ workbench: AppWorkbench) throws -> Bool {
        let drill = DrillReport(output), progress = Progress(), line = ProgressLine(progress, verb: "drilling", output: output)
        if !output.quiet && !output.json { Console.out("First drill") }
        let report = try line.around { try AppDrill(workbench).run(progress: progress) { event in line.aside { drill.show(event) } } }.report
        try AppDrillEvidence.kept.write(report, state: workbench.state)
        drill.print(report, nil)
        if report.outcome == .failed { Console.end(.drillFailed) }
        return report.outcome == .inconclusive
    }
}
