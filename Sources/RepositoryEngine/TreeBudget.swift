// TreeBudget: how much of a snapshot may be unfolded, whatever its trees claim. For every walk that opens the same tree once for each of
// its places, because paths matter to it.
//
// A tree names others by their ids, and may name the same one a hundred times. Twenty such trees, one below the other, take some kilobytes
// and stand for more directories than any disk holds. So:
// 1. What is unfolded again, of trees seen before, may be a million entries, or twenty times what was seen for the first time. Honest trees
//    are nearly all different: each holds the inode numbers and times of its files. Empty ones are alike, and cost nothing here.
// 2. A path has at most 16 KiB, four times what a system call takes: a chain of folders without end would else hold paths without end.
// 3. The trees that are open at once, one below the other, hold at most 16 million entries together.
//
// Once one of the first is exceeded, every further tree is refused, so that the walk comes to its end.

package import Bytes
package import RepositoryFormat

package struct TreeBudget {
    package static let maximumPathByteCount = 16 << 10
    package static let maximumOpenEntryCount = 16_000_000
    package static let freeRepeatedEntryCount = 1_000_000
    package static let maximumRepetition = 20

    private let index: BlobIndex
    private var seen: OrdinalSet
    private var firstCount = 0
    private var repeatedCount = 0
    private var openCount = 0

    /// For one walk.
    package init(_ index: BlobIndex) {
        self.index = index
        seen = OrdinalSet(capacity: index.blobCount)
    }

    /// Notes that a tree is opened at `path`; every one of them is to be closed again.
    /// - Throws: `RepositoryFailure.outOfProportion`. It is not open then.
    package mutating func open(_ tree: BlobID, at path: BytePath, entryCount: Int) throws(RepositoryFailure) {
        guard path.bytes.count <= TreeBudget.maximumPathByteCount else {
            throw .outOfProportion(tree, detail: "it lies deeper than any file can: its path has \(path.bytes.count) bytes")
        }
        guard openCount + entryCount <= TreeBudget.maximumOpenEntryCount else {
            throw .outOfProportion(tree, detail: "with it, the folders above it hold more than \(TreeBudget.maximumOpenEntryCount) entries")
        }
        let isNew = index.firstOrdinal(BlobHandle(type: .tree, id: tree)).map { seen.insert($0) } ?? true
        if isNew { firstCount += entryCount } else { repeatedCount += entryCount }
        guard repeatedCount <= TreeBudget.freeRepeatedEntryCount || repeatedCount <= TreeBudget.maximumRepetition * firstCount else {
            let counts = "\(repeatedCount) entries so far, of \(firstCount) different ones"
            throw .outOfProportion(tree, detail: "the same folders stand in it again and again: \(counts); no more of them are unfolded")
        }
        openCount += entryCount
    }

    package mutating func close(entryCount: Int) { openCount -= entryCount }
}
