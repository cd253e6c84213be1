/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plain netlink attach overwrites silently what is there; a link is refused (EBUSY). */
#include "bpffw/runtime/links.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "bpffw/runtime/pin.h"

/* bpffs reserves the dot in names; an interface name cannot hold a colon. */
static void swap_letters(char *name, char from, char to)
{
	for (; *name; name++) {
		if (*name == from)
			*name = to;
	}
}

/* The name, unless it is taken by the link of an interface that was renamed since. */
struct str links_pin(struct arena *arena, const char *dir, const struct netdev *device)
{
	char *leaf = arena_strndup(arena, device->name.s, device->name.len), *path;

	swap_letters(leaf, '.', ':');
	path = arena_printf(arena, "%s/%s", dir, leaf);
	if (access(path, F_OK) == 0)
		path = arena_printf(arena, "%s/%s@%u", dir, leaf, device->ifindex);
	return str_of(path);
}

struct str links_device(struct arena *arena, const char *leaf)
{
	char *name = arena_strndup(arena, leaf, strlen(leaf));

	swap_letters(name, ':', '.');
	return str_of(name);
}

static void program_name(uint32_t id, char ret_name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	_cleanup_fd_ int fd = bpf_prog_get_fd_by_id(id);

	ret_name[0] = 0;
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		snprintf(ret_name, BPF_OBJ_NAME_LEN, "%s", info.name);
}

static const struct netdev *device_of(const netdevs *devices, uint32_t ifindex, uint32_t program)
{
	vec_for_each(device, devices) {
		/* Ifindexes repeat in other namespaces, where a link may have gone. */
		if (device->ifindex == ifindex && device->xdp_program == program)
			return device;
	}
	return NULL;
}

static int read_one(const char *path, struct arena *arena, const struct unit *unit,
		    const netdevs *devices, struct link *ret_link)
{
	_cleanup_fd_ int fd = pin_get(path);
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	const struct netdev *device;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	if (info.type != BPF_LINK_TYPE_XDP)
		return -EINVAL;
	device = device_of(devices, info.xdp.ifindex, info.prog_id);
	*ret_link = (struct link){
		.name = device ? device->name : links_device(arena, strrchr(path, '/') + 1),
		.pin = str_of(path),
		.ifindex = info.xdp.ifindex,
		.program = info.prog_id,
		.native = device && device->xdp_native,
		.waiting = info.prog_id == program_id(unit->waiting),
		.gone = !device,
	};
	return 0;
}

