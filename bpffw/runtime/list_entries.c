/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What commands do with the run-time entries of a list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/list_maps.h"
#include "bpffw/runtime/swap.h"

/* The kernel may be prolonging what ends just now. */
#define SWEEP_GRACE 1000000000ull

static uint64_t total(const struct list_row *row)
{
	uint64_t sum = row->folded;

	for (int table = 0; table < LIST_TABLES; table++)
		sum += row->entries[table];
	return sum;
}

static struct str name_of(const struct lists *lists, uint32_t number)
{
	return str_of(lists->rows[number].name);
}

struct list_counts lists_counts(const struct lists *lists, uint32_t number)
{
	const struct list_row *row = &lists->rows[number];

	return (struct list_counts){ total(row), row->room, row->lost };
}

/* ---- add ---- */

static int add_one(struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		   uint64_t expiry, struct list_added *ret_added)
{
	struct list_place place = list_place_of(number, prefix);
	struct list_row *row = &lists->rows[number];
	struct list_added added = { .outcome = LIST_NEW, .expiry = expiry };
	struct list_value value = { 0 };
	bool exists = list_get(lists, &place, &value);
	int ret;

	if (exists && value.expiry > list_now()) {
		added.before = value.expiry;
		added.outcome = value.expiry < expiry ? LIST_LONGER : LIST_KEPT;
		if (added.outcome == LIST_KEPT)
			added.expiry = value.expiry;
	} else if (!exists && total(row) >= row->room) {
		added.outcome = LIST_NO_ROOM;
	}
	*ret_added = added;
	if (added.outcome == LIST_KEPT || added.outcome == LIST_NO_ROOM)
		return 0;
	value.expiry = expiry;
	value.length = prefix->length;
	ret = exists ? list_replace(lists, &place, &value) : list_insert(lists, &place, &value);
	if (ret == -E2BIG || ret == -ENOSPC) {
		ret_added->outcome = LIST_NO_ROOM;
		return 0;
	}
	return ret;
}

int lists_add(struct lists *lists, uint32_t number, const list_prefixes *prefixes, uint64_t expiry,
	      struct str comment, struct list_added *ret_added, struct failure *f)
{
	int64_t until = list_wall(expiry);
	bans noted = { 0 };

	for (uint32_t i = 0; i < prefixes->len; i++) {
		const struct list_prefix *prefix = &prefixes->data[i];
		struct list_added added;
		int ret = add_one(lists, number, prefix, expiry, &added);

		if (ret < 0)
			return fail_bpf(f, -ret, "cannot add an entry to '%s'",
					lists->rows[number].name);
		if (ret_added)
			ret_added[i] = added;
		if (added.outcome == LIST_NEW || added.outcome == LIST_LONGER)
			vec_push(lists->arena, &noted,
				 ((struct ban){ .name = name_of(lists, number),
						.prefix = *prefix,
						.until = until,
						.comment = comment }));
	}
	return lists->store ? bans_append(lists->store, &noted, f) : 0;
}

/* ---- delete ---- */

/* A static entry with a timeout stays, by the file's time. */
static void drop(struct lists *lists, const struct list_place *place,
		 const struct list_value *value)
{
	struct list_value kept = *value;

	kept.expiry = 0;
	if (value->file)
		list_replace(lists, place, &kept);
	else
		list_remove(lists, place);
}

int lists_del(struct lists *lists, uint32_t number, const struct list_prefix *prefix,
	      struct failure *f)
{
	struct list_place place = list_place_of(number, prefix);
	struct list_value value;

	if (!list_get(lists, &place, &value) || value.expiry <= list_now())
		return -ENOENT;
	drop(lists, &place, &value);
	return lists->store ? bans_append_removed(lists->store, name_of(lists, number), prefix, f)
			    : 0;
}

/* ---- find ---- */

static struct list_entry entry_of(const struct list_prefix *prefix, const struct list_value *value)
{
	bool from_file = value->file > value->expiry;

	return (struct list_entry){ .prefix = *prefix,
				    .expiry = from_file ? value->file : value->expiry,
				    .from_file = from_file };
}

