// RepositoryFailure: why a repository could not be opened, read or extended.

package import Bytes
package import RepositoryFormat

package enum RepositoryFailure: Error, FailureConvertible {
    case missing(location: String)
    case alreadyExists(location: String, what: String)
    case wrongPassword(location: String)
    case tooManyKeys(location: String)
    case noKeys(location: String)
    case noPassword
    case keyInUse
    case noSuchKey(String)
    case ambiguousKey(String)
    /// A stored file whose bytes do not have the hash that is its name, or do not decrypt or parse.
    case damaged(object: String, detail: String)
    /// A tree that unfolds into more than any honest one, see TreeBudget.
    case outOfProportion(BlobID, detail: String)
    case blobMissing(BlobHandle)
    case blobDamaged(BlobHandle, PackID, detail: String)
    case locked(by: String, location: String)
    case lockLost(location: String)
    case noSuchSnapshot(String)
    case ambiguousSnapshot(String, [SnapshotID])
    case noSuchPath(String, snapshot: String)
    case notADirectory(String, snapshot: String)
    case verificationFailed(BlobHandle)
    case cancelled

    package var failure: Failure {
        switch self {
        case .missing(let location):
            Failure(
                .repositoryMissing, "there is no repository at '\(location)'",
                hint: "`lifeboat repository init --repo \(location)` makes one; check that the place is mounted")
        case .alreadyExists(let location, let what):
            Failure(
                .failed, "could not create a repository at '\(location)': \(what) is already there",
                hint: "choose another place, or use the repository as it is; without a config file, bring it back from a copy, or remove what a broken-off init left")
        case .wrongPassword(let location):
            Failure(.wrongKey, "wrong password, or no key for it in the repository at '\(location)'", hint: "check the password or the password file")
        case .tooManyKeys(let location):
            Failure(.wrongKey, "none of the first 20 keys of the repository at '\(location)' fits the password", hint: "name the key with --key-hint")
        case .noKeys(let location):
            Failure(
                .wrongKey, "the repository at '\(location)' has no key file, and without one no password opens it",
                hint: "bring back its folder 'keys' from a copy of the repository")
        case .noPassword:
            Failure(.wrongKey, "no password was given for the repository", hint: "use --password-file FILE or set LIFEBOAT_PASSWORD_FILE")
        case .keyInUse:
            Failure(.failed, "the key in use cannot be removed", hint: "open the repository with another password first")
        case .noSuchKey(let id): Failure(.failed, "there is no key '\(id)' in the repository", hint: "`lifeboat key list` shows them")
        case .ambiguousKey(let id): Failure(.failed, "several keys begin with '\(id)'", hint: "give more digits")
        case .damaged(let object, let detail) where object.hasPrefix("index "):
            Failure(
                .damaged, "\(object) is damaged: \(detail)",
                hint: "`lifeboat repair index` makes the index anew from the data that is there; `lifeboat check` lists what else is damaged")
        case .damaged(let object, let detail) where object.hasPrefix("lock "):
            Failure(
                .damaged, "\(object) is damaged: \(detail)",
                hint: "make sure that no other program uses the repository, then run `lifeboat unlock --remove-all`")
        case .damaged(let object, let detail) where object == "the config":
            Failure(
                .damaged, "\(object) is damaged: \(detail)",
                hint: "bring back the file 'config' from a copy of the repository, even an old one: it never changes")
        case .damaged(let object, let detail) where object.hasPrefix("key "):
            Failure(
                .damaged, "\(object) is damaged: \(detail)",
                hint: "use the password of another key, or bring back the folder 'keys' from a copy of the repository")
        case .damaged(let object, let detail):
            Failure(.damaged, "\(object) is damaged: \(detail)", hint: "`lifeboat check --read-data` lists everything that is damaged")
        case .outOfProportion(let tree, let detail):
            Failure(
                .damaged, "tree \(tree.short) is left out: \(detail)",
                hint:
                    "no program makes such a snapshot by itself; find out who can write to the repository, and restore single folders of it with `lifeboat restore files --include`"
            )
        case .blobMissing(let blob):
            Failure(
                .damaged, "the \(blob) is missing: no index names it",
                hint: "`lifeboat check` lists the snapshots and files concerned; if index files are lost, `lifeboat repair index` makes them anew")
        case .blobDamaged(let blob, let pack, let detail):
            Failure(.damaged, "the \(blob) in pack \(pack.short) is damaged: \(detail)", hint: "`lifeboat check --read-data` lists everything that is damaged")
        case .locked(let by, let location):
            Failure(
                .locked, "the repository at '\(location)' is locked by \(by)", hint: "wait for it, use --retry-lock 10m, or run `lifeboat unlock` if that program is dead"
            )
        case .lockLost(let location):
            Failure(.locked, "the lock on the repository at '\(location)' was lost; stopped before writing anything else", hint: "run the command again")
        case .noSuchSnapshot(let id): Failure(.failed, "there is no snapshot '\(id)'", hint: "`lifeboat snapshots` lists them")
        case .ambiguousSnapshot(let id, let candidates):
            Failure(.failed, "several snapshots begin with '\(id)': \(candidates.prefix(5).map(\.short).joined(separator: ", "))", hint: "give more digits")
        case .noSuchPath(let path, let snapshot): Failure(.failed, "there is no '\(path)' in snapshot \(snapshot)", hint: "`lifeboat ls \(snapshot)` lists its files")
        case .notADirectory(let path, let snapshot): Failure(.failed, "'\(path)' in snapshot \(snapshot) is not a directory")
        case .verificationFailed(let blob):
            Failure(
                .failed, "the \(blob) did not survive its own verification before it was stored; nothing wrong was written",
                hint: "test this machine's memory, then run the backup again")
        case .cancelled: Failure(.cancelled, "cancelled")
        }
    }
}
