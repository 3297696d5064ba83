// AppDoctor: the verb `doctor`: everything a backup and a restore will need, tried now, with what to do about what is missing.
// Changes nothing but makes, and removes again, one file in the state directory.

import Bytes
import Databases
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

package struct AppDoctor {
    package struct Finding: Sendable {
        package enum Level: String, Sendable { case good, warning, bad }

        package let level: Level
        package let text: String
        package let hint: String?

        init(_ level: Level, _ text: String, hint: String? = nil) {
            self.level = level
            self.text = text
            self.hint = hint
        }

        init(_ failure: Failure) { self.init(.bad, failure.message, hint: failure.hint) }
    }

    package let workbench: AppWorkbench

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package func run() -> [Finding] {
        let settings = Finding(
            .good,
            "settings: \(workbench.settings.file), application '\(workbench.application.name)' (\(workbench.application.framework)) in \(workbench.application.root)"
        )
        return [settings] + notes + databases + paths + key + repository + state
    }

    private var notes: [Finding] {
        (workbench.settings.inactive + workbench.application.notices).map { Finding(.warning, $0) }
            + AppPlaces(workbench).warnings.map { Finding(.warning, $0) }
    }

    // MARK: The application

    private var databases: [Finding] {
        if workbench.application.databases.isEmpty {
            return [Finding(.warning, "no database: none was found and none is named under `sources:`")]
        }
        return workbench.application.databases.flatMap(look)
    }

    private func look(_ database: ResolvedDatabase) -> [Finding] {
        guard let file = database.file else {
            return [
                Finding(
                    .bad, "database: \(database.summary): this version of lifeboat backs up SQLite only",
                    hint: "dump it into a directory under `sources: files:`")
            ]
        }
        do throws(DatabaseFailure) {
            let probe = try workbench.sqlite.probe(file)
            let mode = probe.journalMode == .wal ? "WAL" : "rollback journal"
            let text = "database: \(file): SQLite, \(mode), \(probe.tableCount) tables, \(ByteCount(probe.byteCount + probe.logByteCount))"
            let writable =
                probe.isWritable
                ? []
                : [
                    Finding(
                        .warning, "this user may read the database '\(file)', but not restore it",
                        hint: "run lifeboat as its owner or as root")
                ]
            return [Finding(.good, text)] + writable + probe.advice.map { Finding(.warning, $0) }
        } catch {
            return [Finding(error.failure)]
        }
    }

    private var paths: [Finding] {
        let application = workbench.application
        return readable("files", application.files?.paths ?? []) + readable("config", application.config)
    }

    private func readable(_ label: String, _ paths: [BytePath]) -> [Finding] {
        paths.map { path in
            do throws(SystemError) {
                let status = try FileStatus.following(path)
                if status.kind == .directory { _ = try Directory.entries(of: path) } else { _ = try Descriptor.open(path, .readUnfollowed) }
                return Finding(.good, "\(label): \(path)")
            } catch {
                return Finding(.bad, "\(label): \(error.description)", hint: error.failure.hint ?? "correct the path under `sources:`")
            }
        }
    }

    // MARK: The repository

    private var key: [Finding] {
        guard case .file(let path) = workbench.access.password else { return [] }
        guard let status = try? FileStatus.following(path) else {
            return [
                Finding(.bad, "key: there is no file '\(path)'", hint: "bring it back from your copy: without it no backup can be read")
            ]
        }
        let isPrivate = status.mode & 0o077 == 0
        return isPrivate
            ? [Finding(.good, "key: \(path)")]
            : [Finding(.warning, "key: others may read '\(path)'", hint: "chmod 600 \(path)")]
    }

    private var repository: [Finding] {
        do {
            let repository = try workbench.access.open()
            let snapshots = AppCatalog(try SnapshotCatalog.load(repository), of: workbench).all.count
            var findings = [
                Finding(.good, "repository: \(workbench.access.address) opens with the key; \(snapshots) snapshots of this application")
            ]
            for (_, lock) in try RepositoryLock.locks(of: repository) {
                let isStale = RepositoryLock.isStale(lock, workbench.identity)
                findings.append(
                    Finding(
                        .warning,
                        "repository: \(isStale ? "a stale lock" : "in use") since \(lock.time) by process \(lock.processID) on \(lock.hostName)",
                        hint: isStale ? "the next run removes it" : nil))
            }
            let free = try Directory.freeSpace(at: workbench.repositoryPath)
            findings.append(Finding(free < 1 << 30 ? .warning : .good, "repository: \(ByteCount(free)) free"))
            return findings
        } catch {
            return [Finding(Failure(describing: error))]
        }
    }

    private var state: [Finding] {
        let directory = workbench.state.directory
        do throws(SystemError) {
            try Directory.createAll(directory)
            let trial = directory.appending("trial-\(Host.processID)")
            let nothing: [UInt8] = []
            try AtomicFile.write(nothing.span, to: trial)
            try Directory.remove(trial)
            let needed = workbench.application.databases.compactMap(\.file).reduce(UInt64(0)) {
                $0 + ((try? FileStatus.following($1))?.size ?? 0)
            }
            let free = try Directory.freeSpace(at: directory)
            if free < needed {
                return [
                    Finding(
                        .bad, "state: '\(directory)' has \(ByteCount(free)) free, the copy of the database needs \(ByteCount(needed))",
                        hint: "use `lifeboat backup --staging DIR`")
                ]
            }
            return [Finding(.good, "state: \(directory), \(ByteCount(free)) free for passing copies of databases")]
        } catch {
            return [Finding(.bad, error.description, hint: "set LIFEBOAT_STATE_DIR to a directory this user can write")]
        }
    }
}
