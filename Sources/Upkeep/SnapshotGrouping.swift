// SnapshotGrouping: which snapshots belong together: those of the same host, paths and tags, or of fewer of these.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat

package struct SnapshotGrouping: Sendable, Equatable {
    package var byHost: Bool
    package var byPaths: Bool
    package var byTags: Bool

    package init(byHost: Bool = true, byPaths: Bool = true, byTags: Bool = false) {
        self.byHost = byHost
        self.byPaths = byPaths
        self.byTags = byTags
    }

    /// A list such as `host,paths,tags`; empty for one single group.
    package init(parsing text: String) throws(UpkeepFailure) {
        self.init(byHost: false, byPaths: false, byTags: false)
        for word in text.split(separator: ",") where !text.isEmpty {
            switch word {
            case "host", "hosts": byHost = true
            case "path", "paths": byPaths = true
            case "tag", "tags": byTags = true
            default: throw .invalidText(text, what: "a way to group snapshots", example: "host,paths,tags")
            }
        }
    }

    /// What the snapshots of a group have in common; parts not grouped by are empty.
    package struct Key: Hashable, Comparable, Sendable, CustomStringConvertible {
        package let host: String
        /// Sorted.
        package let paths: [BytePath]
        /// Sorted.
        package let tags: [String]

        package static func < (a: Key, b: Key) -> Bool {
            if a.host != b.host { return a.host < b.host }
            if a.paths != b.paths { return a.paths.lexicographicallyPrecedes(b.paths) }
            return a.tags.lexicographicallyPrecedes(b.tags)
        }

        /// "host web, path [/srv], tags [a, b]".
        package var description: String {
            var parts: [String] = []
            if !host.isEmpty { parts.append("host \(host)") }
            if !paths.isEmpty { parts.append("path [\(paths.map(\.description).joined(separator: ", "))]") }
            if !tags.isEmpty { parts.append("tags [\(tags.joined(separator: ", "))]") }
            return parts.isEmpty ? "all" : parts.joined(separator: ", ")
        }
    }

    package func key(of snapshot: SnapshotFile) -> Key {
        Key(
            host: byHost ? snapshot.hostName : "", paths: byPaths ? snapshot.paths.sorted() : [],
            tags: byTags ? snapshot.tags.sorted() : [])
    }

    /// The groups by key; each keeps the order of `snapshots`.
    package func groups(of snapshots: [CatalogedSnapshot]) -> [(key: Key, snapshots: [CatalogedSnapshot])] {
        Dictionary(grouping: snapshots) { key(of: $0.snapshot) }.sorted { $0.key < $1.key }.map { (key: $0.key, snapshots: $0.value) }
    }
}
