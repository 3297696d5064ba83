// ArchiveReader: a tar or zip archive, or one compressed file, read from start to end by libarchive. Nothing is written anywhere.
//
// What comes from such a file comes from anybody. So: names, link targets and attributes have maximum lengths, entries a maximum number;
// what comes out may be at most 250 times what went in once it exceeds 64 MiB, and 4 TiB in all. Warnings of libarchive are failures.
// Formats and filters that libarchive would hand to other programs are left out.
//
// Not promised: that names are safe. Whoever uses them checks them.

package import Bytes
import CArchive

package struct ArchiveEntry: Sendable {
    package enum Kind: Sendable { case file, directory, symbolicLink, hardLink, other }

    /// As it stands in the archive.
    package let path: [UInt8]
    package let kind: Kind
    /// The low twelve bits.
    package let permissions: UInt32
    package let userID: Int64
    package let groupID: Int64
    package let userName: String
    package let groupName: String
    package let seconds: Int64
    package let nanoseconds: Int32
    /// Of a link: where it leads.
    package let linkTarget: [UInt8]
    package let attributes: [(name: [UInt8], value: [UInt8])]
    /// Whether it has an access control list, which is not read.
    package let hasAccessList: Bool
}

// Safe because: the handle is made, used and freed by its single owner; what libarchive lends is copied before the next call.
@safe package final class ArchiveReader {
    package enum Form: Sendable {
        /// tar (also compressed) or zip.
        case archive
        /// One file, as it is or compressed by gzip or zstd.
        case single
    }

    private static let maximumNameByteCount = 4096, maximumAttributeByteCount = 1 << 20, maximumEntryCount = 5_000_000
    private static let freeByteCount: UInt64 = 64 << 20, maximumRatio: UInt64 = 250, maximumByteCount: UInt64 = 4 << 40
    private static let endOfFile: Int32 = 1, isFine: Int32 = 0

    private let archive: OpaquePointer
    private var entryCount = 0
    /// Of contents that came out.
    package private(set) var byteCount: UInt64 = 0

    /// - Throws: `CodecError.archive` if the file cannot be opened or is nothing of the kind.
    package init(_ path: BytePath, _ form: Form) throws(CodecError) {
        guard lb_archive_use_utf8() != 0, let archive = unsafe archive_read_new() else { throw .unavailable("reading archives") }
        unsafe self.archive = archive
        unsafe archive_read_support_filter_gzip(archive)
        // A warning means that another program would do it.
        guard unsafe archive_read_support_filter_zstd(archive) == Self.isFine else { throw .unavailable("zstd in archives") }
        switch form {
        case .archive:
            unsafe archive_read_support_format_tar(archive)
            unsafe archive_read_support_format_zip(archive)
        case .single:
            unsafe archive_read_support_format_raw(archive)
            unsafe archive_read_support_format_empty(archive)
        }
        let name = path.bytes.map { CChar(bitPattern: $0) } + [0]
        let status = unsafe archive_read_open_filename(archive, name, 1 << 16)
        guard status == Self.isFine else { throw failure() }
    }

    deinit { unsafe archive_read_free(archive) }

    /// The next entry, whose content `read` gives then; nil at the end.
    package func next() throws(CodecError) -> ArchiveEntry? {
        var entry: OpaquePointer? = nil
        let status = unsafe archive_read_next_header(archive, &entry)
        if status == Self.endOfFile { return nil }
        guard status == Self.isFine, let entry = unsafe entry else { throw failure() }
        entryCount += 1
        guard entryCount <= Self.maximumEntryCount else { throw .archive("it has more than \(Self.maximumEntryCount) entries") }
        return unsafe try describe(entry)
    }

    /// Whether it is a plain tar archive, in which nothing shows that it was cut between two entries.
    package var isUncompressedTar: Bool {
        unsafe archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR && archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE
    }

    package var isZip: Bool { unsafe archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP }

    /// Reads up to `buffer.count` bytes of the entry's content, at least one; 0 only at its end.
    package func read(into buffer: inout MutableSpan<UInt8>) throws(CodecError) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe archive_read_data(archive, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw failure() }
        byteCount += UInt64(count)
        let taken = unsafe UInt64(max(0, archive_filter_bytes(archive, -1)))
        guard byteCount <= Self.freeByteCount || byteCount / Self.maximumRatio <= taken, byteCount <= Self.maximumByteCount else {
            throw .archive("what comes out of it is out of proportion (\(ByteCount(byteCount)) so far): it may be made to fill disks")
        }
        return count
    }

    // MARK: Entries

    private func describe(_ entry: OpaquePointer) throws(CodecError) -> ArchiveEntry {
        guard let path = unsafe text(archive_entry_pathname(entry)) else { throw .archive("it holds a name that is no text") }
        let hardLink = unsafe text(archive_entry_hardlink(entry)), symbolicLink = unsafe text(archive_entry_symlink(entry))
        guard max(path.count, hardLink?.count ?? 0, symbolicLink?.count ?? 0) <= Self.maximumNameByteCount else {
            throw .archive("it holds a name of more than \(Self.maximumNameByteCount) bytes")
        }
        let attributes = unsafe try self.attributes(entry)
        return unsafe ArchiveEntry(
            path: path, kind: hardLink == nil ? kind(entry) : .hardLink, permissions: UInt32(archive_entry_perm(entry)) & 0o7777,
            userID: archive_entry_uid(entry), groupID: archive_entry_gid(entry), userName: name(archive_entry_uname(entry)),
            groupName: name(archive_entry_gname(entry)), seconds: Int64(archive_entry_mtime(entry)),
            nanoseconds: Int32(clamping: archive_entry_mtime_nsec(entry)), linkTarget: hardLink ?? symbolicLink ?? [], attributes: attributes,
            hasAccessList: archive_entry_acl_types(entry) != 0)
    }

    private func kind(_ entry: OpaquePointer) -> ArchiveEntry.Kind {
        switch unsafe UInt32(archive_entry_filetype(entry)) {
        case 0o100000: .file
        case 0o040000: .directory
        case 0o120000: .symbolicLink
        default: .other
        }
    }

    private func attributes(_ entry: OpaquePointer) throws(CodecError) -> [(name: [UInt8], value: [UInt8])] {
        var found: [(name: [UInt8], value: [UInt8])] = [], total = 0
        unsafe archive_entry_xattr_reset(entry)
        while true {
            var name: UnsafePointer<CChar>? = nil, value: UnsafeRawPointer? = nil, size = 0
            guard unsafe archive_entry_xattr_next(entry, &name, &value, &size) == Self.isFine, let key = unsafe text(name) else { return found }
            total += key.count + size
            guard size >= 0, total <= Self.maximumAttributeByteCount else { throw .archive("it holds a file with too many attributes") }
            found.append((key, unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: size))))
        }
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> [UInt8]? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: pointer, count: lb_text_length(pointer)))
    }

    private func name(_ pointer: UnsafePointer<CChar>?) -> String { unsafe text(pointer).map { String(decoding: $0.prefix(256), as: UTF8.self) } ?? "" }

    /// In libarchive's own words.
    private func failure() -> CodecError {
        let words = unsafe text(archive_error_string(archive)).map { BytePath.display($0) }
        return .archive(words ?? "it cannot be read")
    }
}
