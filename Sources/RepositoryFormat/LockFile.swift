// LockFile: who works in the repository right now. JSON inside an encoded file.

package import Bytes

package struct LockFile: Equatable, Sendable {
    package var time: Timestamp
    /// An exclusive lock excludes every other lock; others may coexist.
    package var isExclusive: Bool
    package var hostName: String
    package var userName: String
    package var processID: Int64
    package var userID: UInt32
    package var groupID: UInt32

    package static let maximumByteCount = 1 << 20

    package init(
        time: Timestamp, isExclusive: Bool, hostName: String, userName: String, processID: Int64, userID: UInt32 = 0, groupID: UInt32 = 0
    ) {
        self.time = time
        self.isExclusive = isExclusive
        self.hostName = hostName
        self.userName = userName
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }

    /// The JSON without a newline.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("time")
        writer.timestamp(time)
        writer.key("exclusive")
        writer.bool(isExclusive)
        writer.key("hostname")
        writer.string(hostName)
        writer.key("username")
        writer.string(userName)
        writer.key("pid")
        writer.integer(processID)
        for (key, value) in [("uid", userID), ("gid", groupID)] where value != 0 {
            writer.key(key)
            writer.integer(value)
        }
        writer.endObject()
        return writer.bytes
    }

    private static let keys = JSONWords(["time", "exclusive", "hostname", "username", "pid", "uid", "gid"])

    /// - Throws: `.damaged` if the bytes are not a lock.
    package init(parsing json: [UInt8]) throws(FormatError) {
        self = try FormatError.parsing("lock") {
            var lock = LockFile(time: .zero, isExclusive: false, hostName: "", userName: "", processID: 0)
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(LockFile.keys) {
                if try scanner.takeNull() { continue }
                switch key {
                case 0: lock.time = try scanner.timestamp()
                case 1: lock.isExclusive = try scanner.bool()
                case 2: lock.hostName = try scanner.text()
                case 3: lock.userName = try scanner.text()
                case 4: lock.processID = try scanner.signed()
                case 5: lock.userID = try scanner.unsigned32()
                case 6: lock.groupID = try scanner.unsigned32()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
            return lock
        }
    }
}
