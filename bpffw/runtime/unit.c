/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dispatcher's object is in the binary; its maps are found by name and kept by pins. */
#include "bpffw/runtime/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/abi.h"
#include "bpffw/runtime/object.h"
#include "bpffw/runtime/pin.h"

#define DISPATCHER "bpffw_dispatch"

extern const unsigned char bpf_dispatcher_start[], bpf_dispatcher_end[];
static const struct embedded embedded_dispatcher = { DISPATCHER, bpf_dispatcher_start,
						     bpf_dispatcher_end };

/* Value of the map `owner`: a file in bpffs cannot hold data, and a file elsewhere would outlive
 * the pins over a reboot. */
struct owner {
	struct netns netns;
	uint64_t frags;
};

/* clang-format off */
/* The owner comes last: whoever finds it has found them all. */
static const struct unit_part {
	const char *pin;  /* in abi<N>/ */
	const char *name; /* in the object; NULL: not from there */
	size_t offset;	  /* of the descriptor in struct unit */
	struct map_shape shape;
} parts[] = {
	{ "jmp",      "jmp",          offsetof(struct unit, jmp),
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, JMP_SLOTS } },
	{ "scratch",  ".data.scratch", offsetof(struct unit, scratch),
	  { BPF_MAP_TYPE_ARRAY, 4, ABI_CPUS * sizeof(struct pkt), 1 } },
	{ "ifaces",   ".data.ifaces", offsetof(struct unit, ifaces),
	  { BPF_MAP_TYPE_ARRAY, 4, IFACE_SLOTS * sizeof(struct iface_slot), 1 } },
	{ "config",   ".data.config", offsetof(struct unit, config),
	  { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct dispatcher_config), 1 } },
	{ "counters", "counters",     offsetof(struct unit, own_slots),
	  { BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct counter_block), 1 } },
	{ "owner",    NULL,           offsetof(struct unit, owner),
	  { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct owner), 1 } },
};
/* clang-format on */

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static int *part_fd(struct unit *unit, const struct unit_part *part)
{
	return (int *)((char *)unit + part->offset);
}

void unit_close(struct unit *unit)
{
	fd_cleanup(&unit->dispatcher);
	fd_cleanup(&unit->waiting);
	for (size_t i = 0; i < N_PARTS; i++)
		fd_cleanup(part_fd(unit, &parts[i]));
	fd_cleanup(&unit->counters);
	fd_cleanup(&unit->base);
	*unit = UNIT_NONE;
}

static int take_parts(struct bpf_object *object, struct unit *unit, struct failure *f)
{
	struct bpf_map *map;
	int *fd;

	for (size_t i = 0; i < N_PARTS; i++) {
		if (!parts[i].name)
			continue;
		map = bpf_object__find_map_by_name(object, parts[i].name);
		fd = part_fd(unit, &parts[i]);
		*fd = map ? fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3) : -1;
		if (*fd < 0)
			return fail(f, errno, "cannot keep the map %s", parts[i].name);
	}
	return 0;
}

/* Kernels before 5.18 refuse the flag, and then the helper that goes with it. */
static int load_dispatcher(bool frags, struct unit *unit, struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	const uint8_t multi_buffer = 0;
	int ret = object_open(&embedded_dispatcher, &object, f);

	if (ret == 0 && frags)
		bpf_program__set_flags(object_program(&object), BPF_F_XDP_HAS_FRAGS);
	else if (ret == 0)
		ret = object_set(&object, ".rodata", &multi_buffer, sizeof(multi_buffer), f);
	if (ret == 0)
		ret = object_load(&object, f);
	if (ret < 0)
		return ret;
	unit->dispatcher = ret;
	unit->frags = frags;
	return take_parts(object.bpf, unit, f);
}

/* A program that passes everything, alike in kind to the dispatcher, so that it can be updated. */
static int load_waiting(struct unit *unit, struct failure *f)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP,
		    .prog_flags = unit->frags ? BPF_F_XDP_HAS_FRAGS : 0);

	unit->waiting = bpf_prog_load(BPF_PROG_TYPE_XDP, "bpffw_wait", "GPL", insns, 2, &opts);
	return unit->waiting < 0 ? fail_bpf(f, errno, "cannot load a program") : 0;
}

static int make_owner(struct unit *unit, struct failure *f)
{
	struct owner owner = { .frags = unit->frags };
	uint32_t key = 0;
	int ret = netns_current(&owner.netns, f);

	if (ret < 0)
		return ret;
	unit->owner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_owner", sizeof(key), sizeof(owner),
				     1, NULL);
	if (unit->owner < 0 || bpf_map_update_elem(unit->owner, &key, &owner, BPF_ANY) < 0)
		return fail_bpf(f, errno, "cannot make the owner map");
	return 0;
}

