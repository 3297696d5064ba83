// swift-tools-version: 6.2
// The fuzzers: one program that gives libFuzzer's inputs to the entries in Sources/FuzzTargets. Built by `make fuzz`, which adds
// -sanitize=fuzzer for every module; a package of its own, so that lifeboat's builds know nothing of it.
import PackageDescription

let package = Package(
    name: "lifeboat-fuzz",
    dependencies: [.package(name: "lifeboat", path: "..")],
    targets: [
        .target(name: "CFuzzer"),
        .executableTarget(name: "fuzz", dependencies: ["CFuzzer", .product(name: "FuzzTargets", package: "lifeboat")]),
    ],
    swiftLanguageModes: [.v6]
)
