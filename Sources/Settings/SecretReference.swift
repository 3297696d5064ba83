// SecretReference: where a secret is to be found when it is needed. Never the secret itself.
//
// There is no case for a literal, and the settings table refuses `password:` wherever somebody would write it, so a
// secret cannot arrive in this room's values, messages or printed configuration.

package import Bytes

/// A secret's place. Resolving it is the business of whoever needs the secret, as late as possible.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// An environment variable of lifeboat's own process.
    case environment(String)
    /// The first line of a file.
    case file(BytePath)
    /// Standard output of a program, started directly from these arguments without a shell.
    case command([String])
    /// A systemd credential (`LoadCredential=`), found in `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// A variable in the application's own `.env`, read at run time and never copied.
    case applicationVariable(String)

    package var description: String {
        switch self {
        case .environment(let name): "environment variable \(name)"
        case .file(let path): "file \(path)"
        case .command(let arguments): "command \(arguments.first ?? "")"
        case .credential(let name): "systemd credential \(name)"
        case .applicationVariable(let name): "\(name) of the application's env file"
        }
    }
}
