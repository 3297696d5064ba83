// Announcements: whom lifeboat tells what happened, and who may ask.

package import Bytes

/// What a notification can be about.
package enum NotificationEvent: String, Hashable, Sendable, CaseIterable {
    case success, failure, recovered, overdue, drill, verify
}

/// One entry of `notify:`.
package struct NotificationSettings: Hashable, Sendable {
    /// `mailto:`, `https:`, `http:` or `ntfy:`.
    package let to: String
    package let on: [NotificationEvent]

    /// What is told when the entry does not say.
    package static let standardEvents: [NotificationEvent] = [.failure, .recovered, .overdue, .drill]
}

/// A verb that can have a heartbeat, or hooks around it.
package enum Verb: String, Hashable, Sendable, CaseIterable {
    case backup, restore, verify, drill, forget, prune
}

/// One entry of `hooks:`.
package struct Hook: Hashable, Sendable {
    package enum Moment: String, Hashable, Sendable { case before, after }
    package enum OnError: String, Hashable, Sendable, CaseIterable { case fail, warn, ignore }

    package let moment: Moment
    package let verb: Verb
    /// A program and its arguments, started without a shell.
    package let run: [String]
    package let timeout: Duration
    package let onError: OnError

    package static let defaultTimeout = Duration.seconds(60)
}

/// `heartbeat:`, `metrics:` and `serve:`.
package struct MonitoringSettings: Hashable, Sendable {
    /// The URL that is fetched after each success of a verb.
    package let heartbeats: [Verb: String]
    /// A file for the node exporter's textfile collector.
    package let metricsFile: BytePath?
    /// `host:port` of the dashboard.
    package let listenAddress: String?
}
