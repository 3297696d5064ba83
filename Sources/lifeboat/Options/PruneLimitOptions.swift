// PruneLimitOptions: how much rubbish may stay, and how much may be rewritten to remove it.

import ArgumentParser
import Upkeep

struct PruneLimitOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("How much unneeded data may stay: a percentage, a size, or unlimited.", valueName: "limit"))
    var maxUnused = "5%"

    @Option(name: .long, help: ArgumentHelp("Rewrite at most this much.", valueName: "size"))
    var maxRepackSize: String?

    @Flag(name: .long, help: "Rewrite only packs of directory listings.")
    var repackCacheableOnly = false

    @Flag(name: .long, help: "Also rewrite data that is stored uncompressed.")
    var repackUncompressed = false

    @Option(name: .long, help: ArgumentHelp("Rewrite packs smaller than this.", valueName: "size"))
    var repackSmallerThan: String?

    func options() throws -> PruneOptions {
        PruneOptions(
            maximumUnused: try PruneOptions.UnusedLimit(parsing: maxUnused), maximumRepackByteCount: try maxRepackSize.map(Sizes.bytes),
            repacksOnlyTrees: repackCacheableOnly, repacksUncompressed: repackUncompressed,
            smallPackByteCount: try repackSmallerThan.map(Sizes.bytes))
    }
}
