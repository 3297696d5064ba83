// EverythingTree: a small directory tree with one of everything that a file system can hold and a backup has to bring back.

package import Bytes
import HostOS

package enum EverythingTree {
    /// Fills the new directory `path`. Owners and device files only as root: others may not make them.
    ///
    /// - Parameter largeByteCount: size of the one file that has many chunks.
    package static func make(at path: BytePath, seed: UInt64, largeByteCount: Int = 5_000_000) throws {
        try Directory.createAll(path, mode: 0o755)
        var random = SeededRandom(seed: seed)
        try write(path.appending("large"), random.bytes(largeByteCount))
        try write(path.appending("text"), Array(String(repeating: "the same line again\n", count: 40_000).utf8))
        // Not UTF-8, a newline, quotes, what HTML escapes, what looks like an escape.
        for name in [
            [0x66, 0xff, 0xfe], Array("line\nbreak".utf8), Array("quote\"\\x41<&>".utf8), Array("grüße-日本".utf8), Array(" leading".utf8),
        ] {
            try write(path.appending(name), Array("named \(name.count)".utf8))
        }
        let result = try Child.run("/bin/sh", ["-ec", script], directory: path)
        guard result.exitStatus == 0 else { throw Failure(.failed, "could not make the tree: \(result.errorText)") }
        try decorate(path)
    }

    private static func write(_ path: BytePath, _ content: [UInt8]) throws {
        let file = try Descriptor.open(path, .createNew, permissions: 0o644)
        try file.write(content.span)
    }

    private static let script = #"""
        mkdir -p deep/er/and/deeper empty 'dir with space' modes
        : > deep/empty-file
        echo note > deep/er/and/deeper/note
        echo linked > hard-a; ln hard-a hard-b; ln hard-a deep/hard-c
        ln -s text link; ln -s nowhere dangling; ln -s /etc absolute
        mkfifo pipe
        truncate -s 3000000 sparse; printf end >> sparse; printf begin | dd of=sparse conv=notrunc status=none
        long=$(printf 'n%.0s' $(seq 200)); mkdir -p "dir with space/$long"; echo long > "dir with space/$long/$long"
        for mode in 0000 0400 0644 0755 1755 2755 4755 6711; do echo $mode > modes/$mode; chmod $mode modes/$mode; done
        chmod 1777 empty; chmod 2750 deep
        if [ "$(id -u)" = 0 ]; then
            mknod character c 1 3; mknod block b 7 200
            chown 1234:5678 text; chown -h 4321:8765 link; chown 70000:70001 deep/er; chown 99:98 pipe
        fi
        touch -d '1969-12-31T23:59:58.250000001Z' old; touch -d '2200-02-28T01:02:03.999999999Z' future
        touch -h -d '2001-09-09T01:46:40.123456789Z' link dangling
        touch -d '2024-02-29T12:00:00.000000001Z' text large pipe modes deep/er/and deep/er deep empty
        """#

    /// Extended attributes, access control lists among them.
    private static func decorate(_ path: BytePath) throws {
        // Version 2; owner rw-, user 1000 r--, group r--, mask r--, other r--.
        let list: [UInt8] = [
            2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255,
            255, 255,
            32, 0, 4, 0, 255, 255, 255, 255,
        ]
        let attributes: [(BytePath, String, [UInt8])] = [
            ("old", "user.plain", Array("value".utf8)), ("old", "user.empty", []), ("future", "user.binary", [0, 255, 10, 0x3d]),
            ("deep", "user.on-directory", [1]), ("old", "system.posix_acl_access", list),
        ]
        for (name, attribute, value) in attributes {
            try ExtendedAttributes.set(ExtendedAttribute(name: Array(attribute.utf8), value: value), of: BytePath("\(path)/\(name)"))
        }
        let times = try Child.run(
            "/bin/sh", ["-ec", "touch -d '1969-12-31T23:59:58.250000001Z' old; touch -d '2024-02-29T12:00:00.000000001Z' deep"],
            directory: path)
        guard times.exitStatus == 0 else { throw Failure(.failed, "could not set times: \(times.errorText)") }
    }
}
