// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/connections.h"
#include "bpffw/runtime/cookies.h"
#include "bpffw/runtime/events.h"
#include "bpffw/runtime/flows.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/limits.h"
#include "bpffw/runtime/list_fold.h"
#include "bpffw/runtime/list_maps.h"
#include "bpffw/runtime/swap.h"

/* A fresh map stands beside the one it replaces until the commit. */
#define FRESH_SUFFIX "_new"

static const struct state_row rows[] = {
	{
		.name = "flows",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct flow_row), 0 },
		.flags = BPF_F_MMAPABLE,
		.wanted = flows_entries,
		.fill = flows_fill,
	},
	{
		.name = "flow_stats",
		.shape = { BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), sizeof(struct flow_stats),
			   1 },
		.wanted = flows_stats_entries,
	},
	{
		.name = "limits",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct limit_row),
			   LIMIT_ROWS },
		.flags = BPF_F_MMAPABLE,
		.wanted = limits_wanted,
		.fill = limits_fill,
	},
	{
		.name = "connections",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct conn_row),
			   CONN_ROWS },
		.flags = BPF_F_MMAPABLE,
		.wanted = connections_wanted,
		.fill = connections_fill,
	},
	{
		.name = "lists",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			   LISTS_MAX * sizeof(struct list_row), 1 },
		.flags = BPF_F_MMAPABLE,
		.wanted = lists_map_wanted,
	},
	{
		.name = "list4",
		.shape = { BPF_MAP_TYPE_HASH, sizeof(struct list_key4), sizeof(struct list_value),
			   0 },
		.wanted = lists_map_wanted,
		.fill = lists_map_fill,
		.keep_larger = true,
	},
	{
		.name = "list6",
		.shape = { BPF_MAP_TYPE_HASH, sizeof(struct list_key6), sizeof(struct list_value),
			   0 },
		.wanted = lists_map_wanted,
		.fill = lists_map_fill,
		.keep_larger = true,
	},
	{
		.name = "listp4",
		.shape = { BPF_MAP_TYPE_LPM_TRIE, sizeof(struct list_prefix4),
			   sizeof(struct list_value), LIST_TRIE_ENTRIES },
		.flags = BPF_F_NO_PREALLOC,
		.wanted = lists_map_wanted,
	},
	{
		.name = "listp6",
		.shape = { BPF_MAP_TYPE_LPM_TRIE, sizeof(struct list_prefix6),
			   sizeof(struct list_value), LIST_TRIE_ENTRIES },
		.flags = BPF_F_NO_PREALLOC,
		.wanted = lists_map_wanted,
	},
	{
		.name = "list_folded",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), LIST_CELL, 0 },
		.flags = BPF_F_MMAPABLE,
		.wanted = lists_fold_wanted,
		.fill = lists_fold_fill,
		.keep_larger = true,
	},
	{
		.name = "events",
		.shape = { BPF_MAP_TYPE_RINGBUF, 0, 0, EVENT_RING },
		.wanted = events_wanted,
	},
	{
		.name = "event_state",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct event_state), 1 },
		.wanted = events_wanted,
	},
	{
		.name = "cookies",
		.shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct cookie_state), 1 },
		.wanted = cookies_wanted,
	},
	{ .name = NULL },
};

static const char *pin_of(struct store *store, const struct state_row *row, bool fresh)
{
	return store_pin(store, "state/%s%s", row->name, fresh ? FRESH_SUFFIX : "");
}

static struct map_shape shape_of(const struct state_row *row, uint32_t entries)
{
	struct map_shape shape = row->shape;

	if (!shape.entries)
		shape.entries = entries;
	return shape;
}

/* Return: -ENOENT when there is none; one that is damaged is none either. */
static int open_pinned(struct store *store, const struct state_row *row, uint32_t *ret_entries)
{
	struct map_shape shape = row->shape;
	int fd;

	if (!store)
		return -ENOENT;
	fd = pin_get_map(pin_of(store, row, false), &shape, ret_entries);
	return fd == -EINVAL || fd == -ELOOP ? -ENOENT : fd;
}

