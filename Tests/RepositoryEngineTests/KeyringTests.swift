// KeyringTests: which passwords open a repository, and which do not.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `The keys of a repository` {
    private let store = MemoryStore()
    private let repository: Repository

    init() throws { repository = try makeRepository(store) }

    @discardableResult
    private func add(_ password: String) throws -> KeyID {
        try repository.keyring.add(
            master: repository.masterKey, password: secret(password), parameters: cheapParameters, userName: "u", hostName: "h",
            created: Timestamp(seconds: 1_700_000_000))
    }

    private func open(_ password: String, hint: String? = nil) throws -> KeyID { try Repository.open(store, password: secret(password), keyHint: hint).keyID }

    @Test func `open with their own password only`() throws {
        let second = try add("second")
        #expect(try open(RepositoryFixture.password) == repository.keyID && open("second") == second)
        for wrong in ["", "Second", "second ", "correct horse battery"] { #expect(failureName { _ = try open(wrong) } == "wrongPassword") }
        #expect(try repository.keyring.list() == [repository.keyID, second].sorted())
    }

    @Test func `that are removed open no more`() throws {
        let second = try add("second")
        try repository.keyring.remove(repository.keyID)
        #expect(failureName { _ = try open(RepositoryFixture.password) } == "wrongPassword")
        #expect(try open("second") == second)
        try repository.keyring.remove(second)
        #expect(failureName { _ = try open("second") } == "noKeys")
    }

    @Test func `may be as empty or as odd as the user likes`() throws {
        for password in ["", " ", "ü\u{0}x", String(repeating: "long", count: 5000)] {
            let id = try add(password)
            #expect(try open(password) == id)
        }
    }

    @Test func `are tried up to the twentieth, the hinted one first`() throws {
        for number in 0..<24 { try add("password \(number)") }
        let ids = try repository.keyring.list()
        #expect(ids.count == 25)
        #expect(failureName { _ = try open("none of them") } == "tooManyKeys")
        var refused = 0
        for number in 0..<24 {
            let outcome = failureName { _ = try open("password \(number)") }
            #expect(outcome == "none" || outcome == "tooManyKeys")
            if outcome != "none" { refused += 1 }
        }
        let first = failureName { _ = try open(RepositoryFixture.password) }
        #expect(refused + (first == "none" ? 0 : 1) == 5)
        // With a hint even the last of them is found; a hint that is wrong does no harm.
        #expect(try open(RepositoryFixture.password, hint: String(repository.keyID.hex.prefix(10))) == repository.keyID)
        for id in ids.filter({ $0 != repository.keyID }).prefix(20) { try repository.keyring.remove(id) }
        #expect(try open(RepositoryFixture.password, hint: "ffffffffff") == repository.keyID)
        #expect(try open(RepositoryFixture.password, hint: "no hex") == repository.keyID)
    }

    @Test func `are found by the beginning of their id`() throws {
        let second = try add("second")
        #expect(try repository.keyring.resolve(second.hex) == second)
        #expect(failureName { _ = try repository.keyring.resolve("") } == "noSuchKey")
        #expect(failureName { _ = try repository.keyring.resolve("zz") } == "noSuchKey")
        for number in 0..<20 { try add("p\(number)") }
        let firstDigits = try repository.keyring.list().map { String($0.hex.prefix(1)) }
        let twice = try #require(firstDigits.first { digit in firstDigits.filter { $0 == digit }.count > 1 })
        #expect(failureName { _ = try repository.keyring.resolve(twice) } == "ambiguousKey")
    }

    @Test func `that are damaged do not shut out the others, and are named when nothing opens`() throws {
        let second = try add("second")
        try damage(store, StoreKey(.key, repository.keyID.digest), at: 40)
        #expect(try open("second") == second)
        #expect(failureName { _ = try open(RepositoryFixture.password) } == "damaged")
        #expect(failureName { _ = try repository.keyring.load(repository.keyID) } == "damaged")
    }

    @Test func `that cannot be read back are not left behind`() throws {
        let lying = ForgetfulStore(store)
        let keyring = repository.through(lying).keyring
        #expect(
            failureName {
                _ = try keyring.add(
                    master: repository.masterKey, password: secret("x"), parameters: cheapParameters, userName: "", hostName: "", created: .zero)
            } == "damaged")
        #expect(try repository.keyring.list() == [repository.keyID])
    }
}

/// Stores every key with one byte changed.
private final class ForgetfulStore: Store {
    private let base: any Store
    init(_ base: any Store) { self.base = base }
    var location: String { base.location }
    func create() throws { try base.create() }
    func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        var copy = [UInt8](copying: content)
        copy[copy.count / 2] ^= 1
        try base.save(key, copy.span)
    }
    func load(_ key: StoreKey, limit: Int) throws -> [UInt8] { try base.load(key, limit: limit) }
    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws { try base.read(key, at: offset, into: &buffer) }
    func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }
    func delete(_ key: StoreKey) throws { try base.delete(key) }
}

@Suite struct `A new repository` {
    private func create(_ store: any Store) throws { _ = try makeRepository(store) }

    @Test func `is made only where nothing of one is left`() throws {
        let digest = Digest(word0: 1, word1: 2, word2: 3, word3: 4)
        for key in [StoreKey.config, StoreKey(.key, digest), StoreKey(.snapshot, digest)] {
            let store = MemoryStore()
            store.save(key, [1].span)
            #expect(failureName { try create(store) } == "alreadyExists", "\(key)")
            #expect(store.contents.count == 1)
        }
        let store = MemoryStore()
        store.save(StoreKey(.pack, digest), [1].span)
        #expect(throws: Never.self) { try create(store) }
    }

