// `lifeboat cache`: the copies of far repositories on this machine.

import ArgumentParser
import Bytes
import Foundation
import HostOS
import Operations
import RepositoryEngine

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "List the copies of repositories that are kept on this machine, and remove old ones.",
        discussion: """
            Examples:
              lifeboat cache
              lifeboat cache --cleanup --max-age 7
              lifeboat cache --cache-dir /var/cache/lifeboat --json

            Everything in a cache may be deleted at any time: it only saves reading it from the repository again.
            """)

    @Flag(name: .long, help: "Remove the copies of repositories that were not used for long.")
    var cleanup = false

    @Option(name: .long, help: "How many days that is.")
    var maxAge: Int64 = 30

    @Flag(name: .long, help: "Do not measure them.")
    var noSize = false

    @Option(name: .long, help: "The directory to look at. Default: $LIFEBOAT_CACHE_DIR, or lifeboat/ in $XDG_CACHE_HOME or ~/.cache.")
    var cacheDir: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let directory = try CacheOptions.directory(named: cacheDir) else {
            throw Failure(.usage, "there is no cache: no home directory is known", hint: "name one with --cache-dir")
        }
        guard (0...36_500).contains(maxAge) else { throw Failure(.usage, "an age of \(maxAge) days is not possible", hint: "use 0 to 36500") }
        var choice = CacheChoice(.always, in: directory)
        choice.maximumAgeDays = maxAge
        var verb = ListCaches(choice)
        verb.measures = !noSize
        if cleanup {
            report(removed: try verb.cleanUp())
        } else {
            report(try verb.run(), directory)
        }
    }

    private func report(removed: [CacheDirectory.Entry]) {
        if output.json {
            Console.out("[" + removed.map { JSONLine().string("id", $0.repository.hex).text }.joined(separator: ",") + "]")
        } else if !output.quiet {
            Console.out(removed.isEmpty ? "nothing is older than \(Counted.text(maxAge, "day"))" : "removed \(Counted.text(removed.count, "cache"))")
        }
    }

    private func report(_ rows: [ListCaches.Row], _ directory: CacheDirectory) {
        if output.json {
            let objects = rows.map { row in
                var line = JSONLine().string("id", row.entry.repository.hex).string("last_used", CacheCommand.time(row).description)
                line = line.raw("old", row.isOld ? "true" : "false")
                if let byteCount = row.byteCount { line = line.raw("size", "\(byteCount)") }
                return line.text
            }
            Console.out("[" + objects.joined(separator: ",") + "]")
            return
        }
        if rows.isEmpty { return Console.out("no copies in \(directory.root)") }
        var table = Table(["repository", "last used", "old"] + (noSize ? [] : ["size"]), rightAligned: [3])
        for row in rows {
            let size = row.byteCount.map { ["\(ByteCount($0))"] } ?? []
            table.append([String(row.entry.repository.hex.prefix(10)), String(CacheCommand.time(row).description.prefix(10)), row.isOld ? "yes" : ""] + size)
        }
        table.print()
        Console.out("\(Counted.text(rows.count, "cache")) in \(directory.root)")
    }

    private static func time(_ row: ListCaches.Row) -> Timestamp { Timestamp(seconds: row.entry.lastUsed.seconds, nanoseconds: 0, in: Host.utcOffset) }
}
