// AppSource: the parts of an application, and the tags by which their snapshots are told apart.
//
//   a backup         lifeboat · app=NAME · source=database · run=ID
//   a safety backup  lifeboat · app=NAME · safety · replaced=database · run=ID
//
// What a restore is about to replace is saved under `replaced=`, never under `source=`: nothing that looks for the newest state of a
// source, stock restic's `latest --tag source=database` among it, can then take the ruins for the building. A database that was damaged
// already when it was captured carries the further tag `damaged` and is only restored when it is asked for by its id. Databases also carry
// `app-key=…`, the fingerprint of the key their encrypted columns need (AppKeyFingerprint).

import RepositoryEngine
package import RepositoryFormat
package import Upkeep

package enum AppSource: String, Sendable, CaseIterable {
    // In the order in which they are saved and brought back: configuration names the database, the database names files.
    case config, database, files
}

enum AppTag {
    static let program = "lifeboat"
    static let safety = "safety"
    static let damaged = "damaged"

    static func application(_ name: String) -> String { "app=\(name)" }
    static func source(_ source: AppSource) -> String { "source=\(source.rawValue)" }
    static func replaced(_ source: AppSource) -> String { "replaced=\(source.rawValue)" }
    static func run(_ run: String) -> String { "run=\(run)" }

    static func backup(_ name: String, _ source: AppSource, run: String) -> [String] {
        [program, application(name), AppTag.source(source), AppTag.run(run)]
    }

    /// Of a file outside the repository, for the time of a restore.
    static func imported(_ name: String, _ source: AppSource) -> [String] { [program, application(name), importMark, replaced(source)] }
    static let importMark = "imported"

    static func safety(_ name: String, _ source: AppSource, run: String) -> [String] {
        [program, application(name), safety, replaced(source), AppTag.run(run)]
    }
}

extension SnapshotFile {
    private func value(of key: String) -> String? {
        tags.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
    }

    /// The source this is a good backup of; nil for safety backups, damaged captures and everybody else's snapshots.
    package var backupSource: AppSource? {
        tags.contains(AppTag.safety) || tags.contains(AppTag.damaged) ? nil : value(of: "source").flatMap(AppSource.init(rawValue:))
    }

    /// The source whose state this holds, safety backups and damaged captures included.
    package var heldSource: AppSource? { (value(of: "source") ?? value(of: "replaced")).flatMap(AppSource.init(rawValue:)) }
    package var isSafetyBackup: Bool { tags.contains(AppTag.safety) }
    package var runID: String? { value(of: "run") }

    /// Of an application's snapshot.
    var applicationName: String? { tags.contains(AppTag.program) ? value(of: "app") : nil }
}

extension SnapshotGrouping {
    /// restic's grouping by host and paths, with the snapshots of applications also told apart by application, source and purpose: safety
    /// backups have the paths of the backups they guard, and must never be counted among them.
    package static let withApplications = SnapshotGrouping(
        byMarks: TagMarks(program: AppTag.program, owner: "app=", prefixes: ["source=", "replaced="], words: [AppTag.safety, AppTag.damaged]))
}
