// RepositoryOptions: where the repository is and what opens it, by flag or by environment. LIFEBOAT_* wins over RESTIC_*.

import ArgumentParser
import Bytes
import Codecs
import Foundation
import HostOS
import Operations
import RepositoryEngine
import Stores

struct RepositoryOptions: ParsableArguments {
    @Option(name: .long, help: "The application's settings file. Default: lifeboat.yaml here or above.")
    var config: String?

    @Option(name: [.short, .long], help: "The repository: a path. Default: the application's, $LIFEBOAT_REPOSITORY or $RESTIC_REPOSITORY.")
    var repo: String?

    @Option(name: .long, help: "A file that holds the repository's address.")
    var repositoryFile: String?

    @Option(name: [.customShort("p"), .long], help: "A file that holds the password.")
    var passwordFile: String?

    @Option(name: .long, help: "A shell command that prints the password.")
    var passwordCommand: String?

    @Option(name: .long, help: "The key to try first: an id or its beginning.")
    var keyHint: String?

    @Option(name: .long, help: "How long to wait for another program's lock: 5m, 1h.")
    var retryLock: String?

    @Flag(name: .long, help: "Do not lock (for reading only).")
    var noLock = false

    @Option(name: .long, help: "Send no more than this many KiB a second to the repository.")
    var limitUpload: UInt64?

    @Option(name: .long, help: "Fetch no more than this many KiB a second from the repository.")
    var limitDownload: UInt64?

    @OptionGroup var caching: CacheOptions

    var limits: TransferLimits {
        // 0 is no limit, as in restic; nor is more than any number of bytes.
        func bytes(_ limit: UInt64?) -> UInt64? { limit.flatMap { $0 == 0 || $0 > .max / 1024 ? nil : $0 * 1024 } }
        return TransferLimits(upload: bytes(limitUpload), download: bytes(limitDownload))
    }

    var isGiven: Bool {
        repo != nil || repositoryFile != nil || RepositoryOptions.variable("REPOSITORY") != nil
            || RepositoryOptions.variable("REPOSITORY_FILE") != nil
    }

    static func variable(_ name: String) -> String? { variable("LIFEBOAT", name) ?? variable("RESTIC", name) }

    func access() throws -> RepositoryAccess {
        if !isGiven || config != nil, let access = try accessOfApplication() { return access }
        var access = RepositoryAccess(
            address: try address(), password: try password(), keyHint: keyHint ?? RepositoryOptions.variable("KEY_HINT"),
            retryLockSeconds: try retryLock.map(Durations.seconds) ?? 0, withoutLock: noLock)
        access.limits = limits
        access.cache = try caching.choice()
        access.onCacheTrouble = { Console.warning($0.message) }
        access.audit = .ofRepositories()
        access.audit.onWarning = { Console.warning($0) }
        access.onDamagedSnapshot = { Console.warning($0.message) }
        access.onReadingWithoutLock = { Console.warning($0.message) }
        access.onParityTrouble = { Console.warning($0) }
        return access
    }

    /// Where the repository is, for commands that need no password and ask for none.
    func keylessAddress() throws -> StoreAddress {
        if !isGiven || config != nil, let access = try accessOfApplication() { return access.address }
        return try address()
    }

    private func address() throws -> StoreAddress {
        if let repo, repositoryFile != nil { throw Failure(.usage, "both --repo '\(repo)' and --repository-file are given", hint: "leave one out") }
        let given = try repo ?? repositoryFile.map(Self.content)
        guard let text = try given ?? Self.address(from: "LIFEBOAT") ?? Self.address(from: "RESTIC") else {
            throw Failure(.usage, "no repository is given", hint: "use --repo PATH, set LIFEBOAT_REPOSITORY, or run `lifeboat init` in your application")
        }
        return try StoreAddress(parsing: text, relativeTo: Host.workingDirectory())
    }

    private func password() throws -> PasswordSource {
        if passwordFile != nil && passwordCommand != nil {
            throw Failure(.usage, "both --password-file and --password-command are given", hint: "leave one out")
        }
        if let passwordCommand { return .command(passwordCommand) }
        if let passwordFile { return .file(BytePath(passwordFile)) }
        if let source = try Self.password(from: "LIFEBOAT") ?? Self.password(from: "RESTIC") { return source }
        return .literal(try PasswordPrompt.ask("password for the repository: "))
    }
}

/// Typed passwords.
enum PasswordPrompt {
    static func ask(_ prompt: String) throws -> SecretBytes {
        guard Console.isInteractive else { throw RepositoryFailure.noPassword }
        Console.messageWithoutNewline(prompt)
        defer { Console.message("") }
        guard let typed = Terminal.readSecret(), !typed.isEmpty else {
            throw Interrupts.isRequested ? RepositoryFailure.cancelled : RepositoryFailure.noPassword
        }
        return SecretBytes(typed)
    }

    /// Asked twice, for new passwords.
    static func askTwice(_ prompt: String) throws -> SecretBytes {
        let first = try ask(prompt), second = try ask("again: ")
        let same = first.withBytes { a in second.withBytes { b in a.isEqual(to: b) } }
        guard same else { throw Failure(.usage, "the two passwords differ", hint: "try again") }
        return first
    }
}
