// CompressOption: `--compress` of the original names: the strongest compression in the repository that is worth its time.
//
// It compresses what is stored, never the dump on its way there: a compressed dump differs everywhere after a change anywhere, and
// tomorrow's backup would share nothing with today's. Why `better` and not `max`: docs/decisions/0030-original-names.md.

import ArgumentParser
import RepositoryEngine

struct CompressOption: ParsableArguments {
    @Flag(name: .long, help: "Compress harder: smaller in the repository, and slower.")
    var compress = false

    func options() throws -> WriterOptions {
        var options = try WritingOptions.options(compression: nil, packSize: nil)
        if compress { options.compression = .better }
        return options
    }
}
