// StoreConformance: what every store must do, as rules that any of them can be held against. Each rule wants a fresh, empty store
// on which `create` was called.

import Bytes
package import Stores

package struct StoreConformance: Sendable, CustomStringConvertible {
    /// A rule that a store broke.
    package struct Violation: Error, CustomStringConvertible {
        package let description: String
    }

    package let description: String
    private let body: @Sendable (any Store) throws -> Void

    private init(_ description: String, _ body: @escaping @Sendable (any Store) throws -> Void) {
        self.description = description
        self.body = body
    }

    /// - Throws: a `Violation`, or what the store threw where it must not.
    package func check(_ store: any Store) throws { try body(store) }

    private static func expect(_ condition: Bool, _ text: String) throws {
        if !condition { throw Violation(description: text) }
    }

    /// `body` must fail with a StoreFailure of this kind.
    private static func expectFailure(_ kind: StoreFailure.Kind, _ text: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as StoreFailure where error.kind == kind {
            return
        }
        throw Violation(description: "\(text) succeeded")
    }

    private static func key(_ kind: StoreKind, _ number: UInt64) -> StoreKey {
        kind == .config ? .config : StoreKey(kind, Digest(word0: number << 56 | 0xabcd, word1: 0, word2: 0, word3: number))
    }

    private static let content: [UInt8] = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    package static let rules: [StoreConformance] = [
        StoreConformance("gives back what was saved, of every kind") { store in
            for kind in StoreKind.allCases {
                try store.save(key(kind, 1), content.span)
                try expect(store.load(key(kind, 1), limit: 1000) == content, "\(kind) changed")
                try expect(store.byteCount(of: key(kind, 1)) == 1000, "\(kind) has another size")
            }
        },
        StoreConformance("keeps empty files") { store in
            try store.save(key(.lock, 1), [UInt8]().span)
            try expect(store.load(key(.lock, 1), limit: 0) == [], "not empty")
            try expect(store.byteCount(of: key(.lock, 1)) == 0, "not of size 0")
            try expect(store.list(.lock) == [StoreEntry(name: key(.lock, 1).name, byteCount: 0)], "not listed")
        },
        StoreConformance("loads exactly the range asked for") { store in
            try store.save(key(.pack, 1), content.span)
            for (offset, count) in [(0, 1000), (0, 1), (999, 1), (250, 500), (1000, 0), (0, 0)] {
                let got = try store.load(key(.pack, 1), offset: UInt64(offset), byteCount: count)
                try expect(got == Array(content[offset..<offset + count]), "\(count) bytes at \(offset) are others")
            }
        },
        StoreConformance("never reads short") { store in
            try store.save(key(.pack, 1), content.span)
            for (offset, count) in [(0, 1001), (999, 2), (1000, 1), (5000, 1), (1 << 40, 10)] {
                try expectFailure(.corrupt, "reading \(count) bytes at \(offset)") {
                    _ = try store.load(key(.pack, 1), offset: UInt64(offset), byteCount: count)
                }
            }
        },
        StoreConformance("refuses what is larger than the limit") { store in
            try store.save(key(.index, 1), content.span)
            try expectFailure(.corrupt, "loading 1000 bytes with a limit of 999") { _ = try store.load(key(.index, 1), limit: 999) }
        },
        StoreConformance("says that a missing file is missing") { store in
            for kind in StoreKind.allCases {
                try expect(store.byteCount(of: key(kind, 9)) == nil, "\(kind) has a size")
                try expect(!store.exists(key(kind, 9)), "\(kind) exists")
                try expectFailure(.missing, "loading \(kind)") { _ = try store.load(key(kind, 9), limit: 10) }
                try expectFailure(.missing, "loading a range of \(kind)") { _ = try store.load(key(kind, 9), offset: 0, byteCount: 1) }
                try expectFailure(.missing, "deleting \(kind)") { try store.delete(key(kind, 9)) }
            }
        },
        StoreConformance("lists each kind by itself, with sizes") { store in
            for kind in StoreKind.allCases where kind != .config {
                try expect(store.list(kind).isEmpty, "\(kind) is not empty at first")
                for number in 1...3 { try store.save(key(kind, UInt64(number) * 80), content.span.extracting(0..<number)) }
            }
            for kind in StoreKind.allCases where kind != .config {
                let expected = (1...3).map { StoreEntry(name: key(kind, UInt64($0) * 80).name, byteCount: UInt64($0)) }
                try expect(Set(store.list(kind)) == Set(expected) && store.list(kind).count == 3, "\(kind) lists something else")
            }
        },
        StoreConformance("replaces a file of the same name") { store in
            for kind in [StoreKind.config, .key, .pack] {
                try store.save(key(kind, 1), content.span)
                try store.save(key(kind, 1), [UInt8(7)].span)
                try expect(store.load(key(kind, 1), limit: 10) == [7], "\(kind) is not the new one")
            }
            try expect(store.list(.pack).count == 1, "two packs of one name")
        },
        StoreConformance("deletes one file and no other") { store in
            for number in 1...3 { try store.save(key(.pack, UInt64(number)), content.span) }
            try store.delete(key(.pack, 2))
            try expect(Set(store.list(.pack).map(\.name)) == [key(.pack, 1).name, key(.pack, 3).name], "others are listed")
            try expect(!store.exists(key(.pack, 2)), "it is still there")
            try store.save(key(.pack, 2), content.span)
            try expect(store.load(key(.pack, 2), limit: 1000) == content, "it does not come back")
        },
        StoreConformance("can be created twice") { store in
            try store.save(.config, content.span)
            try store.create()
            try expect(store.load(.config, limit: 1000) == content, "the second time changed a file")
        },
    ]
}
