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
};

struct walker {
	struct code *c;
	const struct ruleset *rs;
	const struct forest *forest;
	label lookup, tests; /* functions */
	bool resumes;
	bool has_tests;
	bool too_large; /* for the verifier */
	uint32_t room;  /* how large the map of the blob has to be */
};

/* The smallest (1 << n) - 1 that is >= @max. */
static inline uint32_t mask_above(uint32_t max)
{
	return max ? UINT32_MAX >> __builtin_clz(max) : 0;
}

/*
 * index_emit() - @dst = address of element @index of a region; @index is masked, and lost.
 * @more: elements behind it that are reached by adding to @dst
 */
void index_emit(struct walker *w, enum reg dst, enum reg index, const struct forest_region *region,
		uint32_t size, uint32_t more);

/* The function: R1 = first test of a run; R0 = 0 when all of it hold. */
void tests_emit(struct walker *w);

#endif
