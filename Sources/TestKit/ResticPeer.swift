// ResticPeer: stock restic, as the other reader and writer of our repositories. RESTIC names another binary than the system's.
//
// A test that needs it fails without it. Those that compare answers word for word want a new one, and are skipped with an old one.

package import Bytes
package import HostOS

package struct ResticPeer: Sendable {
    /// Whether it is restic 0.19 or later, whose answers some tests take for the measure; Debian 12 has 0.14.
    package static let isNew: Bool = {
        guard let answer = try? Child.run(BytePath(Host.environment("RESTIC") ?? "restic"), [Array("version".utf8)], environment: nil),
            let words = Optional(answer.outputText.split(separator: " ")), words.count > 1
        else { return false }
        let numbers = words[1].split(separator: ".").compactMap { Int($0) }
        return numbers.count > 1 && (numbers[0], numbers[1]) >= (0, 19)
    }()

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
