// TestVectors: the files of test vectors that several test targets share, written by stock restic or confirmed against it.

package import Bytes
import HostOS

package enum TestVectors {
    /// Where they are in the source tree that this program was built from.
    package static let folder = BytePath(#filePath).parent.parent.parent.appending("Tests").appending("RepositoryFormatTests").appending("Vectors")

    package static func read(_ name: String) throws -> [UInt8] { try AtomicFile.read(folder.appending(name), limit: 1 << 26) }
}
