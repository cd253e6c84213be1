/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof of a compile: a symbolic walk of the finished blob bytes from every root, carrying the
 * region of packets and the rules that meet it. The reference is the resolved rules (places, with
 * the conditions of their jumps), never the cubes. At each leaf every place whose rule meets the
 * region must be there with records that hold exactly the rule within the region, or be covered in
 * the region by ONE earlier terminal place that is there (of the same chain instance, where a
 * return can jump over it); and every record must belong to its rule: nothing too much, nothing
 * missing. Set and class tables, actions, group order and `first` are part of what is checked.
 * Exhaustive over all headers.
 */
#ifndef BPFFW_PROVE_H
#define BPFFW_PROVE_H

#include "compiler/ir/forest.h"

struct proof {
	bool holds;
	const char *why;   /* in the arena: which node, leaf, place, with an example packet */
	uint32_t place;	   /* PLACE_NONE: none */
	uint64_t n_leaves; /* walked */
};

struct proof forest_prove(struct arena *arena, const struct places *places,
			  const struct forest *forest);

#endif
