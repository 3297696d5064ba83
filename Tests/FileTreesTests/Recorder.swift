// Recorder: a visitor that remembers what it was shown.

import Bytes
import FileTrees
import HostOS
import Testing

final class Recorder: ScanVisitor {
    enum Event { case enter, leave, entry }
    var events: [(event: Event, entry: ScannedEntry)] = []
    var problems: [ScanProblem] = []
    private var open: [ScannedEntry] = []
    var onEntry: (ScannedEntry) throws -> Void = { _ in }

    func enterDirectory(_ directory: ScannedEntry) throws {
        events.append((.enter, directory))
        open.append(directory)
        try onEntry(directory)
    }

    func leaveDirectory(_ directory: ScannedEntry) throws {
        events.append((.leave, directory))
        #expect(open.popLast()?.snapshotPath == directory.snapshotPath)
    }

    func entry(_ entry: ScannedEntry) throws {
        events.append((.entry, entry))
        #expect(open.last?.snapshotPath ?? .root == entry.snapshotPath.parent)
        try onEntry(entry)
    }

    func problem(_ problem: ScanProblem) { problems.append(problem) }

    static func scan(
        _ targets: [BytePath], in directory: BytePath = "/", exclusions: Exclusions = .none, skipping: Set<BytePath> = []
    ) throws -> Recorder {
        let recorder = Recorder()
        try TreeScanner(targets: targets, workingDirectory: directory, exclusions: exclusions, skipping: skipping).walk(recorder)
        #expect(recorder.open.isEmpty)
        return recorder
    }

    /// Everything found, directories at their entering.
    var entries: [ScannedEntry] { events.filter { $0.event != .leave }.map(\.entry) }
    var snapshotPaths: [String] { entries.map(\.snapshotPath.description) }

    func sourcePaths(below directory: BytePath) -> [BytePath] {
        entries.map(\.sourcePath).filter { directory.contains($0) && $0 != directory }
    }

    func entry(_ snapshotPath: String) throws -> ScannedEntry {
        try #require(entries.first { $0.snapshotPath == BytePath(snapshotPath) }, "no \(snapshotPath)")
    }
}
