/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between walker.c and walker_tests.c. */
#ifndef BPFFW_WALKER_INTERNAL_H
#define BPFFW_WALKER_INTERNAL_H

#include "compiler/gen/walker.h"

/* What of the nodes and records below a root is in use: the code has nothing else. */
struct usage {
	uint32_t cuts;   /* bit: the dim is cut below the root */
	uint32_t fields; /* bit: a record restricts the dim (one of the fixed ones) */
	bool tests;      /* a record has tests */
	bool any_proto;  /* a record names no protocol */
};

struct walker {
	struct code *c;
	const struct ruleset *rs;
	const struct forest *forest;
	label lookup, tests; /* functions */
	bool resumes;        /* loops behind count and return places */
	bool from;           /* a packet may come back to a place behind the first */
	bool leaves;         /* for acts */
	bool has_tests;
	uint32_t room; /* how large the map of the blob has to be */
};

struct element {
	uint32_t size;
	uint32_t more; /* elements behind one that are reached by adding to its address */
};

/* @dst = the address of element @index of a region, which is lost; to @outside when it has none. */
void index_emit(struct walker *w, enum reg dst, enum reg index, const struct forest_region *region,
		struct element element, label outside);

/* The function: R1 = first test of a run; R0 = 0 when all of it hold. */
void tests_emit(struct walker *w);

#endif
