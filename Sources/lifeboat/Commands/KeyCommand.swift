// `lifeboat key …`: the passwords of a repository.

import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "List, add, remove and change the passwords of a repository.",
        discussion: """
            Examples:
              lifeboat key list
              lifeboat key add --new-password-file second.key
              lifeboat key remove 4f2a91c0

            Every key opens the whole repository. A password that leaked must be removed *and* whoever had it may have kept the
            master key: only a new repository helps against that.
            """,
        subcommands: [List.self, Add.self, Remove.self, ChangePassword.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys; * marks the one in use.", discussion: "Example:\n  lifeboat key list --json")

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let entries = try Keys(access: repository.access()).list()
            for entry in entries {
                if case .failure(let failure) = entry.file { Console.warning(failure.message) }
            }
            if output.json { return Console.out("[" + entries.compactMap(KeyCommand.json).joined(separator: ",") + "]") }
            var table = Table([" ID", "User", "Host", "Created"])
            for entry in entries {
                let file = try? entry.file.get()
                table.append([
                    (entry.isCurrent ? "*" : " ") + entry.id.short, file?.userName ?? "(unreadable)", file?.hostName ?? "",
                    file.map { $0.created.localText } ?? "",
                ])
            }
            table.print()
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a password.", discussion: "Example:\n  lifeboat key add --new-password-file second.key --user anna")

        @OptionGroup var newPassword: NewPasswordOptions
        @Option(name: .long, help: "The user to record with the key.")
        var user: String?
        @Option(name: .long, help: "The host to record with the key.")
        var host: String?
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let keys = Keys(access: try repository.access())
            let id = try keys.add(newPassword.source(), identity: Identity.ofThisProcess(hostName: host).named(user))
            KeyCommand.report("added", id, output)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a key; never the one in use.", discussion: "Example:\n  lifeboat key remove 4f2a91c0")

        @Argument(help: "The key: its id or its beginning.")
        var id: String
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws { KeyCommand.report("removed", try Keys(access: repository.access()).remove(id), output) }
    }

    struct ChangePassword: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passwd", abstract: "Change the password in use.",
            discussion: "Example:\n  lifeboat key passwd --new-password-file new.key")

        @OptionGroup var newPassword: NewPasswordOptions
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let keys = Keys(access: try repository.access())
            KeyCommand.report("changed to", try keys.change(to: newPassword.source(), identity: .ofThisProcess()), output)
        }
    }

    private static func report(_ verb: String, _ id: KeyID, _ output: OutputOptions) {
        if output.json {
            Console.out(JSONLine("summary").string("key_id", id.hex).text)
        } else if !output.quiet {
            Console.out("\(verb) key \(id.short)")
        }
    }

    private static func json(_ entry: Keys.Entry) -> String? {
        guard let file = try? entry.file.get() else { return nil }
        return JSONLine().bool("current", entry.isCurrent).string("id", entry.id.hex).string("userName", file.userName)
            .string("hostName", file.hostName).string("created", file.created.localText)
            .text
    }
}

/// The password that a key is to have.
struct NewPasswordOptions: ParsableArguments {
    @Option(name: .long, help: "A file that holds the new password. Without it you are asked, twice.")
    var newPasswordFile: String?

    func source() throws -> PasswordSource {
        if let newPasswordFile { return .file(BytePath(newPasswordFile)) }
        guard Console.isInteractive else {
            throw Failure(
                .confirmationNeeded, "no new password was given, and there is no terminal to ask on", hint: "use --new-password-file FILE")
        }
        return .literal(try PasswordPrompt.askTwice("new password: "))
    }
}

extension Identity {
    fileprivate func named(_ user: String?) -> Identity {
        guard let user else { return self }
        return Identity(
            hostName: hostName, userName: user, userID: userID, groupID: groupID, processID: processID, clock: clock, zone: zone)
    }
}

extension Timestamp {
    /// "2026-11-24 10:00:00" in the time zone of this machine.
    var localText: String { with(utcOffset: Host.utcOffset(at: seconds)).secondText }
}
