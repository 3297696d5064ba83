// CommandSuggestion: which command a mistyped one was meant to be.

import ArgumentParser
import Bytes
import Settings

enum CommandSuggestion {
    /// What to say about arguments that did not parse because no command has that name; nil if that is not the reason.
    static func failure(for arguments: [String]) -> Failure? {
        var command: any ParsableCommand.Type = Lifeboat.self
        var path = ["lifeboat"]
        for argument in arguments {
            let subcommands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            // A command that also takes arguments of its own may have meant this one.
            if subcommands.isEmpty || argument.hasPrefix("-") { return nil }
            if argument == "help" { return nil }
            guard let next = subcommands.first(where: { name(of: $0) == argument || $0.configuration.aliases.contains(argument) }) else {
                return failure(for: argument, among: subcommands.map(name), path: path)
            }
            command = next
            path.append(argument)
        }
        return nil
    }

    private static func failure(for word: String, among names: [String], path: [String]) -> Failure {
        let place = path.joined(separator: " ")
        let nearest = NearestName.suggestion(for: word, among: names)
        return Failure(
            .usage, "'\(word)' is no command of \(place)",
            hint: nearest.map { "did you mean `\(place) \($0)`?" } ?? "`\(place) --help` lists the commands")
    }

    private static func name(of command: any ParsableCommand.Type) -> String { command._commandName }
}
