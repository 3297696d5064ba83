// SettingsFile: one settings file as a value, checked word by word and not yet applied to a machine.
//
// Paths are as written. `resolve` turns them into absolute ones and fills what is not said.

package import Bytes

/// Everything one settings file says, with defaults where it is silent and a default does not depend on the machine.
package struct SettingsFile: Hashable, Sendable {
    /// Where the text came from; the root of the application is relative to this file's directory.
    package let file: BytePath
    package let app: Application
    package let sources: Sources
    /// In the order of the file. Empty if the file leaves the repository to flags or the environment.
    package let repositories: [RepositorySettings]
    /// The repository password's place; nil leaves it to flags or the environment.
    package let key: SecretReference?
    package let objectives: Objectives
    package let schedule: Schedule
    package let retention: RetentionSettings
    package let verify: VerifySettings
    package let drill: DrillSettings
    package let notifications: [NotificationSettings]
    package let hooks: [Hook]
    package let monitoring: MonitoringSettings
    /// What the file asks for and this version does not do yet, one line each, in the order of the file.
    package let inactive: [String]
    /// Where each key's value stands, by dotted path: `schedule.timezone`.
    package let positions: [String: SettingsPosition]

    package func position(of dottedPath: String) -> SettingsPosition { positions[dottedPath] ?? .start }

    package func problem(at dottedPath: String, _ message: String, suggestion: String? = nil) -> SettingsProblem {
        SettingsProblem(file: file, at: position(of: dottedPath), message, suggestion: suggestion)
    }
}
