// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/egress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/object.h"

/* Of Linux 6.6; the headers here are older. */
#define ATTACH_TCX_EGRESS 47
#define LINK_TYPE_TCX     11

#define ATTACH_FIRST 8 /* BPF_F_BEFORE nothing in particular */

/*
 * Ours among the filters of a clsact qdisc. First, as among links: behind one that has the last
 * word about a packet it would not see it, and it passes all on to the others.
 */
#define FILTER_HANDLE   0xbf
#define FILTER_PRIORITY 1

extern const unsigned char bpf_egress_start[], bpf_egress_end[];
static const struct embedded embedded_egress = { "bpffw_egress", bpf_egress_start, bpf_egress_end };

/* The pin names the object that the program came from, so that a newer one takes its place. */
static const char *program_pin(struct store *store)
{
	uint32_t hash = 2166136261u;

	for (const unsigned char *at = bpf_egress_start; at < bpf_egress_end; at++)
		hash = (hash ^ *at) * 16777619u;
	return store_pin(store, "state/egress_%08x", hash);
}

static int share_maps(struct bpf_object *object, const struct state *state)
{
	static const char *const names[] = { "flows", "flow_stats" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);
		int err = map ? bpf_map__reuse_fd(map, state_fd(state, names[i])) : -ENOENT;

		if (err)
			return err;
	}
	return 0;
}

static int load_program(const struct state *state, struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	int ret = object_open(&embedded_egress, &object, f);

	if (ret < 0)
		return ret;
	ret = share_maps(object.bpf, state);
	return ret < 0 ? fail(f, -ret, "cannot prepare program '%s'", embedded_egress.program)
		       : object_load(&object, f);
}

/* The pinned one, if it writes to the table that the ruleset reads. */
static int open_program(struct store *store, const struct state *state, struct egress *egress,
			struct failure *f)
{
	_cleanup_fd_ int pinned = pin_get(program_pin(store));

	if (pinned >= 0 && program_uses(pinned, state_fd(state, "flows"))) {
		egress->program = take_fd(&pinned);
		return 0;
	}
	egress->fresh = true;
	egress->program = load_program(state, f);
	return egress->program < 0 ? egress->program : 0;
}

static const struct netdev *device_at(const netdevs *devices, uint32_t ifindex)
{
	vec_for_each(device, devices) {
		if (device->ifindex == ifindex)
			return device;
	}
	return NULL;
}

static struct bpf_tc_hook hook_of(uint32_t ifindex)
{
	return (struct bpf_tc_hook){ .sz = sizeof(struct bpf_tc_hook),
				     .ifindex = (int)ifindex,
				     .attach_point = BPF_TC_EGRESS };
}

/* The program of our filter on a device; 0: none. */
static uint32_t filter_program(uint32_t ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	return bpf_tc_query(&hook, &opts) == 0 ? opts.prog_id : 0;
}

/* A pinned program stands for a filter; which device it is on, its name tells. */
static void read_filter(int fd, const netdevs *devices, struct egress_link *link)
{
	const struct netdev *device = netdev_find(devices, link->name);

	link->filter = true;
	link->program = program_id(fd);
	link->ifindex = device ? device->ifindex : 0;
	link->gone = !device || filter_program(link->ifindex) != link->program;
}

static int read_one(int fd, const netdevs *devices, struct egress_link *link)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	const struct netdev *device;

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	if (info.type != LINK_TYPE_TCX) {
		read_filter(fd, devices, link);
		return 0;
	}
	/* The first word of every link on a device; 0 when that is gone. */
	device = device_at(devices, info.xdp.ifindex);
	link->ifindex = info.xdp.ifindex;
	link->program = info.prog_id;
	link->gone = !device;
	if (device)
		link->name = device->name;
	return 0;
}

