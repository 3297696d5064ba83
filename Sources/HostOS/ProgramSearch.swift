// ProgramSearch: where the system finds the program that a name means.

package import Bytes

extension Host {
    /// Where programs are looked for: PATH, or the system's usual places.
    package static var programPlaces: [BytePath] {
        (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map { BytePath(String($0)) }
    }

    /// Every program that one of `names` means, those of the first name first. A name with a slash is taken as a path.
    package static func programs(named names: String..., in places: [BytePath] = programPlaces) -> [BytePath] {
        names.flatMap { name in
            let candidates = name.utf8.contains(BytePath.slash) ? [BytePath(name)] : places.map { $0.appending(name) }
            return candidates.filter { path in
                guard let status = try? FileStatus.following(path) else { return false }
                return status.kind == .regular && status.mode & 0o111 != 0
            }
        }
    }
}
