/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers and sizes of lists, and what a change of the ruleset does to their run-time entries.
 * The rows of the state map "lists" say which number a name has, as long as the maps live.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/list_base.h"
#include "bpffw/runtime/list_fold.h"
#include "bpffw/runtime/list_maps.h"
#include "bpffw/runtime/state.h"
#include "compiler/base/map.h"

/* Run-time entries of a list without `size`. Whole addresses cost 80 to 100 bytes each, so the maps
 * are made for fewer, and made anew when a command needs more. */
#define ROOM_ADDR  1000000u
#define ROOM_OTHER 65536u
/* So many fit at first, of all lists without `size`. */
#define ROOM_FIRST 131072u
#define ROOM_MAX   (16u << 20)

static const char *const builtin_names[] = {
	[BUILTIN_ALLOW] = "allowlist",
	[BUILTIN_BLACK] = "blacklist",
};

/* ---- opening ---- */

static int open_maps(struct store *store, int *ret_rows, int fds[LIST_MAPS])
{
	int ret = state_get(store, "lists", ret_rows);

	for (int i = 0; i < LIST_MAPS && ret == 0; i++) {
		ret = state_get(store, list_map_names[i], &fds[i]);
		/* What runs was loaded by a bpffw that folded nothing. */
		if (i == LIST_MAP_FOLDED && ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

int lists_get(struct store *store, struct lists **ret_lists, struct failure *f)
{
	int fds[LIST_MAPS] = { -1, -1, -1, -1, -1 };
	_cleanup_fd_ int rows = -1, base = -1;
	struct lists *lists = calloc(1, sizeof(*lists));
	int ret = lists ? open_maps(store, &rows, fds) : -ENOMEM;

	if (ret == 0)
		ret = list_maps_open(store, arena_new(), fds, rows, lists, f);
	else if (ret != -ENOENT)
		fail_bpf(f, -ret, "cannot open the run-time lists");
	if (ret < 0) {
		for (int i = 0; i < LIST_MAPS; i++)
			fd_cleanup(&fds[i]);
		free(lists);
		return ret;
	}
	base = store->running ? pin_get(store_pin(store, "gen/%u/lists", store->running)) : -1;
	list_base_map(base, &lists->base);
	*ret_lists = lists;
	return 0;
}

void lists_put(struct lists *lists)
{
	if (!lists)
		return;
	for (int i = 0; i < LIST_MAPS; i++)
		fd_cleanup(&lists->maps[i]);
	list_base_unmap(&lists->base);
	list_maps_close(lists);
	arena_free(lists->arena);
	free(lists);
}

void lists_cleanup(struct lists **lists)
{
	lists_put(*lists);
}

uint32_t lists_number(const struct lists *lists, struct str name, enum value_type *ret_type)
{
	uint32_t number = list_row_find(lists->rows, name);

	if (number)
		*ret_type = (enum value_type)lists->rows[number].type;
	return number;
}

bool lists_asked(const struct lists *lists, uint32_t number)
{
	return lists->base.size && lists->rows[number].room;
}

int lists_names(struct store *store, struct arena *arena, strs *ret_names, struct failure *f)
{
	_cleanup_lists_ struct lists *lists = NULL;
	int ret = lists_get(store, &lists, f);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		const struct list_row *row = &lists->rows[i];

		if (row->name[0] && lists_counts(lists, i).entries)
			vec_push(arena, ret_names, str_of(arena_printf(arena, "%s", row->name)));
	}
	return 0;
}

/* ---- numbers ---- */

static bool is_taken(const struct ruleset *rs, const struct list_row *rows, uint32_t number,
		     uint32_t before)
{
	if (rows && rows[number].name[0])
		return true;
	for (uint32_t i = 0; i < before; i++) {
		if (rs->sets.data[i].runtime && rs->sets.data[i].number == number)
			return true;
	}
	return false;
}

static int give_numbers(struct ruleset *rs, const struct list_row *rows, struct failure *f)
{
	uint32_t next = LIST_SETS;

	for (uint32_t i = 0; i < 2; i++)
		rs->builtin[i].number = LIST_ALLOW + i;
	for (uint32_t i = 0; i < rs->sets.len; i++) {
		struct set *set = &rs->sets.data[i];

		if (!set->runtime)
			continue;
		set->number = rows ? list_row_find(rows, set->name) : 0;
		if (set->number)
			continue;
		while (next < LISTS_MAX && is_taken(rs, rows, next, i))
			next++;
		if (next == LISTS_MAX)
			return fail_help(f,
					 fail_plain(f, E2BIG, EXIT_SYSTEM,
						    "more than %d sets that change at run time",
						    LISTS_MAX - LIST_SETS),
					 "sets that were removed count as long as they have "
					 "entries: 'bpffw set NAME flush' before removing one");
		set->number = next++;
	}
	return 0;
}

int lists_give_numbers(struct store *store, struct ruleset *rs, struct failure *f)
{
	_cleanup_lists_ struct lists *lists = NULL;
	int ret = store ? lists_get(store, &lists, f) : -ENOENT;

	if (ret < 0 && ret != -ENOENT)
		return ret;
	return give_numbers(rs, lists ? lists->rows : NULL, f);
}

/* ---- sizes ---- */

static uint64_t n_timed(const struct set *set)
{
	uint64_t n = 0;

	vec_for_each(entry, &set->entries)
		n += entry->timeout != 0;
	return n;
}

/* Run-time entries and static ones with a timeout. */
static uint64_t room_of(const struct set *set)
{
	uint64_t n = set->entries.len, room = set->type == TYPE_ADDR ? ROOM_ADDR : ROOM_OTHER;

	if (set->size)
		room = set->size > n ? set->size - n : 0;
	return room + n_timed(set);
}

typedef void on_set(void *ctx, const struct set *set, struct str name);

static void for_each_list(const struct ruleset *rs, on_set *call, void *ctx)
{
	for (uint32_t i = 0; i < 2; i++) {
		if (rs->builtin[i].runtime)
			call(ctx, &rs->builtin[i], str_of(builtin_names[i]));
	}
	vec_for_each(set, &rs->sets) {
		if (set->runtime)
			call(ctx, set, set->name);
	}
}

/* Entries of lists with and without `size`. */
struct sizes {
	bool any;
	uint64_t given, first;
};

static void add_size(void *ctx, const struct set *set, struct str name)
{
	struct sizes *sizes = ctx;

	sizes->any = true;
	sizes->given += set->size ? room_of(set) : n_timed(set);
	if (!set->size)
		sizes->first = ROOM_FIRST;
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t size = ROOM_FIRST;

	while (size < n)
		size *= 2;
	return size;
}

uint32_t lists_wanted(struct store *store, const struct ruleset *rs)
{
	_cleanup_lists_ struct lists *lists = NULL;
	struct failure ignored = { 0 };
	struct sizes sizes = { 0 };
	uint64_t sum;

	for_each_list(rs, add_size, &sizes);
	if (!sizes.any)
		return 0;
	sum = sizes.given + sizes.first;
	if (store && lists_get(store, &lists, &ignored) == 0 && lists->rows[0].room > sum)
		sum = lists->rows[0].room;
	failure_clear(&ignored);
	sum = power_of_two(sum);
	return sum > ROOM_MAX ? ROOM_MAX : (uint32_t)sum;
}

static uint64_t all_entries(const struct lists *lists)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < LISTS_MAX; i++)
		sum += lists_counts(lists, i).entries;
	return sum;
}

