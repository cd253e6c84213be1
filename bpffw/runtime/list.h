/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run-time sets, allowlist and blacklist (bpf/list.h has the layouts).
 *
 * A list has a static part, which belongs to the generation: list_base_make() builds all of them
 * into one map, `lists` in gen/<n>. And it has entries that commands and rules add, in state maps
 * that outlive generations, by the number of the list. Numbers belong to names as long as the
 * state maps live; over a reboot the `bans` file keeps the entries by name.
 *
 * Static entries with a timeout are run-time entries too, marked as the file's.
 */
#ifndef BPFFW_RUNTIME_LIST_H
#define BPFFW_RUNTIME_LIST_H

#include "bpf/list.h"
#include "bpffw/runtime/failure.h"
#include "compiler/lang/rule.h"

struct diags;
struct store;
struct state;

/* ---- entries ---- */

/* One prefix; whole addresses too. Ports have 16 bits, MAC addresses 48. */
struct list_prefix {
	enum list_kind kind;
	uint8_t length;
	u128 value; /* bits behind the length are 0 */
};
typedef VEC(struct list_prefix) list_prefixes;

/* The prefixes of a range, in order. @family: 4 or 6 for TYPE_ADDR, else 0. */
void list_split(struct arena *arena, enum value_type type, uint8_t family, struct range range,
		list_prefixes *prefixes);
/* `192.0.2.0/24`, `28000-28007`, `02:00:00:aa:bb:cc` */
void list_print(struct buf *out, const struct list_prefix *prefix);
struct range list_range(const struct list_prefix *prefix);

struct list_entry {
	struct list_prefix prefix;
	uint64_t expiry; /* ns of list_now(), LIST_FOREVER */
	bool from_file;  /* static, with a timeout: cannot be deleted by a command */
	struct str comment;
};
typedef VEC(struct list_entry) list_entries;

uint64_t list_now(void);              /* the clock of the kernel side */
int64_t list_wall(uint64_t expiry);   /* epoch seconds; LIST_FOREVER: 0 */
uint64_t list_ktime(int64_t seconds); /* epoch seconds to expiry; the past: 1 */

/* ---- the state maps ---- */

struct lists;

/*
 * lists_get() - the run-time part of all lists, for commands.
 * STORE_READ reads only. Return: -ENOENT (@f untouched) when no ruleset has used a list yet.
 */
int lists_get(struct store *store, struct lists **ret_lists, struct failure *f);
void lists_put(struct lists *lists);
#define _cleanup_lists_ __attribute__((cleanup(lists_cleanup)))
void lists_cleanup(struct lists **lists);

/* `allowlist`, `blacklist` or a set's name. Return: LIST_NONE when it has no number. */
uint32_t lists_number(const struct lists *lists, struct str name, enum value_type *ret_type);

/* The running generation looks this list up. */
bool lists_asked(const struct lists *lists, uint32_t number);
/* Names of all lists that have run-time entries: what env.runtime_sets is. No maps: none. */
int lists_names(struct store *store, struct arena *arena, strs *ret_names, struct failure *f);

/* What became of one prefix. */
enum list_outcome {
	LIST_NEW,
	LIST_LONGER, /* was there: ends later now */
	LIST_KEPT,   /* was there and ends no earlier than asked */
	LIST_NO_ROOM,
};
struct list_added {
	enum list_outcome outcome;
	uint64_t before; /* LIST_LONGER, LIST_KEPT: expiry it had */
	uint64_t expiry; /* it has now */
};

/*
 * lists_add() - add prefixes, and note them in the `bans` file.
 * @expiry: from list_now(), LIST_FOREVER
 * @ret_added: one for each prefix; NULL: not wanted
 * The number of prefixes is bounded by `size` and by the kernel maps (lists_need()).
 */
int lists_add(struct lists *lists, uint32_t number, const list_prefixes *prefixes, uint64_t expiry,
	      struct str comment, struct list_added *ret_added, struct failure *f);

/* Return: 0; -ENOENT: no such run-time entry (one of a file is none, @f untouched). */
int lists_del(struct lists *lists, uint32_t number, const struct list_prefix *prefix,
	      struct failure *f);

/* The entry of exactly this prefix, and the longest one that covers it. Live ones only. */
bool lists_find(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		struct list_entry *ret_entry);
bool lists_match(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		 struct list_entry *ret_entry);

