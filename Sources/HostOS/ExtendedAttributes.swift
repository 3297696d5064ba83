// ExtendedAttributes: the named values a file system keeps beside a file; POSIX ACLs are among them.
//
// By path (never following a symbolic link at its end) or by open descriptor. Reading grows its buffer up to what the kernel
// itself allows, 64 KiB for the list and for a value. A list may change between two calls: a vanished value reads as nil.

package import Bytes
import CLinux
import Glibc

package struct ExtendedAttribute: Sendable, Hashable {
    package let name: [UInt8]
    package let value: [UInt8]
    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

package enum ExtendedAttributes {
    /// XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux.
    private static let maximumByteCount = 65536

    private enum Place {
        case path(BytePath)
        case descriptor(Int32, BytePath)

        var path: BytePath {
            switch self {
            case .path(let path), .descriptor(_, let path): path
            }
        }
    }

    // MARK: All of them

    /// Every attribute in the order the system lists them, and the errors of those that could not be read; nil if this file system has none.
    package static func all(of path: BytePath) throws(SystemError) -> (attributes: [ExtendedAttribute], failures: [SystemError])? {
        try all(of: .path(path))
    }

    package static func all(of file: borrowing Descriptor) throws(SystemError) -> (attributes: [ExtendedAttribute], failures: [SystemError])? {
        try all(of: .descriptor(file.raw, file.path))
    }

    private static func all(of place: Place) throws(SystemError) -> (attributes: [ExtendedAttribute], failures: [SystemError])? {
        guard let names = try names(of: place) else { return nil }
        var attributes: [ExtendedAttribute] = [], failures: [SystemError] = []
        for name in names {
            do throws(SystemError) {
                guard let value = try value(name, of: place) else { continue }
                attributes.append(ExtendedAttribute(name: name, value: value))
            } catch {
                failures.append(error)
            }
        }
        return (attributes, failures)
    }

    // MARK: By path

    /// The names in the order the system lists them; nil if this file system has no extended attributes.
    package static func names(of path: BytePath) throws(SystemError) -> [[UInt8]]? { try names(of: .path(path)) }

    /// One value; nil if the attribute is gone.
    package static func value(_ name: [UInt8], of path: BytePath) throws(SystemError) -> [UInt8]? { try value(name, of: .path(path)) }

    package static func set(_ attribute: ExtendedAttribute, of path: BytePath) throws(SystemError) { try set(attribute, of: .path(path)) }

    /// Removes one attribute; one that is not there is fine.
    package static func remove(_ name: [UInt8], of path: BytePath) throws(SystemError) { try remove(name, of: .path(path)) }

    // MARK: By descriptor

    package static func names(of file: borrowing Descriptor) throws(SystemError) -> [[UInt8]]? {
        try names(of: .descriptor(file.raw, file.path))
    }

    package static func value(_ name: [UInt8], of file: borrowing Descriptor) throws(SystemError) -> [UInt8]? {
        try value(name, of: .descriptor(file.raw, file.path))
    }

    package static func set(_ attribute: ExtendedAttribute, of file: borrowing Descriptor) throws(SystemError) {
        try set(attribute, of: .descriptor(file.raw, file.path))
    }

    package static func remove(_ name: [UInt8], of file: borrowing Descriptor) throws(SystemError) {
        try remove(name, of: .descriptor(file.raw, file.path))
    }

    // MARK: The four calls

    private static func names(of place: Place) throws(SystemError) -> [[UInt8]]? {
        let list: [UInt8]
        do {
            list = try growing { (span: inout MutableSpan<UInt8>) throws(SystemError) in
                try retrying("list the extended attributes of", place.path) {
                    unsafe span.withUnsafeMutableBytes { buffer in
                        let text = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self), count = buffer.count
                        return switch place {
                        case .path(let path): unsafe path.withCString { unsafe llistxattr($0, text, count) }
                        case .descriptor(let raw, _): unsafe flistxattr(raw, text, count)
                        }
                    }
                }
            }
        } catch {
            if error.kind == .notSupported || error.kind == .noAttribute { return nil }
            throw error
        }
        return list.split(separator: 0).map(Array.init)
    }

    private static func value(_ name: [UInt8], of place: Place) throws(SystemError) -> [UInt8]? {
        do {
            return try growing { (span: inout MutableSpan<UInt8>) throws(SystemError) in
                try retrying("read the extended attribute '\(BytePath.display(name))' of", place.path) {
                    unsafe span.withUnsafeMutableBytes { buffer in
                        let target = buffer.baseAddress, count = buffer.count
                        return unsafe name.withCString { name in
                            switch place {
                            case .path(let path): unsafe path.withCString { unsafe lgetxattr($0, name, target, count) }
                            case .descriptor(let raw, _): unsafe fgetxattr(raw, name, target, count)
                            }
                        }
                    }
                }
            }
        } catch {
            if error.kind == .noAttribute { return nil }
            throw error
        }
    }

    private static func set(_ attribute: ExtendedAttribute, of place: Place) throws(SystemError) {
        try retrying("set the extended attribute '\(BytePath.display(attribute.name))' of", place.path) {
            unsafe attribute.value.withUnsafeBytes { value in
                unsafe attribute.name.withCString { name in
                    switch place {
                    case .path(let path): unsafe path.withCString { unsafe lsetxattr($0, name, value.baseAddress, value.count, 0) }
                    case .descriptor(let raw, _): unsafe fsetxattr(raw, name, value.baseAddress, value.count, 0)
                    }
                }
            }
        }
    }

    private static func remove(_ name: [UInt8], of place: Place) throws(SystemError) {
        do {
            try retrying("remove the extended attribute '\(BytePath.display(name))' of", place.path) {
                unsafe name.withCString { name in
                    switch place {
                    case .path(let path): unsafe path.withCString { unsafe lremovexattr($0, name) }
                    case .descriptor(let raw, _): unsafe fremovexattr(raw, name)
                    }
                }
            }
        } catch {
            if error.kind != .noAttribute { throw error }
        }
    }

    /// First a buffer that fits nearly always, then the largest the kernel may need.
    private static func growing(
        _ read: (inout MutableSpan<UInt8>) throws(SystemError) -> Int
    ) throws(SystemError) -> [UInt8] {
        do {
            return try [UInt8](byteCount: 512, filledBy: read)
        } catch {
            guard error.kind == .outOfRange else { throw error }
            return try [UInt8](byteCount: maximumByteCount, filledBy: read)
        }
    }
}
