// RunJournal+Coverage: when each pack of a repository was last read back from the first to the last byte and found whole.
//
// A verify reads a part of the data. With this record it reads what has not been read for longest, and can say within how many days
// everything was. Packs that are gone, or were found damaged, are forgotten. Losing the record costs nothing but a new beginning.

package import Bytes
import GRDB
import HostOS

extension RunJournal {
    /// The packs of a repository that were read back, and when last.
    package func packReadings(of repository: String) throws(JournalFailure) -> [Digest: Timestamp] {
        let rows = try read { try Row.fetchAll($0, sql: "SELECT pack, time FROM packs_read WHERE repository = ?", arguments: [repository]) }
        var readings: [Digest: Timestamp] = [:]
        for row in rows {
            if let pack = Digest(hex: row["pack"] ?? "") { readings[pack] = JournalSchema.timestamp(row["time"] ?? 0) }
        }
        return readings
    }

    /// Records that `packs` were found whole at `time`, and forgets those that are not `present` any more or are `damaged`.
    package func recordPackReadings(
        _ packs: [Digest], present: Set<Digest>, damaged: Set<Digest>, of repository: String, at time: Timestamp
    ) throws(JournalFailure) {
        let known = try packReadings(of: repository)
        let nanoseconds = JournalSchema.nanoseconds(FileTime(seconds: time.seconds, nanoseconds: time.nanoseconds))
        try write { database in
            let insert = try database.makeStatement(sql: "INSERT OR REPLACE INTO packs_read (repository, pack, time) VALUES (?, ?, ?)")
            for pack in packs where !damaged.contains(pack) { try insert.execute(arguments: [repository, pack.hex, nanoseconds]) }
            let delete = try database.makeStatement(sql: "DELETE FROM packs_read WHERE repository = ? AND pack = ?")
            for pack in known.keys where !present.contains(pack) || damaged.contains(pack) {
                try delete.execute(arguments: [repository, pack.hex])
            }
        }
    }
}
