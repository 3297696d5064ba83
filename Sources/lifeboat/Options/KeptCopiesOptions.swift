// KeptCopiesOptions: where damaged files go before they are removed from the repository.

import ArgumentParser
import Bytes
import HostOS
import Upkeep

struct KeptCopiesOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Keep copies of damaged files here before they are removed. Default: the directory you are in.", valueName: "dir"))
    var saveTo: String?

    var copies: KeptCopies {
        let here = Host.workingDirectory()
        return KeptCopies(in: saveTo.map { .resolve(BytePath($0), in: here) } ?? here)
    }
}
