// Application: what is protected, as the settings file says it.

package import Bytes

/// The `app:` of a settings file. Paths are as written: relative to what `resolve` says.
package struct Application: Hashable, Sendable {
    /// The identity in snapshots (tag `app=NAME`); nil means: take it from APP_NAME or from the root's name.
    package let name: String?
    /// Absolute, or relative to the directory of the settings file.
    package let root: BytePath
    /// The file with the application's own variables; relative to the root. `.env` unless said otherwise.
    package let environmentFile: BytePath
    package let maintenance: MaintenanceCommands?

    package static let defaultEnvironmentFile: BytePath = ".env"

    package init(
        name: String?, root: BytePath, environmentFile: BytePath = Application.defaultEnvironmentFile, maintenance: MaintenanceCommands? = nil
    ) {
        self.name = name
        self.root = root
        self.environmentFile = environmentFile
        self.maintenance = maintenance
    }
}

/// How the application is taken out of service and put back, each a command line for `sh -c` in the root.
package struct MaintenanceCommands: Hashable, Sendable {
    package let down: String
    package let up: String
}
