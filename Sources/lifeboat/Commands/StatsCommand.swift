// `lifeboat stats`: how much snapshots hold.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import Upkeep

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show how much snapshots hold.",
        discussion: """
            Examples:
              lifeboat stats                             what restoring all snapshots would write
              lifeboat stats latest --mode raw-data      what the latest one takes in the repository

            Modes: restore-size, files-by-contents, blobs-per-file, raw-data.
            """)

    @Argument(help: "Only these snapshots: ids, their beginnings, or latest.")
    var ids: [String] = []

    @Option(name: .long, help: "How to count.")
    var mode = "restore-size"

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let mode = RepositoryStatistics.Mode(rawValue: mode) else {
            throw Failure(
                .usage, "there is no mode '\(mode)'",
                hint: "use \(RepositoryStatistics.Mode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let verb = MeasureRepository(access: try repository.access(), mode: mode, snapshots: ids, filter: filter.filter())
        let statistics = try StageLine(output).around { try verb.run(progress: $0) }
        if output.json {
            Console.out(StatsCommand.json(statistics))
        } else {
            for line in StatsCommand.lines(statistics, mode) { Console.out(line) }
        }
    }

    private static func lines(_ statistics: RepositoryStatistics, _ mode: RepositoryStatistics.Mode) -> [String] {
        var lines = ["snapshots:          \(statistics.snapshotCount)"]
        if statistics.fileCount > 0 { lines.append("files:              \(statistics.fileCount)") }
        if statistics.blobCount > 0 { lines.append("blobs:              \(statistics.blobCount)") }
        if statistics.uncompressedByteCount > 0 { lines.append("uncompressed size:  \(ByteCount(statistics.uncompressedByteCount))") }
        if let progress = statistics.compressionProgress { lines.append("compressed:         \(tenths(progress)) % of all bytes") }
        if let ratio = statistics.compressionRatio { lines.append("compression ratio:  \(tenths(ratio)) : 1") }
        if let saving = statistics.compressionSpaceSaving { lines.append("space saved:        \(tenths(saving)) %") }
        lines.append("total size:         \(ByteCount(statistics.totalByteCount)) (\(mode.rawValue))")
        return lines
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func json(_ statistics: RepositoryStatistics) -> String {
        var line = JSONLine().number("total_size", statistics.totalByteCount)
            .number("total_uncompressed_size", statistics.uncompressedByteCount, omitZero: true)
        if let ratio = statistics.compressionRatio { line = line.fraction("compression_ratio", ratio) }
        if let progress = statistics.compressionProgress { line = line.fraction("compression_progress", progress) }
        if let saving = statistics.compressionSpaceSaving { line = line.fraction("compression_space_saving", saving) }
        return line.number("total_file_count", statistics.fileCount, omitZero: true)
            .number("total_blob_count", statistics.blobCount, omitZero: true)
            .number("snapshots_count", UInt64(statistics.snapshotCount))
            .text
    }
}
