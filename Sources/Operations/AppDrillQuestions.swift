// AppDrillQuestions: what the settings want to know of a restored database, and what we always want to know: is it with this APP_KEY
// that its encrypted columns can be read?
//
// A question is asked in every database of the drill, in their order, while it is there. The first that can answer it decides: the
// settings name no database, and tables are rarely in two. Questions cannot change anything: SQLite's file is open for reading only,
// a server gets them in a transaction that may not write.

import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppDrillQuestions {
    private struct Question {
        let sql: String
        let expectation: Expectation
        var wasAnswered = false
        var answer: String?
        /// Why the first database that was asked could not answer.
        var failure: Failure?
    }

    private let workbench: AppWorkbench
    private var questions: [Question]

    init(workbench: AppWorkbench) {
        self.workbench = workbench
        questions = workbench.settings.drill.checks.compactMap { check in
            if case .query(let sql, let expectation) = check { Question(sql: sql, expectation: expectation) } else { nil }
        }
    }

    /// - Parameter database: answers a query with its first value, nil for NULL and for no row.
    mutating func ask(_ database: (String) throws -> String?) {
        for index in questions.indices where !questions[index].wasAnswered {
            do {
                questions[index].answer = try database(questions[index].sql)
                questions[index].wasAnswered = true
            } catch {
                questions[index].failure = questions[index].failure ?? Failure(describing: error)
            }
        }
    }

    // MARK: Verdicts

    /// - Parameter place: where configuration was restored.
    func checks(_ snapshots: [CatalogedSnapshot], _ parts: [AppDrillReport.Part], _ place: BytePath) throws -> [AppDrillReport.Check] {
        let databases = parts.filter { $0.source == .database }
        // Without a database there is nobody to ask.
        let asked = databases.isEmpty ? [] : questions.map { verdict($0, databases) }
        return asked + (try keyCheck(snapshots, place).map { [$0] } ?? [])
    }

    private func verdict(_ question: Question, _ databases: [AppDrillReport.Part]) -> AppDrillReport.Check {
        var check = AppDrillReport.Check(
            question: question.sql, source: .database, expectation: question.expectation.description, answer: question.answer, outcome: .proved, failure: nil)
        if question.wasAnswered {
            let holds = question.answer.map(question.expectation.holds) ?? false
            if holds { return check }
            check.outcome = .failed
            check.failure = Failure(
                .drillFailed, "'\(question.sql)' gives \(question.answer ?? "nothing") where \(question.expectation) is expected",
                hint: "look at the restored data with `lifeboat drill --keep`")
        } else if let failure = question.failure {
            check.outcome = .failed
            check.failure = Failure(.drillFailed, "'\(question.sql)' could not be answered: \(failure.message)", hint: "correct it under `drill: checks:`")
        } else {
            check.outcome = databases.contains { $0.outcome == .failed } ? .failed : .inconclusive
            check.failure = Failure(.drillFailed, "'\(question.sql)' could not be asked: no database came back")
        }
        return check
    }

    /// Nil if there is no key, or no configuration that should hold it.
    private func keyCheck(_ snapshots: [CatalogedSnapshot], _ place: BytePath) throws -> AppDrillReport.Check? {
        let file = BytePath.resolve(workbench.settings.app.environmentFile, in: workbench.application.root)
        let restored = BytePath(AppDrillTree.target(.config, in: place).bytes + file.bytes)
        let databases = snapshots.filter { $0.snapshot.heldSource == .database && AppKeyFingerprint.isRecorded(in: $0.snapshot) }
        guard !databases.isEmpty, let status = try FileStatus.ifExists(restored), status.kind == .regular else { return nil }
        let env = DotEnv(try AtomicFile.read(restored, limit: DotEnv.maximumByteCount), file: file)
        var check = AppDrillReport.Check(question: "the saved APP_KEY is that of the database", source: .config, outcome: .proved)
        if let warning = databases.lazy.compactMap({ AppKeyFingerprint.mismatch($0.snapshot, saved: env) }).first {
            check.outcome = .failed
            check.failure = Failure(.drillFailed, warning, hint: "`lifeboat backup config` saves the env file as it is now")
        }
        return check
    }
}

extension AppKeyFingerprint {
    static func isRecorded(in snapshot: SnapshotFile) -> Bool { recorded(in: snapshot) != nil }

    /// Why a database and the env file saved beside it do not belong together; nil if they do.
    static func mismatch(_ snapshot: SnapshotFile, saved env: DotEnv?) -> String? {
        guard let recorded = recorded(in: snapshot) else { return nil }
        guard let saved = AppKeyFingerprint(env) else {
            return "the database was saved under an APP_KEY (fingerprint \(recorded)), and the saved env file has none: what the application encrypted cannot be read"
        }
        return saved.text == recorded
            ? nil
            : "the database was saved under another APP_KEY (fingerprint \(recorded)) than the saved env file has (\(saved)): what the application encrypted cannot be read"
    }
}
