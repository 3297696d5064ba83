// tsan-mutex.c: what ThreadSanitizer needs to know of Swift's Mutex.
//
// An uncontended Mutex is an atomic operation compiled into the program, which the sanitizer sees. A contended one is handed over by the kernel,
// inside of libswiftSynchronization, which was built without the sanitizer: the thread that waited seems to have taken nothing, and everything
// that the mutex guards looks like a race. This library, preloaded, stands before those two functions and says what happens.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

typedef void __attribute__((swiftcall)) (*LockSlow)(uint32_t owner, __attribute__((swift_context)) void *mutex);
typedef void __attribute__((swiftcall)) (*UnlockSlow)(__attribute__((swift_context)) void *mutex);

static LockSlow lock_original;
static UnlockSlow unlock_original;

__attribute__((constructor)) static void find_originals(void) {
    lock_original = (LockSlow)dlsym(RTLD_NEXT, LOCK);
    unlock_original = (UnlockSlow)dlsym(RTLD_NEXT, UNLOCK);
}

__attribute__((swiftcall)) void lock_slow(uint32_t owner, __attribute__((swift_context)) void *mutex) __asm__(LOCK);
__attribute__((swiftcall)) void lock_slow(uint32_t owner, __attribute__((swift_context)) void *mutex) {
    lock_original(owner, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *mutex) __asm__(UNLOCK);
__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *mutex) {
    if (__tsan_release) __tsan_release(mutex);
    unlock_original(mutex);
}
