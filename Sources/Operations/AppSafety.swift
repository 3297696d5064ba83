// AppSafety: saves what a restore is about to replace, so that a restore of the wrong thing can be undone.
//
// Files and configuration: the paths that exist. A database is captured like for a backup; one that is no readable database any more
// is saved as the raw files it consists of: whoever wants to salvage rows from it later has everything there was.

import Archiving
import Bytes
import Databases
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppSafety {
    let session: AppBackupSession
    let indexed: IndexedRepository

    /// Saves everything in the plan that exists.
    /// - Throws: what could not be saved; then nothing may be replaced.
    func save(_ plan: AppRestorePlan) throws -> [CatalogedSnapshot] {
        var saved: [CatalogedSnapshot] = []
        do {
            for tree in plan.trees { if let made = try save(tree) { saved.append(made) } }
            for database in plan.databases where database.exists { if let made = try save(database) { saved.append(made) } }
        } catch RepositoryFailure.cancelled {
            throw RepositoryFailure.cancelled
        } catch {
            let failure = Failure(describing: error)
            throw Failure(
                failure.code == .locked ? .locked : .failed,
                "nothing was restored: what is there now could not be saved first: \(failure.message)",
                hint: "solve that, or replace it for good with --no-safety-backup")
        }
        return saved
    }

    private func save(_ tree: AppRestorePlan.Tree) throws -> CatalogedSnapshot? {
        let paths = tree.paths.filter(\.exists).map(\.destination)
        if paths.isEmpty { return nil }
        let files = tree.source == .files ? session.workbench.application.files : nil
        let summary = try session.savePaths(tree.source, paths, files, indexed)
        if let problem = summary.problems.first(where: { $0.effect == .itemLeftOut }) { throw problem.failure }
        return try cataloged(summary)
    }

    private func save(_ database: AppRestorePlan.Database) throws -> CatalogedSnapshot? {
        let live: BytePath
        switch database.destination {
        case .server(let server, _): return try cataloged(session.saveServer(server, ServerReading(), indexed).0)
        case .directory: return nil
        case .file(let path, _, _): live = path
        }
        do {
            return try cataloged(session.saveSQLite(live, indexed).0)
        } catch let failure as DatabaseFailure where [.notADatabase, .damaged, .empty].contains(failure.kind) {
            return try saveRaw(live)
        }
    }

    private func saveRaw(_ live: BytePath) throws -> CatalogedSnapshot? {
        let place = Directory.canonical(live) ?? live
        var items: [StreamItem] = []
        for path in [place] + SQLiteFiles.companions(of: place) {
            guard let status = try FileStatus.ifExists(path), status.kind == .regular else { continue }
            items.append(StreamItem(name: path.name, content: .file(path, chunkByteCount: 1 << 20), status: status))
        }
        if items.isEmpty { return nil }
        return try cataloged(session.saveStreams(items, live, session.workbench.identity.now(), isDamaged: false, indexed))
    }

    private func cataloged(_ summary: BackupSummary) throws -> CatalogedSnapshot? {
        try summary.snapshotID.map { CatalogedSnapshot(id: $0, snapshot: try SnapshotCatalog.load($0, indexed.repository)) }
    }
}
