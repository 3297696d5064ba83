// Terminal: questions to the person at the keyboard.

import CLinux
import Glibc

package enum Terminal {
    /// Reads one line from standard input without its newline; nil at the end of input and after Ctrl-C. Bounded to 64 KiB.
    package static func readLine() -> [UInt8]? {
        var line: [UInt8] = []
        while line.count < 1 << 16 {
            guard Descriptor.waitForInput(0) else { return nil }
            var byte: UInt8 = 0
            let count = unsafe Glibc.read(0, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return line.isEmpty ? nil : line }
            if byte == 0x0a { return line }
            line.append(byte)
        }
        return line
    }

    /// Like `readLine`, with the terminal's echo off: for passwords.
    package static func readSecret() -> [UInt8]? {
        var saved = termios()
        guard unsafe tcgetattr(0, &saved) == 0 else { return readLine() }
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(0, TCSAFLUSH, &silent)
        defer { unsafe tcsetattr(0, TCSAFLUSH, &saved) }
        return readLine()
    }
}