bool lists_find(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		struct list_entry *ret_entry)
{
	struct list_place place = list_place_of(number, prefix);
	struct list_value value;

	if (!list_get(lists, &place, &value) || !list_is_live(&value, list_now()))
		return false;
	*ret_entry = entry_of(prefix, &value);
	return true;
}

static struct list_prefix shorten(const struct list_prefix *prefix, uint8_t length)
{
	uint8_t bits = list_bits(prefix->kind), cut = (uint8_t)(bits - length);
	u128 value = cut == 128 ? 0 : prefix->value >> cut << cut;

	return (struct list_prefix){ prefix->kind, length, value };
}

bool lists_match(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		 struct list_entry *ret_entry)
{
	struct list_prefix best = *prefix;
	struct list_entry hash64;
	struct list_value value;
	bool found;

	if (prefix->length == list_bits(prefix->kind) &&
	    lists_find(lists, number, prefix, ret_entry))
		return true;
	found = list_get_trie(lists, number, prefix, &value);
	if (found) {
		best = shorten(prefix, (uint8_t)value.length);
		*ret_entry = entry_of(&best, &value);
	}
	if (prefix->kind != LIST_ADDR6 || prefix->length < 64 || (found && value.length > 64))
		return found;
	best = shorten(prefix, 64);
	if (!lists_find(lists, number, &best, &hash64))
		return found;
	*ret_entry = hash64;
	return true;
}

bool lists_static(const struct lists *lists, uint32_t number, const struct list_prefix *prefix)
{
	return lists->base.at && prefix->length == list_bits(prefix->kind) &&
	       list_base_has(lists->base, number, prefix->kind, (uint64_t)(prefix->value >> 64),
			     (uint64_t)prefix->value);
}

/* ---- all of a list ---- */

struct gather {
	struct lists *lists;
	struct arena *arena;
	uint32_t number;
	uint64_t now;
	list_entries *entries;
};

static void gather(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct gather *all = ctx;
	struct list_prefix prefix;

	if (list_number_of(place) != all->number || !list_is_live(value, all->now))
		return;
	prefix = list_prefix_of(place, value, (enum value_type)all->lists->rows[all->number].type);
	vec_push(all->arena, all->entries, entry_of(&prefix, value));
}

static int compare_prefixes(const struct list_prefix *x, const struct list_prefix *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->length < y->length ? -1 : x->length > y->length;
}

static int compare_entries(const void *a, const void *b)
{
	return compare_prefixes(&((const struct list_entry *)a)->prefix,
				&((const struct list_entry *)b)->prefix);
}

static void add_comments(const struct lists *lists, uint32_t number, const bans *noted,
			 list_entries *entries)
{
	vec_for_each(ban, noted) {
		struct list_entry key = { .prefix = ban->prefix }, *found;

		if (!ban->comment.len || !str_eq(ban->name, name_of(lists, number)))
			continue;
		found = bsearch(&key, entries->data, entries->len, sizeof(key), compare_entries);
		if (found)
			found->comment = ban->comment;
	}
}

/* One that is folded and still in its trie is there twice, until the next command that writes. */
static void merge_twins(list_entries *entries)
{
	uint32_t n = 0;

	vec_for_each(entry, entries) {
		struct list_entry *last = n ? &entries->data[n - 1] : NULL;

		if (!last || compare_prefixes(&last->prefix, &entry->prefix))
			entries->data[n++] = *entry;
		else if (entry->expiry > last->expiry)
			*last = *entry;
	}
	entries->len = n;
}

int lists_entries(struct lists *lists, struct arena *arena, uint32_t number,
		  list_entries *ret_entries, struct failure *f)
{
	list_entries entries = { 0 };
	struct gather all = { lists, arena, number, list_now(), &entries };
	bans noted = { 0 };
	int ret = list_walk_all(lists, gather, &all, f);

	if (ret == 0 && lists->store)
		ret = bans_read(lists->store, arena, &noted, NULL, f);
	if (ret < 0)
		return ret;
	if (entries.len) {
		qsort(entries.data, entries.len, sizeof(*entries.data), compare_entries);
		merge_twins(&entries);
		add_comments(lists, number, &noted, &entries);
	}
	*ret_entries = entries;
	return 0;
}

