// TarHeader: the header blocks of one tar entry (POSIX.1-1988 USTAR, with POSIX.1-2001 "pax" records where USTAR cannot say it).
//
// 1. Put every value into its USTAR field. 2. What does not fit (long or non-ASCII names, large ids or sizes, negative times, parts of a
// second if they are asked for, extended attributes) becomes a pax record, in an extra entry before it; the field then holds a shortened or empty stand-in.

import Bytes
import RepositoryFormat

struct TarHeader {
    static let blockByteCount = 512

    enum Kind: UInt8 {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case directory = 0x35
        case extended = 0x78
    }

    private var fields = [UInt8](repeating: 0, count: TarHeader.blockByteCount)
    private var records: [UInt8] = []

    /// - Parameters:
    ///   - name: relative; ends in a slash for a directory.
    ///   - byteCount: of the content that follows.
    ///   - linkedName: of a hard link: the name of the entry that has the content.
    ///   - exactTimes: whether times keep their nanoseconds.
    static func blocks(
        for node: Node, name: [UInt8], kind: Kind, byteCount: UInt64, linkedName: [UInt8] = [], exactTimes: Bool = false
    ) -> [UInt8] {
        var header = TarHeader()
        header.setName(name)
        header.setNumber(UInt64(node.mode.posixPermissions), at: 100, digits: 7)
        header.setNumber(UInt64(node.userID), at: 108, digits: 7, key: "uid")
        header.setNumber(UInt64(node.groupID), at: 116, digits: 7, key: "gid")
        header.setNumber(byteCount, at: 124, digits: 11, key: "size")
        header.setTime(node.modificationTime, exact: exactTimes)
        header.fields[156] = kind.rawValue
        if kind == .symbolicLink { header.setText(node.linkTarget, at: 157, limit: 100, key: "linkpath") }
        if kind == .hardLink { header.setText(linkedName, at: 157, limit: 100, key: "linkpath") }
        header.setText(Array(node.userName.utf8), at: 265, limit: 31, key: "uname")
        header.setText(Array(node.groupName.utf8), at: 297, limit: 31, key: "gname")
        for attribute in node.extendedAttributes { header.add(attribute) }
        return header.finished(name: name)
    }

