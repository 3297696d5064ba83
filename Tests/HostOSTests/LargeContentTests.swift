import Bytes
import Foundation
import HostOS
import Testing

/// A directory on a disk, and one in memory, where direct writes are refused or not by the kernel's age.
private func places() -> [BytePath] { ["/var/tmp", "/dev/shm"].filter { FileManager.default.isWritableFile(atPath: $0) }.map { BytePath($0) } }

private func content(_ byteCount: Int, seed: UInt64) -> Block {
    let block = Block(capacity: byteCount)
    var state = seed
    block.appendUpTo(byteCount) { span in
        for index in 0..<byteCount {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            span[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        return byteCount
    }
    return block
}

private func readInPieces(of size: Int, _ file: borrowing Descriptor) throws -> [UInt8] {
    var whole: [UInt8] = []
    while true {
        let piece = try [UInt8](byteCount: size) { (span: inout MutableSpan<UInt8>) throws(SystemError) in try file.read(into: &span) }
        if piece.isEmpty { return whole }
        whole += piece
    }
}

@Suite struct `Large content` {
    /// Around the sizes where the way it takes changes, and where the last block is whole, empty, or nearly so.
    static let sizes = [0, 1, 4095, 4096, 262_143, 262_144, 1 << 20, (1 << 20) - 1, (1 << 20) + 1, (1 << 20) + 4096, 5_000_000]

    @Test(arguments: sizes) func `is written whole, from wherever it begins in memory`(byteCount: Int) throws {
        for place in places() {
            let path = place.appending("lifeboat-test-\(UInt64.random(in: 0 ... .max))")
            defer { try? Directory.remove(path) }
            for shift in [0, 1, 512] {
                let block = content(byteCount + shift, seed: UInt64(byteCount + shift))
                try block.withBytes(shift..<byteCount + shift) { try AtomicFile.write($0, to: path) }
                let back = try AtomicFile.read(path, limit: byteCount)
                #expect(back == Array(block.array.dropFirst(shift)), "\(byteCount) bytes from offset \(shift), \(place)")
            }
        }
    }

    @Test func `comes back whole in pieces of any size, by position and by offset`() throws {
        let block = content(3_000_001, seed: 7)
        for place in places() {
            let path = place.appending("lifeboat-test-\(UInt64.random(in: 0 ... .max))")
            defer { try? Directory.remove(path) }
            let file = try Descriptor.open(path, .createNew)
            for start in stride(from: 0, to: block.count, by: 700_000).reversed() {
                try block.withBytes(start..<min(start + 700_000, block.count)) { try file.write($0, at: UInt64(start)) }
            }
            for size in [100_000, 262_144, 1 << 20, 4_000_000] {
                let reading = try Descriptor.open(path, .read)
                #expect(try readInPieces(of: size, reading) == block.array, "pieces of \(size)")
                let tail = try [UInt8](byteCount: size) { (span: inout MutableSpan<UInt8>) throws(SystemError) in
                    try reading.readFully(into: &span, at: 1_234_567)
                }
                #expect(tail == Array(block.array.dropFirst(1_234_567).prefix(size)))
            }
        }
    }

    @Test func `is read from a pipe, where nothing is cached`() throws {
        let sent = content(1 << 20, seed: 3).array
        let child = Process()
        let path = BytePath("/var/tmp/lifeboat-test-\(UInt64.random(in: 0 ... .max))")
        defer { try? Directory.remove(path) }
        try AtomicFile.write(sent.span, to: path)
        child.executableURL = URL(fileURLWithPath: "/bin/cat")
        child.arguments = [path.description]
        let pipe = Pipe()
        child.standardOutput = pipe
        try child.run()
        let input = try Descriptor.open(BytePath("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"), .read)
        try pipe.fileHandleForWriting.close()
        #expect(try readInPieces(of: 1 << 20, input) == sent)
        child.waitUntilExit()
    }

    @Test func `begins where a page does, so that a disk can take it from there`() {
        for capacity in [1 << 20, 16 << 20, (16 << 20) + 1] {
            let block = content(capacity, seed: 1)
            block.withBytes { span in
                let address = unsafe span.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
                #expect(address % 4096 == 0)
            }
        }
    }
}
