// main: `fuzz TARGET [libFuzzer's arguments]` runs libFuzzer on one entry of FuzzTargets; `fuzz` alone lists them.
//
// A complaint traps: libFuzzer then keeps the input. So does memory beyond -rss_limit_mb or -malloc_limit_mb, and an input that takes
// longer than -timeout.

import CFuzzer
import FuzzTargets
import Glibc
import Synchronization

/// libFuzzer calls a plain function, which can hold nothing: the target it is about lies here.
let chosen = Mutex<FuzzTarget?>(nil)

guard CommandLine.arguments.count > 1, let target = FuzzTarget.named(CommandLine.arguments[1]) else {
    print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    exit(CommandLine.arguments.count > 1 ? 64 : 0)
}
chosen.withLock { $0 = target }

// Without the first argument, which is ours.
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv + 1
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        guard let target = chosen.withLock({ $0 }) else { return 0 }
        if let complaint = unsafe target.complaint(about: Array(UnsafeBufferPointer(start: bytes, count: count))) { preconditionFailure(complaint) }
        return 0
    })
