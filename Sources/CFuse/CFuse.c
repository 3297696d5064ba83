// The calls of libfuse's high-level interface: paths in, answers out. Everything is read-only; the kernel never asks for a change.
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include "CFuse.h"

#include <errno.h>
#include <fuse3/fuse.h>
#include <fuse3/fuse_log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lb_fuse {
    struct lb_fuse_answers answers;
    void *context;
    struct fuse *fuse;
};

struct lb_fuse_listing {
    void *buffer;
    fuse_fill_dir_t fill;
    enum fuse_fill_dir_flags flags;
};

static pthread_mutex_t message_lock = PTHREAD_MUTEX_INITIALIZER;
static char message[512];

/// Kept instead of printed: what the user should hear of it is said by the program.
static void keep_message(enum fuse_log_level level, const char *format, va_list arguments) {
    if (level > FUSE_LOG_ERR) return;
    pthread_mutex_lock(&message_lock);
    vsnprintf(message, sizeof message, format, arguments);
    message[strcspn(message, "\n")] = 0;
    pthread_mutex_unlock(&message_lock);
}

void lb_fuse_message(char *buffer, size_t size) {
    pthread_mutex_lock(&message_lock);
    snprintf(buffer, size, "%s", message);
    pthread_mutex_unlock(&message_lock);
}

static struct lb_fuse *here(void) { return fuse_get_context()->private_data; }

/// An answer as the kernel wants it.
static int told(int answer) {
    switch (answer) {
    case -lb_fuse_no_such_file: return -ENOENT;
    case -lb_fuse_no_directory: return -ENOTDIR;
    case -lb_fuse_is_directory: return -EISDIR;
    case -lb_fuse_no_attribute: return -ENODATA;
    case -lb_fuse_too_small: return -ERANGE;
    case -lb_fuse_invalid: return -EINVAL;
    default: return answer < 0 ? -EIO : answer;
    }
}

static void fill_status(struct stat *status, const struct lb_fuse_attributes *from) {
    memset(status, 0, sizeof *status);
    status->st_ino = from->inode;
    status->st_mode = from->mode;
    status->st_nlink = from->links;
    status->st_uid = from->user;
    status->st_gid = from->group;
    status->st_rdev = from->device;
    status->st_size = (off_t)from->size;
    status->st_blocks = (blkcnt_t)(from->size / 512 + (from->size % 512 != 0));
    status->st_blksize = 4096;
    status->st_atim = (struct timespec){ .tv_sec = from->accessed, .tv_nsec = from->accessed_nanoseconds };
    status->st_mtim = (struct timespec){ .tv_sec = from->modified, .tv_nsec = from->modified_nanoseconds };
    status->st_ctim = (struct timespec){ .tv_sec = from->changed, .tv_nsec = from->changed_nanoseconds };
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *configuration) {
    (void)connection;
    // Hard links show by their numbers.
    configuration->use_ino = 1;
    return here();
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *file) {
    (void)file;
    struct lb_fuse *mount = here();
    struct lb_fuse_attributes attributes;
    int answer = mount->answers.attributes(mount->context, path, &attributes);
    if (answer == 0) fill_status(status, &attributes);
    return told(answer);
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *file, enum fuse_readdir_flags flags) {
    (void)offset, (void)file;
    struct lb_fuse *mount = here();
    struct lb_fuse_listing listing = { buffer, fill, flags & FUSE_READDIR_PLUS ? FUSE_FILL_DIR_PLUS : 0 };
    fill(buffer, ".", NULL, 0, 0);
    fill(buffer, "..", NULL, 0, 0);
    return told(mount->answers.list(mount->context, path, &listing));
}

int lb_fuse_add(struct lb_fuse_listing *listing, const char *name, const struct lb_fuse_attributes *attributes) {
    struct stat status;
    fill_status(&status, attributes);
    return listing->fill(listing->buffer, name, &status, 0, listing->flags);
}

static int read_link(const char *path, char *buffer, size_t size) {
    if (size == 0) return -EINVAL;
    struct lb_fuse *mount = here();
    int answer = mount->answers.link_target(mount->context, path, (uint8_t *)buffer, size - 1);
    if (answer < 0) return told(answer);
    buffer[answer] = 0;
    return 0;
}

static int open_file(const char *path, struct fuse_file_info *file) {
    struct lb_fuse *mount = here();
    int has_other_size = 0;
    int answer = mount->answers.open(mount->context, path, &file->fh, &has_other_size);
    // The page cache would cut the content off at the size that the attributes give.
    file->direct_io = has_other_size != 0;
    return told(answer);
}

static int read_file(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file) {
    (void)path;
    struct lb_fuse *mount = here();
    return told(mount->answers.read(mount->context, file->fh, (uint64_t)offset, (uint8_t *)buffer, size));
}

static int close_file(const char *path, struct fuse_file_info *file) {
    (void)path;
    struct lb_fuse *mount = here();
    mount->answers.close(mount->context, file->fh);
    return 0;
}

static int list_attributes(const char *path, char *buffer, size_t size) {
    struct lb_fuse *mount = here();
    return told(mount->answers.attribute_names(mount->context, path, (uint8_t *)buffer, size));
}

static int get_attribute(const char *path, const char *name, char *buffer, size_t size) {
    struct lb_fuse *mount = here();
    return told(mount->answers.attribute_value(mount->context, path, name, (uint8_t *)buffer, size));
}

static const struct fuse_operations operations = {
    .init = begin, .getattr = get_attributes, .readdir = list, .readlink = read_link, .open = open_file, .read = read_file,
    .release = close_file, .listxattr = list_attributes, .getxattr = get_attribute,
};

struct lb_fuse *lb_fuse_mount(const char *mount_point, const char *options, const struct lb_fuse_answers *answers, void *context) {
    fuse_set_log_func(keep_message);
    struct lb_fuse *mount = calloc(1, sizeof *mount);
    if (!mount) return NULL;
    mount->answers = *answers;
    mount->context = context;
    struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
    if (fuse_opt_add_arg(&arguments, "lifeboat") == 0 && fuse_opt_add_arg(&arguments, "-o") == 0 && fuse_opt_add_arg(&arguments, options) == 0)
        mount->fuse = fuse_new(&arguments, &operations, sizeof operations, mount);
    fuse_opt_free_args(&arguments);
    if (mount->fuse && fuse_mount(mount->fuse, mount_point) != 0) {
        fuse_destroy(mount->fuse);
        mount->fuse = NULL;
    }
    if (!mount->fuse) {
        free(mount);
        return NULL;
    }
    return mount;
}

int lb_fuse_serve(struct lb_fuse *mount) { return fuse_loop_mt(mount->fuse, 0); }

void lb_fuse_end(struct lb_fuse *mount) {
    fuse_unmount(mount->fuse);
    fuse_destroy(mount->fuse);
    free(mount);
}
