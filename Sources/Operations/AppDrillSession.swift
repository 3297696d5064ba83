// AppDrillSession: carries out a drill (see AppDrill): chooses, asks for space, restores and proves one part after the other.

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

final class AppDrillSession {
    let options: AppDrill
    let indexed: IndexedRepository
    let remains: AppDrillRemains
    let run: AppRun
    let progress: Progress
    let cancellation: Cancellation
    let onEvent: (AppDrill.Event) -> Void
    let catalog: AppCatalog
    private let planner: AppRestorePlanner
    private var phases: [PhaseDuration] = []

    var workbench: AppWorkbench { options.workbench }

    init(
        options: AppDrill, indexed: IndexedRepository, snapshots: [CatalogedSnapshot], remains: AppDrillRemains, run: AppRun, progress: Progress,
        cancellation: Cancellation, onEvent: @escaping (AppDrill.Event) -> Void
    ) {
        self.options = options
        self.indexed = indexed
        self.remains = remains
        self.run = run
        self.progress = progress
        self.cancellation = cancellation
        self.onEvent = onEvent
        var selection = AppRestoreSelection()
        selection.sources = options.sources
        selection.instant = options.instant
        selection.snapshotIDs = options.snapshotIDs
        planner = AppRestorePlanner(options.workbench, selection, indexed, snapshots)
        catalog = planner.catalog
    }

    /// What is to be done with one snapshot.
    private enum Job {
        case tree(AppDrillTree)
        case file(AppDrillFile)
        case server(AppDrillServer)
        /// It cannot be tried, and why.
        case hopeless(AppDrillReport.Part)
    }

    func carryOut(_ report: inout AppDrillReport) throws {
        let chosen = try planner.chosen()
        let absent = missing(chosen)
        guard !chosen.isEmpty || !absent.isEmpty else { throw planner.nothingToRestore }
        let parent = options.scratch ?? workbench.state.directory
        let place = try remains.makePlace(in: parent, application: workbench.application.name, run: run.id.text)
        let jobs = chosen.map { job($0, $1, place, isOnlyDatabase: chosen.count { $0.0 == .database } == 1) }
        try askForSpace(jobs, place)
        let started = Host.monotonicNanoseconds()
        var questions = AppDrillQuestions(workbench: workbench)
        for part in absent { add(part, &report) }
        for job in jobs {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            add(try carryOut(job, &questions), &report)
        }
        try measure("checks") { for check in try questions.checks(chosen.map(\.1), report.parts, place) { report.add(check) } }
        report.durationNanoseconds = Host.monotonicNanoseconds() - started
        report.phases = phases
    }

    private func add(_ part: AppDrillReport.Part, _ report: inout AppDrillReport) {
        report.add(part)
        if let failure = part.failure { run.note(part.outcome == .failed ? .error : .warning, "\(part.label): \(failure.message)") }
        onEvent(.finished(part))
    }

    // MARK: Choosing

    /// What the application has and no snapshot holds: it could not be brought back.
    private func missing(_ chosen: [(AppSource, CatalogedSnapshot)]) -> [AppDrillReport.Part] {
        guard options.snapshotIDs.isEmpty else { return [] }
        let application = workbench.application
        let has: [AppSource: Bool] = [
            .config: !application.config.isEmpty, .database: !application.databases.isEmpty, .files: !(application.files?.paths ?? []).isEmpty,
        ]
        var parts: [AppDrillReport.Part] = []
        for source in AppSource.allCases where options.sources.contains(source) && has[source] == true {
            if !chosen.contains(where: { $0.0 == source }) { parts.append(absent(source, source.rawValue)) }
        }
        let saved = Set(chosen.filter { $0.0 == .database }.flatMap(\.1.snapshot.paths))
        if !saved.isEmpty {
            for database in application.databases {
                if let path = database.savedPath, !saved.contains(path) { parts.append(absent(.database, "database \(database.name)")) }
            }
        }
        return parts
    }

    private func absent(_ source: AppSource, _ label: String) -> AppDrillReport.Part {
        let when = options.instant.map { " at or before \($0)" } ?? " yet"
        return AppDrillReport.Part(
            source: source, label: label, outcome: .failed,
            failure: Failure(.drillFailed, "there is no backup of it\(when)", hint: "`lifeboat backup \(source.rawValue)` makes one"))
    }

    private func job(_ source: AppSource, _ snapshot: CatalogedSnapshot, _ place: BytePath, isOnlyDatabase: Bool) -> Job {
        do {
            guard source == .database else { return .tree(try AppDrillTree(self, source, snapshot, place)) }
            let saved = try AppDatabaseSnapshot(snapshot, BlobReader(indexed))
            let label = isOnlyDatabase ? "database" : "database \(saved.path.displayName)"
            switch saved.content {
            case .file(let node, let manifest): return .file(AppDrillFile(self, label, saved, node, manifest, place))
            case .dump(let manifest): return .server(AppDrillServer(self, label, saved, manifest))
            }
        } catch {
            return .hopeless(
                AppDrillReport.Part(source: source, label: source.rawValue, snapshot: snapshot, outcome: .failed, failure: Failure(describing: error)))
        }
    }

    // MARK: Space

    /// What metadata and directories may take besides.
    private static let spareByteCount: UInt64 = 64 << 20

    private func askForSpace(_ jobs: [Job], _ place: BytePath) throws {
        let needed = jobs.reduce(AppDrillSession.spareByteCount) { sum, job in
            switch job {
            case .tree(let tree): sum &+ min(tree.byteCount, 1 << 60)
            case .file(let file): sum &+ min(file.byteCount, 1 << 60)
            // A server asks for its own (ThrowawayServer), perhaps elsewhere.
            case .server, .hopeless: sum
            }
        }
        let free = try Directory.freeSpace(at: place)
        guard free >= needed else {
            throw Failure(
                .unreachable, "the drill needs \(ByteCount(needed)), and '\(place.parent)' has \(ByteCount(free)) free",
                hint: "name a directory with more space: `lifeboat drill --scratch DIR`")
        }
    }

    // MARK: Parts

    private func carryOut(_ job: Job, _ questions: inout AppDrillQuestions) throws -> AppDrillReport.Part {
        switch job {
        case .tree(let tree):
            onEvent(.phase("restoring \(tree.source.rawValue)"))
            return try tree.run()
        case .file(let file):
            onEvent(.phase("restoring the \(file.label)"))
            return try file.run(&questions)
        case .server(let server):
            onEvent(.phase("restoring the \(server.label) into a throw-away server"))
            return try server.run(&questions)
        case .hopeless(let part): return part
        }
    }

    /// Adds to the time of a phase.
    func measure<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
        let started = Host.monotonicNanoseconds()
        defer { add(Host.monotonicNanoseconds() - started, to: name) }
        return try body()
    }

    func add(_ nanoseconds: Int64, to name: String) {
        let index = phases.firstIndex { $0.name == name } ?? phases.count
        let earlier = index < phases.count ? phases.remove(at: index).nanoseconds : 0
        phases.insert(PhaseDuration(name: name, nanoseconds: earlier + nanoseconds), at: index)
    }
}
