// Objectives: how much may be lost and how long recovery may take.

/// The `objectives:` of a settings file.
package struct Objectives: Hashable, Sendable {
    /// Recovery point objective: the age that the newest recovery point may reach.
    package let rpo: Duration
    /// Recovery time objective: how long bringing the application back may take.
    package let rto: Duration
    /// How old the last successful drill may become.
    package let drillEvery: Duration

    package static let standard = Objectives(rpo: .seconds(24 * 3600), rto: .seconds(4 * 3600), drillEvery: .seconds(30 * 86_400))
}
