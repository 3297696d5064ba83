// FromRepositoryOptions: the repository that something is copied from, by flag or by environment: LIFEBOAT_FROM_*, then RESTIC_FROM_*.

import ArgumentParser
import Bytes
import Codecs
import HostOS
import Operations
import Stores

struct FromRepositoryOptions: ParsableArguments {
    @Option(name: .long, help: "The repository to copy from: a path. Default: $LIFEBOAT_FROM_REPOSITORY or $RESTIC_FROM_REPOSITORY, or the application's.")
    var fromRepo: String?

    @Option(name: .long, help: "A file that holds its address.")
    var fromRepositoryFile: String?

    @Option(name: .long, help: "A file that holds its password.")
    var fromPasswordFile: String?

    @Option(name: .long, help: "A shell command that prints its password.")
    var fromPasswordCommand: String?

    @Option(name: .long, help: "The key to try first: an id or its beginning.")
    var fromKeyHint: String?

    @Flag(name: .long, help: "It has an empty password.")
    var fromInsecureNoPassword = false

    /// The way into the repository; nil if no flag and no variable names one.
    func access(retryLockSeconds: Int64 = 0, withoutLock: Bool = false) throws -> RepositoryAccess? {
        guard let address = try address() else { return nil }
        var access = RepositoryAccess(
            address: address, password: try password(), keyHint: fromKeyHint ?? RepositoryOptions.variable("FROM_KEY_HINT"),
            retryLockSeconds: retryLockSeconds, withoutLock: withoutLock)
        access.onDamagedSnapshot = { Console.warning($0.message) }
        access.onReadingWithoutLock = { Console.warning($0.message) }
        return access
    }

    private func address() throws -> StoreAddress? {
        if fromRepo != nil, fromRepositoryFile != nil {
            throw Failure(.usage, "both --from-repo and --from-repository-file are given", hint: "leave one out")
        }
        let given = try fromRepo ?? fromRepositoryFile.map(RepositoryOptions.content)
        guard let text = try given ?? RepositoryOptions.address(from: "LIFEBOAT_FROM") ?? RepositoryOptions.address(from: "RESTIC_FROM") else { return nil }
        return try StoreAddress(parsing: text, relativeTo: Host.workingDirectory())
    }

    private func password() throws -> PasswordSource {
        let given = [fromPasswordFile != nil, fromPasswordCommand != nil, fromInsecureNoPassword]
        guard given.count(where: { $0 }) <= 1 else {
            throw Failure(
                .usage, "the password of the repository to copy from is given in several ways",
                hint: "leave one of --from-password-file, --from-password-command and --from-insecure-no-password")
        }
        if fromInsecureNoPassword { return .literal(SecretBytes([])) }
        if let fromPasswordCommand { return .command(fromPasswordCommand) }
        if let fromPasswordFile { return .file(BytePath(fromPasswordFile)) }
        if let source = try RepositoryOptions.password(from: "LIFEBOAT_FROM") ?? RepositoryOptions.password(from: "RESTIC_FROM") { return source }
        guard Console.isInteractive else {
            throw Failure(
                .wrongKey, "no password was given for the repository to copy from",
                hint: "use --from-password-file FILE or set LIFEBOAT_FROM_PASSWORD_FILE")
        }
        return .literal(try PasswordPrompt.ask("password for the repository to copy from: "))
    }
}
