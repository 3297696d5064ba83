// AccountNames: user and group names for ids and back, each asked of the system once.
//
// The system's database may be a network directory: a lookup can block. Answers are kept for the life of the value, also "unknown".

import Glibc
import Synchronization

/// Safe to use from several threads.
package final class AccountNames: Sendable {
    private struct Answers {
        var users: [UInt32: String] = [:]
        var groups: [UInt32: String] = [:]
        var userIDs: [String: UInt32?] = [:]
        var groupIDs: [String: UInt32?] = [:]
    }

    private let answers = Mutex(Answers())

    package init() {}

    /// The user's name; empty if the system knows none.
    package func user(_ id: UInt32) -> String {
        if let known = answers.withLock({ $0.users[id] }) { return known }
        let name = AccountNames.lookUpUser(id)
        answers.withLock { $0.users[id] = name }
        return name
    }

    /// The group's name; empty if the system knows none.
    package func group(_ id: UInt32) -> String {
        if let known = answers.withLock({ $0.groups[id] }) { return known }
        let name = AccountNames.lookUpGroup(id)
        answers.withLock { $0.groups[id] = name }
        return name
    }

    package func userID(named name: String) -> UInt32? {
        if let known = answers.withLock({ $0.userIDs[name] }) { return known }
        let id = AccountNames.lookUpUserID(name)
        answers.withLock { $0.userIDs[name] = .some(id) }
        return id
    }

    package func groupID(named name: String) -> UInt32? {
        if let known = answers.withLock({ $0.groupIDs[name] }) { return known }
        let id = AccountNames.lookUpGroupID(name)
        answers.withLock { $0.groupIDs[name] = .some(id) }
        return id
    }

    /// The primary group of a user; nil if the system knows no such user.
    package static func primaryGroupID(of user: UInt32) -> UInt32? {
        query { buffer in
            var record = unsafe passwd(), found: UnsafeMutablePointer<passwd>? = nil
            let status = unsafe getpwuid_r(user, &record, &buffer, buffer.count, &found)
            return (status, unsafe found == nil ? nil : unsafe record.pw_gid)
        }
    }

    /// Whether this process runs as root, so that every permission error is worth telling.
    package static var isSuperuser: Bool { geteuid() == 0 }

    // MARK: The system's database

    /// Large enough for a group with thousands of members; tried second.
    private static let bufferByteCounts = [4096, 1 << 20]

    /// Calls a getpwuid_r-like function with growing buffers; nil if it finds nothing.
    private static func query<R>(_ call: (inout [CChar]) -> (status: Int32, result: R?)) -> R? {
        for byteCount in bufferByteCounts {
            var buffer = [CChar](repeating: 0, count: byteCount)
            let (status, result) = call(&buffer)
            if status != ERANGE { return result }
        }
        return nil
    }

    private static func lookUpUser(_ id: UInt32) -> String {
        query { buffer in
            var record = unsafe passwd(), found: UnsafeMutablePointer<passwd>? = nil
            let status = unsafe getpwuid_r(id, &record, &buffer, buffer.count, &found)
            return (status, unsafe found == nil ? nil : unsafe String(cString: record.pw_name))
        } ?? ""
    }

    private static func lookUpGroup(_ id: UInt32) -> String {
        query { buffer in
            var record = unsafe Glibc.group(), found: UnsafeMutablePointer<Glibc.group>? = nil
            let status = unsafe getgrgid_r(id, &record, &buffer, buffer.count, &found)
            return (status, unsafe found == nil ? nil : unsafe String(cString: record.gr_name))
        } ?? ""
    }

    private static func lookUpUserID(_ name: String) -> UInt32? {
        query { buffer in
            var record = unsafe passwd(), found: UnsafeMutablePointer<passwd>? = nil
            let status = unsafe getpwnam_r(name, &record, &buffer, buffer.count, &found)
            return (status, unsafe found == nil ? nil : unsafe record.pw_uid)
        }
    }

    private static func lookUpGroupID(_ name: String) -> UInt32? {
        query { buffer in
            var record = unsafe Glibc.group(), found: UnsafeMutablePointer<Glibc.group>? = nil
            let status = unsafe getgrnam_r(name, &record, &buffer, buffer.count, &found)
            return (status, unsafe found == nil ? nil : unsafe record.gr_gid)
        }
    }
}
