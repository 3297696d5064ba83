// AppRestorePlan: what a restore of an application will bring back, from which snapshots, over what. A value: printed before the
// question, and the answer of a dry run.

import Archiving
package import Bytes
package import Databases
import HostOS
package import RepositoryEngine
package import RepositoryFormat
import Settings

package struct AppRestorePlan: Sendable {
    /// One path of files or configuration.
    package struct Path: Sendable {
        /// In the snapshot, and on this machine unless a target directory is given.
        package let path: BytePath
        package let destination: BytePath
        package let node: Node
        package let exists: Bool
    }

    package struct Tree: Sendable {
        package let source: AppSource
        package let snapshot: CatalogedSnapshot
        package let paths: [Path]
        /// Named by the snapshot, but not in it: they could not be read when it was made.
        package let missing: [BytePath]
    }

    package struct Database: Sendable {
        package enum Destination: Sendable, CustomStringConvertible {
            /// An SQLite database's file.
            case file(BytePath, Node, DatabaseManifest)
            /// A database on a server.
            case server(AppDatabaseServer, ServerManifest)
            /// The files of a dump, for the stock client to load.
            case directory(BytePath)

            package var description: String {
                switch self {
                case .file(let path, _, _): "\(path)"
                case .server(let server, _): "\(server)"
                case .directory(let path): "\(path) (as a dump)"
                }
            }

            /// Its place in the file system.
            package var path: BytePath? {
                switch self {
                case .file(let path, _, _), .directory(let path): path
                case .server: nil
                }
            }
        }

        package let saved: AppDatabaseSnapshot
        package let destination: Destination
        package let exists: Bool
        /// Only these tables, as the snapshot spells them; empty for the whole database.
        package let tables: [SchemaText]

        /// An SQL file of somebody else, which does not say what it should hold: there is nothing to count or compare.
        package var isUndescribed: Bool {
            if case .dump(let manifest) = saved.content { manifest.method == .client && manifest.tables.isEmpty && manifest.objects.isEmpty } else { false }
        }

        /// What the manifest says about everything that will come back.
        /// (Empty where a file of others says nothing of itself.)
        package var restoredTables: [AppDatabaseFigures.Table] { tables.isEmpty ? saved.figures.tables : saved.figures.only(tables) }
    }

    package internal(set) var config: Tree?
    package internal(set) var databases: [Database] = []
    package internal(set) var files: Tree?
    /// What a person should know before saying yes.
    package internal(set) var warnings: [String] = []
    /// Nil when the application itself is restored.
    package let target: BytePath?

    package var trees: [Tree] { [config, files].compactMap { $0 } }

    package var snapshots: [CatalogedSnapshot] {
        [config?.snapshot].compactMap { $0 } + databases.map(\.saved.snapshot) + [files?.snapshot].compactMap { $0 }
    }

    /// Whether anything that is there now would be replaced.
    package var replacesSomething: Bool { trees.contains { $0.paths.contains(where: \.exists) } || databases.contains(where: \.exists) }
}

/// Which recovery point, and which parts of it.
package struct AppRestoreSelection: Sendable {
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    /// The newest state at or before this instant; nil for the newest of all.
    package var instant: Timestamp?
    /// Ids or their beginnings instead: exactly these, also safety backups and damaged captures.
    package var snapshotIDs: [String] = []
    package var tables: [String] = []
    package var target: BytePath?
    /// Where on which server a database goes instead.
    package var server = AppServerOverride()

    package init() {}
}

struct AppRestorePlanner {
    let workbench: AppWorkbench
    let selection: AppRestoreSelection
    let catalog: AppCatalog
    let reader: BlobReader

    init(_ workbench: AppWorkbench, _ selection: AppRestoreSelection, _ indexed: IndexedRepository, _ snapshots: [CatalogedSnapshot]) {
        self.workbench = workbench
        self.selection = selection
        catalog = AppCatalog(snapshots, of: workbench)
        reader = BlobReader(indexed)
    }

    func plan() throws -> AppRestorePlan {
        var plan = AppRestorePlan(target: selection.target)
        for (source, snapshot) in try chosen() {
            switch source {
            case .config: plan.config = try tree(.config, snapshot)
            case .files: plan.files = try tree(.files, snapshot)
            case .database: plan.databases.append(try database(snapshot, plan.config))
            }
        }
        if plan.target == nil {
            let env = try environment(plan.config)
            plan.warnings = plan.databases.compactMap { AppKeyFingerprint.warning($0.saved.snapshot.snapshot, now: env) }
        }
        guard !plan.snapshots.isEmpty else { throw nothingToRestore }
        return plan
    }

    // MARK: Choosing snapshots

    /// The snapshots of the recovery point, in the order in which they are brought back.
    func chosen() throws -> [(AppSource, CatalogedSnapshot)] {
        // The very latest snapshot may be the safety backup of an earlier restore: what `latest` means here is the newest backup.
        let ids = selection.snapshotIDs.filter { $0 != "latest" }
        if !ids.isEmpty { return try ids.map(named) }
        let known = workbench.application.databases.compactMap(\.savedPath)
        return AppSource.allCases.filter(selection.sources.contains).flatMap { source -> [(AppSource, CatalogedSnapshot)] in
            switch source {
            case .database: catalog.newestDatabases(known: known, notAfter: selection.instant).map { (source, $0) }
            default: catalog.newest(source, notAfter: selection.instant).map { [(source, $0)] } ?? []
            }
        }
    }

