/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds the blob of bpf/list_base.h from normalised ranges. The tables are placed in ordinary
 * memory, since a hash table that gets too full somewhere is placed again, larger; the map takes a
 * copy.
 */
#include "bpffw/runtime/list_base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/list.h"
#include "bpffw/runtime/pin.h"

/* Up to so many intervals the tree is as fast as the 4 MB of two bits for each /24. */
#define TREE_RANGES 4096
#define BLOCKS_SIZE (1u << 22)
#define SLOTS_MORE  5 / 8 /* free slots for each used one */
/* The verifier knows no offset above. */
#define BLOB_MAX (1ull << 29)

/* ---- the blob as it grows ---- */

uint64_t list_base_add(struct blob *blob, uint64_t size)
{
	uint64_t at = blob->size;

	size = (size + 63) / 64 * 64;
	if (at + size > blob->room) {
		uint64_t room = (at + size) * 3 / 2;
		uint8_t *data = realloc(blob->data, room);

		if (!data)
			abort();
		memset(data + at, 0, room - at);
		blob->data = data;
		blob->room = room;
	}
	blob->size = at + size;
	return at;
}

static struct list_dir *dir_of(struct blob *blob, uint32_t number)
{
	return (struct list_dir *)blob->data + number;
}

/* ---- trees ---- */

static void set_bounds(uint64_t *node, const bounds *all, uint64_t first, uint64_t step)
{
	for (uint32_t i = 0; i < LIST_TREE_FAN; i++) {
		uint64_t at = first + i * step;

		node[i] = at < all->len ? all->data[at] : UINT64_MAX;
	}
}

struct list_tree list_base_tree(struct blob *blob, const bounds *all)
{
	uint64_t n_leaves = (all->len + LIST_TREE_FAN - 1) / LIST_TREE_FAN;
	uint64_t n_nodes = 1, start = 0, step = 1;
	uint32_t levels = 1;
	struct list_tree tree;
	uint64_t *node;

	for (; n_nodes < n_leaves; levels++) {
		start = start * LIST_TREE_FAN + 1;
		n_nodes *= LIST_TREE_FAN;
		step *= LIST_TREE_FAN;
	}
	tree = (struct list_tree){ (uint32_t)list_base_add(blob, (start + n_leaves) * 64),
				   all->len - 1, levels };
	node = (uint64_t *)(blob->data + tree.at);
	n_nodes = 1;
	for (uint32_t level = 0; level < levels; level++) {
		if (level == levels - 1)
			n_nodes = n_leaves;
		for (uint64_t i = 0; i < n_nodes; i++, node += LIST_TREE_FAN)
			set_bounds(node, all, i * LIST_TREE_FAN * step, step);
		n_nodes *= LIST_TREE_FAN;
		step /= LIST_TREE_FAN;
	}
	return tree;
}

static void add_bounds(struct arena *arena, bounds *all, uint64_t lo, uint64_t hi)
{
	if (!all->len)
		vec_push(arena, all, 0);
	vec_push(arena, all, lo);
	if (hi != UINT64_MAX)
		vec_push(arena, all, hi + 1);
}

static struct list_tree add_range_tree(struct blob *blob, struct arena *arena, const ranges *from)
{
	bounds all = { 0 };

	vec_for_each(range, from)
		add_bounds(arena, &all, (uint64_t)range->lo, (uint64_t)range->hi);
	return all.len ? list_base_tree(blob, &all) : (struct list_tree){ 0 };
}

/* ---- hash tables ---- */

/* One kind of slot: its size, its key, and whether it is in use. */
struct slots {
	size_t size;
	uint64_t (*key)(const void *slot);
	bool (*used)(const void *slot);
};

static uint64_t single_key(const void *slot)
{
	return *(const uint32_t *)slot;
}

static bool single_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static uint64_t bitmap_key(const void *slot)
{
	return ((const struct list_bitmap *)slot)->key;
}

