// swift-tools-version: 6.2
// The targets and what each may import are the table of docs/ARCHITECTURE.md; Tests/TidyTests checks every import against it.
import PackageDescription

/// LIFEBOAT_ENGINE_ONLY=1 leaves out the targets that need third-party packages: a quick loop for work on the engine.
let engineOnly = Context.environment["LIFEBOAT_ENGINE_ONLY"] == "1"

let strict: [SwiftSetting] = [
    .strictMemorySafety(), .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"), .enableUpcomingFeature("ImmutableWeakCaptures"),
]

func room(_ name: String, _ imports: [String], _ products: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports.map { .init(stringLiteral: $0) } + products, exclude: [], swiftSettings: strict)
}

func tests(_ name: String, _ imports: [String], _ products: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name, dependencies: imports.map { .init(stringLiteral: $0) } + products, swiftSettings: strict)
}

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
/// The system's libsqlite3 as GRDB links it, for the calls GRDB does not offer (online backup of a whole file in one step).
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let systemModules: [Target] = [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CErasureCode", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
    .target(name: "CLinux"),
]

let ground: [Target] = [
    room("Bytes", []),
    room("HostOS", ["Bytes", "CLinux"]),
    room("Codecs", ["Bytes", "COpenSSL", "CZstd", "CZlib", "CArchive", "CErasureCode"]),
]

let nouns: [Target] = [
    room("RepositoryFormat", ["Bytes", "Codecs"]),
    room("Stores", ["Bytes", "HostOS"]),
]

let engines: [Target] = [
    room("RepositoryEngine", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores"]),
    room("FileTrees", ["Bytes", "HostOS"]),
]

let flows: [Target] = [
    room("Archiving", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees"]),
    room("Upkeep", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees"]),
]

let engineTests: [Target] = [
    room("TestKit", ["Bytes", "HostOS", "Stores", "RepositoryEngine", "RepositoryFormat", "Codecs"]),
    tests("BytesTests", ["Bytes", "TestKit"]),
    tests("HostOSTests", ["Bytes", "HostOS", "TestKit"]),
    tests("CodecsTests", ["Bytes", "Codecs", "TestKit"]),
    .testTarget(
        name: "RepositoryFormatTests", dependencies: ["Bytes", "Codecs", "RepositoryFormat", "TestKit"],
        resources: [.copy("Vectors")], swiftSettings: strict),
    tests("StoresTests", ["Bytes", "HostOS", "Stores", "TestKit"]),
    tests("RepositoryEngineTests", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "TestKit"]),
    tests("FileTreesTests", ["Bytes", "HostOS", "FileTrees", "TestKit"]),
    tests("ArchivingTests", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Archiving", "TestKit"]),
    tests("UpkeepTests", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Upkeep", "TestKit"]),
    tests("TidyTests", ["Bytes", "HostOS", "TestKit"]),
]

/// The rooms that stand on third-party packages, and everything above them.
let application: [Target] = [
    room("Settings", ["Bytes"], [yams]),
    .target(name: "CSQLite"),
    .target(name: "CFuse", linkerSettings: [.linkedLibrary("fuse3")]),
    room("Mounting", ["Bytes", "HostOS", "RepositoryFormat", "Stores", "RepositoryEngine", "CFuse"]),
    room("Databases", ["Bytes", "HostOS", "Codecs", "CSQLite", "CMariaDB"], [sqlite]),
    room("Journal", ["Bytes", "HostOS", "Codecs"], [grdb]),
    room(
        "Operations",
        [
            "Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Databases", "Journal", "Archiving", "Upkeep",
            "Mounting",
        ]),
    .executableTarget(
        name: "lifeboat",
        dependencies: [
            "Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Databases", "Journal", "Archiving",
            "Upkeep", "Operations", argumentParser,
        ],
        swiftSettings: strict),
    tests("SettingsTests", ["Bytes", "Settings", "TestKit"]),
    tests("DatabasesTests", ["Bytes", "HostOS", "Codecs", "Databases", "TestKit"]),
    tests("MountingTests", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "Mounting", "TestKit"]),
    tests("JournalTests", ["Bytes", "HostOS", "Journal", "TestKit"]),
    tests(
        "OperationsTests",
        [
            "Bytes", "HostOS", "Codecs", "Archiving", "Settings", "RepositoryFormat", "Stores", "RepositoryEngine", "Databases", "Journal", "Upkeep",
            "Operations", "TestKit",
        ]),
    // The verbs under faults, crashes and clocks that jump; `make torture` runs them for longer.
    tests(
        "TortureTests",
        [
            "Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Archiving", "Upkeep", "Operations",
            "TestKit", "lifeboat",
        ]),
    // The doors for hostile bytes, for Fuzzing/ and for the tests that run its seeds.
    room("FuzzTargets", ["Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "FileTrees", "Databases"]),
    tests("FuzzTargetsTests", ["Bytes", "HostOS", "FuzzTargets", "TestKit"]),
    // These two run the built program beside stock restic, as a user would.
    tests("InteropTests", ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "TestKit", "lifeboat"]),
    tests("ProductTests", ["Bytes", "HostOS", "Codecs", "RepositoryEngine", "TestKit", "lifeboat"]),
]

let package = Package(
    name: "lifeboat",
    products: engineOnly ? [] : [.executable(name: "lifeboat", targets: ["lifeboat"]), .library(name: "FuzzTargets", targets: ["FuzzTargets"])],
    dependencies: engineOnly
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
            .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
            .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        ],
    targets: systemModules + ground + nouns + engines + flows + engineTests + (engineOnly ? [] : application),
    swiftLanguageModes: [.v6]
)
