// HostOSTests: threads and what passes between them.

import Bytes
import HostOS
import Synchronization
import TestKit
import Testing

private struct Boom: Error, Equatable { let number: Int }

@Suite struct `A bounded queue` {
    @Test(arguments: [1, 3, 1000]) func `hands every item over once, in order for each sender`(_ limit: Int) throws {
        let queue = BoundedQueue<(sender: Int, number: Int)>(limit: limit)
        let senders = Workers(), receivers = Workers(), received = Mutex<[[Int]]>(Array(repeating: [], count: 3))
        for sender in 0..<3 { senders.start("send") { for number in 0..<2000 { queue.push((sender, number)) } } }
        for _ in 0..<2 {
            receivers.start("receive") {
                while let item = queue.pop() { received.withLock { $0[item.sender].append(item.number) } }
            }
        }
        try senders.join()
        queue.close()
        try receivers.join()
        #expect(received.withLock { $0.map { $0.sorted() } } == Array(repeating: Array(0..<2000), count: 3))
    }

    @Test func `is first in, first out`() {
        let queue = BoundedQueue<Int>(limit: 1000)
        var next = 0, expected = 0
        for round in 0..<300 {
            for _ in 0..<(round % 7) {
                #expect(queue.push(next))
                next += 1
            }
            for _ in 0..<(round % 5) {
                guard let item = queue.tryPop() else { break }
                #expect(item == expected)
                expected += 1
            }
        }
        queue.close()
        while let item = queue.pop() {
            #expect(item == expected)
            expected += 1
        }
        #expect(expected == next)
    }

    @Test func `makes the faster side wait`() throws {
        let queue = BoundedQueue<Int>(limit: 2), sent = Atomic(0), sender = Workers()
        sender.start("send") { for number in 0..<50 { if queue.push(number) { sent.add(1, ordering: .sequentiallyConsistent) } } }
        for number in 0..<50 {
            #expect(queue.pop() == number)
            // Two may wait in the queue, one more in the sender's hands.
            #expect(sent.load(ordering: .sequentiallyConsistent) <= number + 1 + 3)
        }
        try sender.join()
        #expect(queue.tryPop() == nil)
    }

    @Test func `takes what it has room for, now or not at all`() {
        let queue = BoundedQueue<Int>(limit: 2)
        #expect(queue.tryPush(1) && queue.tryPush(2) && !queue.tryPush(3))
        #expect(queue.tryPop() == 1 && queue.tryPush(3))
        queue.close()
        #expect(!queue.tryPush(4) && !queue.push(4))
        #expect(queue.pop() == 2 && queue.pop() == 3 && queue.pop() == nil && queue.pop() == nil)
    }

    @Test func `that is abandoned forgets its items and lets everyone go`() throws {
        let queue = BoundedQueue<Int>(limit: 1), waiting = Workers(), refused = Atomic(0)
        #expect(queue.push(0))
        for _ in 0..<3 { waiting.start("send") { if !queue.push(1) { refused.add(1, ordering: .relaxed) } } }
        queue.abandon()
        try waiting.join()
        #expect(refused.load(ordering: .relaxed) == 3)
        #expect(queue.pop() == nil)
        let empty = BoundedQueue<Int>(limit: 1), receiver = Workers()
        receiver.start("receive") { #expect(empty.pop() == nil) }
        empty.abandon()
        try receiver.join()
    }
}

@Suite struct `A group of threads` {
    @Test func `is joined with everything it did`() throws {
        let workers = Workers(), sum = Atomic(0)
        for number in 1...20 { workers.start("add-\(number)-with-a-long-name") { sum.add(number, ordering: .relaxed) } }
        try workers.join()
        #expect(sum.load(ordering: .relaxed) == 210)
        try workers.join()
    }

    @Test func `throws the first error and tells its owner of each`() throws {
        let workers = Workers(), told = Atomic(0), gate = BoundedQueue<Void>(limit: 1)
        workers.start(
            "first",
            onFailure: {
                told.add(1, ordering: .relaxed); gate.close()
            }
        ) { throw Boom(number: 1) }
        workers.start("second", onFailure: { told.add(1, ordering: .relaxed) }) {
            _ = gate.pop()
            throw Boom(number: 2)
        }
        workers.start("third") {}
        #expect(throws: Boom(number: 1)) { try workers.join() }
        #expect(told.load(ordering: .relaxed) == 2 && workers.failed)
        #expect(throws: Boom(number: 1)) { try workers.join() }
    }

    @Test func `shares state behind a monitor`() throws {
        let turn = Monitored(0), workers = Workers(), order = Mutex<[Int]>([])
        for number in (0..<8).reversed() {
            workers.start("turn") {
                turn.wait { $0 == number ? () : nil }
                order.withLock { $0.append(number) }
                turn.update { $0 += 1 }
            }
        }
        try workers.join()
        #expect(order.withLock { $0 } == Array(0..<8))
    }
}