    private func named(_ id: String) throws -> (AppSource, CatalogedSnapshot) {
        let snapshot = try SnapshotCatalog.resolve(id, in: catalog.all).snapshot
        guard let source = snapshot.snapshot.heldSource else {
            throw Failure(
                .usage, "snapshot \(snapshot.id.short) holds no source of an application",
                hint: "use `lifeboat restore files --snapshot \(snapshot.id.short) --target DIR --repo …`")
        }
        guard selection.sources.contains(source) else {
            throw Failure(
                .usage, "snapshot \(snapshot.id.short) holds the \(source.rawValue)",
                hint: "use `lifeboat restore \(source.rawValue) --snapshot \(snapshot.id.short)`")
        }
        return (source, snapshot)
    }

    var nothingToRestore: Failure {
        let what = selection.sources.count == 1 ? selection.sources.first?.rawValue ?? "" : "application '\(workbench.application.name)'"
        let when = selection.instant.map { " at or before \($0)" } ?? ""
        return Failure(
            .failed, "there is no backup of the \(what)\(when) in \(workbench.access.address)",
            hint: catalog.all.isEmpty
                ? "check the application's name: `lifeboat snapshots` shows the tags" : "`lifeboat snapshots` lists what there is")
    }

    // MARK: Reading them

    private func tree(_ source: AppSource, _ snapshot: CatalogedSnapshot) throws -> AppRestorePlan.Tree {
        var paths: [AppRestorePlan.Path] = [], missing: [BytePath] = []
        for path in snapshot.snapshot.paths where path != .root {
            do {
                let node = try SnapshotPath.find(path, in: snapshot.snapshot.tree, reader: reader, snapshotName: snapshot.id.short)
                let destination = placed(path)
                paths.append(AppRestorePlan.Path(path: path, destination: destination, node: node, exists: exists(destination)))
            } catch RepositoryFailure.noSuchPath {
                missing.append(path)
            }
        }
        return AppRestorePlan.Tree(source: source, snapshot: snapshot, paths: paths, missing: missing)
    }

    private func database(_ snapshot: CatalogedSnapshot, _ config: AppRestorePlan.Tree?) throws -> AppRestorePlan.Database {
        let saved = try AppDatabaseSnapshot(snapshot, reader)
        // Elsewhere there is nothing to put tables into: the whole database comes out.
        let tables = (selection.target == nil ? selection.tables : []).map { SchemaText($0) }
        switch saved.content {
        case .file(let node, let manifest):
            let path = placed(livePath(saved.path))
            let chosen = try tables.map { try TableChoice.resolve($0, in: manifest.schema, of: path) }
            return AppRestorePlan.Database(saved: saved, destination: .file(path, node, manifest), exists: exists(path), tables: chosen)
        case .dump(let manifest):
            if selection.target != nil {
                let path = placed(saved.path)
                return AppRestorePlan.Database(saved: saved, destination: .directory(path), exists: exists(path), tables: [])
            }
            let server = try liveServer(saved, environment(config))
            let chosen = try server.choose(tables, from: manifest)
            return AppRestorePlan.Database(
                saved: saved, destination: .server(server, manifest), exists: try server.holdsTables(), tables: chosen)
        }
    }

    /// The application's variables as they will be: from the configuration that is about to come back, else as they are.
    private func environment(_ config: AppRestorePlan.Tree?) throws -> DotEnv? {
        let file = BytePath.resolve(workbench.settings.app.environmentFile, in: workbench.application.root)
        guard let config,
            let node = try? SnapshotPath.find(file, in: config.snapshot.snapshot.tree, reader: reader, snapshotName: config.snapshot.id.short),
            node.kind == .file, node.size <= UInt64(DotEnv.maximumByteCount)
        else { return workbench.env }
        return DotEnv(try (node.content ?? []).flatMap { try reader.read(BlobHandle(type: .data, id: $0)) }, file: file)
    }

    /// Where the settings say that the database is: the one of that name, or the only one there is.
    private func liveServer(_ saved: AppDatabaseSnapshot, _ env: DotEnv?) throws -> AppDatabaseServer {
        let application = try resolve(workbench.settings, env: env, probe: HostProbe())
        let onServers = application.databases.compactMap { database -> (ResolvedDatabase, DatabaseServer)? in
            if case .server(let place) = database.location { (database, place) } else { nil }
        }
        guard let (database, place) = onServers.first(where: { $0.0.savedPath == saved.path }) ?? (onServers.count == 1 ? onServers.first : nil) else {
            throw Failure(
                .configInvalid, "the settings name no server for the database of snapshot \(saved.snapshot.id.short)",
                hint: "bring back the configuration first (`lifeboat restore config`), or say where it is under `sources: database:`; `--target DIR` gets its files out")
        }
        return try AppDatabaseServer(database, place, env: env).applying(selection.server)
    }

    /// Where the settings say the database is; where it was, if they say nothing or name several others.
    private func livePath(_ saved: BytePath) -> BytePath {
        let known = workbench.application.databases.compactMap(\.savedPath)
        if known.count == 1, catalog.newestDatabases(known: []).count == 1 { return known[0] }
        return saved
    }

    private func placed(_ path: BytePath) -> BytePath {
        selection.target.map { BytePath($0.bytes + [BytePath.slash] + path.bytes).cleaned } ?? path
    }

    private func exists(_ path: BytePath) -> Bool { (try? FileStatus.ifExists(path)) ?? nil != nil }
}
