// AppVerify: the verb `verify`: is what was saved still there, whole, and the database it claims to be?
//
// 1. Structure: every snapshot, index, pack and tree of the application (Upkeep's Check); of the data as much as is asked for, what has
//    not been read back for longest first.
// 2. Databases (AppDatabaseVerify): each snapshot's manifest can be read and fits its file; the newest capture of every database is
//    followed as far as `verify.dumps` says.
// 3. A database of which only captures of a damaged state are left is damage, too: nothing good of it can be brought back.
//
// The repository is locked exclusively meanwhile, as by any check: nothing may vanish under it. Nothing in it is changed.

import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings
package import Upkeep

package struct AppVerify {
    /// The phase of a run that reads every pack, as the journal names it.
    static let wholePhase = "structure and all data"

    package let workbench: AppWorkbench
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    /// How much of the data is read; nil for what the settings say.
    package var readData: CheckOptions.ReadData?
    /// Manifests of all database snapshots, not only of the newest ones.
    package var allDatabases = false

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package func run(
        progress: @escaping UpkeepProgressHandler = { _ in }, cancellation: @escaping @Sendable () -> Bool = { false }
    ) throws -> AppVerifyReport {
        let lock = try workbench.state.acquireRunLock()
        let source = sources.count == 1 ? sources.first?.rawValue : nil
        let run = AppRun.begin(
            RunStart(verb: "verify", application: workbench.application.name, source: source), in: workbench.state,
            now: workbench.identity.now())
        let staging = try workbench.state.makeStaging(run: run.id.text, under: lock)
        defer { try? Directory.removeTree(staging) }
        let hooks = AppHooks(workbench: workbench, verb: .verify) { run.note(.warning, $0) }
        return try run.record {
            try hooks.around(isDryRun: false) {
                try Cancelled.explained("nothing was changed; what was read until then does not count as verified", next: "run `lifeboat verify` again") {
                    try workbench.access.uncached.with(.exclusive, onlyReading: true) { repository in
                        try verify(repository, run, staging, progress)
                    }
                }
            }
        } result: { report in
            RunResult(
                exitStatus: report.isClean ? 0 : FailureCode.damaged.rawValue, bytesRead: report.check.counts.bytesRead,
                fileCount: UInt64(report.snapshots.count), message: report.isClean ? nil : report.damage.first, phases: run.phases)
        }
    }

    private func verify(
        _ repository: Repository, _ run: AppRun, _ staging: BytePath, _ progress: @escaping UpkeepProgressHandler
    ) throws -> AppVerifyReport {
        let started = workbench.identity.now(), clock = Host.monotonicNanoseconds()
        let readData = readData ?? CheckOptions.ReadData(workbench.application.verify.readData)
        let known = run.packReadings(of: repository.config.id)
        var options = CheckOptions(readData: readData, filter: filter)
        options.lastRead = known
        let check = try run.phase(readData.isEverything ? Self.wholePhase : "structure") {
            try Check(repository, options: options, progress: progress).run()
        }
        run.recordPackReadings(check, of: repository.config.id, at: started)
        var report = AppVerifyReport(workbench: workbench, runID: run.id, time: started, readData: readData, check: check)
        report.sources = sources
        report.coverage = ReadCoverage(check, known: known, now: started)
        let snapshots = try SnapshotCatalog.load(repository) { _, _ in }
        let catalog = AppCatalog(snapshots.filter { filter.matches($0.snapshot) }, application: workbench.application.name)
        report.snapshots = catalog.all
        if sources.contains(.database) {
            let databases = AppDatabaseVerify(
                workbench: workbench, staging: staging, readsAll: readData.isEverything, looksAtAll: allDatabases)
            report.databases = try run.phase("databases") { try databases.run(repository, catalog) }
        }
        report.notes = run.warnings
        report.durationNanoseconds = Host.monotonicNanoseconds() - clock
        return report
    }

    private var filter: SnapshotFilter {
        let tags = [AppTag.program, AppTag.application(workbench.application.name)]
        return SnapshotFilter(tagLists: sources.count == AppSource.allCases.count ? [tags] : sources.map { tags + [AppTag.source($0)] })
    }
}

extension CheckOptions.ReadData {
    init(_ amount: ReadAmount) {
        switch amount {
        case .nothing: self = .none
        case .everything: self = .all
        case .share(let share): self = .percent(share.fraction * 100)
        case .amount(let size): self = .byteCount(size.bytes)
        }
    }

    /// Whether every pack is read.
    var isEverything: Bool {
        switch self {
        case .all: true
        case .percent(let percent): percent >= 100
        case .part(_, let of): of == 1
        case .none, .byteCount: false
        }
    }
}
