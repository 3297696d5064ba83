// What glibc's Swift overlay cannot express: variadic calls, macros, and calls newer than its headers. Header only.
#ifndef LIFEBOAT_CLINUX_H
#define LIFEBOAT_CLINUX_H
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static inline int lb_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int lb_openat(int dir, const char *path, int flags, mode_t mode) { return openat(dir, path, flags, mode); }

/// openat2 with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS: never leaves `dir`, follows no link.
int lb_openat_beneath(int dir, const char *path, int flags, mode_t mode);
int lb_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned int flags);
int lb_pipe_cloexec(int fds[2]);
/// The flags that glibc shows only to GNU sources.
extern const int lb_o_noatime, lb_o_path, lb_o_direct;
int lb_spawn_addchdir(posix_spawn_file_actions_t *actions, const char *path);
/// How to start a program that must not outlive the thread that starts it.
struct lb_bound_child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// NULL to stay where we are.
    const char *directory;
    /// Become the child's descriptors 0, 1 and 2, and 3 if `extra` is not -1. Nothing else is handed down.
    int input, output, errors, extra;
    /// Whether it runs as `user` and `group`, without further groups.
    int changes_user;
    uid_t user;
    gid_t group;
};

/// fork and exec; the kernel kills the child when the calling *thread* ends. -1 with errno if any step failed, in the child too.
pid_t lb_start_bound_child(const struct lb_bound_child *child);
int lb_name_this_thread(const char *name);
int lb_fallocate_keep_size(int fd, off_t size);
/// pread and pwrite whose pages leave the page cache once they are used or written back, unless they were there before; where the kernel
/// or the file system cannot do that, the ordinary ones. At the file position if `offset` is -1.
ssize_t lb_read_once(int fd, void *buffer, size_t count, off_t offset);
ssize_t lb_write_once(int fd, const void *buffer, size_t count, off_t offset);

/// One entry of a getdents64 buffer, so that Swift reads no C bit layout by hand.
static inline long lb_getdents64(int fd, void *buffer, unsigned int size) {
    return syscall(SYS_getdents64, fd, buffer, size);
}

static inline int lb_fcntl_int(int fd, int command, int argument) { return fcntl(fd, command, argument); }

static inline int lb_exited(int status) { return WIFEXITED(status); }
static inline int lb_exit_code(int status) { return WEXITSTATUS(status); }
static inline int lb_term_signal(int status) { return WTERMSIG(status); }

/// Opens /dev/null on each standard stream that the program was started without.
static inline void lb_reserve_standard_streams(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)!open("/dev/null", O_RDWR);
}

/// Writes out what stdio still holds for standard output. 0 if everything written so far arrived, or the reader left of itself.
static inline int lb_flush_output(void) {
    int lost = ferror(stdout);
    if (fflush(stdout) != 0) lost = 1;
    struct pollfd output = { .fd = 1, .events = 0 };
    if (lost && poll(&output, 1, 0) == 1 && (output.revents & POLLERR)) lost = 0;
    return lost ? -1 : 0;
}

/// Nice 10 and idle disk class for this thread and those it starts; an already lower priority stays. 0 if both were set.
static inline int lb_lower_priority(void) {
    int failed = getpriority(PRIO_PROCESS, 0) < 10 && setpriority(PRIO_PROCESS, 0, 10) != 0;
    const int process = 1, idle_class = 3, class_shift = 13;
    return syscall(SYS_ioprio_set, process, 0, idle_class << class_shift) != 0 || failed ? -1 : 0;
}

static inline uint64_t lb_makedev(uint32_t major_number, uint32_t minor_number) { return makedev(major_number, minor_number); }
static inline unsigned lb_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
#endif
