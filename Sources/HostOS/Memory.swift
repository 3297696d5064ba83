// Memory: tells the C library's allocator how this program uses memory.

import CLinux
import Glibc

package enum Memory {
    /// Call once, before any thread is started. Large buffers come from the system and go back to it when freed, instead of raising
    /// the allocator's threshold for good; and threads share few arenas, so that what one freed another can use.
    package static func tune() {
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_ARENA_MAX, 2)
    }
}
