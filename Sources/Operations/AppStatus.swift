// AppStatus: the verb `status`: can we recover, to when, and how long does it take?
//
// The evidence is the repository, not the journal: a source counts as saved if its newest snapshot is there, the root of its files can be
// read, and a database's manifest can be read and all its content is in the index. The journal adds what only it knows: when a
// verify last passed, what the last drills proved, how long the newest of them or of the restores took (AppStatus+Drills).
//
// The data loss objective is held against the databases (the files of an application without any): by default files are saved
// once a week, and their age is shown beside it. Files and configuration are reported when they are older than their own schedule.

package import Bytes
import HostOS
package import Journal
import RepositoryEngine
import RepositoryFormat
package import Settings

package struct AppStatusReport: Sendable {
    package enum Verdict: String, Sendable {
        case restorable = "RESTORABLE"
        case atRisk = "AT RISK"
        case unprotected = "NOT PROTECTED"
    }

    /// One source, or one database of several.
    package struct Source: Sendable {
        package let label: String
        package let source: AppSource
        package var lastGood: Timestamp?
        package var snapshotCount = 0
        /// When the oldest of them was made.
        package var firstBackup: Timestamp?
        /// Of the newest, in bytes.
        package var byteCount: UInt64 = 0
        /// Why the newest one, or any, cannot be had.
        package var problem: String?
        /// The newest drill that this source was part of.
        package var drill: Drill?
        /// The newest that proved it.
        package var lastProof: Timestamp?
    }

    package struct Drill: Sendable {
        package let time: Timestamp
        package let outcome: DrillRecord.Outcome
        /// Why it is not proved.
        package let message: String?
    }

    package let application: ResolvedApplication
    package let repository: String
    package let now: Timestamp
    package internal(set) var sources: [Source] = []
    package internal(set) var safetyBackupCount = 0
    /// Why the repository could not be looked at.
    package internal(set) var repositoryFailure: Failure?
    package internal(set) var lastVerify: RunRecord?
    /// The newest successful restore or drill of the whole application: what recovery takes, measured.
    package internal(set) var measured: RunRecord?
    /// What makes recovery doubtful.
    package internal(set) var reasons: [String] = []
    package internal(set) var warnings: [String] = []
    /// An objective is breached: `status --check` ends with 22.
    package internal(set) var isBreached = false

    package var verdict: Verdict {
        if repositoryFailure == nil && sources.allSatisfy({ $0.lastGood == nil }) { return .unprotected }
        return reasons.isEmpty ? .restorable : .atRisk
    }

    /// What would be lost if the machine died now, in seconds: the age of the oldest of the newest recovery points of what counts.
    package var worstCaseSeconds: Int64? {
        let counted =
            sources.contains { $0.source == .database } ? sources.filter { $0.source == .database } : sources.filter { $0.source == .files }
        let ages = counted.map { source in source.lastGood.map { max(0, now.seconds - $0.seconds) } }
        guard !ages.isEmpty, !ages.contains(where: { $0 == nil }) else { return nil }
        return ages.compactMap { $0 }.max()
    }

    package var recoverySeconds: Double? { measured.flatMap(AppStatus.recoveryNanoseconds).map { Double($0) / 1e9 } }
}

