/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys, values and counts of the run-time entries, as bpf/list.h lays them out. */
#include "bpffw/runtime/list_maps.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/list_base.h"
#include "bpffw/runtime/list_fold.h"
#include "bpffw/runtime/pin.h"
#include "compiler/base/map.h"
#include "compiler/gen/compiled.h"

#define WALK_BATCH 4096u

const char *const list_map_names[LIST_MAPS] = { "list4", "list6", "listp4", "listp6",
						"list_folded" };

size_t list_key_size(enum list_map map)
{
	static const size_t sizes[LIST_MAPS] = {
		sizeof(struct list_key4),
		sizeof(struct list_key6),
		sizeof(struct list_prefix4),
		sizeof(struct list_prefix6),
	};

	return sizes[map];
}

/* ---- keys ---- */

static struct list_prefix6 wire_prefix6(uint32_t number, uint64_t high, uint64_t low,
					uint32_t length)
{
	return (struct list_prefix6){ 32 + length,
				      htonl(number),
				      { htonl((uint32_t)(high >> 32)), htonl((uint32_t)high),
					htonl((uint32_t)(low >> 32)), htonl((uint32_t)low) } };
}

struct list_place list_place_of(uint32_t number, const struct list_prefix *prefix)
{
	struct list_place place = { .map = LIST_MAP4, .table = LIST_HASH };
	bool whole = prefix->length == list_bits(prefix->kind);
	uint64_t high = (uint64_t)(prefix->value >> 64), low = (uint64_t)prefix->value;
	bool small = prefix->kind == LIST_ADDR4 || prefix->kind == LIST_PORT;

	if (small && whole) {
		place.key.addr4 = (struct list_key4){ number, (uint32_t)low };
	} else if (small) {
		place.map = LIST_MAPP4;
		place.table = LIST_TRIE4;
		place.key.prefix4 = (struct list_prefix4){
			32u + prefix->length, htonl(number),
			htonl((uint32_t)(prefix->kind == LIST_PORT ? low << 16 : low))
		};
	} else if (whole || (prefix->kind == LIST_ADDR6 && prefix->length == 64)) {
		place.map = LIST_MAP6;
		place.table = whole ? LIST_HASH : LIST_HASH64;
		place.key.addr6 = (struct list_key6){ number, prefix->length, high, low };
	} else {
		place.map = LIST_MAPP6;
		place.table = LIST_TRIE6;
		if (prefix->kind == LIST_MAC) {
			high = low << 16;
			low = 0;
		}
		place.key.prefix6 = wire_prefix6(number, high, low, prefix->length);
	}
	return place;
}

uint32_t list_number_of(const struct list_place *place)
{
	switch (place->map) {
	case LIST_MAP4:
		return place->key.addr4.number;
	case LIST_MAP6:
		return place->key.addr6.number;
	case LIST_MAPP4:
		return ntohl(place->key.prefix4.number_be);
	default:
		return ntohl(place->key.prefix6.number_be);
	}
}

static u128 wide_value(const struct list_prefix6 *key)
{
	u128 value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 32 | ntohl(key->addr_be[i]);
	return value;
}

struct list_prefix list_prefix_of(const struct list_place *place, const struct list_value *value,
				  enum value_type type)
{
	const struct list_key6 *addr6 = &place->key.addr6;
	uint32_t addr4;
	u128 wide;

	switch (place->map) {
	case LIST_MAP4:
		return (struct list_prefix){ type == TYPE_PORT ? LIST_PORT : LIST_ADDR4,
					     type == TYPE_PORT ? 16 : 32, place->key.addr4.addr };
	case LIST_MAP6:
		return (struct list_prefix){ type == TYPE_MAC ? LIST_MAC : LIST_ADDR6,
					     (uint8_t)addr6->length,
					     (u128)addr6->high << 64 | addr6->low };
	case LIST_MAPP4:
		addr4 = ntohl(place->key.prefix4.addr_be);
		return (struct list_prefix){ type == TYPE_PORT ? LIST_PORT : LIST_ADDR4,
					     (uint8_t)value->length,
					     type == TYPE_PORT ? addr4 >> 16 : addr4 };
	default:
		wide = wide_value(&place->key.prefix6);
		return (struct list_prefix){ type == TYPE_MAC ? LIST_MAC : LIST_ADDR6,
					     (uint8_t)value->length,
					     type == TYPE_MAC ? wide >> 80 : wide };
	}
}

