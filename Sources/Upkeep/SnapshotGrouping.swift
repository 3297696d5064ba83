// SnapshotGrouping: which snapshots belong together: those of the same host, paths and tags, or of fewer of these.
//
// Beyond restic: snapshots that carry certain marks (TagMarks) are also told apart by these alone, so that what one program saves for
// different purposes from the same paths is never counted together.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat

package struct SnapshotGrouping: Sendable, Equatable {
    package var byHost: Bool
    package var byPaths: Bool
    package var byTags: Bool
    /// Tags by which those snapshots that carry them are told apart as well; nil for restic's own grouping.
    package var byMarks: TagMarks?

    package init(byHost: Bool = true, byPaths: Bool = true, byTags: Bool = false, byMarks: TagMarks? = nil) {
        self.byHost = byHost
        self.byPaths = byPaths
        self.byTags = byTags
        self.byMarks = byMarks
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

        package init(host: String, paths: [BytePath], tags: [String]) {
            self.host = host
            self.paths = paths
            self.tags = tags
        }

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
            tags: byTags ? snapshot.tags.sorted() : byMarks?.marks(of: snapshot.tags).sorted() ?? [])
    }

    /// The groups by key; each keeps the order of `snapshots`.
    package func groups(of snapshots: [CatalogedSnapshot]) -> [(key: Key, snapshots: [CatalogedSnapshot])] {
        Dictionary(grouping: snapshots) { key(of: $0.snapshot) }.sorted { $0.key < $1.key }.map { (key: $0.key, snapshots: $0.value) }
    }
}

/// Which of a snapshot's tags say what it is for.
package struct TagMarks: Sendable, Equatable {
    /// Snapshots without this tag have no marks.
    package let program: String
    /// Nor have those without a tag that begins like this; with it, the tag is a mark.
    package let owner: String
    /// Further marks: tags that begin like one of these, and tags that are one of them.
    package let prefixes: [String]
    package let words: [String]

    package init(program: String, owner: String, prefixes: [String], words: [String]) {
        self.program = program
        self.owner = owner
        self.prefixes = prefixes
        self.words = words
    }

    func marks(of tags: [String]) -> [String] {
        guard tags.contains(program), tags.contains(where: { $0.hasPrefix(owner) }) else { return [] }
        return tags.filter { tag in tag.hasPrefix(owner) || words.contains(tag) || prefixes.contains { tag.hasPrefix($0) } }
    }
}
