// ListCaches: the verb `cache`: whose copies lie on this machine, and away with old ones.

import Bytes
import HostOS
package import RepositoryEngine

package struct ListCaches {
    package var choice: CacheChoice
    package var measures = true

    package init(_ choice: CacheChoice) { self.choice = choice }

    package struct Row: Sendable {
        package let entry: CacheDirectory.Entry
        package let isOld: Bool
        /// Nil if it was not measured.
        package let byteCount: UInt64?
    }

    /// The one used last at the end.
    package func run() throws -> [Row] {
        let entries = try choice.directory.entries()
        let old = Set(choice.old(entries, now: SystemClock().now()).map(\.repository))
        return try entries.map { entry in
            Row(entry: entry, isOld: old.contains(entry.repository), byteCount: measures ? try choice.directory.byteCount(of: entry) : nil)
        }
    }

    /// Removes the old ones.
    /// - Returns: those that are gone.
    package func cleanUp() throws -> [CacheDirectory.Entry] {
        let old = choice.old(try choice.directory.entries(), now: SystemClock().now())
        for entry in old { try choice.directory.remove(entry) }
        return old
    }
}
