/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bpffs directory: on a mount that outlives the command, mounted when there is none. */
#ifndef BPFFW_MOUNT_H
#define BPFFW_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpffw/runtime/failure.h"

/* Is there a bpffs directory at @path (on a bpffs)? Return: 1, 0, or a negative errno. */
int mount_present(const char *path, struct failure *f);

/*
 * mount_prepare() - make @path a 0700 directory on a bpffs that lasts.
 *
 * `ip netns exec` gives its command a mount namespace of its own: what is mounted there dies with
 * the command, and every pin and the firewall with it. So bpffs is mounted only in the mount
 * namespace of pid 1; in another one an existing bpffs is used when pid 1 sees it too.
 */
int mount_prepare(const char *path, struct failure *f);

/* This network namespace: the inode of its nsfs file, and the cookie (0 before kernel 5.14),
 * which is never used again before a reboot. */
struct netns {
	uint64_t inode, cookie;
};
int netns_current(struct netns *ret_netns, struct failure *f);

#endif
