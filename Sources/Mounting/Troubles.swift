// Troubles: what the person at the terminal is told while programs get no more than "input/output error": each thing once, because the
// kernel asks again and again for what it does not get.

import Bytes
import RepositoryFormat
import Synchronization

final class Troubles: Sendable {
    /// Enough to tell what is broken; after that, silence.
    private static let maximumCount = 10_000

    private let tell: @Sendable (Failure) -> Void
    private let told = Mutex<Set<String>>([])

    init(_ tell: @escaping @Sendable (Failure) -> Void) { self.tell = tell }

    /// Tells why something cannot be read.
    /// - Returns: what to answer.
    func unreadable(_ path: BytePath, _ error: any Error) -> MountRefusal {
        if let refusal = error as? MountRefusal { return refusal }
        let failure = Failure(describing: error)
        say(Failure(failure.code, "could not read '\(path)': \(failure.message)", hint: failure.hint))
        return .unreadable
    }

    func note(leftOut count: Int, _ tree: BlobID, _ path: BytePath) {
        say(
            Failure(
                .damaged,
                "\(count) \(count == 1 ? "entry" : "entries") of tree \(tree.short), on the way to '\(path)', cannot be shown: no file can have such a name or kind"
            ))
    }

    func note(_ path: BytePath, size: UInt64, content: UInt64) {
        say(Failure(.damaged, "'\(path)' should have \(size) bytes, and its content has \(content); all of them are shown"))
    }

    private func say(_ failure: Failure) {
        let isNews = told.withLock { $0.count < Troubles.maximumCount && $0.insert(failure.message).inserted }
        if isNews { tell(failure) }
    }
}
