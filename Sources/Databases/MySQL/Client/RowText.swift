// RowText: rows as the text that LOAD DATA reads, written from the client library's memory into a buffer of our own.
//
// Fields end in a tab, rows in a line feed; backslash escapes: `\\`, `\t`, `\n`, `\0`; NULL is `\N`. Columns that hold bytes rather
// than text are hexadecimal digits. The hash of a row is that of its text, line feed included.
//
// 1. A row is written at the end of the buffer, value by value. Plain values are copied; text is copied in runs of eight bytes in
//    which no byte needs an escape.
// 2. The buffer grows to hold the longest row; whoever writes rows empties it when it is full enough.

// Safe because: every write is preceded by `reserve` for the most it can take; the memory is this object's until deinit; one owner.
@safe final class RowText {
    private(set) var count = 0
    private(set) var capacity: Int
    private var base: UnsafeMutablePointer<UInt8>
    private let usualCapacity: Int

    private static let tab = UInt8(ascii: "\t"), lineFeed = UInt8(ascii: "\n"), backslash = UInt8(ascii: "\\")

    init(capacity: Int) {
        usualCapacity = capacity
        self.capacity = capacity
        unsafe base = .allocate(capacity: max(capacity, 64))
    }

    deinit { unsafe base.deallocate() }

    /// Forgets the content, and memory that only an unusually long row needed.
    func removeAll() {
        count = 0
        if capacity > 4 * usualCapacity { resize(to: usualCapacity) }
    }

    func withBytes<R, E: Error>(_ range: Range<Int>, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let buffer = unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        return try body(unsafe buffer.span)
    }

    /// Appends a row and returns the hash of its text.
    func append(_ row: MySQLRow, _ forms: [ValueForm]) -> UInt64 {
        let start = count
        let forms = forms.span
        for column in 0..<forms.count {
            let value = unsafe row.value(column)
            if unsafe value.baseAddress == nil {
                appendNull()
            } else {
                switch forms[column] {
                case .plain: unsafe appendPlain(value)
                case .text: unsafe appendText(value)
                case .bytes: unsafe appendHex(value)
                }
            }
        }
        // The tab after the last field becomes the end of the row; a row has at least one column.
        if count > start { unsafe base[count - 1] = RowText.lineFeed }
        return unsafe RowHash.hash(UnsafeRawBufferPointer(start: base + start, count: count - start), seed: 0)
    }

    // MARK: Values

    @inline(__always)
    private func appendNull() {
        reserve(3)
        unsafe base[count] = RowText.backslash
        unsafe base[count + 1] = UInt8(ascii: "N")
        unsafe base[count + 2] = RowText.tab
        count += 3
    }

    /// Numbers and times: nothing in them needs an escape.
    @inline(__always)
    private func appendPlain(_ value: UnsafeBufferPointer<UInt8>) {
        reserve(value.count + 8 + 1)
        guard let source = value.baseAddress else { return }
        let target = unsafe base + count
        if value.count <= 24 {
            for index in 0..<value.count { unsafe target[index] = source[index] }
        } else {
            unsafe target.update(from: source, count: value.count)
        }
        unsafe target[value.count] = RowText.tab
        count += value.count + 1
    }

    private func appendText(_ value: UnsafeBufferPointer<UInt8>) {
        reserve(2 * value.count + 8 + 1)
        guard let source = value.baseAddress else { return }
        let length = value.count
        var target = unsafe base + count
        var index = 0
        while index < length {
            if index + 8 <= length {
                let word = unsafe UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
                if !RowText.needsEscape(word) {
                    unsafe UnsafeMutableRawPointer(target).storeBytes(of: word, as: UInt64.self)
                    unsafe target += 8
                    index += 8
                    continue
                }
            }
            let end = min(index + 8, length)
            while index < end {
                let byte = unsafe source[index]
                let letter = RowText.escape(byte)
                if letter != 0 {
                    unsafe target[0] = RowText.backslash
                    unsafe target[1] = letter
                    unsafe target += 2
                } else {
                    unsafe target[0] = byte
                    unsafe target += 1
                }
                index += 1
            }
        }
        unsafe target[0] = RowText.tab
        unsafe count = target - base + 1
    }

    private func appendHex(_ value: UnsafeBufferPointer<UInt8>) {
        reserve(2 * value.count + 1)
        guard let source = value.baseAddress else { return }
        let target = unsafe base + count
        for index in 0..<value.count {
            let byte = unsafe source[index]
            unsafe target[2 * index] = RowText.hexDigit(byte >> 4)
            unsafe target[2 * index + 1] = RowText.hexDigit(byte & 15)
        }
        unsafe target[2 * value.count] = RowText.tab
        count += 2 * value.count + 1
    }

    // MARK: Steps

    /// The letter after the backslash, or 0 for a byte that stands for itself.
    @inline(__always)
    private static func escape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0: UInt8(ascii: "0")
        case tab: UInt8(ascii: "t")
        case lineFeed: UInt8(ascii: "n")
        case backslash: backslash
        default: 0
        }
    }

    /// Whether one of eight bytes is NUL, tab, line feed or backslash: "is there a zero byte" asked of four differences.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        func zeroByte(_ x: UInt64) -> UInt64 { (x &- 0x0101_0101_0101_0101) & ~x }
        let found =
            zeroByte(word) | zeroByte(word ^ 0x0909_0909_0909_0909) | zeroByte(word ^ 0x0a0a_0a0a_0a0a_0a0a)
            | zeroByte(word ^ 0x5c5c_5c5c_5c5c_5c5c)
        return found & 0x8080_8080_8080_8080 != 0
    }

    /// In arithmetic rather than by a table: the compiler turns the loop around it into vector instructions.
    @inline(__always)
    private static func hexDigit(_ value: UInt8) -> UInt8 { value &+ (value < 10 ? 0x30 : 0x37) }

    @inline(__always)
    private func reserve(_ byteCount: Int) {
        if capacity - count < byteCount { resize(to: max(count + byteCount, capacity * 2)) }
    }

    private func resize(to newCapacity: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
        unsafe larger.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = newCapacity
    }
}

/// How a column's value is written in the text of a row.
package enum ValueForm: String, Sendable, CaseIterable {
    /// Digits, dates: no byte of it needs an escape.
    case plain
    /// UTF-8 with escapes.
    case text
    /// Hexadecimal digits of whatever bytes it holds.
    case bytes
}
