// StoresTests: the rules that every store keeps, held against each store there is.

import Bytes
import Stores
import TestKit
import Testing

@Suite struct `Every store` {
    enum Kind: CaseIterable, Sendable { case local, memory }

    @Test(arguments: StoreConformance.rules, Kind.allCases) func `keeps the rules`(_ rule: StoreConformance, _ kind: Kind) throws {
        let tree = try ScratchTree()
        let store: any Store =
            switch kind {
            case .local: LocalStore(root: tree["repository"])
            case .memory: MemoryStore()
            }
        try store.create()
        try rule.check(store)
    }
}

@Suite struct `The address of a repository` {
    private func parsed(_ text: String) throws(Failure) -> String { try StoreAddress(parsing: text, relativeTo: "/home/me").description }

    @Test func `is a path, with or without its scheme`() throws {
        for (text, path) in [
            ("/mnt/backup", "/mnt/backup"), ("local:/mnt/backup", "/mnt/backup"), ("backup", "/home/me/backup"), ("local:backup", "/home/me/backup"),
            ("../x/./y//z/", "/home/x/y/z"), ("local:../x", "/home/x"), ("a:b", "/home/me/a:b"), ("./sftp:x", "/home/me/sftp:x"), ("/s3:x", "/s3:x"),
            ("disk/s3:x", "/home/me/disk/s3:x"), ("C:\\x", "/home/me/C:\\x"),
        ] { #expect(try parsed(text) == path) }
    }

    @Test(arguments: ["", "sftp:me@host:/x", "s3:s3.amazonaws.com/bucket", "rest:https://host/", "rclone:x:y", "b2:bucket", "azure:x:/", "gs:x:/", "swift:x:/"])
    func `is refused where this version has no store for it`(_ text: String) throws {
        let failure = #expect(throws: Failure.self) { _ = try parsed(text) }
        #expect(failure?.code == .usage && failure?.hint != nil)
    }

    @Test func `opens a store there`() throws {
        let tree = try ScratchTree()
        let address = try StoreAddress(parsing: "local:x", relativeTo: tree.path)
        let store = address.open()
        #expect(store.location == tree["x"].description)
        #expect(try !store.exists(.config) && store.list(.pack).isEmpty)
        #expect(try tree.status("x") == nil)
    }
}