    private func finished(name: [UInt8]) -> [UInt8] {
        let own = TarHeader.sealed(fields)
        if records.isEmpty { return own }
        var extended = TarHeader()
        let base = Array(name.split(separator: BytePath.slash).last ?? []).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "_") }
        extended.place(Array("PaxHeaders.0/".utf8) + base.prefix(80), at: 0)
        for (offset, digits) in [(100, 7), (108, 7), (116, 7), (136, 11)] { extended.setNumber(0, at: offset, digits: digits) }
        extended.setNumber(UInt64(records.count), at: 124, digits: 11)
        extended.fields[156] = Kind.extended.rawValue
        return TarHeader.sealed(extended.fields) + records + TarHeader.padding(after: UInt64(records.count)) + own
    }

    /// With magic, version and checksum.
    private static func sealed(_ fields: [UInt8]) -> [UInt8] {
        var block = fields
        block.replaceSubrange(257..<265, with: Array("ustar\u{0}00".utf8))
        block.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
        block.replaceSubrange(148..<156, with: octal(sum, digits: 6) + [0, 0x20])
        return block
    }

    /// The zeros that fill the last block of a content.
    static func padding(after byteCount: UInt64) -> [UInt8] {
        let rest = Int(byteCount % UInt64(blockByteCount))
        return [UInt8](repeating: 0, count: rest == 0 ? 0 : blockByteCount - rest)
    }

    // MARK: Fields

    private mutating func place(_ bytes: some Collection<UInt8>, at offset: Int) {
        fields.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    private static func octal(_ value: UInt64, digits: Int) -> [UInt8] {
        let text = Array(String(value, radix: 8).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
    }

    /// Too large a number becomes a record; fields without a key always fit.
    private mutating func setNumber(_ value: UInt64, at offset: Int, digits: Int, key: String = "") {
        let fits = value < 1 << UInt64(3 * digits)
        place(TarHeader.octal(fits ? value : 0, digits: digits), at: offset)
        if !fits { add(key, Array(String(value).utf8)) }
    }

    /// To the nearest second, as the field has no more; exactly, in a record, if that is asked for.
    private mutating func setTime(_ time: Timestamp, exact: Bool) {
        let seconds = time.nanoseconds >= 500_000_000 ? time.adding(seconds: 1).seconds : time.seconds
        let fits = seconds >= 0 && seconds < 1 << 33
        place(TarHeader.octal(fits ? UInt64(seconds) : 0, digits: 11), at: 136)
        if exact && time.nanoseconds != 0 {
            add("mtime", Array(TarHeader.decimal(time).utf8))
        } else if !fits {
            add("mtime", Array(String(seconds).utf8))
        }
    }

    /// "1350244992.023960108". A time before 1970 counts down: half a second before is "-0.5".
    private static func decimal(_ time: Timestamp) -> String {
        let isNegative = time.seconds < 0
        let whole = isNegative ? -(time.seconds + 1) : time.seconds
        let parts = isNegative ? 1_000_000_000 - Int64(time.nanoseconds) : Int64(time.nanoseconds)
        let digits = String(parts)
        return (isNegative ? "-" : "") + "\(whole)." + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }

    private mutating func setText(_ text: [UInt8], at offset: Int, limit: Int, key: String) {
        let isPlain = text.allSatisfy { $0 > 0 && $0 < 0x80 }
        if isPlain && text.count <= limit { return place(text, at: offset) }
        place(text.prefix(limit).map { $0 > 0 && $0 < 0x80 ? $0 : UInt8(ascii: "_") }, at: offset)
        add(key, text)
    }

    /// Up to 100 bytes, or split at a slash into a prefix of up to 155 and a name of up to 100.
    private mutating func setName(_ name: [UInt8]) {
        let isPlain = name.allSatisfy { $0 > 0 && $0 < 0x80 }
        if isPlain && name.count > 100, let slash = TarHeader.split(name) {
            place(name[(slash + 1)...], at: 0)
            place(name[..<slash], at: 345)
        } else {
            setText(name, at: 0, limit: 100, key: "path")
        }
    }

    private static func split(_ name: [UInt8]) -> Int? {
        // A directory's own trailing slash is no place to split at.
        guard name.count <= 256 else { return nil }
        return name.indices.first { name[$0] == BytePath.slash && $0 > 0 && $0 <= 155 && name.count - $0 - 1 <= 100 && $0 < name.count - 1 }
    }

    // MARK: Records

    /// "30 mtime=1350244992.023960108\n": the number counts the whole record, itself included.
    private mutating func add(_ key: String, _ value: [UInt8]) {
        let body = [0x20] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [0x0a]
        var count = body.count
        while String(count).utf8.count + body.count != count { count = String(count).utf8.count + body.count }
        records += Array(String(count).utf8) + body
    }

    private mutating func add(_ attribute: Node.ExtendedAttribute) {
        let acls = ["system.posix_acl_access": "SCHILY.acl.access", "system.posix_acl_default": "SCHILY.acl.default"]
        guard let name = String(validating: attribute.name, as: UTF8.self), !name.contains("="), !name.isEmpty else { return }
        if let key = acls[name] {
            if let text = AccessControlText.text(of: attribute.value) { add(key, Array(text.utf8)) }
        } else {
            add("SCHILY.xattr." + name, attribute.value)
        }
    }
}

/// POSIX access control lists as text.
enum AccessControlText {
    private static let headerByteCount = 4, entryByteCount = 8

    /// `user::rw-`, `user:1000:r--` … one line each, with numeric ids; nil if the value is no list.
    static func text(of value: [UInt8]) -> String? {
        guard value.count > headerByteCount, (value.count - headerByteCount) % entryByteCount == 0, number(value, 0, 4) == 2 else {
            return nil
        }
        var text = ""
        for offset in stride(from: headerByteCount, to: value.count, by: entryByteCount) {
            guard
                let line = entry(tag: number(value, offset, 2), permissions: number(value, offset + 2, 2), id: number(value, offset + 4, 4))
            else { return nil }
            text += line + "\n"
        }
        return text
    }

    private static func number(_ value: [UInt8], _ offset: Int, _ count: Int) -> UInt32 {
        (0..<count).reduce(0) { $0 | UInt32(value[offset + $1]) << UInt32(8 * $1) }
    }

    private static func entry(tag: UInt32, permissions: UInt32, id: UInt32) -> String? {
        let letters = String(zip("rwx", [4, 2, 1] as [UInt32]).map { permissions & $1 != 0 ? $0 : "-" })
        switch tag {
        case 1: return "user::\(letters)"
        case 2: return "user:\(id):\(letters)"
        case 4: return "group::\(letters)"
        case 8: return "group:\(id):\(letters)"
        case 16: return "mask::\(letters)"
        case 32: return "other::\(letters)"
        default: return nil
        }
    }
}
