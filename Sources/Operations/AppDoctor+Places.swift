// AppDoctor+Places: key, repository, state directory, and room for a restore.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

extension AppDoctor {
    var key: [Finding] {
        guard case .file(let path) = workbench.access.password else { return [] }
        guard let status = try? FileStatus.following(path) else {
            return [Finding(.bad, "key: there is no file '\(path)'", hint: "bring it back from your copy: without it no backup can be read")]
        }
        let isPrivate = status.mode & 0o077 == 0
        return isPrivate
            ? [Finding(.good, "key: \(path)")]
            : [Finding(.warning, "key: others may read '\(path)'", hint: "chmod 600 \(path)")]
    }

    /// What there is in the repository (nil if that cannot be seen), and what is to be said about it.
    var repository: (AppCatalog?, [Finding]) {
        do {
            let repository = try workbench.access.open()
            let catalog = AppCatalog(try SnapshotCatalog.load(repository), of: workbench)
            var findings = [
                Finding(.good, "repository: \(workbench.access.address) opens with the key; \(catalog.all.count) snapshots of this application")
            ]
            findings += try locks(of: repository) + keys(of: repository)
            let free = try Directory.freeSpace(at: workbench.repositoryPath)
            findings.append(
                free < 1 << 30
                    ? Finding(.warning, "repository: only \(ByteCount(free)) free", hint: "lifeboat forget --prune --dry-run")
                    : Finding(.good, "repository: \(ByteCount(free)) free"))
            return (catalog, findings)
        } catch {
            return (nil, [Finding(Failure(describing: error))])
        }
    }

    private func locks(of repository: Repository) throws -> [Finding] {
        try RepositoryLock.locks(of: repository).map { _, lock in
            let isStale = RepositoryLock.isStale(lock, workbench.identity)
            return Finding(
                .warning,
                "repository: \(isStale ? "a stale lock" : "in use") since \(lock.time) by process \(lock.processID) on \(lock.hostName)",
                hint: isStale ? "lifeboat unlock (or leave it to the next run, which removes it)" : nil)
        }
    }

    private func keys(of repository: Repository) throws -> [Finding] {
        guard try repository.keyring.list().count == 1 else { return [] }
        return [
            Finding(
                .warning, "key: nothing but this one key opens the repository. Is there a copy of it away from this machine?",
                hint: "copy it, or add a second one to keep elsewhere: lifeboat key add --new-password-file FILE")
        ]
    }

    var state: [Finding] {
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

    /// Whether the newest state would fit on the application's disk if everything there were lost.
    func room(for catalog: AppCatalog?) -> [Finding] {
        guard let catalog else { return [] }
        let newest = AppSource.allCases.compactMap { catalog.newest($0) }
        let needed = newest.reduce(UInt64(0)) { $0 &+ ($1.snapshot.summary?.totalBytesProcessed ?? 0) }
        guard needed > 0, let free = try? Directory.freeSpace(at: workbench.application.root) else { return [] }
        let text = "restore: everything takes \(ByteCount(needed)), and \(workbench.application.root) has \(ByteCount(free)) free"
        return free >= needed
            ? [Finding(.good, text)]
            : [Finding(.warning, text + ": enough only where what is there can be replaced", hint: "make room on its disk, or restore elsewhere with --target DIR")]
    }
}
