// GoFileMode: file type and permissions in the bit layout of Go's os.FileMode, which trees store instead of POSIX modes.

/// Permissions in the low nine bits, type and special bits high.
package struct GoFileMode: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    static let directory: UInt32 = 1 << 31
    static let symbolicLink: UInt32 = 1 << 27
    static let device: UInt32 = 1 << 26
    static let namedPipe: UInt32 = 1 << 25
    static let socket: UInt32 = 1 << 24
    static let setUserID: UInt32 = 1 << 23
    static let setGroupID: UInt32 = 1 << 22
    static let characterDevice: UInt32 = 1 << 21
    static let sticky: UInt32 = 1 << 20
    static let irregular: UInt32 = 1 << 19

    /// From `st_mode` of Linux. Bits the format does not keep are dropped.
    package init(posix mode: UInt32) {
        var bits = mode & 0o777
        switch mode & 0o170000 {
        case 0o100000: break
        case 0o040000: bits |= GoFileMode.directory
        case 0o120000: bits |= GoFileMode.symbolicLink
        case 0o060000: bits |= GoFileMode.device
        case 0o020000: bits |= GoFileMode.device | GoFileMode.characterDevice
        case 0o010000: bits |= GoFileMode.namedPipe
        case 0o140000: bits |= GoFileMode.socket
        default: bits |= GoFileMode.irregular
        }
        if mode & 0o4000 != 0 { bits |= GoFileMode.setUserID }
        if mode & 0o2000 != 0 { bits |= GoFileMode.setGroupID }
        if mode & 0o1000 != 0 { bits |= GoFileMode.sticky }
        self.rawValue = bits
    }

    /// Permissions with setuid, setgid and sticky as `chmod` takes them: 0 … 0o7777.
    package var posixPermissions: UInt32 {
        var mode = rawValue & 0o777
        if rawValue & GoFileMode.setUserID != 0 { mode |= 0o4000 }
        if rawValue & GoFileMode.setGroupID != 0 { mode |= 0o2000 }
        if rawValue & GoFileMode.sticky != 0 { mode |= 0o1000 }
        return mode
    }

    /// `st_mode` of Linux; an irregular file has no type bits.
    package var posix: UInt32 { posixPermissions | posixType }

    private var posixType: UInt32 {
        if rawValue & GoFileMode.directory != 0 { return 0o040000 }
        if rawValue & GoFileMode.symbolicLink != 0 { return 0o120000 }
        if rawValue & GoFileMode.device != 0 { return rawValue & GoFileMode.characterDevice != 0 ? 0o020000 : 0o060000 }
        if rawValue & GoFileMode.namedPipe != 0 { return 0o010000 }
        if rawValue & GoFileMode.socket != 0 { return 0o140000 }
        return rawValue & GoFileMode.irregular != 0 ? 0 : 0o100000
    }

    package var description: String { "0o" + String(posix, radix: 8) }
}
