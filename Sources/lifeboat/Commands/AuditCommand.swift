// `lifeboat audit show|verify`: who did what, and whether the record of it is whole.

import ArgumentParser
import Bytes
import HostOS
import Journal
import Operations
import RepositoryEngine

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who did what, and prove that nobody changed the record of it.",
        discussion: """
            Examples:
              lifeboat audit show
              lifeboat audit show -n 100 --json
              lifeboat audit verify

            Backups, restores, forget, prune, changes of keys, unlock and schedule install are recorded; what destroys, before it happens. Outside of an
            application: what was done to repositories of none.
            """,
        subcommands: [Show.self, Verify.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the newest entries.", discussion: "Examples:\n  lifeboat audit show\n  lifeboat audit show -n 100 --json")

        @Option(name: [.customShort("n"), .long], help: "How many.")
        var limit = 20

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard limit > 0 else { throw Failure(.usage, "-n \(limit) asks for nothing", hint: "write a number above 0") }
            let entries = try Audit(AuditCommand.state(repository)).entries(last: limit)
            if output.json { return Console.out("[" + entries.map { String(decoding: $0.line, as: UTF8.self) }.joined(separator: ",") + "]") }
            var table = Table(["entry", "time", "who", "what", "of what", "result"], rightAligned: [0])
            for entry in entries {
                table.append([
                    "\(entry.sequence)", entry.time.with(utcOffset: Host.utcOffset(at: entry.time.seconds)).secondText, who(entry.actor),
                    entry.event.verb, shown(entry.event.object), result(entry.event),
                ])
            }
            table.print()
        }

        private func who(_ actor: AuditActor) -> String {
            let name = actor.user.isEmpty ? "\(actor.userID)" : actor.user
            return (actor.sudoUser.map { "\($0) as \(name)" } ?? name) + "@\(actor.host)"
        }

        private func result(_ event: AuditEvent) -> String {
            if event.stage == .intent { return "begun" }
            let status = event.exitStatus ?? 0
            return shown(event.result ?? "") + (status == 0 ? "" : " (exit status \(status))")
        }

        /// Escapes what could forge a line.
        private func shown(_ text: String) -> String { BytePath(text).description }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that no entry was edited, removed, added or put elsewhere, and none cut off.",
            discussion: """
                Examples:
                  lifeboat audit verify
                  lifeboat audit verify --json

                Exit status 20: the log is not what was written. The last line names its end; keep that line elsewhere, and nobody who takes over this
                machine can write the log anew unnoticed.
                """)

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let audit = Audit(try AuditCommand.state(repository))
            let verdict = try audit.verify()
            if output.json { Console.out(json(verdict)) } else if !output.quiet || !verdict.isClean { print(verdict, audit.path) }
            if !verdict.isClean { Console.end(.damaged) }
        }

        private func print(_ verdict: AuditVerdict, _ path: BytePath) {
            for finding in verdict.findings { Console.out("\(Style.error.on(stdout: "✗")) \(finding)") }
            guard let head = verdict.head else {
                if verdict.isClean { Console.out("nothing is recorded yet in \(path)") }
                return
            }
            let count = Counted.text(verdict.findings.count, "finding")
            Console.out(
                verdict.isClean
                    ? "\(Style.good.on(stdout: "✓")) \(verdict.entryCount) entries, each as it was written, in order, none missing"
                    : "\(path) is not what was written: \(count) in \(verdict.entryCount) entries")
            Console.out("  ends with entry \(head.sequence), \(head.hash.hex)")
        }

        private func json(_ verdict: AuditVerdict) -> String {
            var writer = JSONWriter()
            writer.beginArray()
            for finding in verdict.findings { writer.string(finding) }
            writer.endArray()
            var line = JSONLine().bool("ok", verdict.isClean).number("entries", UInt64(verdict.entryCount))
            if let head = verdict.head { line = line.number("head_sequence", head.sequence).string("head_hash", head.hash.hex) }
            return line.raw("findings", String(decoding: writer.bytes, as: UTF8.self)).text
        }
    }

    /// Of the application here, or of repositories without one.
    private static func state(_ repository: RepositoryOptions) throws -> AppState {
        guard !repository.isGiven || repository.config != nil, try repository.lookup.findIfAny() != nil else { return try .ofRepositories() }
        return try repository.workbench().state
    }
}
