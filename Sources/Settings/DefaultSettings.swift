// DefaultSettings: what an application gets that has no settings file at all, only a directory.

package import Bytes

package enum DefaultSettings {
    /// Settings that say nothing but where the application is: every source detected, every default in force, and no
    /// repository and no key, which flags or the environment then give.
    /// - Parameter root: absolute.
    package static func settings(root: BytePath) -> SettingsFile {
        SettingsFile(
            file: root.appending("lifeboat.yaml"),
            app: Application(name: nil, root: root),
            sources: .allDetected, repositories: [], key: nil,
            objectives: .standard, schedule: .standard, retention: .standard, verify: .standard, drill: .standard,
            notifications: [], hooks: [], monitoring: MonitoringSettings(heartbeats: [:], metricsFile: nil, listenAddress: nil),
            inactive: [], positions: [:])
    }
}