int unit_load(struct unit *ret_unit, struct failure *f)
{
	_cleanup_unit_ struct unit unit = UNIT_NONE;
	int cpus = libbpf_num_possible_cpus(), ret;

	/* The dispatcher would let two of them share a slot. */
	if (cpus > ABI_CPUS)
		return fail_plain(f, E2BIG, EXIT_SYSTEM,
				  "this host may have %d CPUs, bpffw can serve %d", cpus, ABI_CPUS);
	ret = load_dispatcher(true, &unit, f);
	if (ret == -EINVAL) {
		unit_close(&unit);
		ret = load_dispatcher(false, &unit, f);
	}
	if (ret == 0)
		ret = load_waiting(&unit, f);
	if (ret == 0)
		ret = make_owner(&unit, f);
	if (ret < 0)
		return ret;
	failure_clear(f);
	*ret_unit = unit;
	unit = UNIT_NONE;
	return 0;
}

int unit_pin(const struct unit *unit, const char *path, struct failure *f)
{
	struct unit copy = *unit;
	char fresh[4200], pin[4300];
	int ret = 0;

	snprintf(fresh, sizeof(fresh), "%s_new", path);
	pin_remove(fresh);
	if (mkdir(fresh, 0700) < 0)
		return fail(f, errno, "cannot make the directory %s", fresh);
	for (size_t i = 0; i < N_PARTS && ret == 0; i++) {
		snprintf(pin, sizeof(pin), "%s/%s", fresh, parts[i].pin);
		ret = pin_put(*part_fd(&copy, &parts[i]), pin, f);
	}
	snprintf(pin, sizeof(pin), "%s/dispatcher", fresh);
	if (ret == 0)
		ret = pin_put(unit->dispatcher, pin, f);
	snprintf(pin, sizeof(pin), "%s/waiting", fresh);
	if (ret == 0)
		ret = pin_put(unit->waiting, pin, f);
	if (ret == 0 && rename(fresh, path) < 0)
		ret = fail(f, errno, "cannot rename %s to %s", fresh, path);
	if (ret < 0)
		pin_remove(fresh);
	return ret;
}

int unit_open(const char *path, struct unit *ret_unit, struct failure *f)
{
	_cleanup_unit_ struct unit unit = UNIT_NONE;
	struct owner owner;
	uint32_t key = 0;
	char pin[4300];
	struct stat st;
	int *fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? -ENOENT : fail_bpf(f, errno, "cannot open %s", path);
	snprintf(pin, sizeof(pin), "%s/dispatcher", path);
	unit.dispatcher = pin_get(pin);
	if (unit.dispatcher == -EPERM || unit.dispatcher == -EACCES)
		return fail_bpf(f, -unit.dispatcher, "cannot open %s", pin);
	if (unit.dispatcher >= 0) {
		snprintf(pin, sizeof(pin), "%s/waiting", path);
		unit.waiting = pin_get(pin);
	}
	for (size_t i = 0; i < N_PARTS && unit.waiting >= 0; i++) {
		snprintf(pin, sizeof(pin), "%s/%s", path, parts[i].pin);
		fd = part_fd(&unit, &parts[i]);
		*fd = pin_get_map(pin, &parts[i].shape, NULL);
		if (*fd < 0)
			break;
	}
	if (unit.owner < 0 || bpf_map_lookup_elem(unit.owner, &key, &owner) < 0)
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is missing or not what bpffw made",
				  pin);
	unit.frags = owner.frags;
	*ret_unit = unit;
	unit = UNIT_NONE;
	return 0;
}

int unit_check_netns(const struct unit *unit, const char *bpffs, struct failure *f)
{
	struct owner owner = { 0 };
	struct netns here;
	uint32_t key = 0;
	int ret = netns_current(&here, f);

	if (ret < 0)
		return ret;
	if (bpf_map_lookup_elem(unit->owner, &key, &owner) < 0)
		return fail_bpf(f, errno, "cannot read the owner of %s", bpffs);
	if (owner.netns.inode == here.inode && owner.netns.cookie == here.cookie)
		return 0;
	return fail_help(f,
			 fail_plain(f, EXDEV, EXIT_SYSTEM,
				    "%s belongs to network namespace %llu, this is %llu", bpffs,
				    (unsigned long long)owner.netns.inode,
				    (unsigned long long)here.inode),
			 "enter that one (nsenter --net=...), or give this one its own --bpffs, "
			 "--state-dir and --run-dir; if it is gone: rm -r %s",
			 bpffs);
}

