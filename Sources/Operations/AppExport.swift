// AppExport: the verb `export`: sources of an application as one file outside of any repository, that other programs read.
//
// 1. The newest good snapshot of each source is chosen, or the last before an instant, or those that are named: as a restore does.
// 2. `.tar`: the files of all of them, below `config/`, `database/` and `files/` under the paths they had (GNU tar puts files back
//    with `-C / --strip-components 1`), after a file `lifeboat-export.json` that says what this is. `.sql`: one database as a script for the
//    stock client of its kind; of an SQLite database by way of a private copy of its file. `.sqlite`: one SQLite database's file.
// 3. Compressed while it is written; everything that passes is verified. The file appears under its name whole and durable, readable
//    by its owner alone, or not at all.
//
// It is not encrypted: what is in it, passwords in the configuration too, anybody can read who can read the file.

package import Archiving
package import Bytes
import Codecs
import Databases
import HostOS
package import RepositoryEngine
import RepositoryFormat
import Settings

package struct AppExport {
    package enum Destination {
        /// - Parameter replaces: whether a file of that name is replaced.
        case file(BytePath, replaces: Bool)
        case stream((Span<UInt8>) throws -> Void)
    }

    package struct Outcome: Sendable {
        package let snapshots: [CatalogedSnapshot]
        package internal(set) var fileCount: UInt64 = 0
        /// Rows of databases, as their manifests count them.
        package internal(set) var rowCount: UInt64 = 0
        /// Of the file that was written.
        package internal(set) var byteCount: UInt64 = 0
        /// What a person should know.
        package internal(set) var notes: [String] = []
    }

    package let workbench: AppWorkbench
    package var selection = AppRestoreSelection()
    package let form: ExportForm
    package let destination: Destination

    package init(_ workbench: AppWorkbench, _ form: ExportForm, to destination: Destination) {
        self.workbench = workbench
        self.form = form
        self.destination = destination
    }

    package func run(progress: Progress = Progress(), cancellation: Cancellation = Cancellation()) throws -> Outcome {
        let damaged = DamagedSnapshots()
        return try damaged.watching(workbench.access).withIndex(.shared, onlyReading: true) { indexed, snapshots in
            var selection = selection
            // With a place of its own for everything no server is asked, and no live file looked at.
            selection.target = .root
            let plan = try AppRestorePlanner(workbench, selection, indexed, snapshots).plan()
            try refuseImpossible(plan)
            let action = AuditTrail.Action("export", "\(AuditTrail.names(plan.snapshots.map(\.id))) to \(place)")
            return try workbench.access.audit.record(action, announced: false) {
                var outcome = try write(plan, indexed, progress, cancellation)
                outcome.notes = damaged.messages + outcome.notes
                return outcome
            }
        }
    }

    private var place: String {
        switch destination {
        case .file(let path, _): "'\(path)'"
        case .stream: "standard output"
        }
    }

    /// A script or a database's file is of one database.
    private func refuseImpossible(_ plan: AppRestorePlan) throws {
        if form.content == .tar { return }
        let kind = form.content == .sql ? ".sql" : ".sqlite"
        guard plan.trees.isEmpty else {
            throw Failure(.usage, "files do not fit into a \(kind) file", hint: "write a .tar, or export the database alone: `lifeboat export database …`")
        }
        guard plan.databases.count == 1, let database = plan.databases.first else {
            throw Failure(
                .usage, "there are \(plan.databases.count) databases, and a \(kind) file holds one", hint: "choose one with --snapshot ID, or write a .tar")
        }
        switch (database.saved.content, form.content) {
        case (.dump, .sqlite):
            throw Failure(.usage, "'\(database.saved.path)' is no SQLite database", hint: "write a .sql or a .tar")
        default: break
        }
    }

    // MARK: Writing

    private func write(
        _ plan: AppRestorePlan, _ indexed: IndexedRepository, _ progress: Progress, _ cancellation: Cancellation
    ) throws -> Outcome {
        var outcome = Outcome(snapshots: plan.snapshots)
        switch destination {
        case .stream(let sink): try compressed(plan, indexed, progress, cancellation, &outcome, to: sink)
        case .file(let path, let replaces):
            let file: NewFile
            do {
                file = try NewFile(path, replaces: replaces)
            } catch {
                guard error.kind == .exists else { throw error }
                throw Failure(.failed, "'\(path)' exists already", hint: "choose another name, or replace it with --force")
            }
            // On every way out but success the temporary file is removed.
            defer { file.discard() }
            try compressed(plan, indexed, progress, cancellation, &outcome) { try file.write($0) }
            try file.finish()
        }
        return outcome
    }

    private func compressed(
        _ plan: AppRestorePlan, _ indexed: IndexedRepository, _ progress: Progress, _ cancellation: Cancellation, _ outcome: inout Outcome,
        to sink: @escaping (Span<UInt8>) throws -> Void
    ) throws {
        let compressor = try form.compression.compressor(), written = Counter()
        let counted: (Span<UInt8>) throws -> Void = { bytes in
            written.byteCount += UInt64(bytes.count)
            try sink(bytes)
        }
        let plain: (Span<UInt8>) throws -> Void = { try compressor.write($0, to: counted) }
        outcome.rowCount = plan.databases.reduce(0) { $0 + $1.saved.figures.tables.reduce(0) { $0 + ($1.rowCount ?? 0) } }
        let onBytes: (Int) throws -> Void = { count in
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            progress.add(bytes: UInt64(count))
        }
        switch (form.content, plan.databases.first) {
        case (.tar, _), (_, nil):
            let archive = ExportArchive(indexed, progress: progress, cancellation: cancellation, sink: plain)
            try fill(archive, plan, indexed)
            outcome.fileCount = archive.fileCount
            if !archive.leftOut.isEmpty {
                let names = archive.leftOut.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
                outcome.notes.append("\(archive.leftOut.count) pipes, sockets or devices have no place in the archive: \(names)")
            }
        case (_, let database?):
            progress.expect(files: 0, bytes: database.saved.figures.byteCount)
            outcome.fileCount = 1
            try write(database.saved, indexed, onBytes, plain)
        }
        try compressor.finish(to: counted)
        outcome.byteCount = written.byteCount
    }

    /// One database without any archive around it.
    private func write(
        _ saved: AppDatabaseSnapshot, _ indexed: IndexedRepository, _ onBytes: @escaping (Int) throws -> Void,
        _ sink: @escaping (Span<UInt8>) throws -> Void
    ) throws {
        switch saved.content {
        case .dump(let manifest):
            let source = RepositoryDumpSource(indexed, tree: saved.snapshot.snapshot.tree, snapshotName: saved.snapshot.id.short)
            try SQLExport(manifest, from: source, onBytes: onBytes, to: sink).run()
        case .file(let node, let manifest):
            if form.content == .sql { return try writeScript(saved, node, manifest, indexed, onBytes, sink) }
            try FileContent.read(node.content ?? [], indexed) { bytes in
                try onBytes(bytes.count)
                try sink(bytes)
            }
        }
    }

    /// The file comes out of the repository into a private directory, is proved, becomes a script there, and that is what is written.
    private func writeScript(
        _ saved: AppDatabaseSnapshot, _ node: Node, _ manifest: DatabaseManifest, _ indexed: IndexedRepository, _ onBytes: (Int) throws -> Void,
        _ sink: (Span<UInt8>) throws -> Void
    ) throws {
        let staging = try workbench.state.makeStaging(run: "export", under: try workbench.state.acquireRunLock())
        defer { try? Directory.removeTree(staging) }
        let copy = staging.appending("copy"), script = staging.appending("script")
        _ = try saved.extract(node, to: copy, indexed)
        try workbench.sqlite.verify(copy, against: manifest).requireProof(of: saved.path)
        try workbench.sqlite.writeScript(of: copy, to: script)
        let file = try Descriptor.open(script, .read)
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws(SystemError) in try file.read(into: &span) }
            if piece.isEmpty { return }
            try onBytes(piece.count)
            try sink(piece.span)
        }
    }

    private final class Counter {
        var byteCount: UInt64 = 0
    }

    // MARK: The archive

    private func fill(_ archive: ExportArchive, _ plan: AppRestorePlan, _ indexed: IndexedRepository) throws {
        let sources = AppSource.allCases.filter(selection.sources.contains).map(\.rawValue)
        try archive.add(file: ExportLayout.mark, content: ExportLayout.description(of: workbench.application.name, sources))
        if let config = plan.config { try add(config, below: ExportLayout.folder(of: .config), archive) }
        for (index, database) in plan.databases.enumerated() {
            let saved = database.saved, folder = ExportLayout.folder(of: .database), place = BytePath(folder.bytes + saved.path.bytes)
            if index == 0 { try archive.add(directory: folder, time: saved.snapshot.snapshot.time) }
            try archive.add(directory: place, time: saved.snapshot.snapshot.time)
            try archive.add(tree: saved.snapshot.snapshot.tree, at: place, of: saved.snapshot)
        }
        if let files = plan.files { try add(files, below: ExportLayout.folder(of: .files), archive) }
        try archive.finish()
    }

    private func add(_ tree: AppRestorePlan.Tree, below folder: BytePath, _ archive: ExportArchive) throws {
        try archive.add(directory: folder, time: tree.snapshot.snapshot.time)
        for path in tree.paths {
            try archive.add(path.node, at: BytePath(folder.bytes + [BytePath.slash] + path.path.bytes).cleaned, of: tree.snapshot)
        }
    }
}
