// `lifeboat repair …`: puts a damaged repository right: its index, its packs, its snapshots, in this order.

import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Put a damaged repository right.",
        discussion: """
            Copy the repository first, then in this order:
              lifeboat check --read-data                 what is damaged, and which files are concerned
              lifeboat repair index                      the index, from the packs that are there
              lifeboat repair packs                      save what is whole in damaged packs
              lifeboat backup                            store again what still exists at the source
              lifeboat repair snapshots --forget         take what is lost out of the snapshots
            """, subcommands: [Index.self, Packs.self, Snapshots.self])

    struct Index: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "index", abstract: "Make the index say again what the packs hold.",
            discussion: """
                Examples:
                  lifeboat repair index
                  lifeboat repair index --read-all-packs     trust no index file: read what every pack says about itself

                Packs that are in no index are added, packs that are gone are dropped, damaged index files are replaced. No pack is changed.
                """)

        @Flag(name: .long, help: "Read the header of every pack.")
        var readAllPacks = false

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            var verb = RepairIndex(access: try repository.access())
            verb.readsAllPacks = readAllPacks
            let outcome = try StageLine(output).around { try verb.run(progress: $0) }
            RepairReport(output).print(outcome)
        }
    }

    struct Packs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "packs", abstract: "Save what is whole in damaged packs, and take them out of the repository.",
            discussion: """
                Examples:
                  lifeboat repair packs                      read every pack, and repair those that are damaged
                  lifeboat repair packs 4115c453             this one
                  lifeboat repair packs --save-to /root/kept

                Each pack is first copied to `pack-ID` in the directory of --save-to, or the one you are in. The blobs that are lost are named.
                """)

        @Argument(help: "Ids of packs, or their beginnings. None: all that are damaged.")
        var ids: [String] = []

        @OptionGroup var kept: KeptCopiesOptions
        @OptionGroup var writing: WritingOptions
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            var verb = RepairPacks(access: try repository.access(), names: ids, copies: kept.copies)
            verb.writer = try writing.options()
            let outcome = try StageLine(output).around { try verb.run(progress: $0) }
            try RepairReport(output).print(outcome)
        }
    }

    struct Snapshots: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "snapshots", abstract: "Make snapshots without what is lost.",
            discussion: """
                Examples:
                  lifeboat repair snapshots --dry-run
                  lifeboat repair snapshots                  beside the damaged ones, tagged `repaired`
                  lifeboat repair snapshots --forget         in their place
                  lifeboat repair snapshots 4f2a91c0

                Files lose the parts that are gone, directories that cannot be read become empty. Run `lifeboat repair index` and `repair packs`
                first, and then `lifeboat backup`: what still exists at the source need not be lost.
                """)

        @Argument(help: "Only these snapshots: ids or their beginnings, or latest.")
        var ids: [String] = []

        @Flag(name: .long, help: "Remove the damaged snapshots when their successors are stored.")
        var forget = false

        @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
        var dryRun = false

        @OptionGroup var kept: KeptCopiesOptions
        @OptionGroup var filter: SnapshotFilterOptions
        @OptionGroup var writing: WritingOptions
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            var verb = RepairSnapshots(access: try repository.access(), names: ids, filter: filter.filter(), copies: kept.copies)
            verb.forgets = forget
            verb.dryRun = dryRun
            verb.writer = try writing.options()
            let outcome = try StageLine(output).around { try verb.run(progress: $0) }
            RepairReport(output).print(outcome, dryRun: dryRun)
        }
    }
}
