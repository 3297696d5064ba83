// AppLookup: which settings file is meant.
//
// 1. `--config`; 2. LIFEBOAT_CONFIG; 3. lifeboat.yaml in the working directory or above it; 4. $XDG_CONFIG_HOME/lifeboat/lifeboat.yaml;
// 5. /etc/lifeboat/lifeboat.yaml; 6. /etc/lifeboat.d/*.yaml: the only one, or the one whose application the working directory is in.
//
// A file found by chance (3) may name a command that is run for the password. So one that belongs to neither root nor the
// user who runs lifeboat is refused: it has to be named on purpose.

package import Bytes
import HostOS
package import Settings

package struct AppLookup: Sendable {
    package static let fileName = "lifeboat.yaml"
    package var explicit: BytePath?
    package var workingDirectory: BytePath

    package init(explicit: BytePath? = nil, workingDirectory: BytePath = Host.workingDirectory()) {
        self.explicit = explicit
        self.workingDirectory = workingDirectory
    }

    /// The settings file's absolute path.
    /// - Throws: exit status 78 if there is none, or if several could be meant.
    package func find() throws -> BytePath {
        if let found = try findIfAny() { return found }
        throw Failure(
            .configInvalid, "there is no \(AppLookup.fileName) in '\(workingDirectory)' or above it, nor in /etc/lifeboat",
            hint: "run `lifeboat init` in your application's directory, or name the file with --config")
    }

    /// Nil if no file was named and none is in any of the usual places.
    package func findIfAny() throws -> BytePath? {
        if let named = explicit ?? variable("LIFEBOAT_CONFIG") {
            let path = BytePath.resolve(named, in: workingDirectory)
            guard isFile(path) else {
                throw Failure(.configInvalid, "there is no settings file '\(path)'", hint: "check --config and LIFEBOAT_CONFIG")
            }
            return path
        }
        if let found = try findUpwards() { return found }
        let home = variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0.appending(".config") }
        let usual = [home?.appending("lifeboat"), BytePath("/etc/lifeboat")].compactMap { $0?.appending(AppLookup.fileName) }
        return try usual.first(where: isFile) ?? findInDirectory()
    }

    private func findUpwards() throws -> BytePath? {
        var directory = workingDirectory
        while true {
            let candidate = directory.appending(AppLookup.fileName)
            if isFile(candidate) {
                try refuseStrangers(candidate)
                return candidate
            }
            if directory.parent == directory { return nil }
            directory = directory.parent
        }
    }

    private func refuseStrangers(_ path: BytePath) throws {
        let owner = try FileStatus.following(path).userID
        guard owner == 0 || owner == Host.userID else {
            throw Failure(
                .configInvalid, "'\(path)' belongs to another user, and was not named on purpose",
                hint: "use `--config \(path)` if you trust that user, or change the file's owner")
        }
    }

    private func findInDirectory() throws -> BytePath? {
        let directory: BytePath = "/etc/lifeboat.d"
        let names = ((try? Directory.entries(of: directory)) ?? []).map(\.name).filter {
            $0.count > 5 && $0.suffix(5) == Array(".yaml".utf8)[...]
        }
        let files = names.map { directory.appending($0) }
        if files.count <= 1 { return files.first }
        let matching = files.filter { file in
            guard let settings = try? AppLookup.read(file) else { return false }
            return BytePath.resolve(settings.app.root, in: file.parent).contains(workingDirectory)
        }
        guard matching.count != 1 else { return matching[0] }
        throw Failure(
            .configInvalid, "'\(directory)' holds the settings of \(files.count) applications",
            hint: "name one with --config, or change into its directory")
    }

    /// Reads a settings file.
    package static func read(_ path: BytePath) throws -> SettingsFile {
        let text: [UInt8]
        do {
            text = try AtomicFile.read(path, limit: SettingsReader.maximumByteCount)
        } catch {
            throw Failure(.configInvalid, "could not read the settings file '\(path)': \(error.reason)", hint: "check its permissions")
        }
        return try SettingsReader.read(text, file: path)
    }

    private func variable(_ name: String) -> BytePath? {
        Host.environment(name).flatMap { $0.isEmpty ? nil : BytePath($0) }
    }

    private func isFile(_ path: BytePath) -> Bool { (try? FileStatus.following(path))?.kind == .regular }
}
