// AppWorkbench: one application with everything a verb needs: settings applied to this machine, the way into its repository, its
// state directory, the SQLite worker. Opening it reads the settings and touches nothing else.
//
// What wins: a flag, then LIFEBOAT_* variables, then the settings file, then RESTIC_* variables (which a machine may have set for
// something else), then a question at the terminal.

package import Bytes
package import Databases
import HostOS
package import RepositoryEngine
package import Settings
import Stores

/// What flags and environment say about the repository.
package struct AppOverrides: Sendable {
    /// By flag or LIFEBOAT_*.
    package var repository: String?
    package var password: PasswordSource?
    /// Where the settings file is silent: RESTIC_*, or a question.
    package var fallbackRepository: String?
    package var fallbackPassword: @Sendable () throws -> PasswordSource?
    package var keyHint: String?
    package var retryLockSeconds: Int64 = 0
    package var withoutLock = false

    package init(fallbackPassword: @escaping @Sendable () throws -> PasswordSource? = { nil }) { self.fallbackPassword = fallbackPassword }
}

package struct AppWorkbench: Sendable {
    package let settings: SettingsFile
    package let application: ResolvedApplication
    /// The application's own variables; nil if it has no env file.
    package let env: DotEnv?
    package var access: RepositoryAccess
    package let state: AppState
    package let sqlite: SQLiteClient
    package let identity: Identity
    package let programVersion: String

    /// Where the repository lies in this machine's file system.
    package var repositoryPath: BytePath {
        switch access.address {
        case .local(let path): path
        }
    }

    /// What the good backups of one of its sources have in common.
    package func backups(of source: AppSource) -> SnapshotFilter {
        SnapshotFilter(hosts: [], tagLists: [[AppTag.program, AppTag.application(application.name), AppTag.source(source)]], paths: [])
    }

    package init(
        settings: SettingsFile, overrides: AppOverrides = AppOverrides(), state: AppState? = nil, sqlite: SQLiteClient? = nil,
        identity: Identity = .ofThisProcess(), programVersion: String
    ) throws {
        let probe = HostProbe()
        let root = BytePath.resolve(settings.app.root, in: settings.file.parent)
        let env = DotEnv.read(settings.app.environmentFile, root: root, probe: probe)
        let application = try resolve(settings, env: env, probe: probe)
        self.settings = settings
        self.env = env
        self.application = application
        self.state = try state ?? AppState(application: application.name)
        self.sqlite = try sqlite ?? .ofThisProgram()
        self.identity = identity
        self.programVersion = programVersion
        var access = try AppWorkbench.access(application, settings, overrides)
        access.audit = .ofApplication(self.state)
        self.access = access
    }

    /// Finds and reads the settings.
    package static func open(_ lookup: AppLookup, overrides: AppOverrides = AppOverrides(), programVersion: String) throws -> AppWorkbench {
        try AppWorkbench(settings: AppLookup.read(lookup.find()), overrides: overrides, programVersion: programVersion)
    }

    private static func access(
        _ application: ResolvedApplication, _ settings: SettingsFile, _ overrides: AppOverrides
    ) throws -> RepositoryAccess {
        let configured = application.repositories.first { $0.copyFrom == nil } ?? application.repositories.first
        guard let url = overrides.repository ?? configured?.url ?? overrides.fallbackRepository else {
            throw Failure(
                .configInvalid, "'\(settings.file)' names no repository", hint: "add `repository: /mnt/backup/app`, or use --repo")
        }
        var password = overrides.password
        if password == nil { password = try application.key.map(PasswordSource.init) }
        if password == nil { password = try overrides.fallbackPassword() }
        guard let password else { throw RepositoryFailure.noPassword }
        return RepositoryAccess(
            address: try StoreAddress(parsing: url, relativeTo: Host.workingDirectory()), password: password, keyHint: overrides.keyHint,
            retryLockSeconds: overrides.retryLockSeconds, withoutLock: overrides.withoutLock)
    }
}

extension SQLiteClient {
    /// A worker that is this program again. It gets no environment but what a program needs to start: no secret of ours.
    package static func ofThisProgram() throws -> SQLiteClient {
        let executable = try Child.ownExecutable()
        let names = ["PATH", "HOME", "TMPDIR", "SQLITE_TMPDIR", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH"]
        let environment = names.compactMap { name in Host.environment(name).map { Array("\(name)=\($0)".utf8) } }
        return SQLiteClient { (request) throws(SystemError) in
            try Child.run(
                executable, [Array("sqlite-worker".utf8)], environment: environment, standardInput: request,
                outputLimit: SQLiteWorker.maximumByteCount)
        }
    }
}
