// MigrateRepository: the verb `migrate`: a repository takes a step to a newer version of the format, if it is whole.

import Bytes
package import Upkeep

package struct MigrateRepository {
    package var access: RepositoryAccess
    package var copies: KeptCopies
    /// Apply what seems to be applied already.
    package var force = false

    package init(access: RepositoryAccess, copies: KeptCopies) {
        self.access = access
        self.copies = copies
    }

    /// What can be applied to the repository.
    package func available() throws -> [Migration] {
        try access.uncached.exclusively(onlyReading: true) { repository in Migration.allCases.filter { $0.obstacle(in: repository) == nil } }
    }

    /// - Returns: why nothing was done; nil if it was.
    package func apply(_ name: String, progress: @escaping UpkeepProgressHandler) throws -> String? {
        let migration = try Migration(named: name)
        return try Cancelled.explained("the config is whole: the old one or the new one", next: "run `lifeboat migrate` again") {
            try access.uncached.exclusively { repository in
                if !force, let obstacle = migration.obstacle(in: repository) { return obstacle }
                // What is damaged is repaired first, by the rules it was written under.
                let check = try Check(repository, progress: progress).run()
                if let error = check.errors.first {
                    throw Failure(
                        .damaged, "the repository is damaged, and was not changed: \(error)", hint: "`lifeboat check` names everything that is damaged")
                }
                try access.audit.record(AuditTrail.Action("migrate \(name)", "\(access.address)")) {
                    try migration.apply(to: repository, copies: copies)
                }
                return nil
            }
        }
    }
}
