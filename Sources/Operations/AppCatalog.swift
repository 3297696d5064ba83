// AppCatalog: the snapshots of one application, and which of them make up a recovery point.
//
// A recovery point at an instant is, for each source, the newest good snapshot at or before it. An application with several
// databases has a snapshot for each: all of the newest run that saved any, and for a database missing from that run its own newest.

package import Bytes
package import RepositoryEngine
import RepositoryFormat
import Settings

package struct AppCatalog: Sendable {
    /// Everything tagged with the application's name, oldest first.
    package let all: [CatalogedSnapshot]

    package init(_ snapshots: [CatalogedSnapshot], application name: String) {
        let tags = [AppTag.program, AppTag.application(name)]
        all = snapshots.filter { snapshot in tags.allSatisfy(snapshot.snapshot.tags.contains) }
    }

    /// The snapshots of the application on a workbench. A name that was only detected, from an .env file that a disaster took, may
    /// have become another one: then the newest snapshot of anything below the application's root says what it was.
    init(_ snapshots: [CatalogedSnapshot], of workbench: AppWorkbench) {
        let detected = workbench.application.name
        let isKnown = workbench.settings.app.name != nil || snapshots.contains { $0.snapshot.applicationName == detected }
        let root = workbench.application.root
        let earlier =
            isKnown ? nil : snapshots.last { $0.snapshot.applicationName != nil && $0.snapshot.paths.contains(where: root.contains) }
        self.init(snapshots, application: earlier?.snapshot.applicationName ?? detected)
    }

    /// Good backups of a source, oldest first.
    package func backups(of source: AppSource, notAfter limit: Timestamp? = nil) -> [CatalogedSnapshot] {
        all.filter { candidate in
            candidate.snapshot.backupSource == source && limit.map { candidate.snapshot.time <= $0 } ?? true
        }
    }

    /// The newest good backup of files or configuration.
    package func newest(_ source: AppSource, notAfter limit: Timestamp? = nil) -> CatalogedSnapshot? {
        backups(of: source, notAfter: limit).last
    }

    /// The newest good backup of the database at `path`.
    package func newestDatabase(_ path: BytePath, notAfter limit: Timestamp? = nil) -> CatalogedSnapshot? {
        backups(of: .database, notAfter: limit).last { $0.snapshot.paths == [path] }
    }

    /// The databases of a recovery point.
    /// - Parameter known: the databases of the application as it is configured now.
    package func newestDatabases(known: [BytePath], notAfter limit: Timestamp? = nil) -> [CatalogedSnapshot] {
        let backups = backups(of: .database, notAfter: limit)
        guard let newest = backups.last else { return [] }
        var chosen: [CatalogedSnapshot] = []
        for candidate in backups.reversed() where candidate.snapshot.runID == newest.snapshot.runID {
            if !chosen.contains(where: { $0.snapshot.paths == candidate.snapshot.paths }) { chosen.append(candidate) }
        }
        for path in known where !chosen.contains(where: { $0.snapshot.paths == [path] }) {
            if let older = backups.last(where: { $0.snapshot.paths == [path] }) { chosen.append(older) }
        }
        return chosen.sorted { ($0.snapshot.paths.first ?? .root) < ($1.snapshot.paths.first ?? .root) }
    }

    /// The snapshot to compare with when `paths` are saved again: what has not changed since need not be read.
    func parent(of source: AppSource, paths: [BytePath], host: String) -> CatalogedSnapshot? {
        backups(of: source).last { candidate in
            candidate.snapshot.hostName == host && paths.allSatisfy(candidate.snapshot.paths.contains)
        }
    }
}
