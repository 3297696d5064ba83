// `lifeboat completion SHELL`: what makes a shell complete lifeboat's commands and options.

import ArgumentParser
import Bytes

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script for a shell.",
        discussion: """
            Examples:
              lifeboat completion bash > /etc/bash_completion.d/lifeboat
              lifeboat completion zsh > "${fpath[1]}/_lifeboat"
              lifeboat completion fish > ~/.config/fish/completions/lifeboat.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let known = CompletionShell(rawValue: shell) else {
            throw Failure(
                .usage, "there is no completion for '\(shell)'",
                hint: "use \(CompletionShell.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let script = Lifeboat.completionScript(for: known)
        Console.out(known == .bash ? ColonCompletion.bash(generated: script, names: Lifeboat.namesWithColons) : script)
    }
}