/* ---- flush, sweep ---- */

struct doomed {
	struct list_place place;
	struct list_value value;
};

struct sweep {
	struct lists *lists;
	struct arena *arena;
	uint32_t number;                              /* flush: of this list, 0: all that is over */
	uint64_t before;                              /* ... before this time */
	uint64_t counted[LISTS_MAX][LIST_TABLES + 1]; /* the last one: LIST_FOLDED */
	VEC(struct doomed) doomed;
};

static void find_doomed(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct sweep *sweep = ctx;
	uint32_t number = list_number_of(place);

	if (number >= LISTS_MAX)
		return;
	sweep->counted[number][place->table]++;
	if (sweep->number ? number != sweep->number || !value->expiry
			  : value->file || value->expiry >= sweep->before)
		return;
	vec_push(sweep->arena, &sweep->doomed, ((struct doomed){ *place, *value }));
}

/* A rule may have banned it again since it was read. */
static void remove_over(struct lists *lists, const struct doomed *one)
{
	struct list_value last = { 0 };
	int ret = one->place.map == LIST_MAP4 || one->place.map == LIST_MAP6
			  ? bpf_map_lookup_and_delete_elem(lists->maps[one->place.map],
							   &one->place.key, &last)
			  : -ENOTSUP;
	if (ret == -ENOENT)
		return;
	if (one->place.table == LIST_FOLDED) {
		list_end_folded(lists, &one->place, one->value.expiry);
		return;
	}
	if (ret < 0) {
		if (list_get(lists, &one->place, &last) && list_is_live(&last, list_now()))
			return;
		list_remove_trie(lists, &one->place);
		return;
	}
	__atomic_fetch_sub(
		(uint64_t *)&lists->rows[list_number_of(&one->place)].entries[one->place.table], 1,
		__ATOMIC_SEQ_CST);
	if (list_is_live(&last, list_now()))
		list_insert(lists, &one->place, &last);
}

int lists_flush(struct lists *lists, uint32_t number, uint32_t *ret_n, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct sweep *sweep = arena_alloc(arena, sizeof(*sweep));
	uint64_t now = list_now();
	uint32_t n = 0;
	int ret;

	*sweep = (struct sweep){ .lists = lists, .arena = arena, .number = number };
	ret = list_walk_all(lists, find_doomed, sweep, f);
	if (ret < 0)
		return ret;
	vec_for_each(one, &sweep->doomed) {
		n += one->value.expiry > now;
		drop(lists, &one->place, &one->value);
	}
	*ret_n = n;
	return lists->store ? bans_append_flushed(lists->store, name_of(lists, number), f) : 0;
}

