/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * List files of sets belong to the generation: what `apply` read is kept as gen/<n>.list0, list1,
 * ... beside its text, in the order of record "lists". Only `apply` reads the admin's files; a
 * changed rule, a rollback or `list` gets the bytes that run, also when the file is gone.
 */
#ifndef BPFFW_LISTS_H
#define BPFFW_LISTS_H

#include "bpffw/runtime/failure.h"
#include "compiler/lang/io.h"

struct diags;
struct store;
struct gen_info;

/* A file that was read: its bytes, and the kept copy they came from (NULL: the admin's file). */
struct list_read {
	struct str path;
	struct str text;
	const char *copy;
};
typedef VEC(struct list_read) list_reads;

/* A file that could not be used, and what serves instead. */
struct rescued_list {
	struct str path;
	const char *why;
	const char *copy;    /* NULL: there is none, the list is empty */
	uint32_t generation; /* of the copy */
};

/* Stands before another io; remembers what is read through it, each path once. */
struct lists_io {
	struct io io; /* .ctx is this structure */
	const struct io *host;
	struct store *store;
	const struct gen_info *info; /* whose copies serve; NULL: only the admin's files */
	list_reads read;
	bool boot; /* what is missing or broken is read from the last copy kept, or is empty */
	VEC(struct rescued_list) rescued;
};

/* Lives in @arena. A path of which @info keeps no copy is read from @host. */
struct lists_io *lists_open(struct arena *arena, const struct io *host, struct store *store,
			    const struct gen_info *info);

/* With @boot: the file whose bytes are @text has a mistake. Return: false: known, or not a list. */
bool lists_rescue_text(struct lists_io *lists, struct str text, const char *why);

/* A warning (W216) for each list that was rescued. */
void lists_warn(const struct lists_io *lists, struct diags *ds);

/* Keep what was read for generation @number; a copy of an older one is linked, not written. */
int lists_keep(struct store *store, uint32_t number, const list_reads *read, struct failure *f);

void lists_delete(struct store *store, uint32_t number);

#endif
