// AppPlaces: where application, repository and key lie in relation to each other: what one broken disk would take at once.

import Bytes
import HostOS
import Settings

struct AppPlaces {
    private let application: BytePath
    private let repository: BytePath
    private let keyFile: BytePath?

    init(_ workbench: AppWorkbench) {
        var keyFile: BytePath? = nil
        if case .file(let path) = workbench.access.password { keyFile = path }
        self.init(application: workbench.application.root, repository: workbench.repositoryPath, keyFile: keyFile)
    }

    init(application: BytePath, repository: BytePath, keyFile: BytePath?) {
        self.application = application
        self.repository = repository
        self.keyFile = keyFile
    }

    var warnings: [String] {
        var warnings: [String] = []
        if application.contains(repository) {
            warnings.append("the repository lies inside the application: whoever deletes the one deletes the other")
        } else if let a = device(application), a == device(repository) {
            warnings.append("\(repository) is on the same disk as the app. A dead disk would take both")
        }
        if let keyFile, let a = device(application), a == device(keyFile) {
            warnings.append("the key '\(keyFile)' is on the same disk as the app. Without it no backup can be read: keep a copy elsewhere")
        }
        return warnings
    }

    /// Of the path, or of the nearest directory above it that exists.
    private func device(_ path: BytePath) -> UInt64? {
        var path = path
        while true {
            if let status = try? FileStatus.following(path) { return status.device }
            if path.parent == path { return nil }
            path = path.parent
        }
    }
}
