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
    /// The index and a pack that can be read contradict each other: only reading every pack's header puts that right.
    package internal(set) var suggestsReadingAllHeaders = false
    /// A snapshot, or something that one needs, is damaged.
    package internal(set) var suggestsRepairSnapshots = false
    /// Key files that no longer open anything.
    package internal(set) var damagedKeys: [KeyID] = []
    /// False if there was too much damage to find every snapshot and file concerned.
    package internal(set) var isTraceComplete = true

    package var isClean: Bool { errors.isEmpty }

    /// What puts the repository right, in this order.
    package var repairs: [Repair] {
        var repairs: [Repair] = []
        if suggestsReadingAllHeaders { repairs.append(.indexFromAllPacks) } else if suggestsRepairIndex && !isClean { repairs.append(.index) }
        if !brokenPacks.isEmpty { repairs.append(.packs(brokenPacks)) }
        if suggestsRepairSnapshots { repairs.append(.snapshots) }
        return repairs + damagedKeys.map { .removeKey($0) }
    }

    package enum Repair: Sendable, Equatable {
        case index, indexFromAllPacks
        case packs([PackID])
        case snapshots
        case removeKey(KeyID)
    }
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
    /// The tree that can be read, and has something in it that is wrong.
    let tree: BlobID?

    init(_ object: String, _ message: String, blobs: [BlobHandle] = [], tree: BlobID? = nil) {
        self.object = object
        self.message = message
        self.blobs = blobs
        self.tree = tree
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
