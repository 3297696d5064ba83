// FindFiles: the verb `find`: files and directories by name, and the files that blobs, trees and packs belong to.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
package import Upkeep

package struct FindFiles {
    package var access: RepositoryAccess
    package var choice: SnapshotChoice
    /// Newest snapshots come first; true: the oldest.
    package var reverse = false

    package init(access: RepositoryAccess, choice: SnapshotChoice) {
        self.access = access
        self.choice = choice
    }

    /// Reports matches, snapshot by snapshot.
    /// - Returns: trees that could not be read, and so were not searched.
    package func run(_ search: FileSearch, onMatch: @escaping (CatalogedSnapshot, BytePath, Node) throws -> Void) throws -> [String] {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let unreadable = Unreadable()
            let finder = FileFinder(search, in: indexed, onMatch: onMatch, onUnreadable: unreadable.note)
            for snapshot in try ordered(snapshots) { try finder.find(in: snapshot) }
            return unreadable.messages
        }
    }

    /// What is looked for by id.
    package enum Objects: Sendable {
        case blobs([String])
        case trees([String])
        /// All that lies in these packs.
        case packs([String])

        func search(in indexed: IndexedRepository) throws -> ObjectSearch {
            switch self {
            case .blobs(let ids): ObjectSearch(data: try Objects.checked(ids))
            case .trees(let ids): ObjectSearch(trees: try Objects.checked(ids))
            case .packs(let ids): ObjectSearch(packed: try PackContents.blobs(of: Objects.checked(ids), in: indexed))
            }
        }

        private static func checked(_ ids: [String]) throws -> [String] {
            try ids.map { id in
                let small = id.lowercased()
                guard (4...64).contains(small.utf8.count), small.utf8.allSatisfy({ Array("0123456789abcdef".utf8).contains($0) }) else {
                    throw Failure(.usage, "'\(id)' is not an id", hint: "give at least its first four digits, of 0 to 9 and a to f")
                }
                return small
            }
        }
    }

    /// Where an object lies in the repository.
    package struct StoredObject: Sendable {
        package let blob: BlobHandle
        package let location: BlobLocation
    }

    package struct ObjectOutcome: Sendable {
        /// Those of the wanted objects that the index knows, in order.
        package let stored: [StoredObject]
        package let unreadable: [String]
    }

    /// Reports every place where one of the objects is used, snapshot by snapshot, with where it lies.
    package func run(_ objects: Objects, onFound: @escaping (FoundObject, BlobLocation?) throws -> Void) throws -> ObjectOutcome {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let search = try objects.search(in: indexed), unreadable = Unreadable()
            let finder = ObjectFinder(
                search, in: indexed, onFound: { try onFound($0, indexed.index.locate($0.blob)) }, onUnreadable: unreadable.note)
            for snapshot in try ordered(snapshots) { try finder.find(in: snapshot) }
            let stored = search.known(in: indexed.index).compactMap { blob in
                indexed.index.locate(blob).map { StoredObject(blob: blob, location: $0) }
            }
            return ObjectOutcome(stored: stored, unreadable: unreadable.messages)
        }
    }

    private func ordered(_ snapshots: [CatalogedSnapshot]) throws -> [CatalogedSnapshot] {
        let chosen = try choice.chosen(from: snapshots)
        return reverse ? chosen : chosen.reversed()
    }

    private final class Unreadable {
        private(set) var messages: [String] = []

        func note(_ snapshot: CatalogedSnapshot, _ message: String) { messages.append("\(snapshot.id.short):\(message)") }
    }
}
