// RewriteSnapshots: the verb `rewrite`: snapshots without some of their files, or with other metadata.

package import Bytes
package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct RewriteSnapshots {
    package var access: RepositoryAccess
    package var choice: SnapshotChoice
    package var request: RewriteRequest

    package init(access: RepositoryAccess, choice: SnapshotChoice, request: RewriteRequest) {
        self.access = access
        self.choice = choice
        self.request = request
    }

    /// - Parameter onDropped: hears of each file and directory that is left out.
    package func run(
        progress: @escaping UpkeepProgressHandler, onDropped: @escaping (CatalogedSnapshot, BytePath) -> Void = { _, _ in }
    ) throws -> RewriteOutcome {
        guard !request.isEmpty else {
            throw Failure(
                .usage, "nothing to do: nothing is to be left out, and no new metadata is given",
                hint: "say what to leave out with --exclude, or what to change with --new-host, --new-time or --snapshot-summary")
        }
        return try Cancelled.explained(
            request.isDryRun ? "nothing was changed" : "every snapshot is there, as it was or rewritten", next: "run `lifeboat rewrite` again"
        ) {
            try guarded { repository in
                let chosen = try choice.chosen(from: access.loadSnapshots(repository))
                let rewrite = SnapshotRewrite(request, in: try IndexedRepository.load(repository), progress: progress, onDropped: onDropped)
                if request.isDryRun { return try rewrite.run(chosen) }
                let outcome = try record(chosen) { try rewrite.run(chosen) }
                ParityUpkeep.follow(repository, access, progress: progress)
                return outcome
            }
        }
    }

    /// Only a rewrite that removes originals needs the repository for itself; a dry run is content without any lock.
    private func guarded<R>(_ body: (Repository) throws -> R) throws -> R {
        var access = access
        access.withoutLock = request.isDryRun
        if request.isDryRun { return try access.with(.shared, onlyReading: true, body) }
        return try access.with(request.forgetsOriginals ? .exclusive : .shared, body)
    }

    private func record(_ chosen: [CatalogedSnapshot], _ body: () throws -> RewriteOutcome) throws -> RewriteOutcome {
        let action = AuditTrail.Action(
            request.forgetsOriginals ? "rewrite --forget" : "rewrite", "\(AuditTrail.names(chosen.map(\.id))) in \(access.address)",
            destroys: request.forgetsOriginals)
        return try access.audit.record(action, announced: request.forgetsOriginals, body) { outcome in
            let isWhole = outcome.changes.allSatisfy { $0.remains == nil }
            return (isWhole ? 0 : FailureCode.sourceIncomplete.rawValue, "rewrote \(outcome.changes.count)")
        }
    }
}
