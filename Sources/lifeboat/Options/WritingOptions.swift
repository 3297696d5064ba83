// WritingOptions: compression and pack size, for every command that stores blobs.

import ArgumentParser
import Bytes
import Foundation
import Operations
import RepositoryEngine

struct WritingOptions: ParsableArguments {
    @Option(name: .long, help: "How hard to compress: auto, off, fastest, better or max.")
    var compression: String?

    @Option(name: .long, help: "Target size of pack files in MiB, 4 to 128.")
    var packSize: Int?

    func options() throws -> WriterOptions { try WritingOptions.options(compression: compression, packSize: packSize) }

    /// What is said by nobody is said by the environment.
    static func options(compression: String?, packSize: Int?) throws -> WriterOptions {
        var options = WriterOptions()
        if let text = compression ?? RepositoryOptions.variable("COMPRESSION") {
            guard let compression = Compression(rawValue: text) else {
                throw Failure(
                    .usage, "'\(text)' is not a way to compress",
                    hint: "use \(Compression.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            options.compression = compression
        }
        if let size = try packSize ?? RepositoryOptions.variable("PACK_SIZE").map(WritingOptions.number) {
            guard (4...128).contains(size) else {
                throw Failure(.usage, "a pack size of \(size) MiB is not possible", hint: "use 4 to 128")
            }
            options.packByteCount = size << 20
        }
        return options
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw Failure(.usage, "the pack size '\(text)' is not a number of MiB") }
        return number
    }
}

enum TagList {
    /// Comma lists become single tags; white space around them and empty ones go.
    static func flatten(_ options: [String]) -> [String] {
        options.flatMap { $0.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}
