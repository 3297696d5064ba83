// libfuse as Mounting sees it: questions about a read-only file system, asked with plain numbers and bytes, on several threads at once.
//
// libfuse's own header wants macros set before it and brings bit fields and `struct stat` with it; all of that stays in CFuse.c.
#ifndef LIFEBOAT_CFUSE_H
#define LIFEBOAT_CFUSE_H
#include <stddef.h>
#include <stdint.h>

/// What stat says of one file.
struct lb_fuse_attributes {
    uint64_t inode, size, device;
    /// With the bits of the type.
    uint32_t mode;
    uint32_t links, user, group;
    int64_t accessed, modified, changed;
    int32_t accessed_nanoseconds, modified_nanoseconds, changed_nanoseconds;
};

/// Why a question has no answer.
enum lb_fuse_refusal {
    lb_fuse_no_such_file = 1, lb_fuse_no_directory, lb_fuse_is_directory, lb_fuse_no_attribute, lb_fuse_too_small, lb_fuse_invalid, lb_fuse_unreadable
};

/// A directory that is being listed.
struct lb_fuse_listing;

/// The answers. Paths begin with a slash. Each returns 0 or the number of bytes that were asked for, or the negative of a refusal. With a
/// `size` of 0 the bytes are only counted.
struct lb_fuse_answers {
    int (*attributes)(void *context, const char *path, struct lb_fuse_attributes *result);
    int (*list)(void *context, const char *path, struct lb_fuse_listing *listing);
    int (*link_target)(void *context, const char *path, uint8_t *buffer, size_t size);
    /// `has_other_size`: 1 if the content is not as long as the attributes say.
    int (*open)(void *context, const char *path, uint64_t *handle, int *has_other_size);
    int (*read)(void *context, uint64_t handle, uint64_t offset, uint8_t *buffer, size_t size);
    void (*close)(void *context, uint64_t handle);
    /// Names, each with a zero byte after it.
    int (*attribute_names)(void *context, const char *path, uint8_t *buffer, size_t size);
    int (*attribute_value)(void *context, const char *path, const char *name, uint8_t *buffer, size_t size);
};

/// Adds an entry; 0 if there is room for more. Called by the answer to `list`, during the call.
int lb_fuse_add(struct lb_fuse_listing *listing, const char *name, const struct lb_fuse_attributes *attributes);

struct lb_fuse;

/// Mounts. `options` as for `mount -o`. NULL if that is not possible; lb_fuse_message says why.
struct lb_fuse *lb_fuse_mount(const char *mount_point, const char *options, const struct lb_fuse_answers *answers, void *context);

/// Answers until somebody unmounts it; on several threads. 0, or a negative error number.
int lb_fuse_serve(struct lb_fuse *mount);

/// Frees it; unmounts first if need be.
void lb_fuse_end(struct lb_fuse *mount);

/// What libfuse said last, without its newline.
void lb_fuse_message(char *buffer, size_t size);

#endif
