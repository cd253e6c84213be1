/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Maps that outlive generations, pinned as <bpffs>/state/<name>: flows, limit cells, run-time
 * entries, events. The programs of every generation share them by descriptor, by the name that the
 * map has in the BPF object. A map is made when a ruleset first needs it and never written anew by
 * a change; one that has to grow is made beside the old one and takes its place when the new
 * generation runs.
 */
#ifndef BPFFW_STATE_H
#define BPFFW_STATE_H

#include "bpf/list_base.h"
#include "bpffw/runtime/list.h"
#include "bpffw/runtime/pin.h"
#include "compiler/compile.h"

struct store;

/* One row of the table in state.c for each map. */
struct state_row {
	const char *name;       /* of the pin, and of the map in BPF objects */
	struct map_shape shape; /* entries 0: what wanted() says */
	uint32_t flags;         /* BPF_F_MMAPABLE ... */
	/* Entries the ruleset needs; 0: it does not use the map. */
	uint32_t (*wanted)(const struct compiled *compiled);
	/* Fill a new map; @old: the one it replaces, -1: none. NULL: starts empty. */
	/* @compiled: NULL when a killed change is brought to its end. */
	int (*fill)(int old, int fresh, const struct compiled *compiled, struct failure *f);
	bool keep_larger; /* a map with more entries than wanted stays */
};

struct state_map {
	const struct state_row *row;
	int fd;
	bool fresh; /* made by this change: not pinned yet, or beside the old one */
};

struct state {
	VEC(struct state_map) maps;
	int base;           /* the static part of the lists, the generation's own ... */
	uint32_t base_size; /* ... 0: none */
	uint64_t new_lists[LISTS_MAX / 64]; /* numbers that lists_stage() gave */
	bool on_trial; /* it may be rolled back to the old programs, without the new maps */
	/* Why the file `bans` cannot be read goes there, and the change goes on; NULL: it fails. */
	struct failure *unread;
	struct bans_damage damage; /* ... or which of its lines */
};

/*
 * state_open() - the maps that @compiled needs: pinned ones opened, others made (not pinned).
 * @store: NULL: all are made, for `check`
 */
int state_open(struct store *store, struct arena *arena, const struct compiled *compiled,
	       struct state *ret_state, struct failure *f);
void state_close(struct state *state);

/* Before the commit: pin what is new under a name of its own; a kill leaves the old ones. */
int state_pin(struct store *store, const struct state *state, struct failure *f);
/* Behind the commit: fresh maps take the names of those they replace; entries that were written
 * in between are carried over. */
int state_adopt(struct store *store, const struct state *state, const struct compiled *compiled,
		struct failure *f);
/* After a failed change: remove what state_pin() made. */
void state_forget(struct store *store);
/*
 * Repair: a change that was killed behind its commit left maps that the running programs use under
 * their first names, and entries in those they replace. Before its commit: they are removed.
 */
int state_recover(struct store *store, struct failure *f);

/* Put a map that is open already into @state; it stays the caller's. */
void state_hold(struct arena *arena, struct state *state, const char *name, int fd);

/* The descriptor of map @name in @state; -1: the ruleset does not use it. */
int state_fd(const struct state *state, const char *name);
bool state_is_fresh(const struct state *state, const char *name);
/* Another map takes the place of one in @state, and is fresh; takes @fd. */
void state_replace(struct state *state, const char *name, int fd);
/* A pinned map, for commands that read or write entries. Return: -ENOENT when there is none. */
int state_get(struct store *store, const char *name, int *ret_fd);

#endif
