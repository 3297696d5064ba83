// UpkeepFailure: why snapshots were not forgotten, or a repository was not pruned. Nothing is removed before one of these is thrown,
// except where its text says so.

package import Bytes
import RepositoryFormat

package enum UpkeepFailure: Error, FailureConvertible, Equatable {
    /// The policy keeps nothing on purpose, or nothing was said.
    case noPolicy
    /// Everything may go, but no filter says of what.
    case removeAllWithoutFilter
    /// The policy would remove every snapshot of a group.
    case nothingKept(group: String)
    /// The repository's config forbids deleting.
    case appendOnly(location: String)
    case indexIncomplete(missingBlobs: Int, example: String)
    case neededPackMissing(packs: Int, example: String)
    case packSizeMismatch(pack: String, expected: UInt64, actual: UInt64)
    case treeDamaged(String, detail: String)
    /// Writing the tree again would not give what was read: it holds something this program does not know.
    case treeNotRewritable(String, path: String)
    /// No pack's id begins so.
    case noSuchPack(String)
    /// The index files changed while they were being rewritten.
    case indexChanged(pack: String)
    /// What was to be removed could not be copied first.
    case copyNotKept(String, path: String, reason: String)
    case noSuchMigration(String)
    case migrationRefused(String, reason: String)
    /// The new config was not stored well; what is there now, and where the old one is.
    case configNotReplaced(reason: String, isOldRestored: Bool, copy: String)
    case invalidText(String, what: String, example: String)

    package var failure: Failure {
        switch self {
        case .noPolicy:
            Failure(
                .usage, "no policy was given, no snapshots will be removed",
                hint: "say what to keep, as in `--keep-daily 7 --keep-weekly 5`")
        case .removeAllWithoutFilter:
            Failure(
                .usage, "all snapshots of the repository would be removed",
                hint: "say which snapshots are meant with --host, --tag or --path")
        case .nothingKept(let group):
            Failure(
                .failed, "refusing to delete last snapshot of snapshot group \"\(group)\": the policy keeps none of it",
                hint: "change the policy, or delete the snapshots by their ids")
        case .appendOnly(let location):
            Failure(
                .failed, "could not delete anything from the repository at '\(location)': its config says append-only",
                hint: "remove old snapshots with the program that set this")
        case .indexIncomplete(let count, let example):
            Failure(
                .damaged,
                "could not prune: \(count) blobs that snapshots need are in no index, the first is the \(example); nothing was changed",
                hint: "run `lifeboat check`, then `lifeboat repair index`")
        case .neededPackMissing(let count, let example):
            Failure(
                .damaged,
                "could not prune: \(count) packs that snapshots need are missing, the first is pack \(example); nothing was changed",
                hint: "run `lifeboat check` to see which snapshots and files are concerned")
        case .packSizeMismatch(let pack, let expected, let actual):
            Failure(
                .damaged, "could not prune: pack \(pack) has \(actual) bytes, but the index says \(expected); nothing was changed",
                hint: "run `lifeboat check --read-data`, then `lifeboat repair index`")
        case .treeDamaged(let tree, let detail):
            Failure(
                .damaged, "could not find out what snapshots need: tree \(tree) is damaged: \(detail); nothing was changed",
                hint: "run `lifeboat check` to see which snapshots are concerned")
        case .treeNotRewritable(let tree, let path):
            Failure(
                .failed,
                "could not rewrite '\(path)': its tree \(tree) holds something this program does not know and would lose; no snapshot was changed",
                hint: "leave the directory out as a whole, or rewrite the snapshot with the program that made it")
        case .indexChanged(let pack):
            Failure(
                .damaged,
                "could not rewrite the index: no index file describes pack \(pack) as it was loaded; no index file and no pack in use was deleted",
                hint: "run `lifeboat check`; another program may be writing without a lock")
        case .noSuchPack(let id):
            Failure(
                .failed, "there is no pack '\(id)' in the repository; nothing was changed",
                hint: "give ids as `lifeboat check --read-data` names them; for packs that are missing run `lifeboat repair index`")
        case .copyNotKept(let object, let path, let reason):
            Failure(
                .failed, "could not keep a copy of \(object) in '\(path)': \(reason); nothing was removed from the repository",
                hint: "name a directory with room for the damaged files: --save-to DIR")
        case .noSuchMigration(let name):
            Failure(.usage, "there is no migration '\(name)'", hint: "`lifeboat migrate` lists what can be applied")
        case .migrationRefused(let name, let reason):
            Failure(.failed, "migration \(name) cannot be applied: \(reason)", hint: "`lifeboat migrate` lists what can be applied")
        case .configNotReplaced(let reason, true, let copy):
            Failure(
                .unreachable, "could not replace the config: \(reason); the old one was put back and the repository is as it was",
                hint: "look after the place, then try again; a copy of the old config is '\(copy)'")
        case .configNotReplaced(let reason, false, let copy):
            Failure(
                .unreachable, "could not replace the config: \(reason); nor could the old one be put back",
                hint: "if the repository does not open any more, copy '\(copy)' to the file 'config' in it")
        case .invalidText(let text, let what, let example):
            Failure(.usage, "'\(text)' is not \(what)", hint: "write it like \(example)")
        }
    }
}