static int make(const struct state_row *row, uint32_t entries, struct failure *f)
{
	struct map_shape shape = shape_of(row, entries);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = row->flags);
	char name[BPF_OBJ_NAME_LEN];
	int fd;

	snprintf(name, sizeof(name), "bpffw_%.9s", row->name);
	fd = bpf_map_create((enum bpf_map_type)shape.type, name, shape.key_size, shape.value_size,
			    shape.entries, &opts);
	return fd < 0 ? fail_bpf(f, -fd, "cannot create the state map '%s' (%u entries)", row->name,
				 shape.entries)
		      : fd;
}

static int open_map(struct store *store, const struct state_row *row, uint32_t wanted,
		    const struct compiled *compiled, struct state_map *ret_map, struct failure *f)
{
	uint32_t entries = 0;
	_cleanup_fd_ int old = open_pinned(store, row, &entries), fresh = -1;
	int ret;

	if (old < 0 && old != -ENOENT)
		return fail(f, -old, "cannot open the state map '%s'", row->name);
	if (old >= 0 &&
	    (row->shape.entries || entries == wanted || (row->keep_larger && entries > wanted))) {
		*ret_map = (struct state_map){ row, take_fd(&old), false };
		return 0;
	}
	fresh = make(row, wanted, f);
	if (fresh < 0)
		return fresh;
	ret = row->fill ? row->fill(old, fresh, compiled, f) : 0;
	if (ret < 0)
		return ret;
	*ret_map = (struct state_map){ row, take_fd(&fresh), true };
	return 0;
}

int state_open(struct store *store, struct arena *arena, const struct compiled *compiled,
	       struct state *ret_state, struct failure *f)
{
	struct state state = { 0 };

	for (const struct state_row *row = rows; row->name; row++) {
		uint32_t wanted = row->wanted(compiled);
		struct state_map map;
		int ret = wanted ? open_map(store, row, wanted, compiled, &map, f) : 0;

		if (ret < 0) {
			state_close(&state);
			return ret;
		}
		if (wanted)
			vec_push(arena, &state.maps, map);
	}
	*ret_state = state;
	return 0;
}

void state_close(struct state *state)
{
	vec_for_each(map, &state->maps)
		fd_cleanup(&map->fd);
	if (state->base_size)
		fd_cleanup(&state->base);
	*state = (struct state){ 0 };
}

int state_pin(struct store *store, const struct state *state, struct failure *f)
{
	int ret = state->maps.len ? dir_make(store_pin(store, "state"), 0700, f) : 0;

	for (uint32_t i = 0; i < state->maps.len && ret == 0; i++) {
		const struct state_map *map = &state->maps.data[i];

		if (!map->fresh)
			continue;
		pin_remove(pin_of(store, map->row, true));
		ret = pin_put(map->fd, pin_of(store, map->row, true), f);
	}
	return ret;
}

int state_adopt(struct store *store, const struct state *state, const struct compiled *compiled,
		struct failure *f)
{
	bool waited = false;
	int ret = 0;

	for (uint32_t i = 0; i < state->maps.len && ret == 0; i++) {
		const struct state_map *map = &state->maps.data[i];
		const char *to = pin_of(store, map->row, false);
		uint32_t entries;
		_cleanup_fd_ int old = -1;

		if (!map->fresh)
			continue;
		old = open_pinned(store, map->row, &entries);
		/* Packets in the old programs write to the old map. */
		if (old >= 0 && map->row->fill && !waited)
			swap_grace();
		waited = waited || old >= 0;
		if (old >= 0 && map->row->fill)
			ret = map->row->fill(old, map->fd, compiled, f);
		if (ret == 0 && rename(pin_of(store, map->row, true), to) < 0)
			ret = fail(f, errno, "cannot rename to %s", to);
	}
	return ret;
}

