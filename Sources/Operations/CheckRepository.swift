// CheckRepository: the verb `check`: is the repository whole?

package import Upkeep

package struct CheckRepository {
    package var access: RepositoryAccess
    package var options: CheckOptions

    package init(access: RepositoryAccess, options: CheckOptions) {
        self.access = access
        self.options = options
    }

    /// Damage is in the result, not thrown; except for what keeps the repository from being opened at all.
    package func run(progress: @escaping UpkeepProgressHandler) throws -> CheckResult {
        try Cancelled.explained("nothing was changed; the check is not complete", next: "run `lifeboat check` again") {
            try access.exclusively(onlyReading: true) { try Check($0, options: options, progress: progress).run() }
        }
    }
}
