// GoFileMode as text: as Go prints it, which JSON output of the field contains, and as `ls -l` does, which people read.

extension GoFileMode {
    private static let typeLetters = Array("dalTLDpSugct?")
    private static let permissionLetters = Array("rwxrwxrwx")

    /// "-rw-r--r--", "drwxr-xr-x", "Dcrw-------": one letter for each high bit, then the permissions.
    package var goText: String {
        let letters = GoFileMode.typeLetters.enumerated().filter { rawValue & (1 << UInt32(31 - $0.offset)) != 0 }.map(\.element)
        return (letters.isEmpty ? "-" : String(letters)) + permissionText
    }

    private var permissionText: String {
        String(GoFileMode.permissionLetters.enumerated().map { rawValue & (1 << UInt32(8 - $0.offset)) != 0 ? $0.element : "-" })
    }

    /// As `ls -l` shows it: "drwxrwxrwt", "-rwsr-xr-x", "crw-------".
    package var listingText: String {
        var letters = Array(permissionText)
        for (bit, place, letter) in [(0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")] as [(UInt32, Int, String)] {
            guard posixPermissions & bit != 0 else { continue }
            letters[place] = Character(letters[place] == "x" ? letter : letter.uppercased())
        }
        return String(typeLetter) + String(letters)
    }

    private var typeLetter: Character {
        switch posix & 0o170000 {
        case 0o040000: "d"
        case 0o120000: "l"
        case 0o060000: "b"
        case 0o020000: "c"
        case 0o010000: "p"
        case 0o140000: "s"
        case 0o100000: "-"
        default: "?"
        }
    }
}
