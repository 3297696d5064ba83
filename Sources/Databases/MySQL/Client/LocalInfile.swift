// LocalInfile: what a server gets when it asks this client for a file: the bytes of the statement under way, or a refusal.
//
// The library calls four functions around each LOAD DATA LOCAL: init, read until 0, end, and error after a negative read. They
// find their state through one pointer to this object, which the connection keeps alive for as long as the library may call.

import CMariaDB

// Safe because: used only inside calls of the connection that owns it, by the thread that makes them.
@safe final class LocalInfile {
    private var source: ((inout MutableSpan<UInt8>) throws -> Int)?
    private(set) var failure: (any Error)?

    func open(_ source: @escaping (inout MutableSpan<UInt8>) throws -> Int) {
        failure = nil
        self.source = source
    }

    /// From now on the server is refused. What went wrong stays readable.
    func close() { source = nil }

    func install(on handle: UnsafeMutablePointer<MYSQL>) {
        unsafe mysql_set_local_infile_handler(
            handle,
            { state, _, owner in
                unsafe state?.pointee = owner
                return unsafe LocalInfile.of(owner)?.source == nil ? 1 : 0
            },
            { state, buffer, limit in unsafe LocalInfile.of(state)?.fill(buffer, Int(limit)) ?? -1 },
            { _ in },
            { _, message, limit in
                let text = "the client has no such file for the server\0"
                guard let message = unsafe message, limit > 0 else { return 0 }
                for (index, byte) in text.utf8.prefix(Int(limit) - 1).enumerated() { unsafe message[index] = CChar(bitPattern: byte) }
                unsafe message[min(text.utf8.count, Int(limit)) - 1] = 0
                return 2_000
            },
            Unmanaged.passUnretained(self).toOpaque())
    }

    private static func of(_ state: UnsafeMutableRawPointer?) -> LocalInfile? {
        guard let state = unsafe state else { return nil }
        return unsafe Unmanaged<LocalInfile>.fromOpaque(state).takeUnretainedValue()
    }

    private func fill(_ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int) -> Int32 {
        guard let source, let buffer = unsafe buffer else { return -1 }
        return unsafe buffer.withMemoryRebound(to: UInt8.self, capacity: limit) { bytes in
            var span = unsafe MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(start: bytes, count: limit))
            do {
                return Int32(clamping: try source(&span))
            } catch {
                failure = error
                return -1
            }
        }
    }
}