static int read_links(const char *dir, struct arena *arena, const netdevs *devices,
		      struct egress *egress, struct failure *f)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int ret = 0;

	if (!stream)
		return errno == ENOENT ? 0 : fail_bpf(f, errno, "cannot read %s", dir);
	while (ret == 0 && (entry = readdir(stream))) {
		const char *path = arena_printf(arena, "%s/%s", dir, entry->d_name);
		struct egress_link link = { .name = links_device(arena, entry->d_name),
					    .pin = str_of(path) };
		_cleanup_fd_ int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		fd = pin_get(path);
		ret = fd < 0 ? fd : read_one(fd, devices, &link);
		if (ret < 0)
			fail_bpf(f, -ret, "cannot use the pin %s", path);
		else
			vec_push(arena, &egress->links, link);
	}
	closedir(stream);
	return ret;
}

static int attach_filter(int program, uint32_t ifindex, bool replace)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program, .handle = FILTER_HANDLE,
		    .priority = FILTER_PRIORITY, .flags = replace ? BPF_TC_F_REPLACE : 0);
	int ret = bpf_tc_hook_create(&hook);

	if (ret < 0 && ret != -EEXIST)
		return ret;
	return bpf_tc_attach(&hook, &opts);
}

static int detach_filter(uint32_t ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	return bpf_tc_detach(&hook, &opts);
}

/* Return: what to pin: the link, or for a filter the program. */
static int attach(int program, uint32_t ifindex, bool *ret_filter)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = ATTACH_FIRST);
	int fd = bpf_link_create(program, (int)ifindex, (enum bpf_attach_type)ATTACH_TCX_EGRESS,
				 &opts);
	int ret;

	*ret_filter = false;
	if (fd >= 0)
		return fd;
	/* Kernels before 6.6 do not know the attach type. */
	if (errno != EINVAL && errno != EOPNOTSUPP)
		return -errno;
	ret = attach_filter(program, ifindex, false);
	if (ret < 0)
		return ret;
	*ret_filter = true;
	fd = fcntl(program, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static int fail_attach(const struct netdev *device, int err, struct failure *f)
{
	int ret = fail_bpf(f, err, "cannot record the flows that leave by " STR_FMT,
			   STR_ARG(device->name));

	if (err != EEXIST && err != EINVAL)
		return ret;
	return fail_help(f, ret,
			 "another filter has the priority %d and perhaps our handle: see 'tc "
			 "filter show dev " STR_FMT " egress'",
			 FILTER_PRIORITY, STR_ARG(device->name));
}

static int track(const char *dir, struct arena *arena, const struct netdev *device,
		 struct egress *egress, struct failure *f)
{
	struct egress_link link = { .name = device->name,
				    .pin = links_pin(arena, dir, device),
				    .ifindex = device->ifindex,
				    .program = program_id(egress->program),
				    .made = true,
				    .wanted = true };
	_cleanup_fd_ int fd = attach(egress->program, device->ifindex, &link.filter);
	int ret;

	if (fd < 0)
		return fail_attach(device, -fd, f);
	ret = pin_put(fd, link.pin.s, f);
	if (ret < 0 && link.filter)
		detach_filter(device->ifindex);
	if (ret < 0)
		return ret;
	vec_push(arena, &egress->links, link);
	vec_push(arena, &egress->made, device->name);
	return 0;
}

static int detach(const struct egress_link *link, struct failure *f)
{
	_cleanup_fd_ int fd = -1;
	int ret = 0;

	if (!link->gone && link->filter) {
		ret = detach_filter(link->ifindex);
	} else if (!link->gone) {
		/* Another descriptor of the link would keep it attached after the unlink. */
		fd = pin_get(link->pin.s);
		ret = fd >= 0 && bpf_link_detach(fd) < 0 && errno != ENOLINK ? -errno : 0;
	}
	if (ret < 0)
		return fail_bpf(f, -ret, "cannot stop recording flows on " STR_FMT,
				STR_ARG(link->name));
	if (unlink(link->pin.s) < 0 && errno != ENOENT)
		return fail(f, errno, "cannot remove %s", link->pin.s);
	return 0;
}

static struct egress_link *find_link(struct egress *egress, uint32_t ifindex)
{
	vec_for_each(link, &egress->links) {
		if (!link->gone && link->ifindex == ifindex)
			return link;
	}
	return NULL;
}

/* A pin whose device is gone may have the name of the one that has come in its place. */
static int drop_gone(struct egress *egress, struct failure *f)
{
	int ret = 0;

	for (uint32_t i = 0; i < egress->links.len && ret == 0; i++) {
		if (egress->links.data[i].gone)
			ret = detach(&egress->links.data[i], f);
	}
	return ret;
}

static int prepare(struct store *store, struct arena *arena, const struct state *state,
		   const targets *all, const netdevs *devices, struct egress *egress,
		   struct failure *f)
{
	const char *dir = store_pin(store, "egress");
	bool wanted = state_fd(state, "flows") >= 0;
	int ret = read_links(dir, arena, devices, egress, f);

	if (ret == 0)
		ret = drop_gone(egress, f);
	if (ret == 0 && wanted)
		ret = dir_make(dir, 0700, f);
	if (ret == 0 && wanted)
		ret = open_program(store, state, egress, f);
	for (uint32_t i = 0; i < all->len && ret == 0 && wanted; i++) {
		const struct netdev *device = all->data[i].device;
		struct egress_link *link = device ? find_link(egress, device->ifindex) : NULL;

		if (link)
			link->wanted = true;
		else if (device)
			ret = track(dir, arena, device, egress, f);
	}
	return ret;
}

int egress_prepare(struct store *store, struct arena *arena, const struct state *state,
		   const targets *all, const netdevs *devices, struct egress *ret_egress,
		   struct failure *f)
{
	struct egress egress = { .program = -1 };
	int ret = prepare(store, arena, state, all, devices, &egress, f);

	if (ret < 0) {
		egress_undo(&egress);
		egress_close(&egress);
		return ret;
	}
	*ret_egress = egress;
	return 0;
}

void egress_undo(struct egress *egress)
{
	struct failure ignored = { 0 };

	vec_for_each(link, &egress->links) {
		if (link->made)
			detach(link, &ignored);
	}
	failure_clear(&ignored);
}

static int update(const struct egress_link *link, int program, struct failure *f)
{
	_cleanup_fd_ int fd = -1;
	int ret;

	if (link->filter) {
		ret = attach_filter(program, link->ifindex, true);
		if (ret == 0 && unlink(link->pin.s) == 0)
			return pin_put(program, link->pin.s, f);
	} else {
		fd = pin_get(link->pin.s);
		ret = fd < 0 ? fd : bpf_link_update(fd, program, NULL) < 0 ? -errno : 0;
	}
	return ret < 0 ? fail_bpf(f, -ret, "cannot renew the flow recording on " STR_FMT,
				  STR_ARG(link->name))
		       : 0;
}

/* Pins of programs that wrote to another table, or came with another bpffw. */
static void remove_programs(struct store *store)
{
	const char *dir = store_pin(store, "state");
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (strncmp(entry->d_name, "egress_", 7) == 0)
			pin_remove(arena_printf(store->arena, "%s/%s", dir, entry->d_name));
	}
	closedir(stream);
}

