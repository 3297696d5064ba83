// DirectWrite: large content goes to the disk from where it lies in memory, past the kernel's page cache (O_DIRECT).
//
// A pack is written once and as a rule not read for days. Through the cache each of its bytes would be copied into a fresh page, and the pages
// that the protected application keeps there would make room for them: a backup would slow down what it protects.
//
// 1. Whole blocks from aligned memory go directly. 2. Where the file system knows no such thing, and for the rest behind the last
// whole block, the ordinary way. Neither is durable before `synchronize`.

import Bytes
import CLinux
import Glibc

extension Descriptor {
    /// What every disk and file system in use asks of address, offset and length: a multiple of its block, of at most a page.
    private static let blockByteCount = 4096
    /// Below that the cost of waiting for the disk outweighs the copy.
    private static let minimumByteCount = 1 << 20

    /// Writes every byte from the beginning of this file, which is new and empty.
    package func writePastCache(_ bytes: Span<UInt8>) throws(SystemError) {
        let direct = bytes.count < Descriptor.minimumByteCount ? 0 : try writeDirectly(bytes)
        try write(bytes.extracting(direct..<bytes.count), at: UInt64(direct))
    }

    /// Returns how many bytes went directly: a multiple of the block, perhaps 0.
    private func writeDirectly(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        let raw = self.raw, block = Descriptor.blockByteCount, flags = lb_fcntl_int(raw, F_GETFL, 0)
        let isAligned = unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) % UInt(block) == 0 }
        guard isAligned, flags >= 0, lb_fcntl_int(raw, F_SETFL, flags | lb_o_direct) == 0 else { return 0 }
        defer { _ = lb_fcntl_int(raw, F_SETFL, flags) }
        let whole = bytes.count / block * block
        var written = 0
        // A length that is no multiple of the block ends the direct part: what follows would not be aligned.
        while written < whole && written % block == 0 {
            do throws(SystemError) {
                written += try retrying("write", path) {
                    unsafe bytes.withUnsafeBytes { unsafe pwrite(raw, $0.baseAddress.map { unsafe $0 + written }, whole - written, off_t(written)) }
                }
            } catch {
                // The file system refuses; the ordinary way will say if it is the disk.
                if error.kind == .invalid || error.kind == .notSupported { break }
                throw error
            }
        }
        return written
    }
}
