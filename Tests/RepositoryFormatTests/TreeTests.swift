import Bytes
import Codecs
import RepositoryFormat
import Testing

private struct TreeVectors: Decodable {
    struct Attribute: Decodable {
        let name_hex: HexBytes
        let value_hex: HexBytes
    }
    struct Input: Decodable {
        let name_hex: HexBytes
        let st_mode: String
        let mtime_ns: Int64
        let ctime_ns: Int64
        let uid: UInt32
        let gid: UInt32
        let user: String
        let group: String
        let ino: UInt64
        let dev: UInt64
        let size: UInt64
        let nlink: UInt64
        let rdev: UInt64?
        let linktarget_hex: HexBytes?
        let xattrs: [Attribute]?
        let content: [String]?
        let subtree: String?
        let subtree_europe_berlin: String?
    }
    struct Case: Decodable {
        let input: Input
        let expected_json_utc: String
        let expected_json_europe_berlin: String
    }
    struct Tree: Decodable {
        let time_zone: String
        let tree_id: String
        let node_count: Int
        let length: Int
        let node_order_hex: [HexBytes]?
    }
    let trees: [Tree]
    let nodes: [Case]
}

/// Europe/Berlin as far as the vectors need it: an hour, two in the summers of 2020 and 2024.
@Sendable private func berlin(_ seconds: Int64) -> Int32 {
    let summers: [Range<Int64>] = [1_585_443_600..<1_603_587_600, 1_711_846_800..<1_729_990_800]
    return summers.contains { $0.contains(seconds) } ? 7_200 : 3_600
}

extension TreeVectors.Input {
    /// The node restic made of this file.
    func node(zone: TimeZoneRules, subtree: String?) throws -> Node {
        let mode = try #require(UInt32(st_mode, radix: 8))
        var node = Node(name: name_hex.bytes, kind: .init(posix: mode))
        node.mode = GoFileMode(posix: mode)
        node.modificationTime = time(mtime_ns, zone)
        node.accessTime = node.modificationTime
        node.changeTime = time(ctime_ns, zone)
        (node.userID, node.groupID, node.userName, node.groupName) = (uid, gid, user, group)
        (node.inode, node.deviceID) = (ino, dev)
        if [.file, .symbolicLink, .blockDevice, .characterDevice].contains(node.kind) { node.linkCount = nlink }
        if node.kind == .file { node.size = size }
        node.device = rdev ?? 0
        node.linkTarget = linktarget_hex?.bytes ?? []
        node.extendedAttributes = (xattrs ?? []).map { .init(name: $0.name_hex.bytes, value: $0.value_hex.bytes) }
        node.content = try content?.map { try #require(BlobID(hex: $0)) }
        if let subtree { node.subtree = BlobID(hex: subtree) }
        return node
    }

    private func time(_ nanoseconds: Int64, _ zone: TimeZoneRules) -> Timestamp {
        let second = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
        return Timestamp(seconds: second, nanoseconds: Int32(nanoseconds - second * 1_000_000_000), in: zone)
    }
}

@Suite struct `A node` {
    @Test func `is written as restic wrote it, in two time zones`() throws {
        for vector in try Vectors.load("tree.json", as: TreeVectors.self).nodes {
            let utc = try vector.input.node(zone: { _ in 0 }, subtree: vector.input.subtree)
            #expect(text(try utc.json()) == vector.expected_json_utc)
            let local = try vector.input.node(zone: berlin, subtree: vector.input.subtree_europe_berlin ?? vector.input.subtree)
            #expect(text(try local.json()) == vector.expected_json_europe_berlin)
        }
    }

    @Test func `is read back as it was`() throws {
        for vector in try Vectors.load("tree.json", as: TreeVectors.self).nodes {
            let json = Array("{\"nodes\":[\(vector.expected_json_utc)]}\n".utf8)
            #expect(try Tree.parse(json) == [try vector.input.node(zone: { _ in 0 }, subtree: vector.input.subtree)])
            #expect(Tree.roundTrips(json))
        }
    }

