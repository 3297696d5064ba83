// `lifeboat verify`: is what was saved still there, whole, and what it claims to be?

import ArgumentParser
import Bytes
import HostOS
import Journal
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check the application's backups: structure, data, and that the database comes back as it was.",
        discussion: """
            Examples:
              lifeboat verify                          reads as much of the data as the settings say (5 %)
              lifeboat verify --read-data 100%         reads all of it
              lifeboat verify --report report.txt

            Exit status 20 means that damage was found.
            """)

    @Option(
        name: .long, help: ArgumentHelp("How much of the data to read back: a percentage, a size, n/t, all or none.", valueName: "part"))
    var readData: String?

    @Option(name: .long, help: "Only this source: database, files or config.")
    var type: String?

    @Flag(name: .long, help: "Look at every database snapshot, not only at the newest ten.")
    var all = false

    @Option(name: .long, help: "Write the report into this file, too.")
    var report: String?

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = AppVerify(try repository.workbench())
        if let type { verb.sources = [try source(type)] }
        verb.readData = try readData.map(extent)
        verb.allDatabases = all
        let result = try verb.run()
        let text = result.lines.joined(separator: "\n") + "\n"
        if let report {
            let content = Array(text.utf8)
            try AtomicFile.write(content.span, to: .resolve(BytePath(report), in: Host.workingDirectory()))
        }
        if output.json {
            Console.out(json(result))
        } else if !output.quiet || !result.isClean {
            for line in result.lines { Console.out(line) }
        }
        if !result.isClean { Console.end(.damaged) }
    }

    private func source(_ text: String) throws -> AppSource {
        guard let source = AppSource(rawValue: text) else {
            throw Failure(.usage, "'\(text)' is no source", hint: "use database, files or config")
        }
        return source
    }

    private func extent(_ text: String) throws -> CheckOptions.ReadData {
        switch text {
        case "all": .all
        case "none": .none
        default: try CheckOptions.ReadData(parsing: text)
        }
    }

    private func json(_ result: AppVerifyReport) -> String {
        let databases = result.databases.map { database in
            JSONLine().string("snapshot_id", database.snapshot?.id.hex).bytes("path", database.path.bytes).string(
                "proof", database.proof?.rawValue
            )
            .number("tables", UInt64(database.tableCount)).number("rows", database.rowCount).string("error", database.failure?.message).text
        }
        let damage = result.damage.map { JSONLine().string("message", $0).text }
        return JSONLine("summary").string("application", result.application).string("run_id", result.runID.text).time("time", result.time)
            .bool("ok", result.isClean).number("num_errors", UInt64(result.damage.count))
            .number("snapshots", UInt64(result.snapshots.count)).number("packs", UInt64(result.check.counts.packs))
            .number("packs_read", UInt64(result.check.counts.packsRead)).number("bytes_read", result.check.counts.bytesRead)
            .raw("databases", "[" + databases.joined(separator: ",") + "]").raw("damage", "[" + damage.joined(separator: ",") + "]")
            .raw("damaged_snapshots", "[" + result.damagedSnapshots.map { "\"\($0.id.hex)\"" }.joined(separator: ",") + "]")
            .fraction("seconds_elapsed", Double(result.durationNanoseconds) / 1e9).text
    }
}
