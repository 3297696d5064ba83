// DatabaseChunking: into which pieces a database file is cut before it is stored.
//
// An SQLite file is an array of pages of one size, changed in place. Cutting it at fixed places, on page borders, stores a
// changed page as itself and nothing around it: for a day of changes to a 171 MB database 32 MB with pieces of 4 KiB, 92 MB
// with 16 KiB, and everything with the content-defined cut of about 1 MiB that suits files (measured; restic reads any blob size).
// Against that stands the index: about 130 bytes per piece, held in memory by whoever opens the repository. So the piece grows
// with the database: 65,536 pieces at 256 MiB, 131,072 at 1 GiB, 3.3 million at 50 GiB, then 64 KiB pieces.

package enum DatabaseChunking {
    /// The length in bytes of every piece but the last; always a multiple of the page size.
    package static func chunkSize(pageSize: Int, byteCount: UInt64) -> Int {
        let wanted: Int =
            switch byteCount {
            case 0...(256 << 20): 4 << 10
            case 0...(1 << 30): 8 << 10
            case 0...(50 << 30): 16 << 10
            default: 64 << 10
            }
        // Pages are powers of two from 512 to 65,536 bytes. Larger pages are written as a whole: smaller pieces gain nothing.
        return max(wanted, min(max(pageSize, 512), 65_536))
    }
}
