// MountRefusal: why the mounted file system has no answer, as programs that use it can understand it.

package enum MountRefusal: Error, Equatable {
    case noSuchFile
    case noDirectory
    case isDirectory
    case noAttribute
    case invalid
    /// What would be the answer cannot be read, or is damaged. The person at the terminal was told.
    case unreadable
}