    @Test func `writes its key before its config`() throws {
        for number in 1...2 {
            let store = MemoryStore(), faulty = FaultyStore(store, .powerLoss(after: number))
            #expect(throws: (any Error).self) { try create(faulty) }
            #expect(store.contents[.config] == nil)
        }
        let store = MemoryStore()
        #expect(throws: (any Error).self) { try create(FaultyStore(store, .failOnce(at: 3))) }
        #expect(store.list(.key).count == 1)
    }

    @Test(arguments: [RepositoryVersion.one, .two]) func `opens as what it was made`(_ version: RepositoryVersion) throws {
        let store = MemoryStore(), made = try makeRepository(store, version: version)
        let opened = try RepositoryFixture.open(store)
        #expect(opened.config == made.config && opened.config.version == version && opened.keyID == made.keyID)
        #expect(opened.config.polynomial.isIrreducible)
        #expect(try makeRepository(MemoryStore()).config.polynomial != made.config.polynomial)
    }

    @Test func `that is not there is said to be missing`() {
        #expect(failureName { _ = try RepositoryFixture.open(MemoryStore()) } == "missing")
        let failure = RepositoryFailure.missing(location: "/x").failure
        #expect(failure.code == .repositoryMissing && failure.hint != nil)
    }
}

@Suite struct `The config of a repository` {
    @Test func `is refused with any bit changed`() throws {
        let store = MemoryStore()
        _ = try makeRepository(store)
        let config = try store.load(.config, limit: 1000)
        for position in config.indices {
            store.save(.config, config.span)
            try damage(store, .config, at: position, bit: 1 << UInt8(position % 8))
            #expect(failureName { _ = try RepositoryFixture.open(store) } == "damaged", "byte \(position)")
        }
        for count in [0, 1, 15, 16, 31, 32, config.count - 1] {
            store.save(.config, config.span.extracting(0..<count))
            #expect(failureName { _ = try RepositoryFixture.open(store) } == "damaged", "\(count) bytes")
        }
        store.save(.config, [UInt8](repeating: 0, count: 2 << 20).span)
        #expect(throws: StoreFailure.self) { _ = try RepositoryFixture.open(store) }
    }

    @Test func `that another program or time wrote is refused in words`() throws {
        let store = MemoryStore(), repository = try makeRepository(store)
        let id = repository.config.id.hex, polynomial = repository.config.polynomial.hex
        for json in [
            #"{"version":3,"id":"\#(id)","chunker_polynomial":"\#(polynomial)"}"#, #"{"version":2,"id":"\#(id)","chunker_polynomial":"3"}"#,
            #"{"version":2,"id":"ab","chunker_polynomial":"\#(polynomial)"}"#, "{}", "null", "",
        ] {
            store.save(.config, Seal(key: repository.masterKey).seal(Array(json.utf8)).span)
            #expect(throws: FormatError.self, "\(json)") { _ = try RepositoryFixture.open(store) }
        }
    }
}

@Suite struct `A sealed file of a repository` {
    @Test(arguments: [RepositoryVersion.one, .two]) func `comes back as it was saved, and not with any byte changed`(_ version: RepositoryVersion) throws {
        let store = MemoryStore(), repository = try makeRepository(store, version: version)
        let json = Array(#"{"packs":[]}"#.utf8) + [0x0a]
        let name = try repository.saveFile(.index, json: json), key = StoreKey(.index, name)
        #expect(try repository.loadFile(key) == json)
        let stored = try store.load(key, limit: 1000)
        for position in stored.indices {
            store.save(key, stored.span)
            try damage(store, key, at: position)
            #expect(failureName { _ = try repository.loadFile(key) } == "damaged", "byte \(position)")
        }
        // Whole, but sealed by someone else, or under a name that fits.
        let foreign = Seal(key: try .random()).seal(json)
        let foreignKey = StoreKey(.index, SHA256.hash(foreign))
        store.save(foreignKey, foreign.span)
        #expect(failureName { _ = try repository.loadFile(foreignKey) } == "damaged")
    }

    @Test func `read badly once is read again`() throws {
        let store = MemoryStore(), repository = try makeRepository(store)
        let name = try repository.saveFile(.snapshot, json: Array("{}".utf8))
        let good = try store.load(StoreKey(.snapshot, name), limit: 1000)
        try damage(store, StoreKey(.snapshot, name), at: 20)
        let watched = WatchedStore(store) { call, number in
            if call == .load(.snapshot) && number == 2 { store.save(StoreKey(.snapshot, name), good.span) }
        }
        #expect(try repository.through(watched).loadFile(StoreKey(.snapshot, name)) == Array("{}".utf8))
        #expect(watched.count(.load(.snapshot)) == 2)
    }

    @Test func `of an index that is damaged stops the loading of the index`() throws {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: 1)
        for _ in 0..<4 { try fixture.addSnapshot() }
        #expect(try IndexedRepository.load(fixture.repository).indexFiles.count == 4)
        _ = try fixture.repository.saveFile(.index, json: Array(#"{"packs":[{"id":"xx"}]}"#.utf8))
        #expect(failureName { _ = try IndexedRepository.load(fixture.repository) } == "damaged")
    }
}