int egress_settle(struct store *store, struct egress *egress, bool keep, struct failure *f)
{
	uint32_t program = egress->program < 0 ? 0 : program_id(egress->program);
	int ret = 0;

	for (uint32_t i = 0; i < egress->links.len && ret == 0; i++) {
		const struct egress_link *link = &egress->links.data[i];

		if (link->gone)
			continue;
		if (!link->wanted)
			ret = keep ? 0 : detach(link, f);
		else if (link->program != program)
			ret = update(link, egress->program, f);
	}
	if (ret < 0 || (!egress->fresh && program) || (!program && keep))
		return ret;
	remove_programs(store);
	return program ? pin_put(egress->program, program_pin(store), f) : 0;
}

void egress_close(struct egress *egress)
{
	fd_cleanup(&egress->program);
	egress->links.len = 0;
}

/*
 * The table that the running ruleset looks into; -1: none. A rollback may have brought back one
 * that is no longer pinned; finding it takes CAP_SYS_ADMIN, without that it is not looked for.
 */
static int running_table(struct store *store, const char *name)
{
	_cleanup_fd_ int enter = -1, pinned = -1;
	int found;

	if (!store->running)
		return -1;
	enter = pin_get(store_pin(store, "gen/%u/enter", store->running));
	if (enter < 0)
		return -1;
	if (state_get(store, name, &pinned) == 0 && program_uses(enter, pinned))
		return take_fd(&pinned);
	found = program_map(enter, arena_printf(store->arena, "bpffw_%.9s", name));
	return found < 0 ? -1 : found;
}