static bool bitmap_used(const void *slot)
{
	return ((const struct list_bitmap *)slot)->key != 0;
}

static uint64_t host_key(const void *slot)
{
	return ((const struct list_host *)slot)->high;
}

static bool host_used(const void *slot)
{
	return ((const struct list_host *)slot)->how != LIST_HOST_EMPTY;
}

static const struct slots singles = { sizeof(uint32_t), single_key, single_used };
static const struct slots bitmaps = { sizeof(struct list_bitmap), bitmap_key, bitmap_used };
static const struct slots hosts = { sizeof(struct list_host), host_key, host_used };

/* Return: false when a search would be longer than LIST_PROBES. */
static bool place_slots(const struct slots *kind, uint8_t *table, uint32_t n_slots,
			const uint8_t *items, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *item = items + i * kind->size;
		uint8_t *slot = table + list_slot(kind->key(item), n_slots) * kind->size;
		uint32_t probe = 0;

		/* The last slot of a search stays free: it ends there. */
		while (probe < LIST_PROBES - 1 && kind->used(slot + probe * kind->size))
			probe++;
		if (probe == LIST_PROBES - 1)
			return false;
		memcpy(slot + probe * kind->size, item, kind->size);
	}
	return true;
}

static uint32_t add_slots(struct blob *blob, const struct slots *kind, const void *items,
			  uint32_t n, uint32_t *ret_n_slots)
{
	uint64_t before = blob->size, n_slots = n + (uint64_t)n * SLOTS_MORE + 16;
	uint64_t at = list_base_add(blob, (n_slots + LIST_PROBES) * kind->size);

	while (!place_slots(kind, blob->data + at, (uint32_t)n_slots, items, n)) {
		memset(blob->data + at, 0, (n_slots + LIST_PROBES) * kind->size);
		n_slots += n_slots / 4;
		blob->size = before;
		at = list_base_add(blob, (n_slots + LIST_PROBES) * kind->size);
	}
	*ret_n_slots = (uint32_t)n_slots;
	return (uint32_t)at;
}

/* ---- IPv4 ---- */

struct addrs4 {
	struct arena *arena;
	uint8_t *blocks;
	VEC(uint32_t) singles;
	VEC(struct list_bitmap) bitmaps;
	uint32_t block; /* the /24 under way, and which addresses of it */
	uint64_t bits[4];
};

static void set_block(struct addrs4 *addrs, uint32_t block, enum list_block code)
{
	addrs->blocks[block >> 2] |= (uint8_t)(code << (block & 3) * 2);
}

static void add_singles(struct addrs4 *addrs)
{
	set_block(addrs, addrs->block, LIST_BLOCK_SINGLE);
	for (uint32_t i = 0; i < 4; i++) {
		if (addrs->bits[i])
			vec_push(addrs->arena, &addrs->singles,
				 addrs->block << 8 | i << 6 |
					 (uint32_t)__builtin_ctzll(addrs->bits[i]));
	}
}

static void add_bitmaps(struct addrs4 *addrs)
{
	set_block(addrs, addrs->block, LIST_BLOCK_BITMAP);
	for (uint32_t i = 0; i < 4; i++) {
		if (addrs->bits[i])
			vec_push(addrs->arena, &addrs->bitmaps,
				 ((struct list_bitmap){ (addrs->block << 2 | i) + 1ull,
							addrs->bits[i] }));
	}
}

static void end_block(struct addrs4 *addrs)
{
	uint32_t n = 0, n_words = 0;

	for (uint32_t i = 0; i < 4; i++) {
		n += (uint32_t)__builtin_popcountll(addrs->bits[i]);
		n_words += addrs->bits[i] != 0;
	}
	if (n == 256)
		set_block(addrs, addrs->block, LIST_BLOCK_ALL);
	else if (n == n_words && n && !(addrs->block == 0 && addrs->bits[0] & 1))
		add_singles(addrs);
	else if (n)
		add_bitmaps(addrs);
	memset(addrs->bits, 0, sizeof(addrs->bits));
}