static void *map_value(int fd, size_t size, struct failure *f)
{
	void *value = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (value == MAP_FAILED) {
		fail(f, errno, "cannot map the dispatcher's settings");
		return NULL;
	}
	return value;
}

/* An entry is read by one 64-bit load in the dispatcher, so it is written by one store. */
static void store_entry(struct iface_slot *slot, uint32_t ifindex, uint32_t number)
{
	union {
		struct iface_slot slot;
		uint64_t word;
	} entry = { .slot = { .ifindex = ifindex, .number = number } };

	__atomic_store_n((uint64_t *)slot, entry.word, __ATOMIC_RELEASE);
}

int unit_number(const struct unit *unit, uint32_t ifindex, uint32_t number, struct failure *f)
{
	struct iface_slot *table = map_value(unit->ifaces, IFACE_SLOTS * sizeof(*table), f), *slot;
	struct iface_slot *found = NULL;
	uint32_t hash = (uint32_t)(ifindex * IFACE_HASH) >> 22;

	if (!table)
		return -f->err;
	for (uint32_t i = IFACE_PROBES; i-- > 0;) {
		slot = &table[(hash + i) & (IFACE_SLOTS - 1)];
		if (slot->ifindex == ifindex || (!slot->ifindex && (!found || !found->ifindex)))
			found = slot;
	}
	if (found && (number || found->ifindex == ifindex))
		store_entry(found, number ? ifindex : 0, number);
	munmap(table, IFACE_SLOTS * sizeof(*table));
	if (!found && number)
		return fail_plain(f, ENOSPC, EXIT_SYSTEM,
				  "no room for interface %u in the table of %d interfaces", ifindex,
				  IFACE_SLOTS);
	return 0;
}

int unit_sweep(const struct unit *unit, const netdevs *devices, struct failure *f)
{
	struct iface_slot *table = map_value(unit->ifaces, IFACE_SLOTS * sizeof(*table), f);
	bool present;

	if (!table)
		return -f->err;
	for (uint32_t i = 0; i < IFACE_SLOTS; i++) {
		present = !table[i].ifindex;
		vec_for_each(device, devices)
			present = present || device->ifindex == table[i].ifindex;
		if (!present)
			store_entry(&table[i], 0, 0);
	}
	munmap(table, IFACE_SLOTS * sizeof(*table));
	return 0;
}

int unit_fail_open(const struct unit *unit, bool fail_open, bool *ret_was, struct failure *f)
{
	struct dispatcher_config *config = map_value(unit->config, sizeof(*config), f);

	if (!config)
		return -f->err;
	*ret_was = __atomic_exchange_n(&config->fail_open, fail_open, __ATOMIC_ACQ_REL);
	munmap(config, sizeof(*config));
	return 0;
}

int unit_set_front(const struct unit *unit, enum jmp_slot slot, bool on, struct failure *f)
{
	struct dispatcher_config *config = map_value(unit->config, sizeof(*config), f);

	if (!config)
		return -f->err;
	__atomic_store_n(slot == JMP_DROPS ? &config->drops : &config->trace, on, __ATOMIC_RELEASE);
	munmap(config, sizeof(*config));
	return 0;
}

int unit_write(const struct unit *unit, enum jmp_slot slot, int program, struct failure *f)
{
	uint32_t key = slot;
	int ret = program < 0 ? bpf_map_delete_elem(unit->jmp, &key)
			      : bpf_map_update_elem(unit->jmp, &key, &program, BPF_ANY);

	return ret < 0 && ret != -ENOENT
		       ? fail_bpf(f, -ret, "cannot write a slot in front of the ruleset")
		       : 0;
}

bool unit_has(const struct unit *unit, enum jmp_slot slot)
{
	uint32_t key = slot, id;

	return bpf_map_lookup_elem(unit->jmp, &key, &id) == 0;
}

uint32_t unit_slot(const struct unit *unit)
{
	uint32_t key = 0, id = 0;

	return bpf_map_lookup_elem(unit->jmp, &key, &id) < 0 ? 0 : id;
}

int unit_commit(const struct unit *unit, int program, struct failure *f)
{
	uint32_t key = 0;
	int ret;

	if (program < 0)
		ret = bpf_map_delete_elem(unit->jmp, &key);
	else
		ret = bpf_map_update_elem(unit->jmp, &key, &program, BPF_ANY);
	return ret < 0 ? fail_bpf(f, errno, "cannot write the slot of the running ruleset") : 0;
}
