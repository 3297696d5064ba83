// `lifeboat version`: which program this is.

import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the program's version.", discussion: "Example:\n  lifeboat version --json")

    @OptionGroup var output: OutputOptions

    #if arch(x86_64)
        private static let architecture = "x86_64"
    #elseif arch(arm64)
        private static let architecture = "aarch64"
    #else
        private static let architecture = "unknown"
    #endif

    func run() {
        if output.json {
            Console.out(
                JSONLine("version").string("version", Lifeboat.version).string("os", "linux").string("arch", VersionCommand.architecture)
                    .string("repository_format", "restic 1, 2").text)
        } else {
            Console.out("lifeboat \(Lifeboat.version) on linux/\(VersionCommand.architecture), repositories in restic's formats 1 and 2")
        }
    }
}
