/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/hold.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffw/runtime/pin.h"

void hold_pins(struct arena *arena, const char *path, holds *held)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	if (lstat(path, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		fd = pin_get(path);
		if (fd >= 0)
			vec_push(arena, held, ((struct held){ path, fd }));
		return;
	}
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			hold_pins(arena, arena_printf(arena, "%s/%s", path, entry->d_name), held);
	}
	closedir(dir);
}

int hold_find(const holds *held, const char *path)
{
	vec_for_each(pin, held) {
		if (strcmp(pin->path, path) == 0)
			return pin->fd;
	}
	return -1;
}

static bool is_detached(int fd)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	/* Of a program or map this is false: their info is of another length and kind. */
	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.type == BPF_LINK_TYPE_XDP &&
	       info.xdp.ifindex == 0;
}

static void make_parent(const char *path)
{
	struct failure f = { 0 };
	char parent[4096];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = 0;
	if (dir_make(parent, 0700, &f) < 0)
		failure_clear(&f);
}

void hold_restore(const holds *held)
{
	struct failure f = { 0 };
	struct stat st;

	vec_for_each(pin, held) {
		if (lstat(pin->path, &st) == 0)
			continue;
		if (strstr(pin->path, "/link/") && is_detached(pin->fd))
			continue;
		make_parent(pin->path);
		/* The descriptor alone would keep it only until this process ends. */
		if (pin_put(pin->fd, pin->path, &f) < 0)
			failure_clear(&f);
	}
}

bool hold_replaced(const holds *held, const char *dir)
{
	struct bpf_map_info now = { 0 }, then = { 0 };
	uint32_t len = sizeof(now), then_len = sizeof(then);

	vec_for_each(pin, held) {
		_cleanup_fd_ int fd = -1;

		if (strncmp(pin->path, dir, strlen(dir)) != 0)
			continue;
		fd = pin_get(pin->path);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &now, &len) == 0 &&
		    bpf_obj_get_info_by_fd(pin->fd, &then, &then_len) == 0 && now.id != then.id)
			return true;
	}
	return false;
}

void hold_close(holds *held)
{
	vec_for_each(pin, held)
		close(pin->fd);
	held->len = 0;
}
