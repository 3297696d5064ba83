// CheckRepository: the verb `check`: is the repository whole?

package import Upkeep

package struct CheckRepository {
    package var access: RepositoryAccess
    package var options: CheckOptions
    /// Believe the copies on this machine, and look only at what has none.
    package var usesCache = false

    package init(access: RepositoryAccess, options: CheckOptions) {
        self.access = access
        self.options = options
    }

    /// Damage is in the result, not thrown; except for what keeps the repository from being opened at all.
    package func run(progress: @escaping UpkeepProgressHandler) throws -> CheckResult {
        try Cancelled.explained("nothing was changed; the check is not complete", next: "run `lifeboat check` again") {
            try (usesCache ? access : access.uncached).exclusively(onlyReading: true) { try Check($0, options: options, progress: progress).run() }
        }
    }
}
