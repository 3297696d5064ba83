// The calls that need _GNU_SOURCE, which the header must not define: it would change glibc's types for Swift's importer.
#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/openat2.h>
#include <pthread.h>
#include <sys/uio.h>

// Since Linux 6.14; glibc's headers do not know it yet.
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

const int lb_o_noatime = O_NOATIME;
const int lb_o_path = O_PATH;
const int lb_o_direct = O_DIRECT;

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

static int lb_is_refused(ssize_t result) { return result < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS); }

ssize_t lb_read_once(int fd, void *buffer, size_t count, off_t offset) {
    struct iovec piece = { buffer, count };
    ssize_t result = preadv2(fd, &piece, 1, offset, RWF_DONTCACHE);
    if (!lb_is_refused(result)) return result;
    return offset < 0 ? read(fd, buffer, count) : pread(fd, buffer, count, offset);
}

ssize_t lb_write_once(int fd, const void *buffer, size_t count, off_t offset) {
    struct iovec piece = { (void *)buffer, count };
    ssize_t result = pwritev2(fd, &piece, 1, offset, RWF_DONTCACHE);
    if (!lb_is_refused(result)) return result;
    return offset < 0 ? write(fd, buffer, count) : pwrite(fd, buffer, count, offset);
}

int lb_spawn_addchdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int lb_name_this_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

/// The child's half: system calls only, since locks of other threads stay locked after fork.
static void lb_become(const struct lb_bound_child *child, pid_t parent, int report) {
    sigset_t none;
    int moved = fcntl(report, F_DUPFD_CLOEXEC, 16);
    if (moved < 0) goto failed;
    report = moved;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (dup2(child->input, 0) < 0 || dup2(child->output, 1) < 0 || dup2(child->errors, 2) < 0) goto failed;
    if (child->extra == 3 ? fcntl(3, F_SETFD, 0) < 0 : child->extra >= 0 && dup2(child->extra, 3) < 0) goto failed;
    // CLOSE_RANGE_CLOEXEC; a kernel before 5.11 refuses, and then close-on-exec of each descriptor must do.
    (void)!syscall(SYS_close_range, child->extra >= 0 ? 4u : 3u, ~0u, 4u);
    // Raw calls: glibc's would signal threads that are not here.
    if (child->changes_user
        && (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, child->group, child->group, child->group) != 0
            || syscall(SYS_setresuid, child->user, child->user, child->user) != 0))
        goto failed;
    if (child->directory && chdir(child->directory) != 0) goto failed;
    // After the change of user, which would clear it. If the parent died before this, nobody would tell us any more.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) goto failed;
    if (getppid() != parent) _exit(127);
    execve(child->path, child->arguments, child->environment);
failed:;
    int code = errno;
    (void)!write(report, &code, sizeof code);
    _exit(127);
}

pid_t lb_start_bound_child(const struct lb_bound_child *child) {
    int report[2], code = 0;
    sigset_t all, before;
    pid_t parent = getpid();
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = fork();
    if (process == 0) lb_become(child, parent, report[1]);
    if (process < 0) code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (process > 0) {
        ssize_t count;
        do count = read(report[0], &code, sizeof code);
        while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof code) {
            while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
            process = -1;
        }
    }
    close(report[0]);
    if (process < 0) errno = code;
    return process;
}
