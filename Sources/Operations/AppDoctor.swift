// AppDoctor: the verb `doctor`: everything a backup and a restore will need, tried now, with the commands that mend what is missing.
//
//   settings, application   this file
//   databases               AppDoctor+Databases
//   key, repository, space  AppDoctor+Places
//   time, schedule, proof   AppDoctor+Time
//
// Changes nothing but makes, and removes again, one file in the state directory.

import Bytes
import HostOS
import Settings

package struct AppDoctor {
    package struct Finding: Sendable {
        package enum Level: String, Sendable { case good, warning, bad }

        package let level: Level
        package let text: String
        /// What to do: a command to type, wherever there is one.
        package let hint: String?

        init(_ level: Level, _ text: String, hint: String? = nil) {
            self.level = level
            self.text = text
            self.hint = hint
        }

        init(_ failure: Failure) { self.init(.bad, failure.message, hint: failure.hint) }
    }

    package let workbench: AppWorkbench

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package func run() -> [Finding] {
        let settings = Finding(
            .good,
            "settings: \(workbench.settings.file), application '\(workbench.application.name)' (\(workbench.application.framework)) in \(workbench.application.root)"
        )
        let (catalog, repository) = repository
        return [settings] + notes + databases + paths + key + repository + state + room(for: catalog) + time(catalog) + schedule + proof
    }

    private var notes: [Finding] {
        (workbench.settings.inactive + workbench.application.notices).map { Finding(.warning, $0) }
            + AppPlaces(workbench).warnings.map { Finding(.warning, $0) }
    }

    // MARK: Files and configuration

    private var paths: [Finding] {
        let application = workbench.application
        return readable("files", application.files?.paths ?? []) + readable("config", application.config)
    }

    private func readable(_ label: String, _ paths: [BytePath]) -> [Finding] {
        paths.map { path in
            do throws(SystemError) {
                let status = try FileStatus.following(path)
                if status.kind == .directory { _ = try Directory.entries(of: path) } else { _ = try Descriptor.open(path, .readUnfollowed) }
                return Finding(.good, "\(label): \(path)")
            } catch {
                return Finding(.bad, "\(label): \(error.description)", hint: error.failure.hint ?? "correct the path under `sources:`")
            }
        }
    }
}
