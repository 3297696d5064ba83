// FormatError: why bytes are not the object of the restic format they should be.

package import Bytes

package struct FormatError: Error, Equatable, FailureConvertible {
    package enum Kind: Sendable {
        /// The bytes break the format: damage, or an attack.
        case damaged
        /// Valid, but nothing this program can work with: a newer version, another chunker.
        case unsupported
        /// Larger than any honest object.
        case tooLarge
        /// What was to be written breaks a rule of the format.
        case refused
    }

    package let kind: Kind
    /// What was read or written: "index file", "tree", "node 'a.txt'".
    package let object: String
    package let detail: String

    package init(_ kind: Kind, _ object: String, _ detail: String) {
        self.kind = kind
        self.object = object
        self.detail = detail
    }

    package static func damaged(_ object: String, _ detail: String) -> FormatError { FormatError(.damaged, object, detail) }

    package var failure: Failure {
        switch kind {
        case .damaged:
            Failure(.damaged, "could not read the \(object): \(detail)", hint: "run `lifeboat check` to see what else is damaged")
        case .unsupported:
            Failure(.failed, "could not use the \(object): \(detail)", hint: "use a program that supports this repository")
        case .tooLarge:
            Failure(.damaged, "could not read the \(object): \(detail)", hint: "run `lifeboat check` to see what else is damaged")
        case .refused:
            Failure(.failed, "could not write the \(object): \(detail)")
        }
    }

    /// Runs a parser of `object`, so that all it throws becomes a FormatError about that object.
    static func parsing<Value>(_ object: String, _ body: () throws -> Value) throws(FormatError) -> Value {
        do {
            return try body()
        } catch let error as FormatError {
            throw error
        } catch let error as JSONError {
            throw .damaged(object, "\(error.problem) at byte \(error.offset)")
        } catch {
            throw .damaged(object, "\(error)")
        }
    }
}
