// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/flows.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/limits.h"

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
	if (old >= 0 && (row->shape.entries || entries == wanted)) {
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
	state->maps.len = 0;
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
	int ret = 0;

	for (uint32_t i = 0; i < state->maps.len && ret == 0; i++) {
		const struct state_map *map = &state->maps.data[i];
		const char *to = pin_of(store, map->row, false);
		uint32_t entries;
		_cleanup_fd_ int old = -1;

		if (!map->fresh)
			continue;
		old = open_pinned(store, map->row, &entries);
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

int state_fd(const struct state *state, const char *name)
{
	vec_for_each(map, &state->maps) {
		if (strcmp(map->row->name, name) == 0)
			return map->fd;
	}
	return -1;
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