void state_forget(struct store *store)
{
	for (const struct state_row *row = rows; row->name; row++)
		pin_remove(pin_of(store, row, true));
}

/* ---- repair ---- */

/* The maps of the running generation's programs, by id. */
struct used {
	uint32_t ids[256];
	uint32_t n;
};

static void add_used(struct used *used, int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	info.nr_map_ids = sizeof(used->ids) / sizeof(*used->ids) - used->n;
	info.map_ids = (uintptr_t)(used->ids + used->n);
	if (program < 0 || !info.nr_map_ids || bpf_obj_get_info_by_fd(program, &info, &len) < 0)
		return;
	used->n += info.nr_map_ids;
	if (used->n > sizeof(used->ids) / sizeof(*used->ids))
		used->n = sizeof(used->ids) / sizeof(*used->ids);
}

static void find_used(struct store *store, struct used *used)
{
	static const char *const programs[] = { "enter", "classify", "actions" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		_cleanup_fd_ int fd =
			pin_get(store_pin(store, "gen/%u/%s", store->running, programs[i]));

		add_used(used, fd);
	}
}

static bool is_used(const struct used *used, int map)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &len) < 0)
		return false;
	for (uint32_t i = 0; i < used->n; i++) {
		if (used->ids[i] == info.id)
			return true;
	}
	return false;
}

static int recover_map(struct store *store, const struct state_row *row, const struct used *used,
		       struct failure *f)
{
	const char *from = pin_of(store, row, true);
	_cleanup_fd_ int fresh = pin_get(from), old = -1;
	uint32_t entries;
	int ret = 0;

	if (fresh < 0)
		return 0;
	if (!is_used(used, fresh)) {
		pin_remove(from);
		return 0;
	}
	old = open_pinned(store, row, &entries);
	if (old >= 0 && row->fill) {
		swap_grace();
		ret = row->fill(old, fresh, NULL, f);
	}
	if (ret == 0 && rename(from, pin_of(store, row, false)) < 0)
		ret = fail(f, errno, "cannot rename %s", from);
	return ret;
}

int state_recover(struct store *store, struct failure *f)
{
	struct used used = { 0 };
	int ret = 0;

	if (store->running)
		find_used(store, &used);
	for (const struct state_row *row = rows; row->name && ret == 0; row++)
		ret = recover_map(store, row, &used, f);
	return ret;
}

/* ---- for others ---- */

void state_hold(struct arena *arena, struct state *state, const char *name, int fd)
{
	for (const struct state_row *row = rows; row->name; row++) {
		if (strcmp(row->name, name) == 0)
			vec_push(arena, &state->maps, ((struct state_map){ row, fd, false }));
	}
}

static struct state_map *find_map(const struct state *state, const char *name)
{
	vec_for_each(map, &state->maps) {
		if (strcmp(map->row->name, name) == 0)
			return map;
	}
	return NULL;
}

int state_fd(const struct state *state, const char *name)
{
	const struct state_map *map = find_map(state, name);

	return map ? map->fd : -1;
}

bool state_is_fresh(const struct state *state, const char *name)
{
	const struct state_map *map = find_map(state, name);

	return map && map->fresh;
}

void state_replace(struct state *state, const char *name, int fd)
{
	struct state_map *map = find_map(state, name);

	fd_cleanup(&map->fd);
	map->fd = fd;
	map->fresh = true;
}

int state_get(struct store *store, const char *name, int *ret_fd)
{
	for (const struct state_row *row = rows; row->name; row++) {
		uint32_t entries;
		int fd;

		if (strcmp(row->name, name) != 0)
			continue;
		fd = open_pinned(store, row, &entries);
		if (fd < 0)
			return fd;
		*ret_fd = fd;
		return 0;
	}
	return -ENOENT;
}
