// Console: stdout is the answer, stderr is messages, prompts and progress. Colour only where a terminal shows it.

import ArgumentParser
import Bytes
import Foundation
import HostOS

enum Console {
    static let isInteractive = Host.isTerminal(0) && Host.isTerminal(2)

    static func out(_ line: String) { print(line) }

    static func outWithoutNewline(_ text: String) { print(text, terminator: "") }

    static func message(_ line: String) { messageWithoutNewline(line + "\n") }

    /// What was printed to stdout before comes first, also where both lead into the same pipe.
    static func messageWithoutNewline(_ text: String) {
        _ = StandardStreams.flushOutput()
        StandardStreams.say(text)
    }

    static func warning(_ text: String) { message(Style.warning.on(stderr: "warning:") + " " + text) }

    /// A failure of one part of a run that goes on.
    static func failure(_ failure: Failure, subject: String) {
        message("\(Style.error.on(stderr: "error:")) \(subject): \(failure.message)")
        if let hint = failure.hint { message("\(Style.hint.on(stderr: "hint:"))  \(hint)") }
    }

    /// Replaces the current line of the terminal on stderr, cut to its width.
    static func rewrite(_ text: String) {
        let width = Host.terminalColumns(2) ?? 80
        messageWithoutNewline("\r\u{1b}[K" + String(text.prefix(max(1, width - 1))))
    }

    /// Asks a yes-or-no question on stderr. Without a terminal the answer cannot be had: exit 13.
    static func confirm(_ question: String) throws -> Bool {
        guard isInteractive else {
            throw Failure(
                .confirmationNeeded, "this needs your confirmation, and there is no terminal to ask on", hint: "add --force to answer yes")
        }
        return try ["y", "yes"].contains(answer(to: "\(question) [y/N]").lowercased())
    }

    /// What the person types, on one line. Ctrl-C and the end of input cancel.
    static func answer(to question: String) throws -> String {
        messageWithoutNewline(question + " ")
        guard let line = Terminal.readLine() else {
            message("")
            throw Failure(.cancelled, "cancelled: nothing was changed")
        }
        return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }

    /// Prints the error as the user should see it and ends the program with its exit status.
    static func exit(for error: any Error) -> Never {
        guard error is any FailureConvertible else { exit(forParsing: error) }
        let failure = Failure(describing: error)
        if CommandLine.arguments.contains("--json") {
            let line = JSONLine("exit_error").raw("code", "\(failure.code.rawValue)").string("message", failure.message)
            message(line.text)
        } else {
            message(Style.error.on(stderr: "error:") + " " + failure.message)
            if let hint = failure.hint { message(Style.hint.on(stderr: "hint:") + "  " + hint) }
        }
        end(failure.code)
    }

    /// Help and versions are asked for; everything else is a mistake in the command line, perhaps in the name of a command.
    private static func exit(forParsing error: any Error) -> Never {
        if Lifeboat.exitCode(for: error) == .success { Lifeboat.exit(withError: error) }
        if let failure = CommandSuggestion.failure(for: Array(CommandLine.arguments.dropFirst())) { exit(for: failure) }
        let text = Lifeboat.fullMessage(for: error)
        message(text.hasPrefix("Error: ") ? Style.error.on(stderr: "error:") + text.dropFirst("Error:".count) : text)
        end(.usage)
    }

    /// Sees to it that the whole answer has left the program.
    static func finish() throws {
        guard StandardStreams.flushOutput() else {
            throw Failure(
                .failed, "could not write the answer to standard output", hint: "free some space where it goes, and run the command again")
        }
    }

    /// Ends with a status other than 0 after the answer was printed.
    static func end(_ code: FailureCode) -> Never {
        _ = StandardStreams.flushOutput()
        Foundation.exit(code.rawValue)
    }
}

/// Escape sequences, used only on a terminal that wants them.
enum Style: String {
    case bold = "1"
    case good = "32"
    case warning = "33"
    case error = "31"
    case hint = "36"
    case faint = "2"

    /// `--color never` and `NO_COLOR` (no-color.org) turn colour off.
    private static let isWanted = (Host.environment("NO_COLOR") ?? "").isEmpty && Host.environment("TERM") != "dumb" && !isRefused

    private static var isRefused: Bool {
        let arguments = CommandLine.arguments
        return arguments.contains("--color=never") || zip(arguments, arguments.dropFirst()).contains { $0 == "--color" && $1 == "never" }
    }

    func on(stderr text: String) -> String { Host.isTerminal(2) && Style.isWanted ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text }
    func on(stdout text: String) -> String { Host.isTerminal(1) && Style.isWanted ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text }
}
