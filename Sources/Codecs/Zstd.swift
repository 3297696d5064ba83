// Zstd: frames of the Zstandard format (RFC 8878), by libzstd. Contexts are reused; one per worker thread.

import Bytes
import CZstd

/// Compresses whole messages into standard frames without checksum, window at most 8 MiB. Not thread-safe.
// Safe because: the context is created, used and freed by its single owner.
@safe package final class ZstdCompressor {
    private let context: OpaquePointer
    private let isTunedForLargeMessages: Bool
    private var isTuned = false

    /// - Parameter isTunedForLargeMessages: above 128 KiB, search with one table of 2^18 entries for matches of six bytes and more instead of
    ///   as the level says. Measured on text, records and programs: about two thirds of level 3's time, at most 2 % more bytes.
    package init(level: Int32, isTunedForLargeMessages: Bool = false) {
        guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for a compression context") }
        unsafe self.context = context
        self.isTunedForLargeMessages = isTunedForLargeMessages
        set(ZSTD_c_compressionLevel, level)
        set(ZSTD_c_windowLog, level >= 15 ? 23 : 0)
        set(ZSTD_c_checksumFlag, 0)
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int32) { unsafe ZSTD_CCtx_setParameter(context, parameter, value) }

    private func tune(for byteCount: Int) {
        let isLarge = byteCount > 128 << 10
        guard isTunedForLargeMessages, isLarge != isTuned else { return }
        isTuned = isLarge
        // 0 is the level's own choice.
        set(ZSTD_c_strategy, isLarge ? Int32(ZSTD_fast.rawValue) : 0)
        set(ZSTD_c_hashLog, isLarge ? 18 : 0)
        set(ZSTD_c_minMatch, isLarge ? 6 : 0)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// The most a frame of `count` bytes can take.
    package static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    /// Compresses into `target`; nil if the frame does not fit there.
    package func compress(_ source: Span<UInt8>, into target: inout MutableSpan<UInt8>) -> Int? {
        tune(for: source.count)
        let result = unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { target in
                unsafe ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
        }
        return ZSTD_isError(result) == 0 ? result : nil
    }

    package func compress(_ source: [UInt8]) -> [UInt8] {
        [UInt8](byteCount: ZstdCompressor.bound(source.count)) { target in
            guard let count = compress(source.span, into: &target) else { preconditionFailure("a frame exceeded its bound") }
            return count
        }
    }
}

/// Decompresses frames, never more than a stated limit. Not thread-safe.
// Safe because: the context is created, used and freed by its single owner.
@safe package final class ZstdDecompressor {
    private let context: OpaquePointer
    /// What a stream has produced last; small enough for the cache.
    private let streamBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 128 << 10)

    package init() {
        guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("no memory for a decompression context") }
        unsafe self.context = context
        // 128 MiB windows, as stock restic accepts; memory is taken only as far as a frame needs it.
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
        unsafe streamBuffer.deallocate()
    }

    /// Decompresses exactly `target.count` bytes.
    package func decompress(_ source: Span<UInt8>, into target: inout MutableSpan<UInt8>) throws(CodecError) {
        let result = unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { target in
                unsafe ZSTD_decompressDCtx(context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
        }
        guard ZSTD_isError(result) == 0, result == target.count else { throw .notDecompressible }
    }

    /// Decompresses frames of unknown content size as a stream with a growing buffer of at most `limit` bytes.
    package func decompress(_ source: Span<UInt8>, limit: Int) throws(CodecError) -> [UInt8] {
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var position = 0, hint = 1
        while position < source.count || hint != 0 {
            var produced = 0
            let before = position
            unsafe source.withUnsafeBytes { source in
                unsafe piece.withUnsafeMutableBytes { piece in
                    var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                    var out = unsafe ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
                    unsafe hint = ZSTD_decompressStream(context, &out, &input)
                    unsafe position = input.pos
                    unsafe produced = out.pos
                }
            }
            guard ZSTD_isError(hint) == 0 else { throw .notDecompressible }
            guard output.count + produced <= limit else { throw .tooLarge(limit: limit) }
            output += piece.prefix(produced)
            // No progress although the frame is not finished: the input was cut off.
            if produced == 0 && position == before { throw .notDecompressible }
        }
        return output
    }

    /// Begins a stream whose pieces are given to `continueStream`.
    package func beginStream() { unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only) }

    /// Feeds one piece of a stream; `onOutput` sees what comes out, piece by piece.
    package func continueStream(_ source: Span<UInt8>, onOutput: (Span<UInt8>) -> Void) throws(CodecError) {
        var position = 0, isFull = true
        // A full buffer may mean that more output waits although all input is taken.
        while position < source.count || isFull {
            var produced = 0, hint = 0
            unsafe source.withUnsafeBytes { source in
                var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                var output = unsafe ZSTD_outBuffer(dst: streamBuffer.baseAddress, size: streamBuffer.count, pos: 0)
                unsafe hint = ZSTD_decompressStream(context, &output, &input)
                unsafe position = input.pos
                unsafe produced = output.pos
            }
            guard ZSTD_isError(hint) == 0 else { throw .notDecompressible }
            onOutput(unsafe UnsafeBufferPointer(streamBuffer).span.extracting(0..<produced))
            isFull = unsafe produced == streamBuffer.count
        }
    }

    package func decompress(_ source: [UInt8], limit: Int) throws(CodecError) -> [UInt8] { try decompress(source.span, limit: limit) }
}