    @Test(arguments: [
        (0o100644 as UInt32, 420 as UInt32), (0o040755, 2_147_484_141), (0o041777, 2_148_532_735), (0o104755, 8_389_101),
        (0o120777, 134_218_239),
        (0o060660, 67_109_296), (0o020600, 69_206_400), (0o010640, 33_554_848), (0o140755, 16_777_709), (0o107777, 13_631_999),
    ])
    func `keeps its mode in Go's bits`(_ posix: UInt32, _ go: UInt32) {
        #expect(GoFileMode(posix: posix).rawValue == go)
        #expect(GoFileMode(rawValue: go).posix == posix)
        #expect(GoFileMode(rawValue: go).posixPermissions == posix & 0o7777)
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "a\0"])
    func `cannot be written under a name that is no file name`(_ name: String) throws {
        let node = Node(name: Array(name.utf8), kind: .file)
        #expect(!node.hasSafeName)
        #expect(throws: FormatError.self) { try node.json() }
    }

    @Test func `keeps Windows attributes as they were read`() throws {
        let json = Array(
            #"{"nodes":[{"name":"a","type":"file","mtime":"2023-11-14T22:13:20Z","atime":"2023-11-14T22:13:20Z","ctime":"2023-11-14T22:13:20Z","uid":0,"gid":0,"generic_attributes":{"windows.file_attributes":32},"content":[]}]}"#
                .utf8 + [10])
        #expect(Tree.roundTrips(json))
        #expect(try Tree.parse(json).first?.genericAttributes == Array(#"{"windows.file_attributes":32}"#.utf8))
    }

    @Test(arguments: [51, 52, 53] as [UInt64])
    func `survives writing and reading with random contents`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<400 {
            let node = Node.random(&random)
            let bytes = try Tree.serialise([node])
            let parsed = try #require(try Tree.parse(bytes).first)
            #expect(parsed == node)
            #expect(try Tree.serialise([parsed]) == bytes)
        }
    }
}

extension Node {
    static func random(_ random: inout SplitMix64) -> Node {
        func maybe<T>(_ value: T, _ otherwise: T) -> T { Bool.random(using: &random) ? value : otherwise }
        var name = random.bytes(Int.random(in: 1..<20, using: &random)).map { $0 == 0x2f || $0 == 0 ? 0x61 : $0 }
        if name == [0x2e] || name == [0x2e, 0x2e] { name = [0x61] }
        var node = Node(name: name, kind: Kind.allCases.filter { $0 != .unknown }.randomElement(using: &random) ?? .file)
        node.mode = GoFileMode(rawValue: maybe(UInt32.random(in: 0 ... .max, using: &random), 0))
        func time() -> Timestamp {
            Timestamp(
                seconds: Int64.random(in: -60_000_000_000...250_000_000_000, using: &random),
                nanoseconds: Int32.random(in: 0...999_999_999, using: &random), utcOffset: 60 * Int32.random(in: -700...700, using: &random)
            )
        }
        node.modificationTime = time()
        node.accessTime = maybe(node.modificationTime, time())
        node.changeTime = time()
        node.userID = maybe(UInt32.random(in: 0 ... .max, using: &random), 0)
        node.groupID = maybe(UInt32.random(in: 0 ... .max, using: &random), 0)
        node.userName = maybe("", "user<é>")
        node.groupName = maybe("", "wheel\\\"")
        node.inode = maybe(random.next(), 0)
        node.deviceID = maybe(random.next(), 0)
        node.size = maybe(random.next(), 0)
        node.linkCount = maybe(random.next(), 0)
        node.device = maybe(random.next(), 0)
        node.linkTarget = maybe(random.bytes(Int.random(in: 0..<30, using: &random)), [])
        for _ in 0..<Int.random(in: 0..<3, using: &random) {
            node.extendedAttributes.append(
                .init(name: Array("user.\(random.next())".utf8), value: random.bytes(Int.random(in: 0..<9, using: &random))))
        }
        func blob() -> BlobID { BlobID(Digest(random.bytes(32)) ?? .zero) }
        node.content = maybe((0..<Int.random(in: 0..<4, using: &random)).map { _ in blob() }, nil)
        node.subtree = maybe(blob(), nil)
        node.error = maybe("", "went wrong")
        return node
    }
}

