// SQLiteSwap: a verified file takes the place of a live database.
//
// Whenever this is killed, the path holds either the old database with every commit, or the new one; never a mixture. The order:
//
// 1. prepared        The new file, in the same directory, gets the old one's owner, group and mode and is flushed to disk.
// 2. settled         The old database is asked, by SQLite's own means, to become one file: `journal_mode = DELETE` writes the log back
//                    and removes it (crash-safe, and refused while any other connection is open), a hot journal is rolled back. Then
//                    the exclusive lock is taken and kept: nobody reads or writes until the end.
// 3. cleared         Whatever is still beside it (-wal, -shm, -journal) is removed. It is empty of commits now; left there, a
//                    log would be replayed into the *new* file.
// 4. cleared durably The directory is flushed: the removal reaches the disk before the rename can.
// 5. renamed         One rename: old until here, new from here.
// 6. durable         The directory is flushed again; the lock on the old file is given up.
//
// Rejected: removing or moving the log without writing it back (killed before the rename, the old database would have lost its
// last commits); renaming first (killed after it, the old log would meet the new file); leaving the old file in WAL mode (a process that
// waits for our lock would go on with the old file and, by its name, the new log).
// A process that opened the old file during the swap sees the old content; in rollback mode SQLite refuses it to write
// ("database moved"). So processes that have the database open are found first, and refused.
// If a kill falls between 2 and 5, the old database stays in rollback mode: valid, and set back by any application that asks for WAL.
//
// With `replacesWhileOpen` a database in WAL mode that others keep open is held shared instead (LivePlace): its file alone has every
// commit, its log is empty. It moves aside as a whole, log first: what still uses it goes on with the old files under their new
// names, where SQLite sees that they were moved and deletes nothing by the old name. A kill between log and file leaves the old database
// complete, but then it must not be written by old and new processes at once: hence not without being told to.
// Not promised: that a connection that was opened before the swap and never used looks at the old files only.
//
// An old file that is no readable database is moved aside with its companions instead of being settled, and reported. An old file
// that is missing leaves companions, which are moved aside too: a log alone may hold the last commits of somebody's database.
//
// Not kept: extended attributes, ACLs, and hard links (the other names keep the old content).

package import Bytes
import HostOS

package struct FileOwnership: Hashable, Sendable {
    package let userID: UInt32
    package let groupID: UInt32
    package let mode: UInt32

    package init(userID: UInt32, groupID: UInt32, mode: UInt32) {
        self.userID = userID
        self.groupID = groupID
        self.mode = mode
    }
}

package struct SwapOptions: Hashable, Sendable {
    /// How long to wait until nobody uses the live database.
    package var lockTimeoutMilliseconds: Int
    /// Replace the file although other processes have it open. They go on with the old one, and must be restarted.
    package var replacesWhileOpen: Bool
    /// For the new file if there is no old database to take them from; nil leaves what the new file has.
    package var ownership: FileOwnership?

    package init(lockTimeoutMilliseconds: Int = 10_000, replacesWhileOpen: Bool = false, ownership: FileOwnership? = nil) {
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
        self.replacesWhileOpen = replacesWhileOpen
        self.ownership = ownership
    }
}

package struct SwapReport: Hashable, Sendable {
    /// The file that was replaced, every symbolic link resolved.
    package let path: BytePath
    /// Where the old file went if it could not be read as a database or was in use, with its companions under the same name plus their suffix.
    package let setAside: [BytePath]
    /// What the administrator should do, one line each.
    package let notes: [String]
}

/// The steps of the swap, in their order; seen by tests that stop after each of them.
package enum SwapStep: Int, CaseIterable, Sendable {
    case prepared, settled, cleared, clearedDurably, renamed, durable
}