/* The addresses @lo to @hi of one /24. */
static void add_part(struct addrs4 *addrs, uint32_t block, uint32_t lo, uint32_t hi)
{
	if (block != addrs->block)
		end_block(addrs);
	addrs->block = block;
	for (uint32_t addr = lo; addr <= hi; addr++)
		addrs->bits[addr >> 6] |= 1ull << (addr & 63);
}

static void add_range4(struct addrs4 *addrs, uint32_t lo, uint32_t hi)
{
	uint32_t first = lo >> 8, last = hi >> 8;

	if (first == last) {
		add_part(addrs, first, lo & 255, hi & 255);
		return;
	}
	add_part(addrs, first, lo & 255, 255);
	for (uint32_t block = first + 1; block < last; block++)
		set_block(addrs, block, LIST_BLOCK_ALL);
	add_part(addrs, last, 0, hi & 255);
}

static void add_addrs4(struct blob *blob, struct arena *arena, uint32_t number, const ranges *from)
{
	struct addrs4 addrs = { .arena = arena };
	struct list_dir dir = *dir_of(blob, number);

	if (from->len <= TREE_RANGES) {
		dir.tree = add_range_tree(blob, arena, from);
		*dir_of(blob, number) = dir;
		return;
	}
	dir.blocks4 = (uint32_t)list_base_add(blob, BLOCKS_SIZE);
	addrs.blocks = blob->data + dir.blocks4;
	vec_for_each(range, from)
		add_range4(&addrs, (uint32_t)range->lo, (uint32_t)range->hi);
	end_block(&addrs);
	dir.single4 =
		add_slots(blob, &singles, addrs.singles.data, addrs.singles.len, &dir.n_single4);
	dir.bitmap4 =
		add_slots(blob, &bitmaps, addrs.bitmaps.data, addrs.bitmaps.len, &dir.n_bitmap4);
	*dir_of(blob, number) = dir;
}

/* ---- IPv6 ---- */

struct addrs6 {
	struct blob *blob;
	struct arena *arena;
	bounds wide;
	VEC(struct list_host) hosts;
	uint64_t high; /* the /64 under way, and the ranges in it */
	ranges low;
};

static void end_host(struct addrs6 *addrs)
{
	struct list_host host = { .high = addrs->high, .how = LIST_HOST_TREE };
	const struct range *first = addrs->low.data;

	if (!addrs->low.len)
		return;
	host.low = (uint64_t)first->lo;
	if (addrs->low.len == 1 && first->lo == first->hi)
		host.how = LIST_HOST_ONE;
	else if (first->lo == 0 && first->hi == UINT64_MAX)
		host.how = LIST_HOST_WHOLE;
	else
		host.tree = add_range_tree(addrs->blob, addrs->arena, &addrs->low);
	vec_push(addrs->arena, &addrs->hosts, host);
	addrs->low.len = 0;
}

static void add_low(struct addrs6 *addrs, uint64_t high, uint64_t lo, uint64_t hi)
{
	if (high != addrs->high)
		end_host(addrs);
	addrs->high = high;
	vec_push(addrs->arena, &addrs->low, ((struct range){ lo, hi }));
}

static void add_range6(struct addrs6 *addrs, u128 lo, u128 hi)
{
	uint64_t first = (uint64_t)(lo >> 64), last = (uint64_t)(hi >> 64);

	if (first == last) {
		add_low(addrs, first, (uint64_t)lo, (uint64_t)hi);
		return;
	}
	if ((uint64_t)lo)
		add_low(addrs, first++, (uint64_t)lo, UINT64_MAX);
	if ((uint64_t)hi != UINT64_MAX)
		last--;
	/* Whole ones: from first to last, which may be one or none. */
	if (first == last)
		add_low(addrs, first, 0, UINT64_MAX);
	else if (first < last)
		add_bounds(addrs->arena, &addrs->wide, first, last);
	if ((uint64_t)hi != UINT64_MAX)
		add_low(addrs, (uint64_t)(hi >> 64), 0, (uint64_t)hi);
}

