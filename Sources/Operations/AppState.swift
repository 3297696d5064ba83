// AppState: the directory in which one application's journal, lock and passing copies live on this machine.
//
//   $LIFEBOAT_STATE_DIR/APP, else $XDG_STATE_HOME/lifeboat/APP, else /var/lib/lifeboat/APP for root and
//   ~/.local/state/lifeboat/APP for everybody else
//
// The lock (flock on a file) keeps two runs of the same application on this machine apart; the system drops it with its process, so
// whatever a killed run left in `staging` can be cleared by the next one that holds it. Everything is 0700 or 0600.

package import Bytes
import HostOS
package import Journal
import Settings

package struct AppState: Sendable {
    package let directory: BytePath
    package var journalPath: BytePath { directory.appending("journal.sqlite") }

    package init(directory: BytePath) { self.directory = directory }

    package var auditLog: AuditLog { AuditLog(in: directory) }

    package init(application name: String) throws {
        directory = try AppState.root().appending(Detection.identifier(name) ?? "application")
    }

    /// For what is done to repositories of no application: only an audit log. No application's name has an underscore in front.
    package static func ofRepositories() throws -> AppState { AppState(directory: try root().appending("_repositories")) }

    /// Above the directories of all applications.
    private static func root() throws -> BytePath {
        func variable(_ name: String) -> BytePath? { Host.environment(name).flatMap { $0.isEmpty ? nil : BytePath($0) } }
        if let chosen = variable("LIFEBOAT_STATE_DIR") {
            return BytePath.resolve(chosen, in: Host.workingDirectory())
        } else if let home = variable("XDG_STATE_HOME") {
            return home.appending("lifeboat")
        } else if Host.isRoot {
            return "/var/lib/lifeboat"
        } else if let home = variable("HOME") {
            return home.appending(".local/state/lifeboat")
        } else {
            throw Failure(.failed, "there is no place for lifeboat's own records: HOME is not set", hint: "set LIFEBOAT_STATE_DIR")
        }
    }

    /// Held from `acquire` until it is let go of.
    package final class RunLock: Sendable {
        private let file: Descriptor
        fileprivate init(_ file: consuming Descriptor) { self.file = file }
    }

    /// - Throws: exit status 11 if another run of this application holds it.
    package func acquireRunLock() throws -> RunLock {
        try Directory.createAll(directory)
        let file = try Descriptor.open(directory.appending("lock"), .openOrCreate)
        guard file.tryLock() else {
            throw Failure(
                .locked, "another backup or restore of this application is running on this machine",
                hint: "wait for it to end; `lifeboat history` shows it")
        }
        return RunLock(file)
    }

    /// What keeps two runs of the schedule apart; nil if another process holds it. Not the run lock: each job takes that for itself.
    package func tryScheduleLock() throws -> RunLock? { try tryLock("schedule.lock") }

    func tryLock(_ name: String) throws -> RunLock? {
        try Directory.createAll(directory)
        let file = try Descriptor.open(directory.appending(name), .openOrCreate)
        return file.tryLock() ? RunLock(file) : nil
    }

    private static let stagingPrefix = Array("lifeboat-staging-".utf8)

    /// A new private directory for passing copies, in `parent` or in this directory. Clears what killed runs left there.
    /// - Parameter lock: proof that no other run of this application uses one.
    package func makeStaging(in parent: BytePath? = nil, run: String, under lock: RunLock) throws -> BytePath {
        let parent = parent ?? directory
        let prefix = AppState.stagingPrefix + directory.name + Array("-".utf8)
        for entry in try Directory.entries(of: parent) where entry.name.starts(with: prefix) {
            try Directory.removeTree(parent.appending(entry.name))
        }
        let staging = parent.appending(prefix + Array(run.utf8))
        try Directory.create(staging)
        return staging
    }
}