bool lists_need(struct lists *lists, uint64_t more)
{
	uint64_t wanted = all_entries(lists) + more;

	if (wanted <= map_entries(lists->maps[LIST_MAP4]))
		return false;
	lists->rows[0].room = wanted;
	return true;
}

/* ---- a change ---- */

static void name_row(struct list_row *row, const struct set *set, struct str name)
{
	memset(row, 0, sizeof(*row));
	row->room = room_of(set);
	row->type = set->type;
	memcpy(row->name, name.s, name.len < LIST_NAME_SIZE ? name.len : LIST_NAME_SIZE - 1);
}

struct stage {
	struct lists lists;
	struct arena *arena;
	struct failure *f;
	int ret;
	uint64_t *new_lists;
	struct failure *unread; /* as in struct state */
	struct bans_damage damage;
	bool read; /* the bans file, once */
	bans noted;
	list_prefixes prefixes; /* scratch */
};

static int put_value(struct stage *stage, uint32_t number, const struct list_prefix *prefix,
		     uint64_t expiry, uint64_t file)
{
	struct list_place place = list_place_of(number, prefix);
	struct list_value value = { 0 };
	bool exists = list_get(&stage->lists, &place, &value);

	if (value.file && file)
		return 0; /* its time has begun */
	if (expiry > value.expiry)
		value.expiry = expiry;
	if (file) {
		value.file = file;
		stage->lists.rows[number].files = 1;
	}
	value.length = prefix->length;
	return exists ? list_replace(&stage->lists, &place, &value)
		      : list_insert(&stage->lists, &place, &value);
}

