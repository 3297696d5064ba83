// AppDrillRemains: everything a drill made on this machine, so that it can be removed however the drill ends.
//
// The directory is `lifeboat-drill-<application>-<run>`, closed to everybody else, with a lock file that is held for as long as we live:
// what a killed drill left is known by its lock, which nobody holds any more, and removed by the next drill in the same place.
// Servers remove themselves (ThrowawayServer), also if we are killed.

package import Bytes
import Databases
import HostOS
import Settings
import Synchronization

package final class AppDrillRemains: Sendable {
    /// A restored database that can be looked at.
    package struct Database: Sendable {
        package let label: String
        /// The file of an SQLite database.
        package let file: BytePath?
        /// How to reach a server's: its socket, and the database's name. The account is root, without a password.
        package let socket: BytePath?
        package let name: String
        package let serverProcessID: Int32?
    }

    private struct State {
        var place: DrillPlace?
        var servers: [ThrowawayServer] = []
        var databases: [Database] = []
    }

    private let state = Mutex(State())

    init() {}

    deinit { remove() }

    package var directory: BytePath? { state.withLock { $0.place?.path } }
    package var databases: [Database] { state.withLock { $0.databases } }

    /// Servers first: they must have ended before what they use is removed. Again: nothing happens.
    package func remove() {
        let (place, servers) = state.withLock { state in
            defer { state = State() }
            return (state.place, state.servers)
        }
        for server in servers { server.stop() }
        place?.remove()
    }

    func makePlace(in parent: BytePath, application: String, run: String) throws -> BytePath {
        let place = try DrillPlace(in: parent, application: application, run: run)
        state.withLock { $0.place = place }
        return place.path
    }

    func keep(_ server: ThrowawayServer, _ database: Database) {
        state.withLock { state in
            state.servers.append(server)
            state.databases.append(database)
        }
    }

    func keep(_ database: Database) { state.withLock { $0.databases.append(database) } }
}

/// The private directory of a drill.
final class DrillPlace: Sendable {
    let path: BytePath
    private let lock: Descriptor

    private static let lockName = Array("lock".utf8)

    init(in parent: BytePath, application: String, run: String) throws {
        let prefix = Array("lifeboat-drill-\(Detection.identifier(application) ?? "application")-".utf8)
        DrillPlace.removeLeftovers(in: parent, prefix)
        path = parent.appending(prefix + Array(run.utf8))
        try Directory.create(path)
        do {
            lock = try Descriptor.open(path.appending(DrillPlace.lockName), .createNew)
            try lock.lock()
        } catch {
            try? Directory.removeTree(path)
            throw error
        }
    }

    func remove() { try? Directory.removeTree(path) }

    private static func removeLeftovers(in parent: BytePath, _ prefix: [UInt8]) {
        for entry in (try? Directory.entries(of: parent)) ?? [] where entry.name.starts(with: prefix) {
            let path = parent.appending(entry.name)
            // The place may be one where anybody makes names: only our own directories are touched.
            guard let status = try? FileStatus.of(path), status.kind == .directory, status.userID == Host.userID,
                let directory = try? Descriptor.open(path, .directory), let lock = try? directory.open(lockName, .update), lock.tryLock()
            else { continue }
            try? Directory.removeTree(path)
        }
    }
}