static void add_addrs6(struct blob *blob, struct arena *arena, uint32_t number, const ranges *from)
{
	struct addrs6 addrs = { .blob = blob, .arena = arena };
	struct list_dir dir;

	vec_for_each(range, from)
		add_range6(&addrs, range->lo, range->hi);
	end_host(&addrs);
	dir = *dir_of(blob, number);
	if (addrs.hosts.len)
		dir.host6 =
			add_slots(blob, &hosts, addrs.hosts.data, addrs.hosts.len, &dir.n_host6);
	if (addrs.wide.len)
		dir.tree6 = list_base_tree(blob, &addrs.wide);
	*dir_of(blob, number) = dir;
}

/* ---- the whole ---- */

static void add_ports(struct blob *blob, uint32_t number, const ranges *from)
{
	uint32_t at;
	uint64_t *bits;

	if (!from->len)
		return;
	at = (uint32_t)list_base_add(blob, 65536 / 8);
	bits = (uint64_t *)(blob->data + at);
	vec_for_each(range, from) {
		for (uint32_t port = (uint32_t)range->lo; port <= (uint32_t)range->hi; port++)
			bits[port >> 6] |= 1ull << (port & 63);
	}
	dir_of(blob, number)->ports = at;
}

/* Entries with a timeout are run-time entries. */
static void static_members(struct arena *arena, const struct set *set, ranges *ret_members)
{
	bool timed = false;

	vec_for_each(entry, &set->entries)
		timed = timed || entry->timeout;
	memcpy(ret_members, set->members, sizeof(set->members));
	if (!timed)
		return;
	memset(ret_members, 0, sizeof(set->members));
	vec_for_each(entry, &set->entries) {
		if (!entry->timeout)
			vec_push(arena, &ret_members[entry->family == FAMILY_IPV6], entry->range);
	}
	ranges_normalise(&ret_members[0]);
	ranges_normalise(&ret_members[1]);
}

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static uint64_t hash_ranges(uint64_t hash, const ranges *from)
{
	hash = hash_add(hash, from->len);
	vec_for_each(range, from) {
		hash = hash_add(hash, (uint64_t)range->lo);
		hash = hash_add(hash, (uint64_t)(range->lo >> 64));
		hash = hash_add(hash, (uint64_t)range->hi);
		hash = hash_add(hash, (uint64_t)(range->hi >> 64));
	}
	return hash;
}

struct static_list {
	uint32_t number;
	enum value_type type;
	ranges members[2];
};
typedef VEC(struct static_list) static_lists;

static void add_static(struct arena *arena, static_lists *lists, const struct set *set)
{
	struct static_list *list;

	if (!set->runtime || !set->entries.len || !set->number || set->number >= LISTS_MAX)
		return;
	list = vec_add(arena, lists);
	list->number = set->number;
	list->type = set->type;
	static_members(arena, set, list->members);
}

static void build_list(struct blob *blob, const struct static_list *list)
{
	/* A million entries leave a lot behind: not in the arena of the compile. */
	_cleanup_arena_ struct arena *arena = arena_new();

	switch (list->type) {
	case TYPE_PORT:
		add_ports(blob, list->number, &list->members[0]);
		break;
	case TYPE_MAC: {
		struct list_tree tree = add_range_tree(blob, arena, &list->members[0]);

		dir_of(blob, list->number)->tree = tree;
		break;
	}
	default:
		add_addrs4(blob, arena, list->number, &list->members[0]);
		add_addrs6(blob, arena, list->number, &list->members[1]);
		break;
	}
}

