// AppHooks: the programs that the settings name before and after a verb, and the application's maintenance mode around a restore.
//
// Before: in their order; one that fails stops the verb before anything is done, unless `on_error` says otherwise. After: always, also
// when the verb failed; they learn from LIFEBOAT_RESULT how it ended. A program that takes longer than its limit is ended with all it
// started. None gets a secret of ours: passwords and cloud credentials are taken out of its environment.

import Bytes
import HostOS
import Settings

struct AppHooks {
    let workbench: AppWorkbench
    let verb: Verb
    /// What a person should know of a hook that failed and may.
    let onWarning: (String) -> Void

    /// - Throws: what `body` throws; the failure of a hook that must not fail, after `body` if it is one for after.
    func around<Value>(isDryRun: Bool, _ body: () throws -> Value) throws -> Value {
        if isDryRun { return try body() }
        try run(.before, result: nil)
        let value: Value
        do {
            value = try body()
        } catch {
            // The verb's own failure is the news.
            do { try run(.after, result: "failure") } catch let later { onWarning(Failure(describing: later).message) }
            throw error
        }
        try run(.after, result: "success")
        return value
    }

    private func run(_ moment: Hook.Moment, result: String?) throws {
        for hook in workbench.settings.hooks where hook.verb == verb && hook.moment == moment {
            guard
                let failure = AppProgram(workbench, limit: hook.timeout).failure(
                    of: hook.run, ["LIFEBOAT_VERB=\(verb.rawValue)"] + (result.map { ["LIFEBOAT_RESULT=\($0)"] } ?? []))
            else { continue }
            let message = "the hook \(moment.rawValue) \(verb.rawValue) failed: \(failure)"
            switch hook.onError {
            case .fail: throw Failure(.failed, message, hint: "run it by hand to see why, or give it `on_error: warn`")
            case .warn: onWarning(message)
            case .ignore: break
            }
        }
    }
}

/// `app.maintenance:` of the settings. The commands are lines for the shell.
struct AppMaintenance {
    let workbench: AppWorkbench

    private static let limit = Duration.seconds(120)

    var isConfigured: Bool { workbench.settings.app.maintenance != nil }

    /// Nil if it worked or there is nothing to do. A disaster may well have taken what the command needs, so a failure is no reason
    /// not to restore.
    func down() -> String? {
        guard let line = workbench.settings.app.maintenance?.down else { return nil }
        return AppProgram(workbench, limit: Self.limit).failure(of: ["/bin/sh", "-c", line], []).map {
            "could not take the application out of service with `\(line)`: \($0)"
        }
    }

    func up() -> String? {
        guard let line = workbench.settings.app.maintenance?.up else { return nil }
        return AppProgram(workbench, limit: Self.limit).failure(of: ["/bin/sh", "-c", line], []).map {
            "could not bring the application back into service: \($0); do it with `\(line)` in \(workbench.application.root)"
        }
    }
}

/// Somebody else's program, run in the application's directory.
private struct AppProgram {
    private let workbench: AppWorkbench
    private let limit: Duration
    private static let outputLimit = 16 << 20
    private static let secrets = ["LIFEBOAT_PASSWORD", "RESTIC_PASSWORD", "AWS_", "B2_", "AZURE_", "GOOGLE_", "CREDENTIALS_DIRECTORY"]

    init(_ workbench: AppWorkbench, limit: Duration) {
        self.workbench = workbench
        self.limit = limit
    }

    /// Why it did not do its work; nil if it did.
    func failure(of command: [String], _ variables: [String]) -> String? {
        guard let program = command.first else { return nil }
        let kept = Host.environment().filter { entry in !Self.secrets.contains { entry.starts(with: $0.utf8) } }
        let own = ["LIFEBOAT_APP=\(workbench.application.name)"] + variables
        do throws(SystemError) {
            let result = try Child.run(
                BytePath(program), command.dropFirst().map { Array($0.utf8) }, environment: kept + own.map { Array($0.utf8) },
                directory: workbench.application.root, outputLimit: Self.outputLimit, timeLimit: limit)
            guard result.exitStatus != 0 else { return nil }
            let said = result.errorText.split(separator: "\n").last ?? result.outputText.split(separator: "\n").last
            return "`\(command.joined(separator: " "))` ended with exit status \(result.exitStatus)" + (said.map { ": \($0)" } ?? "")
        } catch {
            return error.description
        }
    }
}
