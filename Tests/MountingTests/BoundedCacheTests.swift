// BoundedCache against a simple list that does the same slowly, and under many threads.

import HostOS
import Mounting
import Synchronization
import TestKit
import Testing

@Suite struct `A bounded cache` {
    private struct Trouble: Error {}

    /// The same by the book: keys from the oldest to the newest.
    private struct Book {
        var entries: [(key: Int, cost: Int)] = []
        let limit: Int

        mutating func ask(_ key: Int, cost: Int) -> Bool {
            if let place = entries.firstIndex(where: { $0.key == key }) {
                entries.append(entries.remove(at: place))
                return true
            }
            entries.append((key, cost))
            while entries.reduce(0, { $0 + $1.cost }) > limit, entries.count > 1 { entries.removeFirst() }
            return false
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func `keeps what was used last, and no more than fits`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let cache = BoundedCache<Int, Int>(limit: 1000)
        var book = Book(limit: 1000)
        for _ in 0..<20_000 {
            let key = Int.random(in: 0..<60, using: &random), cost = key % 7 == 0 ? 600 : 10 + key
            var made = false
            let value = try cache.value(for: key, cost: { _ in cost }) {
                made = true
                return key * 3
            }
            #expect(value == key * 3)
            #expect(made == !book.ask(key, cost: cost), "seed \(seed)")
        }
        #expect(cache.cost == book.entries.reduce(0) { $0 + $1.cost })
        #expect(cache.cost <= 1000)
    }

    @Test func `keeps one value that does not fit`() throws {
        let cache = BoundedCache<String, Int>(limit: 10)
        _ = try cache.value(for: "small", cost: { _ in 5 }) { 1 }
        _ = try cache.value(for: "large", cost: { _ in 50 }) { 2 }
        #expect(cache.cost == 50)
        #expect(try cache.value(for: "large", cost: { _ in 50 }) { throw Trouble() } == 2)
    }

    @Test func `makes a value once for all who want it at the same time`() throws {
        let cache = BoundedCache<Int, Int>(limit: 1 << 20), made = Mutex(0)
        let workers = Workers()
        for number in 0..<8 {
            workers.start("want-\(number)") {
                for key in 0..<50 {
                    let value = try cache.value(for: key, cost: { _ in 1 }) {
                        made.withLock { $0 += 1 }
                        SystemClock().sleep(nanoseconds: 100_000)
                        return key
                    }
                    if value != key { throw Trouble() }
                }
            }
        }
        try workers.join()
        #expect(made.withLock { $0 } == 50)
    }

    @Test func `lets the next one try what failed`() throws {
        let cache = BoundedCache<Int, Int>(limit: 10)
        #expect(throws: Trouble.self) { try cache.value(for: 1, cost: { _ in 1 }) { throw Trouble() } }
        #expect(try cache.value(for: 1, cost: { _ in 1 }) { 7 } == 7)
    }
}