int links_read(const char *dir, struct arena *arena, const struct unit *unit,
	       const netdevs *devices, links *ret_links, struct failure *f)
{
	links all = { 0 };
	struct dirent *entry;
	struct link link;
	const char *path;
	DIR *stream = opendir(dir);
	int ret = 0;

	if (!stream && errno != ENOENT)
		return fail_bpf(f, errno, "cannot read %s", dir);
	while (stream && ret == 0 && (entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		path = arena_printf(arena, "%s/%s", dir, entry->d_name);
		ret = read_one(path, arena, unit, devices, &link);
		if (ret < 0)
			fail_bpf(f, -ret, "cannot use the pinned link %s", path);
		else
			vec_push(arena, &all, link);
	}
	if (stream)
		closedir(stream);
	if (ret == 0)
		*ret_links = all;
	return ret;
}

static int create_link(int program, uint32_t ifindex, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static int fail_occupied(const struct netdev *device, int err, struct failure *f)
{
	char name[BPF_OBJ_NAME_LEN];

	if (!device->xdp_program)
		return fail_help(f,
				 fail(f, err, "cannot attach to " STR_FMT, STR_ARG(device->name)),
				 "another XDP program has come just now: ip link show " STR_FMT,
				 STR_ARG(device->name));
	program_name(device->xdp_program, name);
	return fail_help(
		f,
		fail_plain(f, err, EXIT_SYSTEM,
			   "cannot attach to " STR_FMT
			   ": the XDP program %u '%s' of another owner holds it",
			   STR_ARG(device->name), device->xdp_program, name),
		"see who it is with 'bpftool net' and 'bpftool link'; take it off with its "
		"own tool, or with 'ip link set " STR_FMT " xdp off'",
		STR_ARG(device->name));
}

static int fail_attach(const struct netdev *device, enum iface_mode mode, int err,
		       struct failure *f)
{
	const char *how = mode == MODE_GENERIC ? "generic" : "native";
	int ret;

	if (err == EBUSY || err == EEXIST)
		return fail_occupied(device, err, f);
	ret = fail_bpf(f, err, "cannot attach to " STR_FMT " in %s mode (MTU %u)",
		       STR_ARG(device->name), how, device->mtu);
	if (err == ERANGE || err == EMSGSIZE)
		return fail_help(f, ret,
				 "the MTU is too large for XDP in this driver: ip link set " STR_FMT
				 " mtu 3000, or 'interface " STR_FMT " mode generic'",
				 STR_ARG(device->name), STR_ARG(device->name));
	if (err == EOPNOTSUPP)
		return fail_help(f, ret,
				 "the driver has no native XDP: 'interface " STR_FMT
				 " mode generic' (slower)",
				 STR_ARG(device->name));
	return ret;
}

int links_attach(const char *dir, struct arena *arena, const struct unit *unit,
		 const struct target *target, links *all, struct failure *f)
{
	_cleanup_fd_ int fd = -1;
	const struct netdev *device = target->device;
	enum iface_mode mode = target->mode;
	bool native = mode != MODE_GENERIC;
	struct str pin = links_pin(arena, dir, device);
	int ret;

	fd = create_link(unit->waiting, device->ifindex,
			 native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	if (fd == -EOPNOTSUPP && mode == MODE_AUTO) {
		native = false;
		fd = create_link(unit->waiting, device->ifindex, XDP_FLAGS_SKB_MODE);
	}
	if (fd < 0)
		return fail_attach(device, native ? MODE_NATIVE : MODE_GENERIC, -fd, f);
	ret = pin_put(fd, pin.s, f);
	if (ret < 0)
		return ret;
	vec_push(arena, all,
		 ((struct link){ .name = device->name,
				 .pin = pin,
				 .ifindex = device->ifindex,
				 .program = program_id(unit->waiting),
				 .native = native,
				 .waiting = true,
				 .made = true,
				 .wanted = true }));
	return 0;
}

int links_update(const struct link *link, const struct unit *unit, struct failure *f)
{
	_cleanup_fd_ int fd = pin_get(link->pin.s);

	if (fd < 0 || bpf_link_update(fd, unit->dispatcher, NULL) < 0)
		return fail_bpf(f, fd < 0 ? -fd : errno, "cannot put the dispatcher on " STR_FMT,
				STR_ARG(link->name));
	return 0;
}

int links_suspend(const struct link *link, const struct unit *unit, struct failure *f)
{
	_cleanup_fd_ int fd = pin_get(link->pin.s);

	if (fd < 0 || bpf_link_update(fd, unit->waiting, NULL) < 0)
		return fail_bpf(f, fd < 0 ? -fd : errno, "cannot take the dispatcher off " STR_FMT,
				STR_ARG(link->name));
	return 0;
}

int links_detach(const struct link *link, const struct unit *unit, struct failure *f)
{
	_cleanup_fd_ int fd = pin_get(link->pin.s);

	/* Detach first: another descriptor of the link would keep it attached after the unlink. */
	if (fd >= 0 && bpf_link_detach(fd) < 0 && errno != ENOLINK)
		return fail_bpf(f, errno, "cannot detach from " STR_FMT, STR_ARG(link->name));
	if (unlink(link->pin.s) < 0 && errno != ENOENT)
		return fail(f, errno, "cannot remove %s", link->pin.s);
	/* A unit that is damaged or of another make has no table to forget the interface in. */
	return link->gone || unit->ifaces < 0 ? 0 : unit_number(unit, link->ifindex, 0, f);
}
