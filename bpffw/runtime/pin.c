/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories, files and pins. OBJ_GET follows symbolic links, so a pin is looked at first. */
#include "bpffw/runtime/pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_FILE 0640

void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int check_owner(const char *path, struct failure *f)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(f, errno, "cannot use %s", path);
	if (!S_ISDIR(st.st_mode))
		return fail_plain(f, ENOTDIR, EXIT_SYSTEM, "%s is not a directory", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail_help(
			f,
			fail_plain(f, EPERM, EXIT_SYSTEM, "%s can be changed by other users", path),
			"chown root %s && chmod go-w %s", path, path);
	return 0;
}

int dir_make(const char *path, mode_t mode, struct failure *f)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return fail(f, ENAMETOOLONG, "cannot make %.100s...", path);
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return fail(f, errno, "cannot make the directory %s", copy);
		*at = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return fail(f, errno, "cannot make the directory %s", path);
	return check_owner(path, f);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static void sync_directory(const char *path)
{
	char copy[PATH_MAX];
	char *slash;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	slash = strrchr(copy, '/');
	if (!slash)
		return;
	*slash = 0;
	fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int file_replace(const char *path, const void *data, size_t len, struct failure *f)
{
	char temporary[PATH_MAX];
	int fd, ret;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		return fail(f, ENAMETOOLONG, "cannot write %.100s...", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_FILE);
	if (fd < 0)
		return fail(f, errno, "cannot write %s", path);
	/* Whatever the umask says. */
	ret = fchmod(fd, MODE_FILE) < 0 ? -errno : write_all(fd, data, len);
	close(fd);
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0) {
		unlink(temporary);
		return fail(f, -ret, "cannot write %s", path);
	}
	sync_directory(path);
	return 0;
}

int fail_bpf(struct failure *f, int err, const char *format, ...)
{
	char text[256];
	va_list args;
	int ret;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ret = fail(f, err, "%s", text);
	if (err == EPERM || err == EACCES)
		return fail_help(
			f, ret,
			"run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; in a "
			"container the host must grant them");
	if (err == ENOSYS)
		return fail_help(f, ret, "this kernel is built without CONFIG_BPF_SYSCALL");
	return ret;
}

int pin_get(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pin_get_map(const char *path, const struct map_shape *shape, uint32_t *ret_entries)
{
	_cleanup_fd_ int fd = pin_get(path);
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (fd < 0)
		return fd;
	/* A pinned program or link answers with an info of another kind: its type does not fit. */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	if (info.type != shape->type || info.key_size != shape->key_size ||
	    info.value_size != shape->value_size ||
	    (shape->entries && info.max_entries != shape->entries))
		return -EINVAL;
	if (ret_entries)
		*ret_entries = info.max_entries;
	return take_fd(&fd);
}

int pin_put(int fd, const char *path, struct failure *f)
{
	if (bpf_obj_pin(fd, path) < 0)
		return fail_bpf(f, errno, "cannot pin %s", path);
	return 0;
}

void pin_remove(const char *path)
{
	char inner[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (unlink(path) == 0 || errno == ENOENT)
		return;
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) <
		    (int)sizeof(inner))
			pin_remove(inner);
	}
	closedir(dir);
	rmdir(path);
}

uint32_t program_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ? 0 : info.id;
}

#define PROGRAM_MAPS 64

static uint32_t map_ids(int program, uint32_t ids[PROGRAM_MAPS])
{
	struct bpf_prog_info info = { .nr_map_ids = PROGRAM_MAPS, .map_ids = (uintptr_t)ids };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &len) < 0)
		return 0;
	return info.nr_map_ids < PROGRAM_MAPS ? info.nr_map_ids : PROGRAM_MAPS;
}

static struct bpf_map_info map_info(int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	bpf_obj_get_info_by_fd(fd, &info, &len);
	return info;
}

bool same_map(int a, int b)
{
	return map_info(a).id == map_info(b).id;
}

bool program_uses(int program, int map)
{
	uint32_t ids[PROGRAM_MAPS], n = map_ids(program, ids), wanted = map_info(map).id;

	for (uint32_t i = 0; i < n; i++) {
		if (ids[i] == wanted)
			return true;
	}
	return false;
}

int program_map(int program, const char *name)
{
	uint32_t ids[PROGRAM_MAPS], n = map_ids(program, ids);

	for (uint32_t i = 0; i < n; i++) {
		_cleanup_fd_ int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd < 0 && errno != ENOENT)
			return -errno;
		if (fd >= 0 && strcmp(map_info(fd).name, name) == 0)
			return take_fd(&fd);
	}
	return -ENOENT;
}

uint32_t map_entries(int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ? 0 : info.max_entries;
}
