// CheckResult: what a check found. Errors mean that something cannot be restored or the repository contradicts itself; hints mean
// that tidying would help.

package import Bytes
package import RepositoryFormat

package struct CheckResult: Sendable {
    package internal(set) var errors: [CheckError] = []
    package internal(set) var hints: [String] = []
    package internal(set) var counts = CheckCounts()
    /// Packs that are damaged, sorted: for `repair packs`. Missing packs are not among them.
    package internal(set) var brokenPacks: [PackID] = []
    /// Packs that were read from the first to the last byte and found whole.
    package internal(set) var wholePacks: [PackID] = []
    /// Packs that the index names and the store has.
    package internal(set) var presentPacks: Set<PackID> = []
    /// Those of them that hold something the checked snapshots need.
    package internal(set) var neededPacks: [PackFile] = []
    package internal(set) var suggestsRepairIndex = false
    package internal(set) var suggestsPrune = false
    /// False if there was too much damage to find every snapshot and file concerned.
    package internal(set) var isTraceComplete = true

    package var isClean: Bool { errors.isEmpty }
}

package struct CheckCounts: Sendable, Equatable {
    package var snapshots = 0
    package var indexFiles = 0
    package var packs = 0
    package var blobs = 0
    package var trees = 0
    package var packsRead = 0
    package var bytesRead: UInt64 = 0
    package var unindexedPacks = 0
}

package struct CheckError: Sendable, CustomStringConvertible {
    /// For people: "pack 4115c453", "tree 0a1b2c3d", "the config".
    package let object: String
    package let message: String
    /// Where the damage shows: files and directories of snapshots that cannot be restored completely. At most `affectedLimit`.
    package internal(set) var affected: [AffectedPath] = []
    /// How many places there are in all, as far as the search went.
    package internal(set) var affectedCount = 0

    package static let affectedLimit = 100

    /// The blobs that this error makes unreadable, unless another copy is whole.
    let blobs: [BlobHandle]

    init(_ object: String, _ message: String, blobs: [BlobHandle] = []) {
        self.object = object
        self.message = message
        self.blobs = blobs
    }

    package var description: String { "\(object): \(message)" }
}

package struct AffectedPath: Sendable, Hashable {
    package let snapshot: SnapshotID
    /// As in the snapshot, absolute.
    package let path: BytePath

    package init(snapshot: SnapshotID, path: BytePath) {
        self.snapshot = snapshot
        self.path = path
    }
}
