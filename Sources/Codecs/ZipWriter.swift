// ZipWriter: a zip archive as a stream, by libarchive: deflated contents, modes, owners and times in the extra fields of Info-ZIP, sizes
// beyond 4 GiB as zip64. Memory is that of the compressor, whatever the size of a file; the list of entries at the end grows with them.
//
// Not promised: access lists and attributes, for which the format has no place; times finer than a second.

import Bytes
import CArchive

/// What a zip archive says of a file.
package struct ZipEntry: Sendable {
    package enum Kind: Sendable { case file, directory, symbolicLink }

    package var kind: Kind
    /// Relative, with slashes.
    package var path: [UInt8]
    package var byteCount: UInt64
    package var permissions: UInt32
    package var userID: UInt32
    package var groupID: UInt32
    /// Of modification, since 1970.
    package var seconds: Int64
    package var linkTarget: [UInt8]

    package init(
        kind: Kind, path: [UInt8], byteCount: UInt64, permissions: UInt32, userID: UInt32, groupID: UInt32, seconds: Int64, linkTarget: [UInt8]
    ) {
        self.kind = kind
        self.path = path
        self.byteCount = byteCount
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.seconds = seconds
        self.linkTarget = linkTarget
    }
}

/// Not thread-safe.
// Safe because: the handle is made, used and freed by its single owner; the output that libarchive writes into outlives it.
@safe package final class ZipWriter {
    private final class Output {
        var bytes: [UInt8] = []
    }

    private static let isFine: Int32 = 0

    private let archive: OpaquePointer
    private let output = Output()
    private let sink: (Span<UInt8>) throws -> Void

    /// - Parameter sink: takes the archive piece by piece.
    package init(sink: @escaping (Span<UInt8>) throws -> Void) throws(CodecError) {
        guard lb_archive_use_utf8() != 0, let archive = unsafe archive_write_new() else { throw .unavailable("writing zip archives") }
        unsafe self.archive = archive
        self.sink = sink
        guard unsafe archive_write_set_format_zip(archive) == Self.isFine else { throw .unavailable("writing zip archives") }
        // Whatever is written comes out at once; nothing is padded at the end.
        unsafe archive_write_set_bytes_per_block(archive, 0)
        let status = unsafe archive_write_open(
            archive, Unmanaged.passUnretained(output).toOpaque(), nil,
            { _, context, bytes, count in
                // Safe because: the context is the output, which its writer owns; the bytes are lent for this call.
                guard let context = unsafe context else { return -1 }
                unsafe Unmanaged<Output>.fromOpaque(context).takeUnretainedValue().bytes.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
                return count
            }, nil)
        guard status == Self.isFine else { throw .unavailable("writing zip archives") }
    }

    deinit { unsafe archive_write_free(archive) }

    /// Begins an entry; of a file exactly `byteCount` bytes must follow.
    package func add(_ entry: ZipEntry) throws {
        guard let described = unsafe archive_entry_new() else { throw CodecError.unavailable("writing zip archives") }
        defer { unsafe archive_entry_free(described) }
        unsafe archive_entry_copy_pathname(described, Self.text(entry.path))
        let (type, byteCount): (UInt32, UInt64) =
            switch entry.kind {
            case .file: (0o100000, entry.byteCount)
            case .directory: (0o040000, 0)
            case .symbolicLink: (0o120000, 0)
            }
        unsafe archive_entry_set_filetype(described, type)
        unsafe archive_entry_set_perm(described, mode_t(entry.permissions & 0o7777))
        unsafe archive_entry_set_size(described, Int64(clamping: byteCount))
        unsafe archive_entry_set_uid(described, Int64(entry.userID))
        unsafe archive_entry_set_gid(described, Int64(entry.groupID))
        unsafe archive_entry_set_mtime(described, time_t(entry.seconds), 0)
        if entry.kind == .symbolicLink { unsafe archive_entry_copy_symlink(described, Self.text(entry.linkTarget)) }
        try require(unsafe archive_write_header(archive, described))
    }

    /// Writes a part of a file's content.
    package func write(_ bytes: Span<UInt8>) throws {
        var done = 0
        while done < bytes.count {
            let piece = bytes.extracting(done..<min(bytes.count, done + (1 << 20)))
            let count = unsafe piece.withUnsafeBytes { unsafe archive_write_data(archive, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure() }
            done += count
            try drain()
        }
    }

    /// Ends the archive.
    package func finish() throws { try require(unsafe archive_write_close(archive)) }

    private func require(_ status: Int32) throws {
        guard status == Self.isFine else { throw failure() }
        try drain()
    }

    private func drain() throws {
        if output.bytes.isEmpty { return }
        let bytes = output.bytes
        output.bytes = []
        try sink(bytes.span)
    }

    private static func text(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    private func failure() -> CodecError {
        let words = unsafe archive_error_string(archive).map { unsafe BytePath.display([UInt8](UnsafeRawBufferPointer(start: $0, count: lb_text_length($0)))) }
        return .archive(words ?? "it cannot be written")
    }
}
