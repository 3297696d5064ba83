// AppSecrets: from the place where a secret is said to be to something that can fetch it.

import Bytes
import Codecs
import HostOS
import Settings

extension PasswordSource {
    /// - Throws: exit status 12 if the place does not exist in this process's surroundings.
    init(_ reference: SecretReference) throws {
        switch reference {
        case .file(let path): self = .file(path)
        case .command(let arguments): self = .command(PasswordSource.commandLine(arguments))
        case .environment(let name):
            guard let value = Host.environment(name), !value.isEmpty else {
                throw Failure(
                    .wrongKey, "the environment variable \(name), which holds the repository's password, is not set",
                    hint: "set it, or change `key:`")
            }
            self = .literal(SecretBytes(Array(value.utf8)))
        case .credential(let name):
            guard let directory = Host.environment("CREDENTIALS_DIRECTORY") else {
                throw Failure(
                    .wrongKey, "the repository's password is the systemd credential \(name), and there are no credentials here",
                    hint: "run lifeboat from its unit, or with --password-file")
            }
            self = .file(BytePath(directory).appending(name))
        case .applicationVariable(let name):
            throw Failure(
                .configInvalid, "the repository's password cannot be the application's own variable \(name)", hint: "use `password_file:`")
        }
    }

    /// One line for the shell that runs exactly these arguments.
    private static func commandLine(_ arguments: [String]) -> String {
        if arguments.count == 3, arguments[0] == "sh", arguments[1] == "-c" { return arguments[2] }
        return arguments.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    }
}
