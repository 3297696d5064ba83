// ShellWord: a path as one word of a shell's command line, for commands that a person or cron is to run.

import Bytes

enum ShellWord {
    static func quoted(_ path: BytePath) -> String {
        let text = path.description
        let isPlain = text.utf8.allSatisfy { byte in
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20), isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            return isLetter || isDigit || "/._-+:@,".utf8.contains(byte)
        }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
