// MetadataApplier: gives a restored entry its owner, attributes, times and mode.
//
// In this order: 1. owner (it clears set-id bits and capabilities); 2. extended attributes: set all, then remove those the
// snapshot does not have; 3. times, to the nanosecond; 4. mode, last, so that the mask of an ACL follows the stored group bits.
// Files and directories are opened once and changed through their descriptor, so that nothing put in their place meanwhile is
// changed instead; links, devices and fifos by name, unfollowed. Links have no mode.
//
// Every step is tried; what failed is returned. Permission errors do not count unless we are root: others may rarely give files
// away. Attributes that the file system cannot store do not count either. If the owner could not be set, set-user-id and
// set-group-id bits are left out: they would lend the rights of the wrong account.

package import Bytes
package import HostOS

/// What a snapshot says about an entry, as far as it can be applied to one on disk.
package struct RestoredMetadata: Sendable, Hashable {
    package var kind: FileKind
    /// Permissions and set-id/sticky bits, POSIX (07777).
    package var mode: UInt32
    package var userID: UInt32
    package var groupID: UInt32
    package var userName: String
    package var groupName: String
    package var modificationTime: FileTime
    package var accessTime: FileTime
    package var extendedAttributes: [ExtendedAttribute]

    package init(
        kind: FileKind, mode: UInt32, userID: UInt32, groupID: UInt32, userName: String = "", groupName: String = "",
        modificationTime: FileTime, accessTime: FileTime, extendedAttributes: [ExtendedAttribute] = []
    ) {
        self.kind = kind
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.userName = userName
        self.groupName = groupName
        self.modificationTime = modificationTime
        self.accessTime = accessTime
        self.extendedAttributes = extendedAttributes
    }
}

/// Safe to use from several threads.
package final class MetadataApplier: Sendable {
    /// Which of the two the snapshot gives decides about the owner.
    package enum Ownership: Sendable {
        case ids
        /// Names of this machine; unknown ones mean root.
        case names
    }

    private let root: BeneathRoot
    private let ownership: Ownership
    private let accounts: AccountNames
    private let isSuperuser: Bool

    package init(_ root: BeneathRoot, ownership: Ownership = .ids, accounts: AccountNames = AccountNames()) {
        self.root = root
        self.ownership = ownership
        self.accounts = accounts
        isSuperuser = AccountNames.isSuperuser
    }

    /// Applies to the entry at `path`, which must be of the kind the metadata says.
    /// - Returns: what could not be applied.
    package func apply(_ metadata: RestoredMetadata, to path: BytePath) -> [SystemError] {
        do {
            switch metadata.kind {
            case .regular: return apply(metadata, to: try root.open(path, .readUnfollowed))
            case .directory: return apply(metadata, to: try root.open(path, .directory))
            default: return apply(metadata, subject: EntryBeneath(root: root, path: path))
            }
        } catch {
            // A directory that its owner may not read can still be changed by name.
            return error.kind == .permissionDenied ? apply(metadata, subject: EntryBeneath(root: root, path: path)) : [error]
        }
    }

    /// Applies to an open file or directory.
    package func apply(_ metadata: RestoredMetadata, to file: borrowing Descriptor) -> [SystemError] { apply(metadata, subject: file) }

    // MARK: Steps

    private struct Failures {
        let isSuperuser: Bool
        var list: [SystemError] = []

        mutating func note(_ error: SystemError) { if isSuperuser || error.kind != .permissionDenied { list.append(error) } }
    }

    private func apply(_ metadata: RestoredMetadata, subject: borrowing some MetadataSubject & ~Copyable) -> [SystemError] {
        var failures = Failures(isSuperuser: isSuperuser)
        let (user, group) = owner(metadata)
        var isOwned = false
        do throws(SystemError) {
            try subject.setOwner(user: user, group: group)
            isOwned = true
        } catch { failures.note(error) }
        setAttributes(metadata.extendedAttributes, subject, &failures)
        removeOtherAttributes(metadata.extendedAttributes, subject, &failures)
        do throws(SystemError) { try subject.setTimes(access: metadata.accessTime, modification: metadata.modificationTime) } catch {
            failures.note(error)
        }
        if metadata.kind != .symbolicLink {
            do throws(SystemError) { try subject.setMode(metadata.mode & (isOwned ? 0o7777 : 0o1777)) } catch { failures.note(error) }
        }
        return failures.list
    }

    private func owner(_ metadata: RestoredMetadata) -> (user: UInt32, group: UInt32) {
        switch ownership {
        case .ids: (metadata.userID, metadata.groupID)
        case .names: (accounts.userID(named: metadata.userName) ?? 0, accounts.groupID(named: metadata.groupName) ?? 0)
        }
    }

    private func setAttributes(
        _ attributes: [ExtendedAttribute], _ subject: borrowing some MetadataSubject & ~Copyable, _ failures: inout Failures
    ) {
        for attribute in attributes {
            do throws(SystemError) { try subject.setAttribute(attribute) } catch {
                if error.kind != .notSupported { failures.note(error) }
            }
        }
    }

    private func removeOtherAttributes(
        _ attributes: [ExtendedAttribute], _ subject: borrowing some MetadataSubject & ~Copyable, _ failures: inout Failures
    ) {
        let wanted = Set(attributes.map(\.name))
        do throws(SystemError) {
            for name in try subject.attributeNames() ?? [] where !wanted.contains(name) { try removeAttribute(name, subject) }
        } catch { failures.note(error) }
    }

    /// The labels of the system's security modules appear by themselves and may refuse to go.
    private func removeAttribute(_ name: [UInt8], _ subject: borrowing some MetadataSubject & ~Copyable) throws(SystemError) {
        do {
            try subject.removeAttribute(name)
        } catch {
            if !name.starts(with: Array("security.".utf8)) { throw error }
        }
    }
}