package struct AppStatus {
    package let workbench: AppWorkbench

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package func run() -> AppStatusReport {
        var report = AppStatusReport(
            application: workbench.application, repository: "\(workbench.access.address)", now: workbench.identity.now())
        do {
            let damaged = DamagedSnapshots()
            var access = damaged.watching(workbench.access)
            access.withoutLock = true
            try access.withIndex(.shared) { indexed, snapshots in
                report.reasons += damaged.messages
                look(AppCatalog(snapshots, of: workbench), indexed, &report)
            }
        } catch {
            let failure = Failure(describing: error)
            report.repositoryFailure = failure
            // A missing key says so itself, and is not the repository's fault.
            report.reasons.append(failure.code == .wrongKey ? failure.message : "the repository cannot be read: \(failure.message)")
        }
        readJournal(&report)
        judge(&report)
        report.warnings += AppPlaces(workbench).warnings + secondCopy(report) + workbench.application.notices
        return report
    }

    /// One disk, one fire, one mistake: what a single repository does not outlive.
    private func secondCopy(_ report: AppStatusReport) -> [String] {
        guard workbench.application.repositories.count < 2, report.sources.contains(where: { $0.lastGood != nil }) else { return [] }
        return ["there is no second copy of the backups: keep one at another place (`lifeboat copy`, or a copy of the repository's directory)"]
    }

    // MARK: Looking

    private func look(_ catalog: AppCatalog, _ indexed: IndexedRepository, _ report: inout AppStatusReport) {
        let application = workbench.application
        report.safetyBackupCount = catalog.all.count(where: \.snapshot.isSafetyBackup)
        let reader = BlobReader(indexed)
        for database in application.databases {
            let label = application.databases.count == 1 ? "database" : "database \(database.name)"
            report.sources.append(source(label, .database, backups(of: database, catalog), reader, indexed, unsupported: reason(database)))
        }
        // The settings may not find the database any more, after a disaster: what was saved is there all the same.
        if application.databases.isEmpty, !catalog.backups(of: .database).isEmpty {
            report.sources.append(source("database", .database, catalog.backups(of: .database), reader, indexed, unsupported: nil))
        }
        if application.files != nil {
            report.sources.append(source("files", .files, catalog.backups(of: .files), reader, indexed, unsupported: nil))
        }
        if !application.config.isEmpty || !catalog.backups(of: .config).isEmpty {
            report.sources.append(source("config", .config, catalog.backups(of: .config), reader, indexed, unsupported: nil))
        }
    }

    private func backups(of database: ResolvedDatabase, _ catalog: AppCatalog) -> [CatalogedSnapshot] {
        let all = catalog.backups(of: .database)
        guard let path = database.savedPath else { return [] }
        return all.filter { $0.snapshot.paths == [path] }
    }

    private func reason(_ database: ResolvedDatabase) -> String? {
        switch database.location {
        case .file: nil
        case .server where database.type == .mysql || database.type == .mariadb: nil
        case .server: "\(database.type.map { "\($0)" } ?? "this kind of") databases cannot be backed up by this version of lifeboat"
        case .unknown(let reason): reason
        }
    }

    private func source(
        _ label: String, _ source: AppSource, _ backups: [CatalogedSnapshot], _ reader: BlobReader, _ indexed: IndexedRepository,
        unsupported: String?
    ) -> AppStatusReport.Source {
        var status = AppStatusReport.Source(label: label, source: source)
        status.snapshotCount = backups.count
        status.firstBackup = backups.first?.snapshot.time
        status.problem = unsupported ?? (backups.isEmpty ? "there is no backup of it yet" : nil)
        guard let newest = backups.last else { return status }
        status.byteCount = newest.snapshot.summary?.totalBytesProcessed ?? 0
        do {
            if source == .database {
                let saved = try AppDatabaseSnapshot(newest, reader)
                guard try saved.isInIndex(indexed) else {
                    throw RepositoryFailure.damaged(
                        object: "snapshot \(newest.id.short)", detail: "parts of the database are missing from the index")
                }
            } else {
                _ = try Tree.parse(reader.readTree(newest.snapshot.tree))
            }
            status.lastGood = newest.snapshot.time
        } catch {
            status.problem = Failure(describing: error).message
        }
        return status
    }

    private func readJournal(_ report: inout AppStatusReport) {
        // Asking must not create anything: without a journal there is no history.
        guard (try? FileStatus.ifExists(workbench.state.journalPath)) ?? nil != nil else { return }
        let name = workbench.application.name
        do throws(JournalFailure) {
            let journal = try RunJournal.open(workbench.state.journalPath)
            let verifies = try journal.recent(limit: 100, verb: "verify", application: name).filter { $0.result != nil && $0.result?.exitStatus != 11 }
            report.lastVerify = verifies.first
            if Self.hasOpenDamage(verifies) { report.reasons.append("a verify found damage, and none since has read as much: `lifeboat verify --read-data 100%`") }
            let lastBackup = try journal.recent(limit: 50, verb: "backup", application: name).first { $0.outcome != .running }
            noteFailure(of: lastBackup, &report)
            let restore = try journal.recent(limit: 200, verb: "restore", application: name).first {
                $0.outcome.isSuccess && $0.start.source == nil
            }
            let drill = try readDrills(journal, &report)
            report.measured = [restore, drill].compactMap { $0 }.max { $0.started < $1.started }
        } catch {
            report.warnings.append(error.failure.message)
        }
    }

    /// Whether damage was found that no later verify can vouch for: one that read less may have missed it.
    /// - Parameter verifies: newest first.
    static func hasOpenDamage(_ verifies: [RunRecord]) -> Bool {
        guard let index = verifies.firstIndex(where: { $0.result?.exitStatus == FailureCode.damaged.rawValue }) else { return false }
        let found = verifies[index].result?.bytesRead ?? 0
        return !verifies[..<index].contains { later in
            guard let result = later.result, later.outcome.isSuccess, later.start.source == nil else { return false }
            return result.bytesRead >= found || result.phases.contains { $0.name == AppVerify.wholePhase }
        }
    }

    /// What was saved before is still good, but somebody has to know that nothing new is.
    private func noteFailure(of run: RunRecord?, _ report: inout AppStatusReport) {
        guard let run, !run.outcome.isSuccess else { return }
        let why = run.result?.message.map { ": \($0)" } ?? (run.outcome == .interrupted ? ": it was interrupted" : "")
        report.warnings.append("the last backup of \(run.started) is not complete\(why)")
    }

    // MARK: Judging

    private func judge(_ report: inout AppStatusReport) {
        let goals = workbench.application.objectives
        for source in report.sources {
            if let problem = source.problem { report.reasons.append("\(source.label): \(problem)") }
        }
        if let lost = report.worstCaseSeconds, lost > goals.rpo.components.seconds {
            report.reasons.append("the newest recovery point is older than the objective of \(goals.rpo.settingsText)")
            report.isBreached = true
        }
        if report.worstCaseSeconds == nil { report.isBreached = true }
        if let seconds = report.recoverySeconds, seconds > Double(goals.rto.components.seconds) {
            report.reasons.append("the last \(report.measured?.start.verb ?? "restore") took longer than the objective of \(goals.rto.settingsText)")
            report.isBreached = true
        }
        judgeDrills(&report)
        for source in report.sources where source.source != .database { noteAge(source, &report) }
    }

    private func noteAge(_ source: AppStatusReport.Source, _ report: inout AppStatusReport) {
        let schedule = workbench.application.schedule
        guard let last = source.lastGood, let interval = (source.source == .files ? schedule.files : schedule.config).longestIntervalSeconds
        else { return }
        let age = report.now.seconds - last.seconds
        // A day of grace: a run is not late because the machine was busy.
        if age > interval + 86_400 { report.warnings.append("the newest backup of \(source.label) is \(age / 86_400) days old") }
    }
}
