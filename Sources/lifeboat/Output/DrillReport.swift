// DrillReport: a drill while it runs, its verdict, and what can be looked at if it was kept.

import Bytes
import HostOS
import Journal
import Operations

struct DrillReport {
    private let output: OutputOptions

    init(_ output: OutputOptions) { self.output = output }

    func show(_ event: AppDrill.Event) {
        if output.json { return }
        switch event {
        case .phase(let text): if output.verbose > 0 { output.say(text) }
        case .note(let text): Console.message("\(Style.hint.on(stderr: "note:")) \(text)")
        case .finished(let part):
            if !output.quiet || part.outcome != .proved { Console.out("  " + AppDrillReport.line(part)) }
            if output.verbose > 0 { for note in part.notes { output.say("    \(note)") } }
        }
    }

    func print(_ report: AppDrillReport, _ written: BytePath?) {
        if output.json { return Console.out(report.json) }
        for check in report.checks where !output.quiet || check.outcome != .proved { Console.out("  " + AppDrillReport.line(check)) }
        if report.outcome == .proved && output.quiet { return }
        let style: Style = report.outcome == .proved ? .good : report.outcome == .failed ? .error : .warning
        Console.out(style.on(stdout: report.verdict))
        if let hint = report.reason?.hint { Console.message("\(Style.hint.on(stderr: "hint:"))  \(hint)") }
        if let written { output.say("report in \(written)") }
    }

    /// Says where everything is, and returns when the user has seen enough.
    func wait(with kept: AppDrillRemains) {
        if let directory = kept.directory { Console.message("kept: \(directory)") }
        for database in kept.databases {
            if let file = database.file { Console.message("  \(database.label): sqlite3 -readonly '\(file)'") }
            if let socket = database.socket { Console.message("  \(database.label): mariadb --socket='\(socket)' --user=root '\(database.name)'") }
        }
        Console.message("Press Ctrl-C, or `kill \(Host.processID)`, to remove all of it.")
        while !Interrupts.isRequested { SystemClock().sleep(nanoseconds: 100_000_000) }
        kept.remove()
    }
}
