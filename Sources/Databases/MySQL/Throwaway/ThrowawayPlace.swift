// ThrowawayPlace: the private directory of a throw-away server, and its end.
//
// 1. The first directory that has the space, that the server's account can enter, and below which a socket's path stays short enough.
// 2. In it `lifeboat-server-<random>`, closed to everybody but that account (0700), with a lock file held for as long as we live.
// 3. What a killed run left is known by its lock, which nobody holds any more; it is removed by the next one.
//
// Before a directory is removed it is taken away from the server's account, so that no process of that account can lead us elsewhere.

package import Bytes
package import HostOS

package final class ThrowawayPlace: Sendable {
    /// Absolute, without symbolic links.
    package let path: BytePath
    /// Whom the server runs as; nil: as ourselves.
    package let user: ChildProcess.User?
    private let lock: Descriptor

    /// The longest path a socket can have.
    private static let maximumSocketByteCount = 107
    private static let prefix = Array("lifeboat-server-".utf8)
    private static let lockName = Array("lock".utf8)

    package var socket: BytePath { path.appending("s") }
    package var data: BytePath { path.appending("d") }
    package var temporary: BytePath { path.appending("t") }
    package var log: BytePath { path.appending("log") }

    /// - Parameters:
    ///   - preferred: tried before /var/tmp and /tmp.
    ///   - byteCount: how much space it must offer.
    package init(preferring preferred: BytePath?, byteCount: UInt64) throws {
        let user = ThrowawayPlace.serverUser(), candidates = ([preferred].compactMap { $0 } + ["/var/tmp", "/tmp"])
        for candidate in candidates {
            guard let parent = Directory.canonical(candidate) else { continue }
            let path = parent.appending(ThrowawayPlace.prefix + Array(Hex.encode((0..<6).map { _ in UInt8.random(in: 0...255) }).utf8))
            guard path.bytes.count + 2 <= ThrowawayPlace.maximumSocketByteCount, ThrowawayPlace.canEnter(parent, user) else { continue }
            ThrowawayPlace.removeLeftovers(in: parent, user)
            guard try Directory.freeSpace(at: parent) >= byteCount, (try? Directory.create(path)) == true else { continue }
            let lock: Descriptor
            do {
                lock = try ThrowawayPlace.furnish(path, user)
            } catch {
                try? Directory.removeTree(path)
                throw error
            }
            self.lock = lock
            self.path = path
            self.user = user
            return
        }
        throw ThrowawayServerFailure.noPlace(tried: candidates, byteCount: byteCount)
    }

    /// Removes the directory with everything in it. The server must have ended.
    package func remove() { ThrowawayPlace.remove(path) }

    // MARK: Steps

    /// Root must not run a database server: `mysql`, or `nobody` where there is no such account.
    private static func serverUser() -> ChildProcess.User? {
        guard Host.isRoot else { return nil }
        let names = AccountNames()
        let userID = names.userID(named: "mysql") ?? names.userID(named: "nobody") ?? 65_534
        return ChildProcess.User(userID: userID, groupID: AccountNames.primaryGroupID(of: userID) ?? 65_534)
    }

    private static func furnish(_ path: BytePath, _ user: ChildProcess.User?) throws(SystemError) -> Descriptor {
        let directory = try Descriptor.open(path, .directory)
        let lock = try directory.open(lockName, .openOrCreate)
        guard lock.tryLock() else {
            throw SystemError(operation: "lock", path: lock.path, kind: .busy, reason: "another process holds it")
        }
        for name in ["d", "t"] {
            try Directory.create(path.appending(name))
            if let user { try directory.open(Array(name.utf8), .directory).setOwner(user: user.userID, group: user.groupID) }
        }
        if let user { try directory.setOwner(user: user.userID, group: user.groupID) }
        return lock
    }

    /// Whether an account may pass through every directory from the root to here.
    private static func canEnter(_ directory: BytePath, _ user: ChildProcess.User?) -> Bool {
        guard let user else { return true }
        var path = directory
        while true {
            guard let status = try? FileStatus.of(path) else { return false }
            let needed: UInt32 = status.userID == user.userID ? 0o100 : status.groupID == user.groupID ? 0o010 : 0o001
            if status.mode & needed == 0 { return false }
            if path == .root { return true }
            path = path.parent
        }
    }

    private static func removeLeftovers(in parent: BytePath, _ user: ChildProcess.User?) {
        guard let entries = try? Directory.entries(of: parent) else { return }
        for entry in entries where entry.name.starts(with: prefix) {
            let path = parent.appending(entry.name)
            // Anybody may make names in /tmp: only our own directories are touched.
            guard let status = try? FileStatus.of(path), status.kind == .directory, [Host.userID, user?.userID].contains(status.userID),
                let directory = try? Descriptor.open(path, .directory), let lock = try? directory.open(lockName, .update), lock.tryLock()
            else { continue }
            remove(path)
        }
    }

    private static func remove(_ path: BytePath) {
        if Host.isRoot, let directory = try? Descriptor.open(path, .directory) { try? directory.setOwner(user: 0, group: 0) }
        try? Directory.removeTree(path)
    }
}
