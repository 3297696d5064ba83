// OutputOptions: how much is said, and in which form.

import ArgumentParser

struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Answer in JSON.")
    var json = false

    @Flag(name: [.short, .long], help: "Say only what went wrong.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Say more; twice for every file.")
    var verbose: Int

    @Option(name: .long, help: ArgumentHelp("When to colour the output: auto or never.", valueName: "when"))
    var color: String = "auto"

    /// For messages beside the answer.
    func say(_ text: @autoclosure () -> String) {
        if !quiet && !json { Console.message(text()) }
    }
}