package enum SQLiteSwap {
    static let operation = "replace"
    package typealias Observer = (SwapStep) throws(DatabaseFailure) -> Void

    /// Replaces `live` by `staged`, which must be verified, closed, and in the same directory (SQLiteFiles.stagingPath).
    ///
    /// On failure the old database is as it was and `staged` is still there.
    static func run(_ staged: BytePath, onto live: BytePath, _ options: SwapOptions) throws(DatabaseFailure) -> SwapReport {
        let place = try LivePlace.hold(live, operation: operation, options)
        do {
            try prepare(staged, for: place, options)
            return try replace(place, with: staged) { _ in }
        } catch {
            place.giveUp()
            throw error
        }
    }

    /// Step 1. Fails, before anything was touched, if the ownership cannot be given.
    package static func prepare(_ staged: BytePath, for place: LivePlace, _ options: SwapOptions) throws(DatabaseFailure) {
        let old = place.status.map { FileOwnership(userID: $0.userID, groupID: $0.groupID, mode: $0.mode) }
        var wanted = old ?? options.ownership
        // Whoever put garbage there chose its owner and mode as well.
        if case .unreadable = place.content { wanted = options.ownership ?? old }
        try system(operation, place.path) { () throws(SystemError) in
            let file = try Descriptor.open(staged, .update)
            if let wanted {
                let status = try file.status()
                if status.userID != wanted.userID || status.groupID != wanted.groupID {
                    try file.setOwner(user: wanted.userID, group: wanted.groupID)
                }
                try file.setMode(wanted.mode)
            }
            try file.synchronize()
        }
    }

    /// Steps 3 to 6, for a place that is held (step 2).
    package static func replace(_ place: LivePlace, with staged: BytePath, _ observe: Observer) throws(DatabaseFailure) -> SwapReport {
        try observe(.settled)
        let aside = SQLiteFiles.hiddenPath(beside: place.path, "replaced")
        var setAside = try clear(place, aside)
        do throws(DatabaseFailure) {
            try observe(.cleared)
            try flushDirectory(of: place)
            try observe(.clearedDurably)
            if place.keepsOldFile {
                try exchange(place, staged, aside)
                setAside.append(aside)
            } else {
                try system(operation, place.path) { () throws(SystemError) in try Directory.rename(staged, to: place.path) }
            }
        } catch {
            if case .shared = place.content { putBack(place, aside) }
            throw error
        }
        try observe(.renamed)
        try flushDirectory(of: place)
        try observe(.durable)
        return SwapReport(path: place.path, setAside: setAside, notes: notes(place, setAside))
    }

    /// Removes the companions of a settled database; moves those of anything else aside, under names that still belong together.
    private static func clear(_ place: LivePlace, _ aside: BytePath) throws(DatabaseFailure) -> [BytePath] {
        var moved: [BytePath] = []
        for (companion, target) in zip(SQLiteFiles.companions(of: place.path), SQLiteFiles.companions(of: aside)) {
            try system(operation, place.path) { () throws(SystemError) in
                guard try FileStatus.ifExists(companion) != nil else { return }
                if case .database = place.content { return try Directory.remove(companion) }
                try Directory.rename(companion, to: target)
                moved.append(target)
            }
        }
        return moved
    }

    /// The log of a shared database, which its processes still use.
    private static func putBack(_ place: LivePlace, _ aside: BytePath) {
        for (companion, moved) in zip(SQLiteFiles.companions(of: place.path), SQLiteFiles.companions(of: aside)) {
            try? Directory.rename(moved, to: companion)
        }
    }

    /// Puts the new file in place and the old one aside, without a moment in which the path is empty: an application would fill it.
    private static func exchange(_ place: LivePlace, _ staged: BytePath, _ aside: BytePath) throws(DatabaseFailure) {
        try system(operation, place.path) { () throws(SystemError) in
            do throws(SystemError) {
                try Directory.exchange(staged, with: place.path)
                try Directory.rename(staged, to: aside)
            } catch {
                guard error.kind == .notSupported || error.kind == .invalid else { throw error }
                try Directory.rename(place.path, to: aside)
                try Directory.rename(staged, to: place.path)
            }
        }
    }

    private static func flushDirectory(of place: LivePlace) throws(DatabaseFailure) {
        try system(operation, place.path) { () throws(SystemError) in try Directory.synchronize(place.path.parent) }
    }

    private static func notes(_ place: LivePlace, _ setAside: [BytePath]) -> [String] {
        var notes: [String] = []
        if case .unreadable(let reason) = place.content {
            let kept = setAside.last.map { "kept as '\($0)'; remove it when nobody needs it" } ?? "replaced"
            notes.append("the old file was no readable database (\(reason)) and was \(kept)")
        }
        if case .shared = place.content, let file = setAside.last {
            notes.append("the old database is kept as '\(file)' for what still uses it; remove it with its -wal and -shm afterwards")
        }
        if case .missing = place.content, !setAside.isEmpty {
            notes.append("files of an earlier database were kept as \(setAside.map { "'\($0)'" }.joined(separator: ", "))")
        }
        if let status = place.status {
            let openers = SQLiteOpeners.find(status, named: [place.path.name] + setAside.map(\.name)).map(\.description)
            if !openers.isEmpty { notes.append("restart what still uses the replaced file: \(openers.joined(separator: ", "))") }
            if status.linkCount > 1 { notes.append("other names (hard links) of the old file still lead to the old content") }
        }
        return notes
    }
}
