// ScrubRepository: the verb `scrub`: is every file still what it was when it was written? Needs no password and takes no lock.
//
// The journal of repositories remembers when each pack was last found whole. It is keyed by the hash of the config, which every key-less
// reader can compute and which stays the same for the life of a repository; losing it costs nothing but a new beginning.

import Bytes
import Codecs
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
package import Stores
package import Upkeep

package struct ScrubRepository {
    package var address: StoreAddress
    package var readData = CheckOptions.ReadData.all
    /// Seconds; packs that were read since are left out.
    package var olderThan: Int64?
    /// Rebuild from parity what is damaged or lost, and keep copies here of what is replaced; nil: only look.
    package var repairsInto: KeptCopies?
    package var audit = AuditTrail.none

    package init(address: StoreAddress) { self.address = address }

    package struct Outcome: Sendable {
        package let result: ScrubResult
        /// Nil if it was not asked for.
        package var repaired: ParityRebuild.Outcome?
        /// Damage that is left.
        package var remaining: [ScrubResult.Damage]
        package let coverage: ReadCoverage
        /// Why it may not be remembered what was read.
        package let notes: [String]
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> Outcome {
        try Cancelled.explained("nothing was changed; what was read until then does not count as verified", next: "run `lifeboat scrub` again") {
            let store = try KeylessStore.open(address)
            var record = ScrubRecord(store, of: try KeylessStore.identity(of: store))
            let now = Identity.ofThisProcess().now(), known = record.load()
            let before = olderThan.map { Timestamp(seconds: now.seconds - $0) }
            let options = ScrubOptions(readData: readData, lastRead: known, before: before)
            let result = try Scrub(store, options: options, progress: progress).run()
            record.save(result, at: now)
            let broken = Set(result.damage.map { PackID($0.key.name) })
            let coverage = ReadCoverage(result.data, known: known, whole: Set(result.wholeData), broken: broken, now: now)
            var outcome = Outcome(result: result, remaining: result.damage, coverage: coverage, notes: record.notes)
            if let copies = repairsInto { try repair(&outcome, store, copies, progress) }
            return outcome
        }
    }

    private func repair(
        _ outcome: inout Outcome, _ store: any Store, _ copies: KeptCopies, _ progress: @escaping UpkeepProgressHandler
    ) throws {
        let catalog = try ParityCatalog.load(store), result = outcome.result
        let packs = try result.damagedPacks + ParityUpkeep.missingPacks(store, catalog)
        let repaired = try audit.record(AuditTrail.Action("scrub --repair", "\(packs.count) packs of \(address)"), announced: false) {
            try ParityRebuild(store, catalog, copies: copies, progress: progress).run(packs)
        } result: {
            (0, "rebuilt \($0.rebuilt.count), could not rebuild \($0.failed.count)")
        }
        if !result.damagedParity.isEmpty, let settings = try ParitySettings.load(store) {
            _ = try ParityUpdate(store, settings.layout, damagedFiles: Set(result.damagedParity), progress: progress) { _ in true }.run()
        }
        let whole = Set(repaired.rebuilt)
        outcome.remaining = try result.damage.filter { damage in
            switch damage.key.kind {
            case .pack: !whole.contains(PackID(damage.key.name))
            // Made anew of the same packs, it has the same name.
            case .parity: try !Scrub.isRight(damage.key, in: store)
            default: true
            }
        }
        outcome.repaired = repaired
    }
}

/// A repository as everybody can see it who can read its place.
enum KeylessStore {
    static func open(_ address: StoreAddress, through openStore: (StoreAddress) -> any Store = { $0.open() }) throws -> any Store {
        let store = openStore(address)
        guard try store.exists(.config) else { throw RepositoryFailure.missing(location: store.location) }
        return InterruptibleStore(store)
    }

    static func identity(of store: any Store) throws -> Digest {
        SHA256.hash(try store.load(.config, limit: RepositoryConfig.maximumByteCount))
    }
}

/// What earlier scrubs found. A record that cannot be used is a note, never a reason to stop.
private struct ScrubRecord {
    private let repository: String
    private let journal: RunJournal?
    private(set) var notes: [String] = []

    init(_ store: any Store, of identity: Digest) {
        repository = "scrub-\(identity.hex)"
        do {
            journal = try RunJournal.open(AppState.ofRepositories().journalPath)
        } catch {
            journal = nil
            note(error)
        }
    }

    private mutating func note(_ error: any Error) {
        notes.append("it will not be remembered what was read: \(Failure(describing: error).message)")
    }

    mutating func load() -> [PackID: Timestamp] {
        do {
            let readings = try journal?.packReadings(of: repository) ?? [:]
            return Dictionary(uniqueKeysWithValues: readings.map { (PackID($0.key), $0.value) })
        } catch {
            note(error)
            return [:]
        }
    }

    mutating func save(_ result: ScrubResult, at time: Timestamp) {
        do {
            try journal?.recordPackReadings(
                result.wholeData.map(\.digest), present: Set(result.data.map(\.id.digest)), damaged: Set(result.damage.map(\.key.name)),
                of: repository, at: time)
        } catch {
            note(error)
        }
    }
}
