// AppVerify: the verb `verify`: is what was saved still there, whole, and the database it claims to be?
//
// 1. Structure: every snapshot, index, pack and tree of the application (Upkeep's Check); of the data as much as is asked for.
// 2. Databases: each snapshot's manifest can be read and fits its file; where all data is read, the file's SHA-256 is compared too.
// 3. The newest capture of every database is restored to a private place, checked by SQLite itself (quick_check) and compared
//    with its manifest, table by table.
//
// The repository is locked exclusively meanwhile, as by any check: nothing may vanish under it. Nothing is changed.

import Bytes
import Codecs
import Databases
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

    static let newestDatabaseCount = 10

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
                try workbench.access.with(.exclusive, onlyReading: true) { repository in
                    try verify(repository, run, staging, progress)
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
        let tags = [AppTag.program, AppTag.application(workbench.application.name)]
        let filter = SnapshotFilter(
            tagLists: sources.count == AppSource.allCases.count ? [tags] : sources.map { tags + [AppTag.source($0)] })
        let check = try run.phase(readData.isEverything ? Self.wholePhase : "structure") {
            try Check(repository, options: CheckOptions(readData: readData, filter: filter), progress: progress).run()
        }
        var report = AppVerifyReport(
            application: workbench.application.name, repository: "\(workbench.access.address)", runID: run.id, time: started,
            readData: readData, check: check)
        let snapshots = try SnapshotCatalog.load(repository) { _, _ in }
        let catalog = AppCatalog(snapshots.filter { filter.matches($0.snapshot) }, application: workbench.application.name)
        report.snapshots = catalog.all
        if sources.contains(.database) { try run.phase("databases") { try verifyDatabases(repository, catalog, staging, &report) } }
        report.durationNanoseconds = Host.monotonicNanoseconds() - clock
        return report
    }

    // MARK: Databases

    private func verifyDatabases(
        _ repository: Repository, _ catalog: AppCatalog, _ staging: BytePath, _ report: inout AppVerifyReport
    ) throws {
        let indexed: IndexedRepository
        do {
            indexed = try IndexedRepository.load(repository)
        } catch let error as RepositoryFailure {
            // The check has reported the index already; without it no content can be found.
            report.databases.append(AppVerifyReport.Database(snapshot: nil, path: .root, failure: error.failure))
            return
        }
        let newest = catalog.newestDatabases(known: workbench.application.databases.compactMap(\.savedPath))
        let others = catalog.backups(of: .database).reversed().filter { candidate in !newest.contains { $0.id == candidate.id } }
        let chosen = allDatabases ? others : Array(others.prefix(max(0, Self.newestDatabaseCount - newest.count)))
        var hashed: Set<[BlobID]> = []
        for snapshot in newest {
            report.databases.append(verify(snapshot, indexed, staging, restoring: true, &hashed, readsAll: report.readsAll))
        }
        for snapshot in chosen {
            report.databases.append(verify(snapshot, indexed, staging, restoring: false, &hashed, readsAll: report.readsAll))
        }
    }

    private func verify(
        _ snapshot: CatalogedSnapshot, _ indexed: IndexedRepository, _ staging: BytePath, restoring: Bool, _ hashed: inout Set<[BlobID]>,
        readsAll: Bool
    ) -> AppVerifyReport.Database {
        var result = AppVerifyReport.Database(snapshot: snapshot, path: snapshot.snapshot.paths.first ?? .root)
        do {
            let reader = BlobReader(indexed)
            let saved = try AppDatabaseSnapshot(snapshot, reader)
            result.tableCount = saved.figures.tables.count
            result.rowCount = saved.figures.rowCount
            switch saved.content {
            case .file(let node, let manifest):
                let content = node.content ?? []
                if restoring {
                    try restoreAndCompare(saved, node, manifest, indexed, staging)
                    result.proof = .restored
                    hashed.insert(content)
                } else if readsAll {
                    if hashed.insert(content).inserted { try compareHash(manifest, content, reader) }
                    result.proof = .hashed
                } else {
                    result.proof = .described
                }
            case .dump(let manifest):
                let source = RepositoryDumpSource(indexed, tree: snapshot.snapshot.tree, snapshotName: snapshot.id.short)
                if restoring || readsAll {
                    try DumpCheck.rows(of: manifest, in: source)
                    result.proof = .hashed
                } else {
                    guard try saved.isInIndex(indexed) else { throw Failure(.damaged, "parts of it are missing from the index") }
                    result.proof = .described
                }
            }
        } catch {
            result.failure = Failure(describing: error)
        }
        return result
    }

    private func restoreAndCompare(
        _ saved: AppDatabaseSnapshot, _ node: Node, _ manifest: DatabaseManifest, _ indexed: IndexedRepository, _ staging: BytePath
    ) throws {
        let file = staging.appending("verify-" + saved.snapshot.id.short)
        defer { for path in [file] + SQLiteFiles.companions(of: file) { try? Directory.remove(path) } }
        _ = try saved.extract(node, to: file, indexed)
        let found = try workbench.sqlite.inspect(file, depth: .quick).manifest
        let comparison = DatabaseComparison.file(expected: manifest, found: found)
        if let difference = comparison.differences.first { throw Failure(.damaged, "its restored copy differs: \(difference)") }
        if case .problems(let lines) = found.integrity, manifest.integrity.isSound {
            throw Failure(.damaged, "its restored copy fails SQLite's check: \(lines.first ?? "")")
        }
    }

    private func compareHash(_ manifest: DatabaseManifest, _ content: [BlobID], _ reader: BlobReader) throws {
        let hasher = SHA256()
        for id in content {
            let piece = try reader.read(BlobHandle(type: .data, id: id))
            hasher.update(piece.span)
        }
        guard hasher.finish() == manifest.sha256 else {
            throw Failure(.damaged, "its content does not have the SHA-256 of its manifest")
        }
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