/* The kernel's own additions were made by packets that are gone after the grace period. */
static int recount(struct lists *lists, struct sweep *sweep, struct failure *f)
{
	uint64_t(*seen)[LIST_TABLES] = arena_alloc(sweep->arena, LISTS_MAX * sizeof(*seen));
	int ret;

	for (uint32_t i = 0; i < LISTS_MAX; i++)
		memcpy(seen[i], lists->rows[i].entries, sizeof(seen[i]));
	swap_grace();
	memset(sweep->counted, 0, sizeof(sweep->counted));
	ret = list_walk_all(lists, find_doomed, sweep, f);
	for (uint32_t i = 0; i < LISTS_MAX && ret == 0; i++) {
		lists->rows[i].folded = (uint32_t)sweep->counted[i][LIST_FOLDED];
		for (int table = 0; table < LIST_TABLES; table++)
			__atomic_compare_exchange_n((uint64_t *)&lists->rows[i].entries[table],
						    &seen[i][table], sweep->counted[i][table],
						    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	return ret;
}

static bool has_drifted(const struct lists *lists, const struct sweep *sweep)
{
	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		if (lists->rows[i].folded != sweep->counted[i][LIST_FOLDED])
			return true;
		for (int table = 0; table < LIST_TABLES; table++) {
			if (lists->rows[i].entries[table] != sweep->counted[i][table])
				return true;
		}
	}
	return false;
}

int lists_sweep(struct lists *lists, uint32_t *ret_n, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct sweep *sweep = arena_alloc(arena, sizeof(*sweep));
	bool drifted;
	int ret;

	*sweep = (struct sweep){ .lists = lists,
				 .arena = arena,
				 .before = list_now() - SWEEP_GRACE };
	ret = list_walk_all(lists, find_doomed, sweep, f);
	if (ret < 0)
		return ret;
	drifted = has_drifted(lists, sweep);
	vec_for_each(one, &sweep->doomed)
		remove_over(lists, one);
	*ret_n = sweep->doomed.len;
	return drifted ? recount(lists, sweep, f) : 0;
}

/* ---- the file ---- */

struct saving {
	struct lists *lists;
	struct arena *arena;
	uint64_t now;
	bans all;
};

static void save_one(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct saving *saving = ctx;
	uint32_t number = list_number_of(place);
	const struct list_row *row;
	struct ban ban;

	if (number >= LISTS_MAX || !saving->lists->rows[number].name[0])
		return;
	row = &saving->lists->rows[number];
	ban = (struct ban){ .name = str_of(row->name),
			    .prefix = list_prefix_of(place, value, (enum value_type)row->type) };
	if (value->expiry > saving->now) {
		ban.until = list_wall(value->expiry);
		vec_push(saving->arena, &saving->all, ban);
	}
	/* Also one that is over: its time runs from the first load. */
	if (value->file) {
		ban.until = list_wall(value->file);
		ban.from_file = true;
		vec_push(saving->arena, &saving->all, ban);
	}
}

static int compare_bans(const void *a, const void *b)
{
	const struct ban *x = a, *y = b;
	int by_name = str_cmp(x->name, y->name);

	if (by_name)
		return by_name;
	if (compare_prefixes(&x->prefix, &y->prefix))
		return compare_prefixes(&x->prefix, &y->prefix);
	return x->from_file - y->from_file;
}

/* Comments are only in the file; lists that have no number in this boot, too. */
static void keep_noted(struct saving *saving, const bans *noted)
{
	uint32_t n = saving->all.len;

	vec_for_each(ban, noted) {
		struct ban *found;

		if (!list_row_find(saving->lists->rows, ban->name)) {
			vec_push(saving->arena, &saving->all, *ban);
			continue;
		}
		found = n ? bsearch(ban, saving->all.data, n, sizeof(*ban), compare_bans) : NULL;
		if (found)
			found->comment = ban->comment;
	}
}

void bans_warn(struct diags *ds, const struct bans_damage *damage)
{
	if (!damage->n_lines)
		return;
	diag_warning(ds, (struct span){ 0 }, W216,
		     "%s:%u: not an entry (%u such %s): what they said is not restored",
		     damage->path, damage->first, damage->n_lines,
		     damage->n_lines == 1 ? "line" : "lines");
	diag_help(ds, "%s%s has them", damage->kept ? "" : "until the next 'bpffw save' ",
		  damage->kept ? damage->kept : damage->path);
}

int lists_save(struct lists *lists, struct bans_damage *ret_damage, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct saving saving = { .lists = lists, .arena = arena, .now = list_now() };
	bans noted = { 0 };
	struct bans_damage damage;
	int ret = bans_read(lists->store, arena, &noted, &damage, f);

	if (ret == 0)
		ret = list_walk_all(lists, save_one, &saving, f);
	if (ret == 0 && damage.n_lines)
		ret = bans_keep_damaged(lists->store, &damage, f);
	if (ret < 0)
		return ret;
	if (saving.all.len)
		qsort(saving.all.data, saving.all.len, sizeof(struct ban), compare_bans);
	keep_noted(&saving, &noted);
	ret = bans_write(lists->store, &saving.all, f);
	if (ret == 0)
		*ret_damage = damage;
	return ret;
}