static bool fits_type(const struct list_prefix *prefix, enum value_type type)
{
	if (prefix->kind == LIST_PORT || prefix->kind == LIST_MAC)
		return type == (prefix->kind == LIST_PORT ? TYPE_PORT : TYPE_MAC);
	return type == TYPE_ADDR;
}

/* What does not fit any more is left out: the rest must start. */
static void restore(struct stage *stage, uint32_t number, const struct set *set, struct str name)
{
	uint64_t now = list_now();

	if (!stage->read && stage->lists.store)
		stage->ret = bans_read(stage->lists.store, stage->arena, &stage->noted,
				       &stage->damage, stage->unread ? stage->unread : stage->f);
	if (stage->unread)
		stage->ret = 0;
	stage->read = true;
	vec_for_each(ban, &stage->noted) {
		uint64_t expiry = ban->until ? list_ktime(ban->until) : LIST_FOREVER;

		if (!str_eq(ban->name, name) || !fits_type(&ban->prefix, set->type))
			continue;
		if (ban->from_file)
			put_value(stage, number, &ban->prefix, 0, expiry);
		else if (expiry > now)
			put_value(stage, number, &ban->prefix, expiry, 0);
	}
}

static int stage_file_entry(struct stage *stage, uint32_t number, const struct set *set,
			    const struct set_entry *entry)
{
	uint64_t until = list_now() + entry->timeout * 1000000000ull;

	stage->prefixes.len = 0;
	list_split(stage->arena, set->type, entry->family, entry->range, &stage->prefixes);
	vec_for_each(prefix, &stage->prefixes) {
		int ret = put_value(stage, number, prefix, 0, until);

		if (ret < 0)
			return fail_bpf(stage->f, -ret, "cannot add an entry to '%s'",
					stage->lists.rows[number].name);
	}
	return 0;
}

static void stage_list(void *ctx, const struct set *set, struct str name)
{
	struct stage *stage = ctx;
	uint32_t number = list_row_find(stage->lists.rows, name);

	if (stage->ret < 0)
		return;
	if (!number) {
		number = set->number;
		name_row(&stage->lists.rows[number], set, name);
		stage->new_lists[number / 64] |= 1ull << number % 64;
		restore(stage, number, set, name);
	}
	vec_for_each(entry, &set->entries) {
		if (entry->timeout && stage->ret == 0)
			stage->ret = stage_file_entry(stage, number, set, entry);
	}
}

static int open_state(struct store *store, const struct state *state, struct arena *arena,
		      struct lists *ret_lists, struct failure *f)
{
	int fds[LIST_MAPS], rows = state_fd(state, "lists");

	if (rows < 0)
		return -ENOENT;
	for (int i = 0; i < LIST_MAPS; i++)
		fds[i] = state_fd(state, list_map_names[i]);
	return list_maps_open(store, arena, fds, rows, ret_lists, f);
}

static int fold(struct state *state, struct lists *lists, struct failure *f)
{
	int fd, ret = list_fold_make(lists, &fd, f);

	if (ret < 0)
		return ret;
	lists->rows[0].folded = 1;
	state_replace(state, list_map_names[LIST_MAP_FOLDED], fd);
	return 0;
}

int lists_stage(struct store *store, struct state *state, const struct ruleset *rs,
		struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct stage stage = {
		.arena = arena, .f = f, .new_lists = state->new_lists, .unread = state->unread
	};
	int ret = open_state(store, state, arena, &stage.lists, f);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	for_each_list(rs, stage_list, &stage);
	/* A rollback at the end of a trial goes back to programs that look into the tries. */
	if (stage.ret == 0 && !state->on_trial && lists_crowded(&stage.lists))
		stage.ret = fold(state, &stage.lists, f);
	list_maps_close(&stage.lists);
	state->damage = stage.damage;
	return stage.ret;
}

/* ---- behind a change ---- */

struct settle {
	struct lists lists;
	struct arena *arena;
	struct map timed; /* names and prefixes of static entries with a timeout */
	bool named[LISTS_MAX];
	const uint64_t *drop; /* numbers whose entries go; NULL: none */
	VEC(struct list_place) places;
	VEC(struct list_value) values;
};

static struct str key_of(struct arena *arena, uint32_t number, const struct list_prefix *prefix)
{
	return str_of(arena_printf(arena, "%u %d %u %llx %llx", number, prefix->kind,
				   prefix->length, (unsigned long long)(prefix->value >> 64),
				   (unsigned long long)prefix->value));
}

