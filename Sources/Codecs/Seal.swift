// Seal: AES-256-CTR, then Poly1305-AES over the ciphertext (the repository format's only cipher; Bernstein, "The Poly1305-AES
// message-authentication code", 2005).
//
//   sealed = nonce(16) || ciphertext(n) || tag(16)
//
// One Seal per worker thread: it keeps libcrypto contexts. Opening verifies the tag in constant time before it decrypts a byte.

import Bytes
import COpenSSL

/// Seals and opens messages with one key. Not thread-safe: every worker makes its own.
// Safe because: the contexts are created, used and freed by the single owner.
@safe package final class Seal {
    package static let nonceByteCount = 16
    package static let tagByteCount = 16
    /// What sealing adds to a message.
    package static let overhead = 32

    private let cipher: OpaquePointer
    private let nonceCipher: OpaquePointer
    private let mac: OpaquePointer
    private let macR: SecretBytes
    private let poly1305: OpaquePointer
    /// Random bytes for the next nonces: asking the generator for 16 bytes at a time costs more than sealing a small message.
    private var nonces: [UInt8] = []
    /// What `inspect` has decrypted last: a multiple of the cipher's block, small enough for the cache.
    private let pieceBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)

    package init(key: SealKey) {
        guard let cipher = unsafe EVP_CIPHER_CTX_new(), let nonceCipher = unsafe EVP_CIPHER_CTX_new(),
            let poly1305 = unsafe EVP_MAC_fetch(nil, "POLY1305", nil), let mac = unsafe EVP_MAC_CTX_new(poly1305)
        else { preconditionFailure("libcrypto offers no AES or Poly1305") }
        unsafe self.cipher = cipher
        unsafe self.nonceCipher = nonceCipher
        unsafe self.poly1305 = poly1305
        unsafe self.mac = mac
        macR = key.macR
        let first = key.encryption.withBytes { bytes in unsafe Seal.start(cipher, EVP_aes_256_ctr(), bytes) }
        let second = key.macK.withBytes { bytes in unsafe Seal.start(nonceCipher, EVP_aes_128_ecb(), bytes) }
        precondition(first && second, "libcrypto refused AES")
        unsafe EVP_CIPHER_CTX_set_padding(nonceCipher, 0)
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(cipher)
        unsafe EVP_CIPHER_CTX_free(nonceCipher)
        unsafe EVP_MAC_CTX_free(mac)
        unsafe EVP_MAC_free(poly1305)
        unsafe pieceBuffer.deallocate()
    }

    private static func start(_ context: OpaquePointer, _ algorithm: OpaquePointer?, _ key: Span<UInt8>) -> Bool {
        unsafe key.withUnsafeBufferPointer { unsafe EVP_EncryptInit_ex(context, algorithm, nil, $0.baseAddress, nil) == 1 }
    }

    /// Seals in place: `message` holds 16 free bytes, the plaintext, 16 free bytes; afterwards nonce, ciphertext, tag.
    package func sealInPlace(_ message: inout MutableSpan<UInt8>) {
        precondition(message.count >= Seal.overhead)
        unsafe message.withUnsafeMutableBufferPointer { buffer in
            // Safe because: the count was checked, so the buffer has an address and room for nonce and tag.
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped
            let count = buffer.count - Seal.overhead
            repeat { unsafe takeNonce(base) } while unsafe isZero(base)
            unsafe crypt(base, base + 16, count)
            unsafe computeTag(nonce: base, base + 16, count, into: base + 16 + count)
        }
    }

    private func takeNonce(_ target: UnsafeMutablePointer<UInt8>) {
        if nonces.isEmpty { nonces = SecureRandom.bytes(64 * Seal.nonceByteCount) }
        for index in 0..<Seal.nonceByteCount { unsafe target[index] = nonces[nonces.count - 1 - index] }
        nonces.removeLast(Seal.nonceByteCount)
    }

    package func seal(_ plaintext: Span<UInt8>) -> [UInt8] {
        [UInt8](byteCount: plaintext.count + Seal.overhead) { span in
            unsafe plaintext.withUnsafeBytes { source in
                unsafe span.withUnsafeMutableBytes { target in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[16..<16 + source.count]).copyMemory(from: source)
                }
            }
            sealInPlace(&span)
            return span.count
        }
    }

    package func seal(_ plaintext: [UInt8]) -> [UInt8] { seal(plaintext.span) }

    /// Verifies and decrypts in place; the plaintext is then at 16 ..< count − 16.
    package func openInPlace(_ message: inout MutableSpan<UInt8>) throws(CodecError) {
        guard message.count >= Seal.overhead else { throw .malformed("\(message.count) bytes, at least \(Seal.overhead) needed") }
        let problem: CodecError? = unsafe message.withUnsafeMutableBufferPointer { buffer in
            // Safe because: the count was checked, so the buffer has an address.
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped
            let count = buffer.count - Seal.overhead
            if unsafe isZero(base) { return .malformed("an all-zero nonce") }
            var tag = (UInt64(0), UInt64(0))
            let genuine = unsafe withUnsafeMutableBytes(of: &tag) { tag in
                unsafe computeTag(nonce: base, base + 16, count, into: tag.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self))
                return unsafe CRYPTO_memcmp(tag.baseAddress, base + 16 + count, 16) == 0
            }
            guard genuine else { return .wrongTag }
            unsafe crypt(base, base + 16, count)
            return nil
        }
        if let problem { throw problem }
    }

    /// Verifies and decrypts a copy.
    package func open(_ sealed: Span<UInt8>) throws(CodecError) -> [UInt8] {
        var message = [UInt8](copying: sealed)
        var span = message.mutableSpan
        try openInPlace(&span)
        return Array(message[Seal.nonceByteCount..<message.count - Seal.tagByteCount])
    }

    package func open(_ sealed: [UInt8]) throws(CodecError) -> [UInt8] { try open(sealed.span) }

    /// Verifies the tag without touching the message, then decrypts it piece by piece for `body`. For checking what is to be kept
    /// sealed.
    package func inspect(_ message: Span<UInt8>, _ body: (Span<UInt8>) throws(CodecError) -> Void) throws(CodecError) {
        guard message.count >= Seal.overhead else { throw .malformed("\(message.count) bytes, at least \(Seal.overhead) needed") }
        guard (0..<Seal.nonceByteCount).contains(where: { message[$0] != 0 }) else { throw .malformed("an all-zero nonce") }
        guard isGenuine(message) else { throw .wrongTag }
        let end = message.count - Seal.tagByteCount
        var position = Seal.nonceByteCount
        while position < end {
            // Whole cipher blocks, so that the key stream goes on where the last piece ended.
            let count = unsafe min(end - position, pieceBuffer.count)
            decryptPiece(message, position, count)
            try body(unsafe UnsafeBufferPointer(pieceBuffer).span.extracting(0..<count))
            position += count
        }
    }

    private func isGenuine(_ message: Span<UInt8>) -> Bool {
        unsafe message.withUnsafeBufferPointer { source in
            // Safe because: tag computation only reads, and the caller has checked the length.
            let base = unsafe UnsafeMutablePointer(mutating: source.baseAddress.unsafelyUnwrapped)
            let count = source.count - Seal.overhead
            var tag = (UInt64(0), UInt64(0))
            return unsafe withUnsafeMutableBytes(of: &tag) { tag in
                unsafe computeTag(nonce: base, base + 16, count, into: tag.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self))
                return unsafe CRYPTO_memcmp(tag.baseAddress, base + 16 + count, 16) == 0
            }
        }
    }

    private func decryptPiece(_ message: Span<UInt8>, _ position: Int, _ count: Int) {
        unsafe message.withUnsafeBufferPointer { source in
            let base = unsafe source.baseAddress.unsafelyUnwrapped
            if position == Seal.nonceByteCount {
                unsafe precondition(EVP_EncryptInit_ex(cipher, nil, nil, nil, base) == 1, "libcrypto refused a nonce")
            }
            var produced: Int32 = 0
            unsafe precondition(
                EVP_EncryptUpdate(cipher, pieceBuffer.baseAddress, &produced, base + position, Int32(count)) == 1,
                "libcrypto refused to decrypt")
        }
    }

    // MARK: The two primitives

    private func isZero(_ nonce: UnsafeMutablePointer<UInt8>) -> Bool { (0..<16).allSatisfy { unsafe nonce[$0] == 0 } }

    private func crypt(_ nonce: UnsafeMutablePointer<UInt8>, _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) {
        unsafe precondition(EVP_EncryptInit_ex(cipher, nil, nil, nil, nonce) == 1, "libcrypto refused a nonce")
        var done = 0
        while done < count {
            // EVP counts in Int32; blobs may be larger than that in theory. Pieces stay multiples of the block size.
            let piece = min(count - done, 1 << 30)
            var produced: Int32 = 0
            unsafe precondition(EVP_EncryptUpdate(cipher, bytes + done, &produced, bytes + done, Int32(piece)) == 1, "libcrypto refused to encrypt")
            done += piece
        }
    }

    /// Poly1305 with the one-time key clamp(r) || AES-128(k, nonce).
    private func computeTag(
        nonce: UnsafeMutablePointer<UInt8>, _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, into tag: UnsafeMutablePointer<UInt8>
    ) {
        var oneTimeKey = [UInt8](repeating: 0, count: 32)
        macR.withBytes { r in for index in 0..<16 { oneTimeKey[index] = r[index] } }
        for index in [3, 7, 11, 15] { oneTimeKey[index] &= 0x0f }
        for index in [4, 8, 12] { oneTimeKey[index] &= 0xfc }
        unsafe oneTimeKey.withUnsafeMutableBufferPointer { key in
            var produced: Int32 = 0
            unsafe precondition(
                EVP_EncryptUpdate(nonceCipher, key.baseAddress.unsafelyUnwrapped + 16, &produced, nonce, 16) == 1 && produced == 16,
                "libcrypto refused AES")
            unsafe precondition(EVP_MAC_init(mac, key.baseAddress, 32, nil) == 1, "libcrypto refused a Poly1305 key")
        }
        var tagLength = 0
        unsafe precondition(
            EVP_MAC_update(mac, bytes, count) == 1 && EVP_MAC_final(mac, tag, &tagLength, 16) == 1 && tagLength == 16,
            "libcrypto refused Poly1305")
    }
}