/// Something whose metadata can be set: an open file, or an entry by name.
private protocol MetadataSubject: ~Copyable {
    func setOwner(user: UInt32, group: UInt32) throws(SystemError)
    func setTimes(access: FileTime, modification: FileTime) throws(SystemError)
    func setMode(_ mode: UInt32) throws(SystemError)
    func attributeNames() throws(SystemError) -> [[UInt8]]?
    func setAttribute(_ attribute: ExtendedAttribute) throws(SystemError)
    func removeAttribute(_ name: [UInt8]) throws(SystemError)
}

extension Descriptor: MetadataSubject {
    fileprivate func attributeNames() throws(SystemError) -> [[UInt8]]? { try ExtendedAttributes.names(of: self) }
    fileprivate func setAttribute(_ attribute: ExtendedAttribute) throws(SystemError) { try ExtendedAttributes.set(attribute, of: self) }
    fileprivate func removeAttribute(_ name: [UInt8]) throws(SystemError) { try ExtendedAttributes.remove(name, of: self) }
}

private struct EntryBeneath: MetadataSubject {
    let root: BeneathRoot
    let path: BytePath

    func setOwner(user: UInt32, group: UInt32) throws(SystemError) { try root.setOwner(of: path, user: user, group: group) }
    func setTimes(access: FileTime, modification: FileTime) throws(SystemError) {
        try root.setTimes(of: path, access: access, modification: modification)
    }
    func setMode(_ mode: UInt32) throws(SystemError) { try root.setMode(of: path, mode) }
    func attributeNames() throws(SystemError) -> [[UInt8]]? {
        try root.withPath(of: path) { (path) throws(SystemError) in try ExtendedAttributes.names(of: path) }
    }
    func setAttribute(_ attribute: ExtendedAttribute) throws(SystemError) {
        try root.withPath(of: path) { (path) throws(SystemError) in try ExtendedAttributes.set(attribute, of: path) }
    }
    func removeAttribute(_ name: [UInt8]) throws(SystemError) {
        try root.withPath(of: path) { (path) throws(SystemError) in try ExtendedAttributes.remove(name, of: path) }
    }
}
