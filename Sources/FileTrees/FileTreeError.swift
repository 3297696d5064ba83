// FileTreeError: what this room refuses, told to a person. Failed system calls stay SystemErrors.

package import Bytes
package import HostOS

package enum FileTreeError: Error, FailureConvertible, CustomStringConvertible, Hashable {
    /// A pattern is not well-formed (`[`, a trailing backslash …).
    case malformedPattern([UInt8])
    /// None of the targets of a backup exists.
    case noTargetLeft
    /// A directory named as a target disappeared or changed while it was read.
    case changedWhileReading(BytePath)
    /// What was listed as a regular file is something else now.
    case notRegular(BytePath, FileKind)
    /// The kind of entry can neither be saved nor restored.
    case unsupportedKind(BytePath)
    /// A name in a snapshot that may not be used as a file name.
    case unsafeName([UInt8])
    /// Something is in the way and may not be replaced.
    case inTheWay(BytePath, FileKind)

    package var description: String { failure.message }

    package var failure: Failure {
        switch self {
        case .malformedPattern(let pattern):
            Failure(
                .usage, "the pattern '\(BytePath.display(pattern))' is malformed",
                hint: "close every `[`, and write `\\[` or `\\\\` for the characters themselves")
        case .noTargetLeft:
            Failure(.failed, "none of the paths to save exists", hint: "check the paths; relative ones start at the working directory")
        case .changedWhileReading(let path): Failure(.failed, "could not read '\(path)': it was replaced while it was read")
        case .notRegular(let path, let kind): Failure(.failed, "could not read '\(path)': it is no longer a file but a \(kind.noun)")
        case .unsupportedKind(let path): Failure(.failed, "could not save '\(path)': its kind is unknown")
        case .unsafeName(let name):
            Failure(.damaged, "the name '\(BytePath.display(name))' in the snapshot cannot be a file name; the entry was left out")
        case .inTheWay(let path, let kind):
            Failure(.failed, "could not restore '\(path)': a \(kind.noun) is in the way", hint: "move it away, or allow deleting")
        }
    }
}

extension FileKind {
    package var noun: String {
        switch self {
        case .regular: "file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .blockDevice: "block device"
        case .characterDevice: "character device"
        case .fifo: "fifo"
        case .socket: "socket"
        case .unknown: "thing of unknown kind"
        }
    }
}

/// Whether a name from a snapshot may become a name on disk: not empty, not `.` or `..`, no slash, no NUL.
package func isSafeName(_ name: [UInt8]) -> Bool { BeneathRoot.isEntryName(name) }
