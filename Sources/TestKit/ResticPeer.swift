// ResticPeer: stock restic, as the other reader and writer of our repositories. RESTIC names another binary than the system's.
//
// A test that needs it fails without it; it is never skipped.

package import Bytes
package import HostOS

package struct ResticPeer: Sendable {
    package var program: CommandLineProgram

    package init(home: BytePath, repository: BytePath, password: String, zone: String = "UTC") {
        program = CommandLineProgram(
            BytePath(Host.environment("RESTIC") ?? "restic"),
            environment: [
                "HOME": "\(home)", "PATH": Host.environment("PATH") ?? "/usr/bin:/bin", "TZ": zone, "LANG": "C.UTF-8",
                "RESTIC_REPOSITORY": "\(repository)", "RESTIC_PASSWORD": password,
            ])
    }

    package func run(_ arguments: [String]) throws -> Child.Result { try program.run(["--no-cache"] + arguments) }

    /// Whether this restic knows a command.
    package func has(_ command: String) throws -> Bool { try program.run(["help"]).outputText.contains("\n  \(command) ") }
}
