/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof of a compile, over the bytes of the finished blob. The reference is the resolved rules
 * (flattened anew, with the conditions of their jumps), never the cubes.
 *
 * A *piece* is a record as the leaves of one group hold it, once however often it is copied. What
 * is shown, for each family:
 *	1. A piece has no packet that its place does not match.
 *	2. Trees: all pieces of a group are carried from its root down, cut as the walker cuts. A
 *	   leaf holds every piece that reaches it, or one earlier terminal piece that has all of it
 *	   there. So a group's tree stands for the union of its pieces.
 *	3. Places: the pieces of a place, over all groups, have every packet that the rule matches.
 *	   What is left over must be decided before: the leaves of a packet of it hold an earlier
 *	   terminal record that has it; by 2 that record counts everywhere, so all that it has is
 *	   taken away, until nothing is left.
 *	4. Bounds, orders, `first`, tables, actions, and what struct forest states about them.
 * A terminal place decides for later ones only where no return can jump over it (prove_rule.h).
 * From 1 the lookup never finds too much; from 2 and 3 the first reachable place that matches is
 * in the leaf, and nothing before it matches.
 *
 * Exhaustive over all packets in normal form: every field within what the parser can put there
 * (the match table's maximum; a fragment kind is 0 to 2; an IPv4 address has 32 bits).
 */
#ifndef BPFFW_PROVE_H
#define BPFFW_PROVE_H

#include "compiler/ir/forest.h"

struct proof {
	bool holds;
	const char *why;   /* in the arena: which node, leaf, place, with an example packet */
	uint32_t place;    /* PLACE_NONE: none */
	uint64_t n_leaves; /* walked */
};

struct proof forest_prove(struct arena *arena, const struct places *places,
			  const struct forest *forest);

#endif