/* ---- entries ---- */

static int fd_of(const struct lists *lists, const struct list_place *place)
{
	return lists->maps[place->map];
}

static uint32_t table_of(const struct list_place *place)
{
	if (place->table != LIST_FOLDED)
		return place->table;
	return place->map == LIST_MAPP4 ? LIST_TRIE4 : LIST_TRIE6;
}

static uint64_t *count_of(struct lists *lists, const struct list_place *place)
{
	uint32_t number = list_number_of(place);

	assert(number < LISTS_MAX);
	return (uint64_t *)&lists->rows[number].entries[table_of(place)];
}

static struct list_folded *folded_at(const struct lists *lists, const struct list_place *place)
{
	uint32_t number = list_number_of(place);
	struct list_value value = { 0 };
	struct list_prefix prefix;

	if (!lists->folded.size || (place->map != LIST_MAPP4 && place->map != LIST_MAPP6))
		return NULL;
	/* Both keys begin with the bits. */
	value.length = place->key.prefix4.bits - 32;
	prefix = list_prefix_of(place, &value, (enum value_type)lists->rows[number].type);
	return list_fold_get(lists->folded, number, &prefix);
}

/* A trie answers with the longest that covers it. */
static bool get_unfolded(const struct lists *lists, const struct list_place *place,
			 struct list_value *ret_value)
{
	struct list_value value;

	if (bpf_map_lookup_elem(fd_of(lists, place), &place->key, &value) < 0)
		return false;
	if ((place->map == LIST_MAPP4 || place->map == LIST_MAPP6) &&
	    value.length + 32 != place->key.prefix4.bits)
		return false;
	*ret_value = value;
	return true;
}

/* Behind a change that was killed a prefix may be folded and in its trie. */
bool list_get(const struct lists *lists, const struct list_place *place,
	      struct list_value *ret_value)
{
	const struct list_folded *folded = folded_at(lists, place);
	struct list_value value = { 0 };
	bool found = get_unfolded(lists, place, &value);

	if (folded) {
		value.length = folded->length;
		if (folded->expiry > value.expiry)
			value.expiry = folded->expiry;
		if (folded->file > value.file)
			value.file = folded->file;
	}
	if (found || folded)
		*ret_value = value;
	return found || folded;
}

bool list_get_trie(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		   struct list_value *ret_value)
{
	uint64_t now = list_now();
	const struct list_folded *folded;
	struct list_prefix at = *prefix;
	struct list_value value;
	bool found = false;
	bool small = prefix->kind == LIST_ADDR4 || prefix->kind == LIST_PORT;
	struct list_place place = { .map = small ? LIST_MAPP4 : LIST_MAPP6 };
	uint64_t high = (uint64_t)(at.value >> 64), low = (uint64_t)at.value;

	if (at.kind == LIST_MAC) {
		high = low << 16;
		low = 0;
	}
	if (small)
		place.key.prefix4 = (struct list_prefix4){
			32u + at.length, htonl(number),
			htonl((uint32_t)(at.kind == LIST_PORT ? low << 16 : low))
		};
	else
		place.key.prefix6 = wire_prefix6(number, high, low, at.length);
	while (bpf_map_lookup_elem(fd_of(lists, &place), &place.key, &value) == 0) {
		found = list_is_live(&value, now);
		if (found || !value.length)
			break;
		place.key.prefix4.bits = 32 + value.length - 1;
	}
	folded = list_fold_match(lists->folded, number, prefix, now);
	if (folded && (!found || folded->length > value.length))
		value = (struct list_value){ folded->expiry, folded->file, folded->length, 0 };
	if (found || folded)
		*ret_value = value;
	return found || folded;
}

