// SystemError: a failed system call, told as what could not be done to which path and why. errno never leaves this room.

package import Bytes
import CLinux
import Glibc

package struct SystemError: Error, FailureConvertible, CustomStringConvertible {
    /// What callers may want to tell apart; everything else is `other`.
    package enum Kind: Sendable {
        case notFound, exists, permissionDenied, noSpace, notDirectory, isDirectory, symbolicLink, notSupported
        case tooManyOpenFiles, notEmpty, busy, invalid, noAttribute, readOnly, crossDevice, outOfRange, noProcess, other
    }

    /// The verb as a person says it: "open", "rename", "read".
    package let operation: String
    package let path: BytePath
    package let kind: Kind
    /// The system's own explanation, lower case: "permission denied".
    package let reason: String

    package init(operation: String, path: BytePath, kind: Kind, reason: String) {
        self.operation = operation
        self.path = path
        self.kind = kind
        self.reason = reason
    }

    /// From the calling thread's errno, read at once after the failed call.
    static func last(_ operation: String, _ path: BytePath) -> SystemError { make(operation, path, errno) }

    static func make(_ operation: String, _ path: BytePath, _ code: Int32) -> SystemError {
        SystemError(operation: operation, path: path, kind: kind(of: code), reason: text(of: code))
    }

    private static func kind(of code: Int32) -> Kind {
        switch code {
        case ENOENT: .notFound
        case EEXIST: .exists
        case EACCES, EPERM: .permissionDenied
        case ENOSPC, EDQUOT, EFBIG: .noSpace
        case ENOTDIR: .notDirectory
        case EISDIR: .isDirectory
        case ELOOP: .symbolicLink
        case EXDEV: .crossDevice
        case ENOTSUP, ENOSYS, ENOTTY: .notSupported
        case EMFILE, ENFILE: .tooManyOpenFiles
        case ENOTEMPTY: .notEmpty
        case EBUSY, ETXTBSY: .busy
        case EINVAL: .invalid
        case ENODATA: .noAttribute
        case EROFS: .readOnly
        case ERANGE: .outOfRange
        case ESRCH: .noProcess
        default: .other
        }
    }

    private static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        _ = unsafe strerror_r(code, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "system error \(code)" : text.prefix(1).lowercased() + text.dropFirst()
    }

    package var description: String { "could not \(operation) '\(path)': \(reason)" }

    package var failure: Failure {
        switch kind {
        case .noSpace: Failure(.unreachable, description, hint: "free some space there, or choose another place")
        case .permissionDenied: Failure(.failed, description, hint: "run lifeboat as a user that may do this, or change the permissions")
        default: Failure(.failed, description)
        }
    }
}

/// Repeats a call that a signal interrupted; throws SystemError when it returns a negative number otherwise.
@discardableResult
func retrying<T: SignedInteger>(_ operation: String, _ path: BytePath, _ call: () -> T) throws(SystemError) -> T {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw SystemError.last(operation, path) }
    }
}

extension BytePath {
    /// The path as a C string for the length of a call. Traps on an inner NUL only after `validated` let it through.
    func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R { unsafe bytes.withCString(body) }
}

extension [UInt8] {
    /// NUL-terminated for the length of a call. A NUL inside ends the string early, as every system call would read it.
    func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        let terminated = self + [0]
        return unsafe terminated.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                // Safe because: the array has at least its terminating zero, so its base address exists.
                unsafe body(characters.baseAddress.unsafelyUnwrapped)
            }
        }
    }
}