/* Pin the table of the running ruleset again, with what the other one has learned since. */
static int adopt_table(struct store *store, int table, struct failure *f)
{
	const char *pin = store_pin(store, "state/flows");
	_cleanup_fd_ int pinned = -1;
	int ret = state_get(store, "flows", &pinned);

	if (ret == 0 && same_map(pinned, table))
		return 0;
	ret = ret == 0 ? flows_fill(pinned, table, NULL, f) : 0;
	if (ret < 0)
		return ret;
	pin_remove(pin);
	return pin_put(table, pin, f);
}

int egress_seed(const struct egress *egress, int map, struct seeded *ret_seeded, struct failure *f)
{
	_cleanup_flow_table_ struct flow_table table = { 0 };
	bool own = false;
	int ret;

	*ret_seeded = (struct seeded){ 0 };
	if (!egress->made.len)
		return 0;
	vec_for_each(name, &egress->made)
		own |= str_is(*name, "lo");
	ret = flow_table_open(map, &table, f);
	return ret < 0 ? ret : seed_flows(&table, own, ret_seeded, f);
}

static int follow(struct store *store, struct arena *arena, const targets *all,
		  const netdevs *devices, bool keep, int flows, struct failure *f)
{
	_cleanup_fd_ int stats = -1;
	struct egress egress = { .program = -1 };
	struct state state = { 0 };
	struct seeded seeded;
	int ret = adopt_table(store, flows, f);

	if (ret == 0 && state_get(store, "flow_stats", &stats) < 0)
		ret = fail(f, ENOENT, "the counts of the flow table are gone");
	if (ret < 0)
		return ret;
	state_hold(arena, &state, "flows", flows);
	state_hold(arena, &state, "flow_stats", stats);
	ret = prepare(store, arena, &state, all, devices, &egress, f);
	if (ret == 0)
		ret = egress_seed(&egress, flows, &seeded, f);
	if (ret < 0)
		egress_undo(&egress);
	else
		ret = egress_settle(store, &egress, keep, f);
	egress_close(&egress);
	return ret;
}

int egress_follow(struct store *store, struct arena *arena, const targets *all,
		  const netdevs *devices, bool keep, struct failure *f)
{
	_cleanup_fd_ int flows = running_table(store, "flows");

	if (flows >= 0)
		return follow(store, arena, all, devices, keep, flows, f);
	return keep ? 0 : egress_detach_all(store, arena, devices, f);
}

static int detach_links(struct egress *egress, bool all, struct failure *f)
{
	int ret = 0;

	for (uint32_t i = 0; i < egress->links.len && ret == 0; i++) {
		if (all || egress->links.data[i].gone)
			ret = detach(&egress->links.data[i], f);
	}
	return ret;
}

int egress_recover(struct store *store, const netdevs *devices, bool keep, struct failure *f)
{
	_cleanup_fd_ int flows = running_table(store, "flows");
	struct egress egress = { .program = -1 };
	int ret = read_links(store_pin(store, "egress"), store->arena, devices, &egress, f);

	return ret < 0 ? ret : detach_links(&egress, flows < 0 && !keep, f);
}

int egress_detach_all(struct store *store, struct arena *arena, const netdevs *devices,
		      struct failure *f)
{
	struct egress egress = { .program = -1 };
	int ret = read_links(store_pin(store, "egress"), arena, devices, &egress, f);

	return ret < 0 ? ret : detach_links(&egress, true, f);
}

int egress_tracked(struct store *store, struct arena *arena, strs *ret_names, struct failure *f)
{
	struct egress egress = { .program = -1 };
	netdevs devices = { 0 };
	strs names = { 0 };
	int ret = netdev_list(arena, &devices, f);

	if (ret == 0)
		ret = read_links(store_pin(store, "egress"), arena, &devices, &egress, f);
	if (ret < 0)
		return ret;
	vec_for_each(link, &egress.links) {
		if (!link->gone)
			vec_push(arena, &names, link->name);
	}
	*ret_names = names;
	return 0;
}