int list_insert(struct lists *lists, const struct list_place *place, const struct list_value *value)
{
	uint64_t *count = count_of(lists, place);
	int ret;

	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	ret = bpf_map_update_elem(fd_of(lists, place), &place->key, value, BPF_ANY);
	if (ret < 0)
		__atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST);
	return ret;
}

int list_replace(struct lists *lists, const struct list_place *place,
		 const struct list_value *value)
{
	struct list_folded *folded = folded_at(lists, place);
	struct list_value present;

	if (folded) {
		*(volatile uint64_t *)&folded->expiry = value->expiry;
		*(volatile uint64_t *)&folded->file = value->file;
		if (!get_unfolded(lists, place, &present))
			return 0;
	}
	return bpf_map_update_elem(fd_of(lists, place), &place->key, value, BPF_ANY);
}

void list_remove(struct lists *lists, const struct list_place *place)
{
	struct list_folded *folded = folded_at(lists, place);

	if (folded) {
		*(volatile uint64_t *)&folded->expiry = 0;
		*(volatile uint64_t *)&folded->file = 0;
		lists->rows[folded->number % LISTS_MAX].folded--;
	}
	list_remove_trie(lists, place);
}

void list_end_folded(struct lists *lists, const struct list_place *place, uint64_t expiry)
{
	struct list_folded *folded = folded_at(lists, place);

	/* A rule may be prolonging it. */
	if (folded && !folded->file &&
	    __atomic_compare_exchange_n((uint64_t *)&folded->expiry, &expiry, 0, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		lists->rows[folded->number % LISTS_MAX].folded--;
}

void list_remove_trie(struct lists *lists, const struct list_place *place)
{
	if (bpf_map_delete_elem(fd_of(lists, place), &place->key) == 0)
		__atomic_fetch_sub(count_of(lists, place), 1, __ATOMIC_SEQ_CST);
}

/* ---- walking ---- */

struct batch {
	size_t key_size;
	uint8_t *keys;
	struct list_value *values;
};

static void visit_batch(enum list_map map, const struct batch *batch, uint32_t n, list_visit *visit,
			void *ctx)
{
	struct list_place place = { .map = map };

	for (uint32_t i = 0; i < n; i++) {
		memcpy(&place.key, batch->keys + i * batch->key_size, batch->key_size);
		if (map == LIST_MAP6 && place.key.addr6.length == 64)
			place.table = LIST_HASH64;
		else
			place.table = map == LIST_MAPP4   ? LIST_TRIE4
				      : map == LIST_MAPP6 ? LIST_TRIE6
							  : LIST_HASH;
		visit(ctx, &place, &batch->values[i]);
	}
}

static int walk_hash(int fd, enum list_map map, const struct batch *batch, list_visit *visit,
		     void *ctx)
{
	uint8_t position[64];
	bool started = false;
	int ret;

	do {
		uint32_t n = WALK_BATCH;

		ret = bpf_map_lookup_batch(fd, started ? position : NULL, position, batch->keys,
					   batch->values, &n, NULL);
		if (ret < 0 && ret != -ENOENT)
			return ret;
		visit_batch(map, batch, n, visit, ctx);
		started = true;
	} while (ret == 0);
	return 0;
}

/* Key by key; an entry that goes in between sends the walk back to its start: so it is bounded. */
static int walk_trie(int fd, enum list_map map, const struct batch *batch, list_visit *visit,
		     void *ctx)
{
	uint8_t *key = batch->keys, *next = batch->keys + batch->key_size;
	const struct batch one = { batch->key_size, next, batch->values };
	bool started = false;

	for (uint32_t n = 0;
	     n < 2 * LIST_TRIE_ENTRIES && bpf_map_get_next_key(fd, started ? key : NULL, next) == 0;
	     n++) {
		if (bpf_map_lookup_elem(fd, next, batch->values) == 0)
			visit_batch(map, &one, 1, visit, ctx);
		memcpy(key, next, batch->key_size);
		started = true;
	}
	return 0;
}

static void walk_folded(const struct lists *lists, list_visit *visit, void *ctx)
{
	uint32_t first, n = list_fold_count(lists->folded, &first);

	for (uint32_t i = 0; i < n; i++) {
		const struct list_folded *record = &list_cell(lists->folded, first + i)->record;
		const struct list_prefix prefix = { (enum list_kind)record->kind,
						    (uint8_t)record->length,
						    (u128)record->high << 64 | record->low };
		const struct list_value value = { record->expiry, record->file, record->length, 0 };
		struct list_place place = list_place_of(record->number, &prefix);

		place.table = LIST_FOLDED;
		if (value.expiry || value.file)
			visit(ctx, &place, &value);
	}
}

int list_walk(const struct lists *lists, enum list_map map, list_visit *visit, void *ctx)
{
	struct batch batch = { .key_size = list_key_size(map) };
	int ret = -ENOMEM;

	if (map == LIST_MAP_FOLDED) {
		walk_folded(lists, visit, ctx);
		return 0;
	}
	batch.keys = calloc(WALK_BATCH, batch.key_size);
	batch.values = calloc(WALK_BATCH, sizeof(*batch.values));
	if (batch.keys && batch.values)
		ret = (map == LIST_MAP4 || map == LIST_MAP6 ? walk_hash : walk_trie)(
			lists->maps[map], map, &batch, visit, ctx);
	free(batch.keys);
	free(batch.values);
	return ret;
}

int list_walk_all(const struct lists *lists, list_visit *visit, void *ctx, struct failure *f)
{
	for (int map = 0; map < LIST_MAPS; map++) {
		int ret = list_walk(lists, (enum list_map)map, visit, ctx);

		if (ret < 0)
			return fail_bpf(f, -ret, "cannot read the entries of the lists");
	}
	return 0;
}

/* ---- opening ---- */

int list_maps_open(struct store *store, struct arena *arena, const int fds[LIST_MAPS], int rows,
		   struct lists *ret_lists, struct failure *f)
{
	struct lists lists = { .store = store, .arena = arena };
	void *at = mmap(NULL, LISTS_MAX * sizeof(struct list_row), PROT_READ | PROT_WRITE,
			MAP_SHARED, rows, 0);

	if (at == MAP_FAILED)
		return fail(f, errno, "cannot map the table of the lists");
	lists.rows = at;
	memcpy(lists.maps, fds, sizeof(lists.maps));
	list_fold_map(fds[LIST_MAP_FOLDED], &lists.folded);
	*ret_lists = lists;
	return 0;
}

void list_maps_close(struct lists *lists)
{
	if (lists->rows)
		munmap(lists->rows, LISTS_MAX * sizeof(struct list_row));
	lists->rows = NULL;
	list_base_unmap(&lists->folded);
}

uint32_t lists_map_wanted(const struct compiled *compiled)
{
	return compiled->list_entries;
}

/*
 * Carrying the entries of a map over to a larger one, twice: before the commit into an empty one,
 * behind it once more for what the old programs added meanwhile. What the new map has is read
 * first, so that the second time costs no system call for each entry.
 */
struct carry {
	struct lists to;
	enum list_map map;
	struct arena *arena;
	struct map known; /* keys of the new map to its values */
	VEC(struct list_value) values;
	struct batch missing;
	uint32_t n_missing;
	int ret;
};

static struct str key_text(struct arena *arena, const struct list_place *place)
{
	size_t size = list_key_size(place->map);

	return (struct str){ arena_memdup(arena, &place->key, size), (uint32_t)size };
}

static void carry_known(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct carry *carry = ctx;

	if (map_add(carry->arena, &carry->known, key_text(carry->arena, place), carry->values.len))
		vec_push(carry->arena, &carry->values, *value);
}

/* The new map may have the entry by now, and longer. */
static void carry_one(struct carry *carry, const struct list_place *place,
		      const struct list_value *value)
{
	struct list_value merged = *value, present;

	if (list_get(&carry->to, place, &present)) {
		merged = present;
		if (value->expiry > present.expiry)
			merged.expiry = value->expiry;
	}
	carry->ret = list_replace(&carry->to, place, &merged);
}

/* A rule adds to the new map, too: what it has in the end is not replaced. */
static void carry_single(struct carry *carry, const struct list_place *place,
			 const struct list_value *value)
{
	carry->ret =
		bpf_map_update_elem(carry->to.maps[carry->map], &place->key, value, BPF_NOEXIST);
	if (carry->ret == -EEXIST)
		carry_one(carry, place, value);
}

static void carry_missing(struct carry *carry)
{
	const struct batch *batch = &carry->missing;
	uint32_t n = carry->n_missing;

	/* So many at once are missing only before the commit, when no program has the new map: a
	 * batch replaces what it finds. */
	if (n == WALK_BATCH && !carry->known.len)
		carry->ret = bpf_map_update_batch(carry->to.maps[carry->map], batch->keys,
						  batch->values, &n, NULL);
	else
		n = 0;
	for (uint32_t i = n; i < carry->n_missing && carry->ret == 0; i++) {
		struct list_place place = { .map = carry->map };

		memcpy(&place.key, batch->keys + i * batch->key_size, batch->key_size);
		carry_single(carry, &place, &batch->values[i]);
	}
	carry->n_missing = 0;
}

static void carry_next(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct carry *carry = ctx;
	struct batch *missing = &carry->missing;
	struct str key = { (const char *)&place->key, (uint32_t)missing->key_size };
	uint32_t index;

	if (carry->ret < 0)
		return;
	if (map_find(&carry->known, key, &index)) {
		if (value->expiry > carry->values.data[index].expiry)
			carry_one(carry, place, value);
		return;
	}
	memcpy(missing->keys + carry->n_missing * missing->key_size, &place->key,
	       missing->key_size);
	missing->values[carry->n_missing] = *value;
	if (++carry->n_missing == WALK_BATCH)
		carry_missing(carry);
}

int lists_map_fill(int old, int fresh, const struct compiled *compiled, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	struct lists from = { 0 };
	struct carry carry = { .arena = arena };
	int ret;

	(void)compiled;
	if (old < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fresh, &info, &len) < 0)
		return fail_bpf(f, errno, "cannot carry the entries of the lists over");
	carry.map = info.key_size == sizeof(struct list_key4) ? LIST_MAP4 : LIST_MAP6;
	carry.missing = (struct batch){ .key_size = info.key_size };
	carry.missing.keys = arena_alloc(arena, (size_t)WALK_BATCH * info.key_size);
	carry.missing.values = arena_new_array(arena, struct list_value, WALK_BATCH);
	from.maps[carry.map] = old;
	carry.to.maps[carry.map] = fresh;
	ret = list_walk(&carry.to, carry.map, carry_known, &carry);
	if (ret == 0)
		ret = list_walk(&from, carry.map, carry_next, &carry);
	if (ret == 0 && carry.ret == 0)
		carry_missing(&carry);
	if (ret == 0)
		ret = carry.ret;
	return ret < 0 ? fail_bpf(f, -ret, "cannot carry the entries of the lists over") : 0;
}

uint32_t list_row_find(const struct list_row *rows, struct str name)
{
	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		if (rows[i].name[0] && str_is(name, rows[i].name))
			return i;
	}
	return 0;
}
