// StreamCompressor: a stream of any length as one gzip member (RFC 1952, by zlib) or one zstd frame (RFC 8878, by libzstd), piece by piece.
//
// Memory is that of the compressor and one output buffer. Both formats end in a checksum, so that a reader notices what was cut or
// altered. The gzip header holds no name and no time: the same content gives the same file.

import Bytes
import CZlib
import CZstd

package enum StreamCompression: Sendable {
    case none, gzip, zstd
}

/// Not thread-safe.
package protocol StreamCompressor: AnyObject {
    /// Takes a piece; `sink` gets what comes out, which may be nothing yet.
    func write(_ bytes: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws
    /// Everything that was held back, and the end of the format. Nothing can be written after it.
    func finish(to sink: (Span<UInt8>) throws -> Void) throws
}

extension StreamCompression {
    package func compressor() throws -> any StreamCompressor {
        switch self {
        case .none: Uncompressed()
        case .gzip: try GzipStream()
        case .zstd: try ZstdStream()
        }
    }

    private final class Uncompressed: StreamCompressor {
        func write(_ bytes: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws { try sink(bytes) }
        func finish(to sink: (Span<UInt8>) throws -> Void) {}
    }
}

// Safe because: the stream and the buffer are made, used and freed by their single owner; input is lent for the time of a call.
@safe private final class GzipStream: StreamCompressor {
    private static let level: Int32 = 6
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 128 << 10)

    init() throws {
        unsafe stream.initialize(to: z_stream())
        guard unsafe lb_deflate_init_gzip(stream, Self.level) == Z_OK else { throw CodecError.unavailable("gzip") }
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
        unsafe buffer.deallocate()
    }

    func write(_ bytes: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        var offset = 0
        // zlib counts input in 32 bits.
        while offset < bytes.count {
            let end = min(bytes.count, offset + (1 << 30))
            try run(bytes.extracting(offset..<end), Z_NO_FLUSH, sink)
            offset = end
        }
    }

    func finish(to sink: (Span<UInt8>) throws -> Void) throws {
        let nothing: [UInt8] = []
        try run(nothing.span, Z_FINISH, sink)
    }

    private func run(_ bytes: Span<UInt8>, _ flush: Int32, _ sink: (Span<UInt8>) throws -> Void) throws {
        try unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            while true {
                unsafe stream.pointee.next_out = buffer.baseAddress
                unsafe stream.pointee.avail_out = UInt32(buffer.count)
                let status = unsafe deflate(stream, flush)
                guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw CodecError.unavailable("gzip") }
                let produced = unsafe buffer.count - Int(stream.pointee.avail_out)
                if produced > 0 { try sink(unsafe UnsafeBufferPointer(buffer).span.extracting(0..<produced)) }
                let isDrained = unsafe produced < buffer.count
                if status == Z_STREAM_END || isDrained { break }
            }
        }
    }
}

// Safe because: the context and the buffer are made, used and freed by their single owner; input is lent for the time of a call.
@safe private final class ZstdStream: StreamCompressor {
    private static let level: Int32 = 3
    private let context: OpaquePointer
    private let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 128 << 10)

    init() throws {
        guard let context = unsafe ZSTD_createCCtx() else { throw CodecError.unavailable("zstd") }
        unsafe self.context = context
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        _ = unsafe ZSTD_freeCCtx(context)
        unsafe buffer.deallocate()
    }

    func write(_ bytes: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws { try run(bytes, ZSTD_e_continue, sink) }

    func finish(to sink: (Span<UInt8>) throws -> Void) throws {
        let nothing: [UInt8] = []
        try run(nothing.span, ZSTD_e_end, sink)
    }

    private func run(_ bytes: Span<UInt8>, _ directive: ZSTD_EndDirective, _ sink: (Span<UInt8>) throws -> Void) throws {
        try unsafe bytes.withUnsafeBytes { source in
            var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            while true {
                var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                let left = unsafe ZSTD_compressStream2(context, &output, &input, directive)
                guard ZSTD_isError(left) == 0 else { throw CodecError.unavailable("zstd") }
                let produced = unsafe output.pos
                if produced > 0 { try sink(unsafe UnsafeBufferPointer(buffer).span.extracting(0..<produced)) }
                let isDone = unsafe directive == ZSTD_e_end ? left == 0 : input.pos == input.size
                if isDone { break }
            }
        }
    }
}
