// ParityRepository: the verbs `repository parity on`, `off`, `status` and `update`. None needs a password.
//
// Without a password nobody can say whether a pack that is not there was pruned or lost; so a group that misses one is kept as it is, unless the
// administrator says that what is missing was removed on purpose. After a backup, prune or copy of lifeboat the index answers that
// (ParityUpkeep).

import Bytes
import HostOS
import RepositoryEngine
package import RepositoryFormat
package import Stores
package import Upkeep

package struct ParityRepository {
    package let address: StoreAddress
    /// How the store at an address is reached; a test puts one in between.
    package var openStore: @Sendable (StoreAddress) -> any Store = { $0.open() }

    package init(address: StoreAddress) { self.address = address }

    private func store() throws -> any Store { try KeylessStore.open(address, through: openStore) }

    package struct Status: Sendable {
        /// Nil if parity is off.
        package let settings: ParitySettings?
        package let packCount: Int
        package let packByteCount: UInt64
        package let protectedPackCount: Int
        package let parityByteCount: UInt64
        package let groupCount: Int
        /// Protected, and not there: removed by another program, or lost.
        package let missingPacks: [PackID]
    }

    private static let next = "run `lifeboat repository parity update`"

    /// Also changes how much is wanted: groups are then made anew, and the old ones removed after that.
    package func on(redundancyPercent: Int, progress: @escaping UpkeepProgressHandler) throws -> ParityOutcome {
        let now = UInt64(max(0, Identity.ofThisProcess().now().seconds))
        guard let settings = ParitySettings(redundancyPercent: redundancyPercent, time: now) else {
            throw Failure(.usage, "a redundancy of \(redundancyPercent) % cannot be had", hint: "choose between 1% and 100%, as in `--redundancy 10%`")
        }
        return try Cancelled.explained("parity is on; some packs have none yet", next: Self.next) {
            let store = try store()
            if try ParitySettings.load(store)?.redundancyPercent != redundancyPercent { try settings.save(in: store) }
            return try ParityUpdate(store, settings.layout, progress: progress) { _ in true }.run()
        }
    }

    /// - Returns: how many parity files were removed.
    package func off() throws -> Int {
        try Cancelled.explained("parity is off; some of its files are still there", next: "run `lifeboat repository parity off` again") {
            try ParityRemoval.run(store())
        }
    }

    /// - Parameter forgetsMissing: packs that are not there were removed on purpose.
    package func update(forgetsMissing: Bool, progress: @escaping UpkeepProgressHandler) throws -> ParityOutcome {
        try Cancelled.explained("no pack lost its parity; some have none yet", next: Self.next) {
            let store = try store()
            guard let settings = try ParitySettings.load(store) else {
                throw Failure(.failed, "parity is off in the repository at '\(store.location)'", hint: "switch it on: `lifeboat repository parity on`")
            }
            return try ParityUpdate(store, settings.layout, progress: progress) { _ in !forgetsMissing }.run()
        }
    }

    package func status() throws -> Status {
        let store = try store()
        let catalog = try ParityCatalog.load(store), packs = try store.list(.pack), protected = catalog.protectedPacks
        let present = Set(packs.map { PackID($0.name) })
        return Status(
            settings: try ParitySettings.load(store), packCount: packs.count, packByteCount: packs.reduce(0) { $0 + $1.byteCount },
            protectedPackCount: protected.intersection(present).count, parityByteCount: catalog.byteCount, groupCount: catalog.groups.count,
            missingPacks: protected.subtracting(present).sorted())
    }
}

/// What other verbs owe to parity, where it is on.
enum ParityUpkeep {
    /// After packs were written or deleted: new ones get parity, pruned ones leave their groups. Trouble is told and never ends the verb,
    /// whose own work is done.
    static func follow(_ repository: Repository, _ access: RepositoryAccess, progress: @escaping UpkeepProgressHandler = { _ in }) {
        do {
            guard let settings = try ParitySettings.load(repository.store) else { return }
            let needed = try indexedPacks(repository)
            let outcome = try ParityUpdate(repository.store, settings.layout, progress: progress) { needed.contains($0) }.run()
            if let pack = outcome.missingPacks.first {
                access.onParityTrouble?(
                    "\(outcome.missingPacks.count) packs are missing, the first is pack \(pack.short); "
                        + "`lifeboat repair packs` rebuilds them from parity")
            }
            if let pack = outcome.damagedPacks.first {
                access.onParityTrouble?(
                    "\(outcome.damagedPacks.count) packs are damaged and got no parity, the first is pack \(pack.short); "
                        + "run `lifeboat check --read-data`")
            }
        } catch {
            tell(error, access)
        }
    }

    /// Before packs are deleted: the other packs of their groups get parity without them, while everything is still there. A pack among those
    /// that is damaged may need them to be rebuilt, and is. Trouble is told and does not keep a prune from making room.
    /// - Parameters:
    ///   - leaving: in no index file any more.
    ///   - indexed: its index knows every pack that stays.
    static func prepare(
        forDeletionOf leaving: Set<PackID>, in indexed: IndexedRepository, _ access: RepositoryAccess, progress: @escaping UpkeepProgressHandler
    ) {
        let store = indexed.repository.store, index = indexed.index
        do {
            guard let settings = try ParitySettings.load(store) else { return }
            let update = { try ParityUpdate(store, settings.layout, leaving: leaving, progress: progress) { index.contains($0) }.run() }
            let damaged = try update().damagedPacks
            if damaged.isEmpty { return }
            let rebuilt = try ParityRebuild(store, ParityCatalog.load(store), copies: nil, progress: progress).run(damaged).rebuilt
            if !rebuilt.isEmpty { _ = try update() }
        } catch {
            tell(error, access)
        }
    }

    private static func tell(_ error: any Error, _ access: RepositoryAccess) {
        access.onParityTrouble?(
            "parity was not brought up to date: \(Failure(describing: error).message); `lifeboat repository parity update` makes up for it")
    }

    private static func indexedPacks(_ repository: Repository) throws -> Set<PackID> {
        var packs: Set<PackID> = []
        try IndexedRepository.load(repository).index.forEachPack { packs.insert($0.id) }
        return packs
    }

    /// Packs that parity knows and that are not there. Bringing one back that was pruned does no harm: the next prune removes it.
    static func missingPacks(_ store: any Store, _ catalog: ParityCatalog) throws -> [PackID] {
        if catalog.groups.isEmpty { return [] }
        return try catalog.protectedPacks.subtracting(store.list(.pack).map { PackID($0.name) }).sorted()
    }
}
