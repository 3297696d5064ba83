// FuseAnswers: the functions that libfuse calls, each of them one question to a MountedRepository. They run on libfuse's threads.

import Bytes
import CFuse
import RepositoryFormat

enum FuseAnswers {
    static var all: lb_fuse_answers {
        unsafe lb_fuse_answers(
            attributes: { context, path, result in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    unsafe result?.pointee = lb_fuse_attributes(try repository.attributes(of: path))
                    return 0
                }
            },
            list: { context, path, listing in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    try repository.list(path) { name, attributes in
                        var attributes = lb_fuse_attributes(attributes)
                        let text = (name + [0]).map { CChar(bitPattern: $0) }
                        return unsafe lb_fuse_add(listing, text, &attributes) == 0
                    }
                    return 0
                }
            },
            link_target: { context, path, buffer, size in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    let target = try repository.linkTarget(of: path).prefix(size)
                    unsafe FuseAnswers.copy(Array(target).span, to: buffer)
                    return Int32(clamping: target.count)
                }
            },
            open: { context, path, handle, hasOtherSize in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    let file = try repository.open(path)
                    unsafe handle?.pointee = file.handle
                    unsafe hasOtherSize?.pointee = file.hasOtherSize ? 1 : 0
                    return 0
                }
            },
            read: { context, handle, offset, buffer, size in
                unsafe FuseAnswers.answer(context) { repository in
                    var filled = 0
                    try repository.read(handle, at: offset, byteCount: Int(min(size, Int(Int32.max)))) { bytes in
                        unsafe FuseAnswers.copy(bytes, to: buffer.map { unsafe $0 + filled })
                        filled += bytes.count
                    }
                    return Int32(filled)
                }
            },
            close: { context, handle in
                _ = unsafe FuseAnswers.answer(context) { repository in
                    repository.close(handle)
                    return 0
                }
            },
            attribute_names: { context, path, buffer, size in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    let names = try repository.extendedAttributes(of: path).map(\.name).filter { !$0.contains(0) && !$0.isEmpty }
                    return unsafe FuseAnswers.give(names.flatMap { $0 + [0] }, buffer, size)
                }
            },
            attribute_value: { context, path, name, buffer, size in
                unsafe FuseAnswers.answer(context, path) { repository, path in
                    let wanted = unsafe FuseAnswers.bytes(name)
                    guard let attribute = try repository.extendedAttributes(of: path).first(where: { $0.name == wanted }) else {
                        throw MountRefusal.noAttribute
                    }
                    return unsafe FuseAnswers.give(attribute.value, buffer, size)
                }
            })
    }

    /// Whatever goes wrong becomes the negative of a refusal.
    private static func answer(_ context: UnsafeMutableRawPointer?, _ body: (MountedRepository) throws -> Int32) -> Int32 {
        guard let context = unsafe context else { return -number(of: .unreadable) }
        // Safe because: it is what FuseMount passed, and FuseMount keeps it alive until libfuse has ended.
        let repository = unsafe Unmanaged<MountedRepository>.fromOpaque(context).takeUnretainedValue()
        do {
            return try body(repository)
        } catch {
            return -number(of: error as? MountRefusal ?? .unreadable)
        }
    }

    private static func answer(
        _ context: UnsafeMutableRawPointer?, _ path: UnsafePointer<CChar>?, _ body: (MountedRepository, BytePath) throws -> Int32
    ) -> Int32 {
        unsafe answer(context) { repository in try body(repository, BytePath(unsafe bytes(path))) }
    }

    private static func number(of refusal: MountRefusal) -> Int32 {
        let number =
            switch refusal {
            case .noSuchFile: lb_fuse_no_such_file
            case .noDirectory: lb_fuse_no_directory
            case .isDirectory: lb_fuse_is_directory
            case .noAttribute: lb_fuse_no_attribute
            case .invalid: lb_fuse_invalid
            case .unreadable: lb_fuse_unreadable
            }
        return Int32(number.rawValue)
    }

    /// As the system calls for extended attributes have it: a size of 0 asks for the number of bytes.
    private static func give(_ value: [UInt8], _ buffer: UnsafeMutablePointer<UInt8>?, _ size: Int) -> Int32 {
        guard size > 0 else { return Int32(clamping: value.count) }
        guard value.count <= size else { return -Int32(lb_fuse_too_small.rawValue) }
        unsafe copy(value.span, to: buffer)
        return Int32(value.count)
    }

    private static func copy(_ bytes: Span<UInt8>, to target: UnsafeMutablePointer<UInt8>?) {
        guard let target = unsafe target else { return }
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe target.update(from: start, count: source.count) }
        }
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
        guard var next = unsafe text else { return [] }
        var bytes: [UInt8] = []
        while unsafe next.pointee != 0 {
            unsafe bytes.append(UInt8(bitPattern: next.pointee))
            unsafe next += 1
        }
        return bytes
    }
}

extension lb_fuse_attributes {
    init(_ from: MountedAttributes) {
        self.init(
            inode: from.inode, size: from.size, device: from.device, mode: from.mode, links: from.linkCount, user: from.userID, group: from.groupID,
            accessed: from.accessed.seconds, modified: from.modified.seconds, changed: from.changed.seconds,
            accessed_nanoseconds: from.accessed.nanoseconds, modified_nanoseconds: from.modified.nanoseconds,
            changed_nanoseconds: from.changed.nanoseconds)
    }
}
