// AppDatabaseRestore: one SQLite database on its way back.
//
// Fetch: 1. the file comes out of the snapshot into a private directory beside its destination (the same file system: one rename
// will do); 2. it must be, byte for byte and row for row, what its manifest says, and pass integrity_check. Apply: it takes the live
// database's place (SQLiteSwap), or only chosen tables of it do. Whatever is left of a fetch is removed, by this run or, after a
// kill, by the next.

import Archiving
import Bytes
import Databases
import HostOS
import RepositoryEngine
import RepositoryFormat

struct AppDatabaseRestore {
    /// A proved file, waiting beside the place it is for.
    struct Fetched: FetchedDatabase {
        let restore: AppDatabaseRestore
        let database: AppRestorePlan.Database
        let destination: BytePath
        let node: Node
        let file: BytePath
        let summary: RestoreSummary
        let notes: [String]
        /// At its final place already: nothing to apply, nothing to discard.
        let isInPlace: Bool

        var proof: String { "integrity_check ok, every table as saved" }

        func apply() throws -> [String] { try restore.apply(self) }

        func discard() {
            if isInPlace { return }
            for path in [file] + SQLiteFiles.companions(of: file) { try? Directory.remove(path) }
        }
    }

    let workbench: AppWorkbench
    let indexed: IndexedRepository
    let staging: BytePath
    let replacesWhileOpen: Bool
    let progress: Progress
    let cancellation: Cancellation

    // MARK: Fetch

    func fetch(
        _ database: AppRestorePlan.Database, to destination: BytePath, _ node: Node, _ manifest: DatabaseManifest, isElsewhere: Bool
    ) throws -> Fetched {
        let saved = database.saved
        let file: BytePath
        if !database.tables.isEmpty && !isElsewhere {
            file = staging.appending("tables-from-" + saved.snapshot.id.short)
        } else {
            try makeDirectory(for: destination, node)
            try removeLeftovers(beside: destination)
            file = SQLiteFiles.stagingPath(beside: destination)
        }
        do {
            let summary = try saved.extract(node, to: file, indexed, progress: progress, cancellation: cancellation)
            let verification = try workbench.sqlite.verify(file, against: manifest)
            try verification.requireProof(of: destination)
            if isElsewhere { try moveInPlace(file, destination) }
            return Fetched(
                restore: self, database: database, destination: destination, node: node, file: file, summary: summary,
                notes: verification.foreignKeyProblems.map { "the backup has rows whose references lead nowhere: \($0)" },
                isInPlace: isElsewhere)
        } catch {
            try? Directory.remove(file)
            throw error
        }
    }

    private func moveInPlace(_ file: BytePath, _ destination: BytePath) throws {
        for path in SQLiteFiles.companions(of: destination) where try FileStatus.ifExists(path) != nil { try Directory.remove(path) }
        try Directory.rename(file, to: destination)
    }

    /// What killed restores left: nobody else makes such names, and this run holds the lock.
    private func removeLeftovers(beside destination: BytePath) throws {
        let place = Directory.canonical(destination) ?? destination
        let prefix = Array(".".utf8) + place.name + Array(".lifeboat-restore-".utf8)
        for entry in try Directory.entries(of: place.parent) where entry.name.starts(with: prefix) {
            try Directory.removeTree(place.parent.appending(entry.name))
        }
    }

    /// Makes the database's directory if the disaster took it. Nothing says how it was; SQLite needs one that the database's own
    /// user may write, so it gets that owner, and may be entered by whoever may read the file.
    private func makeDirectory(for destination: BytePath, _ node: Node) throws {
        let mode = node.mode.posixPermissions & 0o777
        let entering = (mode & 0o444) >> 2
        try AppAncestors.make(destination.parent) { _ in
            AppAncestors.Metadata(mode: mode | entering | 0o700, userID: node.userID, groupID: node.groupID)
        }
    }

    // MARK: Apply

    private func apply(_ fetched: Fetched) throws -> [String] {
        if fetched.isInPlace { return [] }
        let live = fetched.destination, node = fetched.node
        let ownership = FileOwnership(userID: node.userID, groupID: node.groupID, mode: node.mode.posixPermissions)
        let options = SwapOptions(replacesWhileOpen: replacesWhileOpen, ownership: ownership)
        do throws(DatabaseFailure) {
            guard fetched.database.tables.isEmpty else {
                let report = try workbench.sqlite.replaceTables(fetched.database.tables, of: live, from: fetched.file, options: options)
                return report.swap.notes + report.foreignKeyProblems.map { "rows whose references lead nowhere now: \($0)" }
            }
            return try workbench.sqlite.swap(fetched.file, onto: live, options: options).notes
        } catch {
            guard error.kind == .inUse else { throw error }
            throw Failure(
                .failed, error.description,
                hint: "stop what uses it and run the same command again; --force replaces it all the same, and what uses it must be restarted then")
        }
    }
}
