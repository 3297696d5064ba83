// `lifeboat doctor`: tries now what a backup and a restore will need.

import ArgumentParser
import Bytes
import Operations

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Try everything that backup and restore need, and say what is missing.",
        discussion: "Example:\n  lifeboat doctor")

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let findings = AppDoctor(try repository.workbench()).run()
        if output.json {
            let items = findings.map {
                JSONLine().string("level", $0.level.rawValue).string("message", $0.text).string("hint", $0.hint).text
            }
            Console.out("[" + items.joined(separator: ",") + "]")
        } else {
            for finding in findings where !output.quiet || finding.level == .bad { show(finding) }
        }
        if findings.contains(where: { $0.level == .bad }) { Console.end(.failed) }
    }

    private func show(_ finding: AppDoctor.Finding) {
        let mark =
            switch finding.level {
            case .good: Style.good.on(stdout: "✓")
            case .warning: Style.warning.on(stdout: "!")
            case .bad: Style.error.on(stdout: "✗")
            }
        Console.out("\(mark) \(finding.text)")
        if let hint = finding.hint { Console.out("  \(Style.hint.on(stdout: "hint:"))  \(hint)") }
    }
}
