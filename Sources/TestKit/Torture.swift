// Torture: how hard and from which seed the torture tests work. `make test` takes a few seconds of it; `make torture` sets the
// environment variables below and takes as long as it is given.

import HostOS

package enum Torture {
    /// LIFEBOAT_TORTURE: how many times the usual number of cases; 1 unless it says otherwise.
    package static let factor: Int = max(1, Host.environment("LIFEBOAT_TORTURE").flatMap { Int($0) } ?? 1)

    /// LIFEBOAT_TORTURE_SEED: where random cases begin. Every failure prints the seed of its case, which then runs alone with
    /// LIFEBOAT_TORTURE=1.
    package static let firstSeed: UInt64 = Host.environment("LIFEBOAT_TORTURE_SEED").flatMap { UInt64($0) } ?? 1

    /// The seeds of a test that usually tries `count` cases.
    package static func seeds(_ count: Int) -> [UInt64] { (0..<UInt64(count * factor)).map { firstSeed &+ $0 } }
}
