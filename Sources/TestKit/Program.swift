// Program: the built lifeboat, run as a user runs it: its own process, a private home, nothing of our environment.

package import Bytes
package import HostOS

/// Another program and the environment it sees.
package struct CommandLineProgram: Sendable {
    package let path: BytePath
    package var environment: [String: String]
    package var directory: BytePath?

    package init(_ path: BytePath, environment: [String: String], directory: BytePath? = nil) {
        self.path = path
        self.environment = environment
        self.directory = directory
    }

    /// - Parameter environment: added to the program's own.
    package func run(_ arguments: [String], environment more: [String: String] = [:], input: String = "") throws -> Child.Result {
        try Child.run(
            path, arguments.map { Array($0.utf8) }, environment: variables(more), directory: directory, standardInput: Array(input.utf8),
            outputLimit: 1 << 28)
    }

    /// Runs it and sends it a signal after a while. A finished program gets none.
    /// - Returns: the exit status as the shell says it: 137 after KILL.
    package func run(_ arguments: [String], signal: String, afterMilliseconds delay: Int) throws -> Child.Result {
        let words =
            [
                "--foreground", "--preserve-status", "-s", signal, "\(delay / 1000).\(String(1000 + delay % 1000).dropFirst())s",
                path.description,
            ] + arguments
        return try Child.run("timeout", words.map { Array($0.utf8) }, environment: variables([:]), directory: directory)
    }

    private func variables(_ more: [String: String]) -> [[UInt8]] {
        environment.merging(more) { $1 }.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
    }
}

package enum Program {
    /// The binary beside the running test bundle; LIFEBOAT_BINARY names another.
    package static func binary() throws -> BytePath {
        if let named = Host.environment("LIFEBOAT_BINARY"), !named.isEmpty { return BytePath(named) }
        return try Child.ownExecutable().parent.appending("lifeboat")
    }

    /// - Parameters:
    ///   - home: a directory of the test.
    ///   - repository: opened with `password` unless the arguments say otherwise.
    package static func lifeboat(home: BytePath, repository: BytePath, password: String, zone: String = "UTC") throws -> CommandLineProgram {
        CommandLineProgram(
            try binary(),
            environment: [
                "HOME": "\(home)", "PATH": Host.environment("PATH") ?? "/usr/bin:/bin", "TZ": zone, "LANG": "C.UTF-8", "TERM": "dumb",
                "LIFEBOAT_REPOSITORY": "\(repository)", "LIFEBOAT_PASSWORD": password,
            ])
    }
}
