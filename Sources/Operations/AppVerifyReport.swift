// AppVerifyReport: what a verify found, as a value. How it reads is in AppVerifyText, AppVerifyJSON and AppVerifyPage.

package import Bytes
import Databases
import HostOS
package import Journal
package import RepositoryEngine
import RepositoryFormat
import Settings
package import Upkeep

package struct AppVerifyReport: Sendable {
    /// How far a database snapshot was followed.
    package enum Proof: String, Sendable {
        /// Its manifest is readable and fits the file's size.
        case described
        /// Its bytes are those that were captured.
        case hashed
        /// Its rows were read, counted and hashed, and are those of the manifest.
        case parsed
        /// It was restored, checked by SQLite, and every table compared.
        case restored
    }

    package struct Database: Sendable {
        package let snapshot: CatalogedSnapshot?
        package let path: BytePath
        package var proof: Proof?
        package var tableCount = 0
        package var rowCount: UInt64 = 0
        package var failure: Failure?
    }

    /// What there is of one source, or of one database of several.
    package struct State: Sendable {
        package let source: AppSource
        /// Of a database.
        package let path: BytePath?
        /// Good backups, oldest first.
        package let good: [CatalogedSnapshot]
        /// Captures of a database that was damaged already.
        package let damagedCaptures: [CatalogedSnapshot]

        package var newest: CatalogedSnapshot? { good.last }
        /// All that is left was damaged before it was saved: nothing good can be brought back.
        package var isHopeless: Bool { good.isEmpty && !damagedCaptures.isEmpty }
        package var label: String { path.map { "\(source.rawValue) \($0)" } ?? source.rawValue }
    }

    package let application: String
    /// As people call it.
    package let title: String
    package let host: String
    package let program: String
    package let repository: String
    /// The file that opens the repository, if it is one.
    package let keyFile: BytePath?
    package let runID: RunID
    package let time: Timestamp
    package let readData: CheckOptions.ReadData
    package let check: CheckResult
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    /// The sources the application has by its settings.
    package let configured: Set<AppSource>
    /// The snapshots looked at, oldest first.
    package var snapshots: [CatalogedSnapshot] = []
    package var databases: [Database] = []
    package var coverage: ReadCoverage
    /// What a person should know about the verify itself.
    package var notes: [String] = []
    package var durationNanoseconds: Int64 = 0

    init(workbench: AppWorkbench, runID: RunID, time: Timestamp, readData: CheckOptions.ReadData, check: CheckResult) {
        let settings = workbench.application
        application = settings.name
        title = settings.title
        host = workbench.identity.hostName
        program = workbench.programVersion
        repository = "\(workbench.access.address)"
        if case .file(let path) = workbench.access.password { keyFile = path } else { keyFile = nil }
        configured = Set(
            AppSource.allCases.filter { source in
                switch source {
                case .config: !settings.config.isEmpty
                case .database: !settings.databases.isEmpty
                case .files: settings.files != nil
                }
            })
        self.runID = runID
        self.time = time
        self.readData = readData
        self.check = check
        coverage = ReadCoverage(check, known: [:], now: time)
    }

    package var readsAll: Bool { readData.isEverything }
    package var isClean: Bool { check.isClean && databases.allSatisfy { $0.failure == nil } && !states.contains(where: \.isHopeless) }

    /// The sources looked at, each database by itself; a configured one without any backup is among them.
    package var states: [State] {
        [AppSource.database, .files, .config].filter(sources.contains).flatMap { source -> [State] in
            let held = snapshots.filter { $0.snapshot.heldSource == source && !$0.snapshot.isSafetyBackup }
            if held.isEmpty {
                return configured.contains(source) ? [State(source: source, path: nil, good: [], damagedCaptures: [])] : []
            }
            guard source == .database else { return [state(source, nil, held)] }
            let paths = Set(held.compactMap(\.snapshot.paths.first)).sorted()
            return paths.map { path in state(source, path, held.filter { $0.snapshot.paths.first == path }) }
        }
    }

    private func state(_ source: AppSource, _ path: BytePath?, _ held: [CatalogedSnapshot]) -> State {
        State(
            source: source, path: path, good: held.filter { $0.snapshot.backupSource == source },
            damagedCaptures: held.filter { $0.snapshot.backupSource == nil })
    }

    /// One line for each thing that is damaged.
    package var damage: [String] {
        check.errors.map(\.description)
            + databases.compactMap { database in
                database.failure.map { "\(database.snapshot.map { "snapshot \($0.id.short)" } ?? "the databases"): \($0.message)" }
            }
            + states.filter(\.isHopeless).map { state in
                "\(state.label): there is no good backup of it; the database was damaged already when snapshot"
                    + "\(state.damagedCaptures.count == 1 ? "" : "s") \(state.damagedCaptures.map(\.id.short).joined(separator: ", ")) "
                    + (state.damagedCaptures.count == 1 ? "was made" : "were made")
            }
    }

    /// Snapshots that cannot be restored completely, as far as the damage was traced.
    package var damagedSnapshots: [CatalogedSnapshot] {
        let ids = Set(check.errors.flatMap(\.affected).map(\.snapshot)).union(
            databases.filter { $0.failure != nil }.compactMap { $0.snapshot?.id })
        return snapshots.filter { ids.contains($0.id) }
    }

    /// What to do about damage, in order; empty if there is none.
    package var advice: [String] {
        var advice: [String] = []
        let repairs = check.repairs
        if !repairs.isEmpty { advice.append("Copy the repository before you repair it.") }
        advice += repairs.filter { $0 != .snapshots }.map(\.advice)
        if !check.isClean || databases.contains(where: { $0.failure != nil }) {
            advice.append("Run `lifeboat backup` now: it stores again what is missing and still exists.")
            if repairs.contains(.snapshots) { advice.append(CheckResult.Repair.snapshots.advice) }
            advice.append("Look at the health of the disk that holds the repository; damage seldom comes alone.")
        }
        if states.contains(where: \.isHopeless) {
            advice.append("Mend the live database (or bring it back from a copy elsewhere), then run `lifeboat backup database`.")
        }
        if !advice.isEmpty { advice.append("Then run `lifeboat verify --read-data 100%`. Snapshots that are not named as damaged can be restored meanwhile.") }
        return advice
    }
}
