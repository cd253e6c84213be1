/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories that only their owner can write, whole-file replacement, and pins in bpffs. */
#ifndef BPFFW_PIN_H
#define BPFFW_PIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/failure.h"

#define _cleanup_fd_ __attribute__((cleanup(fd_cleanup)))
void fd_cleanup(int *fd);
int take_fd(int *fd); /* hand over: the variable becomes -1 */

/*
 * dir_make() - make the directory and its parents where absent, then check that nobody but us
 * and root can change what is in it.
 */
int dir_make(const char *path, mode_t mode, struct failure *f);

/* Replace a file by @data: temporary name, fsync, rename, fsync of the directory. */
int file_replace(const char *path, const void *data, size_t len, struct failure *f);

/* A failed bpf() call, with the advice that fits EPERM and a kernel without BPF. */
int fail_bpf(struct failure *f, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What a pinned map must be; 0 entries: any number. */
struct map_shape {
	uint32_t type, key_size, value_size, entries;
};

/* Return: descriptor; -ELOOP for a symbolic link, -EINVAL for a map of another shape. */
int pin_get(const char *path);
int pin_get_map(const char *path, const struct map_shape *shape, uint32_t *ret_entries);

int pin_put(int fd, const char *path, struct failure *f);

/* Remove a directory of pins, or a single pin; what is absent is removed. */
void pin_remove(const char *path);

/* Does the program read or write the map? */
bool program_uses(int program, int map);
/* Descriptor of the map of that name that the program uses; -ENOENT, -EPERM. */
int program_map(int program, const char *name);
bool same_map(int a, int b);

/* Ids and sizes by descriptor; 0 when the kernel does not tell. */
uint32_t program_id(int fd);
uint32_t map_entries(int fd);

#endif
