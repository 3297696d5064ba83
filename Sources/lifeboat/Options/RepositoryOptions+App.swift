// RepositoryOptions+App: the same flags for commands about a configured application: what a flag or a LIFEBOAT_* variable says wins
// over the settings file, which wins over RESTIC_* variables.

import ArgumentParser
import Bytes
import Codecs
import Foundation
import HostOS
import Operations
import Stores

extension RepositoryOptions {
    /// Finds the application's settings.
    var lookup: AppLookup { AppLookup(explicit: config.map { BytePath($0) }) }

    /// Opens the application that the settings describe.
    func workbench() throws -> AppWorkbench {
        var workbench = try AppWorkbench.open(lookup, overrides: try overrides(), programVersion: "lifeboat \(Lifeboat.version)")
        workbench.access.limits = limits
        workbench.access.cache = try caching.choice()
        workbench.access.onCacheTrouble = { Console.warning($0.message) }
        workbench.access.onReadingWithoutLock = { Console.warning($0.message) }
        workbench.access.onParityTrouble = { Console.warning($0) }
        workbench.access.audit.onWarning = { Console.warning($0) }
        return workbench
    }

    /// The way into the application's repository, for commands about repositories that were given none; nil outside of applications.
    func accessOfApplication() throws -> RepositoryAccess? {
        guard try lookup.findIfAny() != nil else { return nil }
        return try workbench().access
    }

    private func overrides() throws -> AppOverrides {
        if passwordFile != nil && passwordCommand != nil {
            throw Failure(.usage, "both --password-file and --password-command are given", hint: "leave one out")
        }
        var overrides = AppOverrides {
            try Self.password(from: "RESTIC")
                ?? (Console.isInteractive ? .literal(PasswordPrompt.ask("password for the repository: ")) : nil)
        }
        overrides.repository = try repo ?? repositoryFile.map(Self.content) ?? Self.address(from: "LIFEBOAT")
        overrides.fallbackRepository = try Self.address(from: "RESTIC")
        overrides.password =
            try passwordCommand.map { .command($0) } ?? passwordFile.map { .file(.resolve(BytePath($0), in: Host.workingDirectory())) }
            ?? Self.password(from: "LIFEBOAT")
        overrides.keyHint = keyHint ?? RepositoryOptions.variable("KEY_HINT")
        overrides.retryLockSeconds = try retryLock.map(Durations.seconds) ?? 0
        overrides.withoutLock = noLock
        return overrides
    }

    static func variable(_ program: String, _ name: String) -> String? {
        Host.environment("\(program)_\(name)").flatMap { $0.isEmpty ? nil : $0 }
    }

    static func address(from program: String) throws -> String? {
        let direct = variable(program, "REPOSITORY"), file = variable(program, "REPOSITORY_FILE")
        if direct != nil && file != nil {
            throw Failure(.usage, "both \(program)_REPOSITORY and \(program)_REPOSITORY_FILE are set", hint: "unset one of them")
        }
        return try direct ?? file.map(content)
    }

    static func password(from program: String) throws -> PasswordSource? {
        if let command = variable(program, "PASSWORD_COMMAND") { return .command(command) }
        if let file = variable(program, "PASSWORD_FILE") { return .file(BytePath(file)) }
        return variable(program, "PASSWORD").map { .literal(SecretBytes(Array($0.utf8))) }
    }

    static func content(of file: String) throws -> String {
        String(decoding: try AtomicFile.read(BytePath(file), limit: 1 << 16), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
