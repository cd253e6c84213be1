/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names in a kept generation, read from its text without resolving it: what completion
 * offers, fast enough for each press of TAB.
 */
#ifndef BPFFW_OUTLINE_H
#define BPFFW_OUTLINE_H

#include "bpffw/runtime/store.h"

struct outline_rule {
	uint32_t id;
	struct str name; /* len 0: none */
	struct str text; /* the whole line */
};

struct outline_set {
	struct str name, type; /* "addr", "port", "mac" */
};

struct outline {
	VEC(struct outline_rule) rules; /* in print order */
	VEC(struct outline_set) sets;
	strs chains, interfaces;
};

/* Of the running generation; empty when none runs. */
int store_outline(struct store *store, struct arena *arena, struct outline *ret_outline,
		  struct failure *f);

/* From rules that are in memory. */
struct outline outline_of(struct arena *arena, const struct ruleset *rs);

#endif
