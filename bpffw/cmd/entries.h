/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands on the entries of a list or set. Those that add and delete single entries touch the
 * state maps only: the ruleset, which may have a list of a million lines, is read where it is
 * asked for, and a generation is made only for a set that the running one has compiled in.
 */
#ifndef BPFFW_ENTRIES_H
#define BPFFW_ENTRIES_H

#include "bpffw/cmd/edit.h"
#include "bpffw/runtime/list.h"

struct entries {
	struct session s;
	struct ast_command command;
	uint32_t source;       /* of the command line */
	struct str name;       /* `allowlist`, `blacklist` or the set's */
	const char *done;      /* "blacklisted", "allowlisted", "added" */
	struct set wanted;     /* its type, and the entries of the command */
	struct lists *lists;   /* NULL: none yet */
	uint32_t number;       /* 0: none yet */
	struct generation gen; /* rs NULL: not read */
};

void entries_end(struct entries *e);
#define _cleanup_entries_ __attribute__((cleanup(entries_end)))

/* @name: NULL: the command names the set. Runs what the words behind it say. */
enum exit_code entries_run(const struct invocation *in, const char *name);

/* Read the running generation, once. */
enum exit_code entries_rules(struct entries *e);
/* The list in it; NULL: no such set, reported. */
const struct set *entries_set(struct entries *e);
bool entries_is(const struct entries *e, const char *name);

/* The entry as it is written, `10.0.0.0/8`; of a static one where: `FILE:LINE`. */
const char *entry_text(struct arena *arena, enum value_type type, const struct set_entry *entry);
const char *entry_place(struct entries *e, const struct set_entry *entry);
/* "until 07:15:09 (10m)", "without an end" */
const char *entry_end(struct arena *arena, uint64_t expiry);
/* "9m50s" */
const char *entry_left(struct arena *arena, uint64_t expiry);

/* How many entries a list or set has at present, and how many of them end. */
struct list_size {
	uint64_t entries, timed;
	uint64_t over; /* ended, but nobody has swept them: they hold room */
	uint64_t lost; /* bans of rules that found no room */
};
/* What state maps there are; NULL: none yet. */
enum exit_code session_lists(struct session *s, struct lists **ret_lists);
/* @lists: NULL: no ruleset has used a list yet. Errors are told by what is missing. */
struct list_size list_size(struct arena *arena, struct lists *lists, const struct set *set);

/* "1 entry", "100 000 entries" */
void entries_count(struct buf *out, uint64_t n);

/* Of the static part: the narrowest entry that has all of @entry; NULL: none. */
const struct set_entry *entry_cover(const struct set *set, const struct set_entry *entry);

/* entries_change.c */
enum exit_code entries_add(struct entries *e);
enum exit_code entries_del(struct entries *e);
enum exit_code entries_flush(struct entries *e);
/* entries_show.c */
enum exit_code entries_list(struct entries *e);
enum exit_code entries_test(struct entries *e);
enum exit_code entries_load(struct entries *e);

#endif
