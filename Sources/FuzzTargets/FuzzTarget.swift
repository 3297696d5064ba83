// FuzzTarget: one door through which bytes from anybody come in, as a function that a fuzzer can call.
//
// 1. An input is given to the reader behind the door. 2. It may be refused, with one of the rooms' typed errors, or read. 3. What was
// read must keep a law, mostly that writing and reading it again gives the same. 4. Whatever else happens is a complaint; a trap, a hang
// or memory beyond the fuzzer's limit shows by itself.
//
// The same entries serve libFuzzer (Fuzzing/) and the ordinary tests, which run every seed and mutations of it.

import Bytes

public struct FuzzTarget: Sendable, CustomStringConvertible {
    public let name: String
    /// Longer inputs are cut: they find nothing that shorter ones do not, and cost time.
    public let maximumByteCount: Int
    public var description: String { name }
    private let body: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, maximumByteCount: Int = 64 << 10, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.maximumByteCount = maximumByteCount
        self.body = body
    }

    /// Every target, in the order of this list.
    public static let all: [FuzzTarget] = formatTargets + byteTargets + textTargets + foreignTargets

    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

    /// Runs one input.
    /// - Returns: what is wrong; nil if the input was read, or refused as it should be.
    public func complaint(about input: [UInt8]) -> String? {
        do {
            try body(input.count > maximumByteCount ? Array(input.prefix(maximumByteCount)) : input)
            return nil
        } catch let broken as BrokenLaw {
            return "\(name): \(broken.law)"
        } catch let error as any FailureConvertible {
            // A refusal has to say something to the person who sees it.
            return error.failure.message.isEmpty ? "\(name): refused without a word" : nil
        } catch {
            return "\(name): refused with \(type(of: error)), which is none of the rooms' errors: \(error)"
        }
    }
}

/// A reader gave back what it must not.
struct BrokenLaw: Error {
    let law: String

    init(_ law: String) { self.law = law }

    /// - Throws: if `holds` is false.
    static func unless(_ holds: Bool, _ law: @autoclosure () -> String) throws {
        if !holds { throw BrokenLaw(law()) }
    }
}