static void settle_list(void *ctx, const struct set *set, struct str name)
{
	struct settle *settle = ctx;
	uint32_t number = list_row_find(settle->lists.rows, name);
	list_prefixes prefixes = { 0 };

	if (!number)
		return;
	settle->named[number] = true;
	settle->lists.rows[number].room = room_of(set);
	vec_for_each(entry, &set->entries) {
		if (entry->timeout)
			list_split(settle->arena, set->type, entry->family, entry->range,
				   &prefixes);
	}
	vec_for_each(prefix, &prefixes)
		map_add(settle->arena, &settle->timed, key_of(settle->arena, number, prefix), 1);
}

static bool has_file_entries(const struct lists *lists)
{
	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		if (lists->rows[i].files)
			return true;
	}
	return false;
}

static void find_unnamed(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct settle *settle = ctx;
	uint32_t number = list_number_of(place), found;
	struct list_prefix prefix;

	if (number >= LISTS_MAX)
		return;
	if (settle->drop && settle->drop[number / 64] >> number % 64 & 1) {
		vec_push(settle->arena, &settle->places, *place);
		vec_push(settle->arena, &settle->values, (struct list_value){ 0 });
		return;
	}
	if (!value->file)
		return;
	prefix = list_prefix_of(place, value, (enum value_type)settle->lists.rows[number].type);
	if (map_find(&settle->timed, key_of(settle->arena, number, &prefix), &found))
		return;
	vec_push(settle->arena, &settle->places, *place);
	vec_push(settle->arena, &settle->values, *value);
}

static void unmark(struct settle *settle)
{
	uint64_t now = list_now();

	for (uint32_t i = 0; i < settle->places.len; i++) {
		struct list_value value = settle->values.data[i];

		value.file = 0;
		if (value.expiry > now)
			list_replace(&settle->lists, &settle->places.data[i], &value);
		else
			list_remove(&settle->lists, &settle->places.data[i]);
	}
}

/* The number of a name that no ruleset uses and that has no entries is free for the next one. */
static void free_rows(struct settle *settle)
{
	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		if (!settle->named[i])
			settle->lists.rows[i].room = 0;
		if (i >= LIST_SETS && !settle->named[i] && settle->lists.rows[i].name[0] &&
		    lists_counts(&settle->lists, i).entries == 0)
			settle->lists.rows[i].name[0] = 0;
	}
}

static bool any_new(const uint64_t *given)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < LISTS_MAX / 64; i++)
		any |= given[i];
	return any != 0;
}

static int settle_lists(const struct state *state, const struct ruleset *rs, const uint64_t *drop,
			struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct settle settle = { .arena = arena, .drop = drop };
	int ret = open_state(NULL, state, arena, &settle.lists, f);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (rs)
		for_each_list(rs, settle_list, &settle);
	if (drop || has_file_entries(&settle.lists))
		ret = list_walk_all(&settle.lists, find_unnamed, &settle, f);
	if (ret == 0) {
		unmark(&settle);
		free_rows(&settle);
	}
	list_maps_close(&settle.lists);
	return ret;
}

static int move_folded(const struct state *state, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lists lists;
	int ret = open_state(NULL, state, arena, &lists, f);

	if (ret < 0)
		return ret;
	ret = list_fold_move(&lists, f);
	list_maps_close(&lists);
	return ret;
}

int lists_settle(const struct state *state, const struct ruleset *rs, struct failure *f)
{
	int ret = settle_lists(state, rs, NULL, f);

	if (ret == 0 && state_is_fresh(state, list_map_names[LIST_MAP_FOLDED]))
		ret = move_folded(state, f);
	return ret;
}

static bool is_moving(struct store *store)
{
	size_t size = LISTS_MAX * sizeof(struct list_row);
	_cleanup_fd_ int fd = -1;
	struct list_row *rows;
	bool moving;

	if (state_get(store, "lists", &fd) < 0)
		return false;
	rows = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (rows == MAP_FAILED)
		return false;
	moving = rows[0].folded;
	munmap(rows, size);
	return moving;
}

int lists_recover(struct store *store, struct failure *f)
{
	_cleanup_lists_ struct lists *lists = NULL;
	int ret;

	if (!is_moving(store))
		return 0;
	ret = lists_get(store, &lists, f);
	if (ret == 0)
		ret = list_fold_move(lists, f);
	return ret == -ENOENT ? 0 : ret;
}

int lists_undo(const struct state *state, const struct ruleset *rs, struct failure *f)
{
	return settle_lists(state, rs, any_new(state->new_lists) ? state->new_lists : NULL, f);
}
