// MountedSnapshots: which snapshots the mount shows, while other programs make new ones.
//
// Whoever looks at a folder above the snapshots asks for them here. The list is read again if the last reading is a minute old: snapshots
// first, then the index files that are new, so that every snapshot shown has its blobs. What cannot be read is said once, and what was
// shown before goes on being shown.

package import Bytes
package import HostOS
package import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

package final class MountedSnapshots: Sendable {
    /// restic's.
    package static let refreshSeconds: Int64 = 60

    private let indexed: IndexedRepository
    private let filter: SnapshotFilter
    private let layout: FolderLayout
    private let clock: any Clock
    private let onTrouble: @Sendable (Failure) -> Void
    private let state: Mutex<State>
    /// Held by the one thread that reads the list; the others go on with what is there.
    private let refreshing = Mutex(())

    private struct State {
        var shown: FolderEntry
        var ids: [SnapshotID]
        var indexFiles: Set<IndexID>
        var checked: Int64
        var damaged: Set<SnapshotID> = []
        var lastTrouble = ""
    }

    /// - Parameters:
    ///   - snapshots: those that the index was loaded after.
    ///   - onTrouble: hears of snapshots that cannot be read, and of a list that cannot.
    package init(
        _ indexed: IndexedRepository, _ snapshots: [CatalogedSnapshot], filter: SnapshotFilter, layout: FolderLayout, clock: any Clock,
        onTrouble: @escaping @Sendable (Failure) -> Void
    ) {
        self.indexed = indexed
        self.filter = filter
        self.layout = layout
        self.clock = clock
        self.onTrouble = onTrouble
        let chosen = snapshots.filter { filter.matches($0.snapshot) }
        state = Mutex(
            State(
                shown: layout.folders(for: chosen), ids: snapshots.map(\.id).sorted(), indexFiles: Set(indexed.indexFiles),
                checked: clock.steadySeconds()))
    }

    /// The folder of everything, as it is now or was a minute ago.
    package var root: FolderEntry {
        if isDue { _ = refreshing.withLockIfAvailable { _ in if isDue { refresh() } } }
        return state.withLock { $0.shown }
    }

    private var isDue: Bool {
        let now = clock.steadySeconds()
        return state.withLock { now - $0.checked >= MountedSnapshots.refreshSeconds }
    }

    private func refresh() {
        do {
            let repository = indexed.repository
            let ids = try repository.store.list(.snapshot).map { SnapshotID($0.name) }.sorted()
            if ids != state.withLock({ $0.ids }) {
                let snapshots = try SnapshotCatalog.load(repository) { [self] id, error in note(damage: error, of: id) }
                let indexFiles = try indexed.loadIndexFiles(besides: state.withLock { $0.indexFiles })
                let shown = layout.folders(for: snapshots.filter { filter.matches($0.snapshot) })
                state.withLock { state in
                    state.shown = shown
                    state.ids = ids
                    state.indexFiles.formUnion(indexFiles)
                }
            }
            state.withLock { $0.lastTrouble = "" }
        } catch {
            let failure = Failure(describing: error)
            let isNews = state.withLock { state in
                defer { state.lastTrouble = failure.message }
                return state.lastTrouble != failure.message
            }
            if isNews { onTrouble(Failure(failure.code, "the list of snapshots could not be read again: \(failure.message)", hint: failure.hint)) }
        }
        let now = clock.steadySeconds()
        state.withLock { $0.checked = now }
    }

    private func note(damage error: any Error, of id: SnapshotID) {
        if state.withLock({ $0.damaged.insert(id).inserted }) { onTrouble(Failure(describing: error)) }
    }
}