/*
 * Is a whole value in the static part of the running generation? Asks the map that the kernel asks,
 * so it costs nothing; which entry it is, only the ruleset knows. No for shorter prefixes.
 */
bool lists_static(const struct lists *lists, uint32_t number, const struct list_prefix *prefix);

/* All live ones in order of family and value, comments from the `bans` file. */
int lists_entries(struct lists *lists, struct arena *arena, uint32_t number,
		  list_entries *ret_entries, struct failure *f);

/* Remove what commands and rules added; @ret_n: live ones. */
int lists_flush(struct lists *lists, uint32_t number, uint32_t *ret_n, struct failure *f);

struct list_counts {
	uint64_t entries; /* run-time entries, those that are over but not yet swept included */
	uint64_t room;    /* ... at most; UINT64_MAX: as many as the maps hold */
	uint64_t lost;    /* bans that found no room */
};
struct list_counts lists_counts(const struct lists *lists, uint32_t number);

/*
 * Many prefixes that are in the tries make each packet slow: the next change (any, but one on
 * trial) folds them into a map of their own. Return: whether there are so many.
 */
bool lists_crowded(const struct lists *lists);

/* Remove what is over. For every command that writes, and as a chore (once a minute is enough). */
int lists_sweep(struct lists *lists, uint32_t *ret_n, struct failure *f);

/* Lines of the `bans` file that cannot be read. Paths live as long as the store. */
struct bans_damage {
	uint32_t n_lines; /* 0: none */
	uint32_t first;
	const char *path;
	const char *kept; /* the file as it was; NULL: it is still there */
};
/* A warning (W216), if there is something to warn about. */
void bans_warn(struct diags *ds, const struct bans_damage *damage);

/*
 * lists_save() - write the `bans` file anew from the maps: at `save`, at shutdown, as a chore.
 * In between lists_add() and lists_del() append to it; what rules ban comes in only here.
 */
int lists_save(struct lists *lists, struct bans_damage *ret_damage, struct failure *f);

/*
 * More room is a new generation: the next change (any) makes the maps so large that @more entries
 * fit. Return: false when they fit already.
 */
bool lists_need(struct lists *lists, uint64_t more);

/* ---- for a change of the ruleset ---- */

/*
 * lists_give_numbers() - set.number of the run-time sets in @rs, those that the names have.
 * @store: NULL: none is known
 * Return: -E2BIG with @f filled: more than LISTS_MAX names with entries.
 */
int lists_give_numbers(struct store *store, struct ruleset *rs, struct failure *f);

/* Entries the hash maps must hold for @rs: the sizes of its run-time sets, what is there and what
 * lists_need() asked for. 0: no run-time set in @rs. */
uint32_t lists_wanted(struct store *store, const struct ruleset *rs);

/*
 * lists_stage() - between state_open() and the commit: names, sizes, static entries with timeouts,
 * and the entries of the `bans` file for names that had no number.
 */
int lists_stage(struct store *store, struct state *state, const struct ruleset *rs,
		struct failure *f);
/* Behind the commit: what @rs no longer names as static entries goes; sizes. */
int lists_settle(const struct state *state, const struct ruleset *rs, struct failure *f);
/* Repair: what lists_settle() had to do when it was killed. */
int lists_recover(struct store *store, struct failure *f);
/* After a failed change: the same by the ruleset that goes on running (NULL: none does), and lists
 * that are new are forgotten. */
int lists_undo(const struct state *state, const struct ruleset *rs, struct failure *f);

/*
 * list_base_make() - the static parts of the run-time sets of @rs in one frozen map.
 * @old: map of the running generation, used again when it holds the same; -1: none
 */
int list_base_make(const struct ruleset *rs, int old, int *ret_fd, uint32_t *ret_size,
		   struct failure *f);

/* `load`: what a new static part changes. Counts of entries as written. */
struct list_change {
	uint32_t added, removed, kept;
	uint32_t n4, n6;  /* entries of the new one, by family; others than addresses are n4 */
	uint32_t covered; /* by shorter prefixes of the new one, or twice in it */
};
/* @before, @after: the entries as written, [0] IPv4 or the only ones, [1] IPv6; they are sorted. */
struct list_change list_compare(ranges before[2], ranges after[2]);

#endif
