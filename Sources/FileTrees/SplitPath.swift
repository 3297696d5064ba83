// SplitPath: an absolute path as the list of its names, growing and shrinking at its end while a tree is walked.

package import Bytes

/// The names below the root marker; a lower-cased copy is kept alongside where some pattern ignores case.
package struct SplitPath: Sendable {
    package private(set) var names: [[UInt8]]
    private(set) var foldedNames: [[UInt8]]
    private let isFolding: Bool

    package init(_ path: BytePath, folding: Bool = true) {
        names = path.components
        isFolding = folding
        foldedNames = folding ? names.map(CodePoints.lowercased) : []
    }

    package var depth: Int { names.count }

    package mutating func append(_ name: [UInt8]) {
        names.append(name)
        if isFolding { foldedNames.append(CodePoints.lowercased(name)) }
    }

    package mutating func removeLast() {
        names.removeLast()
        if isFolding { foldedNames.removeLast() }
    }
}
