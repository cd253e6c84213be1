/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mount namespaces are told apart by their mount ids: a cloned namespace numbers every mount
 * anew. (/proc/1/ns/mnt cannot be read in a container, /proc/1/mountinfo can.) */
#include "bpffw/runtime/mount.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "bpffw/runtime/pin.h"

#define SYS_BPFFS "/sys/fs/bpf"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static bool on_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

int mount_present(const char *path, struct failure *f)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno != ENOENT && errno != ENOTDIR)
		return fail_bpf(f, errno, "cannot look at %s", path);
	return on_bpffs(path) && S_ISDIR(st.st_mode);
}

/* Mount id of the first mount, which is the root's. */
static long first_mount(const char *mountinfo)
{
	FILE *file = fopen(mountinfo, "re");
	long id = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

static bool in_first_namespace(void)
{
	long first = first_mount("/proc/1/mountinfo");

	return first >= 0 && first == first_mount("/proc/self/mountinfo");
}

/* Is the file system @dev mounted as bpffs where pid 1 sees it? */
static bool seen_by_first(dev_t dev)
{
	FILE *file = fopen("/proc/1/mountinfo", "re");
	char *line = NULL;
	unsigned int maj, min;
	bool found = false;
	size_t cap = 0;

	if (!file)
		return false;
	while (!found && getline(&line, &cap, file) > 0) {
		found = sscanf(line, "%*d %*d %u:%u", &maj, &min) == 2 && maj == major(dev) &&
			min == minor(dev) && strstr(line, " - bpf ");
	}
	free(line);
	fclose(file);
	return found;
}

static int refuse_namespace(const char *path, const char *why, struct failure *f)
{
	return fail_help(f,
			 fail_plain(f, EPERM, EXIT_SYSTEM, "%s %s: the firewall would end with it",
				    path, why),
			 "'ip netns exec' gives a command its own mounts: use 'nsenter "
			 "--net=/run/netns/NAME "
			 "bpffw ...', or --bpffs on a bpffs that is mounted outside");
}

static int check_lasting(const char *path, struct failure *f)
{
	struct stat st;

	if (in_first_namespace())
		return 0;
	if (stat(path, &st) < 0)
		return fail(f, errno, "cannot look at %s", path);
	if (!seen_by_first(st.st_dev))
		return refuse_namespace(path, "lies on a mount of this mount namespace only", f);
	return 0;
}

/* The longest part of the path that exists. */
static void existing_part(const char *path, char *ret_part)
{
	struct stat st;
	char *slash;

	snprintf(ret_part, PATH_MAX, "%s", path);
	while (stat(ret_part, &st) < 0) {
		slash = strrchr(ret_part, '/');
		if (!slash || slash == ret_part) {
			strcpy(ret_part, "/");
			return;
		}
		*slash = 0;
	}
}

static int mount_bpffs(const char *path, struct failure *f)
{
	bool in_sys = strncmp(path, SYS_BPFFS "/", sizeof(SYS_BPFFS)) == 0;
	const char *target = in_sys ? SYS_BPFFS : path;
	int ret;

	if (!in_first_namespace())
		return refuse_namespace(path,
					"is on no bpffs, and this is not the mount namespace "
					"of pid 1",
					f);
	ret = in_sys ? 0 : dir_make(path, 0700, f);
	if (ret < 0)
		return ret;
	if (mount("bpf", target, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return fail_bpf(f, errno, "cannot mount a bpffs at %s", target);
	return 0;
}

int mount_prepare(const char *path, struct failure *f)
{
	char part[PATH_MAX];
	struct stat st;
	int ret;

	if (path[0] != '/' || strlen(path) >= PATH_MAX - 64)
		return fail_plain(f, EINVAL, EXIT_SYSTEM,
				  "the bpffs directory '%.100s' is not an "
				  "absolute path",
				  path);
	existing_part(path, part);
	ret = on_bpffs(part) ? check_lasting(part, f) : mount_bpffs(path, f);
	if (ret < 0)
		return ret;
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		return fail_plain(f, ELOOP, EXIT_SYSTEM, "%s is a symbolic link", path);
	return dir_make(path, 0700, f);
}

int netns_current(struct netns *ret_netns, struct failure *f)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct netns netns = { 0 };
	socklen_t len = sizeof(netns.cookie);
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return fail(f, errno, "cannot tell the network namespace (/proc/self/ns/net)");
	netns.inode = st.st_ino;
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &netns.cookie, &len) < 0)
		netns.cookie = 0;
	*ret_netns = netns;
	return 0;
}
