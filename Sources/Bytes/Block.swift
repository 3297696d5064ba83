// Block: owned memory of a fixed capacity, filled from the front. The carrier of the data plane.
//
// A class and not a ~Copyable struct, because blocks wait in queues and arrays; one reference count per block, none per
// byte (docs/decisions/0004). A block is handed from thread to thread and never shared while someone writes it.

/// Uninitialised memory of `capacity` bytes of which the first `count` are valid. Freed on deinit.
// Safe because: one owner at a time; every hand-over goes through a lock (BoundedQueue, Mutex), which orders the accesses.
@safe package final class Block: @unchecked Sendable {
    package let capacity: Int
    package private(set) var count = 0
    private let base: UnsafeMutablePointer<UInt8>

    /// From this size on a block begins where a page does, so that it can go to a disk directly.
    private static let alignedFromByteCount = 1 << 20

    package init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        let alignment = capacity < Block.alignedFromByteCount ? MemoryLayout<UInt64>.alignment : 4096
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1), alignment: alignment)
        unsafe self.base = memory.bindMemory(to: UInt8.self, capacity: max(capacity, 1))
    }

    deinit { unsafe UnsafeMutableRawPointer(base).deallocate() }

    package var free: Int { capacity - count }

    package func removeAll() { count = 0 }

    /// Forgets everything after the first `newCount` bytes.
    package func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }

    /// Appends a copy. Traps if it does not fit: callers check `free` first.
    package func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= free)
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: source.count) }
        }
        count += bytes.count
    }

    package func append(_ bytes: [UInt8]) { append(bytes.span) }

    /// Overwrites valid bytes from `offset` with a copy. Traps if they do not reach that far.
    package func replace(at offset: Int, with bytes: Span<UInt8>) {
        precondition(offset >= 0 && bytes.count <= count - offset)
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe UnsafeMutableRawPointer(base + offset).copyMemory(from: start, byteCount: source.count) }
        }
    }

    /// Forgets the first `byteCount` bytes; the others move to the front.
    package func removeFirst(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count)
        unsafe base.update(from: base + byteCount, count: count - byteCount)
        count -= byteCount
    }

    /// Declares the first `newCount` bytes valid, whatever they hold: for memory that is written before it is read.
    package func setCountUninitialised(_ newCount: Int) {
        precondition(newCount >= 0 && newCount <= capacity)
        count = newCount
    }

    /// Read access to the valid bytes, or a part of them.
    package func withBytes<R, E: Error>(_ range: Range<Int>? = nil, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        let range = range ?? 0..<count
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let buffer = unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        return try body(unsafe buffer.span)
    }

    /// Write access to a part of the valid bytes.
    package func withMutableBytes<R, E: Error>(
        _ range: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let buffer = unsafe UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
        var span = unsafe MutableSpan(_unsafeElements: buffer)
        return try body(&span)
    }

    /// Lets `body` fill up to `limit` bytes of the free space; the number it returns becomes valid.
    @discardableResult
    package func appendUpTo<E: Error>(_ limit: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> Int) throws(E) -> Int {
        let room = min(limit, free)
        let buffer = unsafe UnsafeMutableBufferPointer(start: base + count, count: room)
        var span = unsafe MutableSpan(_unsafeElements: buffer)
        let filled = try body(&span)
        precondition(filled >= 0 && filled <= room)
        count += filled
        return filled
    }

    package var array: [UInt8] { withBytes { Array(copying: $0) } }
}

extension Array where Element == UInt8 {
    package init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// An array whose `count` bytes `body` writes; returns what it says it wrote. One allocation, not zeroed first.
    package init<E: Error>(byteCount: Int, filledBy body: (inout MutableSpan<UInt8>) throws(E) -> Int) throws(E) {
        var failure: E? = nil
        self = unsafe Array(unsafeUninitializedCapacity: byteCount) { buffer, count in
            var span = unsafe MutableSpan(_unsafeElements: buffer)
            do throws(E) {
                count = try body(&span)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Write access to a part of the bytes, in place.
    package mutating func withMutableBytes<R, E: Error>(
        _ range: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var whole = mutableSpan
        var part = whole._mutatingExtracting(range)
        return try body(&part)
    }
}

extension Span where Element == UInt8 {
    /// Whether both hold the same bytes.
    package func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBytes { mine in
            unsafe other.withUnsafeBytes { theirs in
                let words = mine.count / 8
                var difference: UInt64 = 0
                for word in 0..<words {
                    unsafe difference |=
                        mine.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                        ^ theirs.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                }
                for index in words * 8..<mine.count { unsafe difference |= UInt64(mine[index] ^ theirs[index]) }
                return difference == 0
            }
        }
    }
}