@Suite struct `A tree` {
    @Test func `has the id restic gave it, in both time zones`() throws {
        let vectors = try Vectors.load("tree.json", as: TreeVectors.self)
        for tree in vectors.trees.filter({ $0.node_count == vectors.nodes.count }) {
            let isUTC = tree.time_zone == "UTC"
            var writer = TreeWriter()
            for vector in vectors.nodes {
                let subtree = isUTC ? vector.input.subtree : vector.input.subtree_europe_berlin ?? vector.input.subtree
                try writer.append(try vector.input.node(zone: isUTC ? { _ in 0 } : berlin, subtree: subtree))
            }
            let bytes = writer.finished()
            #expect(bytes.count == tree.length)
            #expect(SHA256.hash(bytes).hex == tree.tree_id, "\(tree.time_zone)")
            #expect(Tree.roundTrips(bytes))
            #expect(try Tree.parse(bytes).map(\.name) == tree.node_order_hex?.map(\.bytes))
        }
        #expect(vectors.trees.count(where: { $0.node_count == vectors.nodes.count }) >= 2)
    }

    @Test func `without nodes has the well-known id`() throws {
        let bytes = TreeWriter().finished()
        #expect(text(bytes) == "{\"nodes\":[]}\n")
        #expect(SHA256.hash(bytes).hex == "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8")
        #expect(try Tree.parse(bytes).isEmpty)
    }

    @Test(arguments: [("b", "a"), ("a", "a"), ("ab", "a"), ("\u{ff}", "z")])
    func `refuses a name that does not ascend`(_ first: String, _ second: String) throws {
        var writer = TreeWriter()
        try writer.append(Node(name: Array(first.utf8), kind: .file))
        #expect(throws: FormatError.self) { try writer.append(Node(name: Array(second.utf8), kind: .file)) }
        #expect(throws: FormatError.self) { try writer.append(encoded: [], name: Array(second.utf8)) }
    }

    @Test func `takes encoded nodes as they are`() throws {
        let nodes = ["a", "b", "c"].map { Node(name: Array($0.utf8), kind: .file) }
        var writer = TreeWriter()
        try writer.append(nodes[0])
        try writer.append(encoded: try nodes[1].json(), name: nodes[1].name)
        try writer.append(nodes[2])
        #expect(writer.finished() == (try Tree.serialise(nodes)))
    }

    @Test func `with keys it does not know is readable but must not be rewritten`() throws {
        let node = text(try Node(name: [0x61], kind: .file).json())
        let plain = Array("{\"nodes\":[\(node)]}\n".utf8)
        #expect(Tree.roundTrips(plain))
        for json in [
            "{\"nodes\":[\(node)],\"more\":{}}\n", "{\"nodes\":[\(node.dropLast()),\"colour\":[1]}]}\n", "{ \"nodes\":[\(node)]}\n",
            "{\"nodes\":[\(node)]}", "{\"nodes\":[\(node.replacing("\"file\"", with: "\"hologram\""))]}\n",
            "{\"nodes\":[\(node),\(node)]}\n",
        ] {
            let bytes = Array(json.utf8)
            #expect(try Tree.parse(bytes).first?.name == [0x61])
            #expect(!Tree.roundTrips(bytes), "\(json)")
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "{\"nodes\":{}}", "{\"nodes\":[{}]}", "{\"nodes\":[{\"name\":\"a\"}]}", "{\"nodes\":[{\"type\":\"file\"}]}",
        "{\"nodes\":[]}x", "{\"nodes\":[],\"nodes\":[]}", "{\"nodes\":[{\"name\":\"\\\\q\",\"type\":\"file\"}]}",
        "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"size\":-1}]}",
        "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"mode\":4294967296}]}",
        "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"content\":[\"00\"]}]}",
        "{\"nodes\":[{\"name\":\"a\",\"type\":\"file\",\"generic_attributes\":1}]}",
    ])
    func `is refused if it is not one`(_ json: String) {
        #expect(throws: FormatError.self) { try Tree.parse(Array(json.utf8)) }
    }

    @Test func `is read with the unsafe names someone put into it`() throws {
        let nodes = try Tree.parse(Array(#"{"nodes":[{"name":"../etc","type":"file"},{"name":"","type":"dir"}]}"#.utf8))
        #expect(nodes.map(\.hasSafeName) == [false, false])
    }
}
