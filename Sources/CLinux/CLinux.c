// The calls that need _GNU_SOURCE, which the header must not define: it would change glibc's types for Swift's importer.
#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/openat2.h>
#include <pthread.h>

const int lb_o_noatime = O_NOATIME;
const int lb_o_path = O_PATH;

int lb_openat_beneath(int dir, const char *path, int flags, mode_t mode) {
    struct open_how how = {
        .flags = (uint64_t)flags, .mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

int lb_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned int flags) {
    return (int)syscall(SYS_renameat2, olddir, oldpath, newdir, newpath, flags);
}

int lb_pipe_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }

int lb_fallocate_keep_size(int fd, off_t size) { return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size); }

int lb_spawn_addchdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int lb_name_this_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