static void build(const static_lists *lists, uint64_t hash, struct blob *blob)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	list_base_add(blob, LIST_DIR_SIZE);
	vec_for_each(list, lists)
		build_list(blob, list);
	memcpy(dir_of(blob, 0)->pad, &hash, sizeof(hash));
	list_base_add(blob, (page - blob->size % page) % page);
}

static uint64_t collect(struct arena *arena, const struct ruleset *rs, static_lists *lists)
{
	uint64_t hash = 1;

	for (uint32_t i = 0; i < 2; i++)
		add_static(arena, lists, &rs->builtin[i]);
	vec_for_each(set, &rs->sets)
		add_static(arena, lists, set);
	vec_for_each(list, lists) {
		hash = hash_add(hash, list->number << 8 | (uint32_t)list->type);
		hash = hash_ranges(hash, &list->members[0]);
		hash = hash_ranges(hash, &list->members[1]);
	}
	return hash;
}

void list_base_blob(const struct ruleset *rs, void **ret_data, uint64_t *ret_size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static_lists lists = { 0 };
	uint64_t hash = collect(arena, rs, &lists);
	struct blob blob = { 0 };

	build(&lists, hash, &blob);
	*ret_data = blob.data;
	*ret_size = blob.size;
}

/* ---- the map ---- */

static int fill_map(int fd, const struct blob *blob)
{
	void *at = mmap(NULL, blob->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, blob->data, blob->size);
	munmap(at, blob->size);
	return bpf_map_freeze(fd);
}

static int make_map(const struct blob *blob, int *ret_fd, struct failure *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_fd_ int fd = -1;
	int err;

	if (blob->size >= BLOB_MAX)
		return fail_help(f,
				 fail_plain(f, E2BIG, EXIT_SYSTEM,
					    "the lists take %llu MB, more than %llu",
					    (unsigned long long)(blob->size >> 20), BLOB_MAX >> 20),
				 "put addresses that belong together into prefixes");
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_lists", 4, (uint32_t)blob->size, 1, &opts);
	if (fd < 0)
		return fail_bpf(f, -fd, "cannot create the map of the lists (%llu bytes)",
				(unsigned long long)blob->size);
	err = fill_map(fd, blob);
	if (err)
		return fail_bpf(f, -err, "cannot fill the map of the lists (%llu bytes)",
				(unsigned long long)blob->size);
	*ret_fd = take_fd(&fd);
	return 0;
}

int list_base_map(int fd, struct list_view *ret_view)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	void *at;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -ENOENT;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size < LIST_DIR_SIZE)
		return -EINVAL;
	at = mmap(NULL, info.value_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret_view = (struct list_view){ at, info.value_size };
	return 0;
}

void list_base_unmap(struct list_view *view)
{
	if (view->at)
		munmap((void *)(uintptr_t)view->at, view->size);
	*view = (struct list_view){ 0 };
}

static bool is_same(int fd, uint64_t hash, uint32_t *ret_size)
{
	struct list_view view;
	bool same;

	if (list_base_map(fd, &view) < 0)
		return false;
	same = memcmp(((const struct list_dir *)(const void *)view.at)->pad, &hash, sizeof(hash)) ==
	       0;
	*ret_size = (uint32_t)view.size;
	list_base_unmap(&view);
	return same;
}

int list_base_make(const struct ruleset *rs, int old, int *ret_fd, uint32_t *ret_size,
		   struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static_lists lists = { 0 };
	uint64_t hash = collect(arena, rs, &lists);
	struct blob blob = { 0 };
	int ret;

	if (is_same(old, hash, ret_size)) {
		*ret_fd = dup(old);
		return *ret_fd < 0 ? fail(f, errno, "cannot keep the map of the lists") : 0;
	}
	build(&lists, hash, &blob);
	ret = make_map(&blob, ret_fd, f);
	*ret_size = (uint32_t)blob.size;
	free(blob.data);
	return ret;
}
