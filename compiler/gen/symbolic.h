/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof of straight-line code, over its finished instructions and tables. The reference is
 * the resolved rules (ir/prove_rule.h), read by code that knows nothing of how they were compiled.
 *
 * A *head* is a family, a protocol or a range of them that no rule tells apart, and a fragment
 * kind; for each head the code is run once, all else unknown, so that all heads together are all
 * packets. The code of a place ends in one jump, taken unless R0 is 0. For each head and place is
 * shown:
 *	1. a head that the rule does not have makes R0 differ from 0, whatever the other fields are;
 *	2. so does each range of values of one field that the rule does not have, whatever the rest;
 *	3. for each range that it has, with one value of each other field, R0 is 0. R0 is an OR of
 *	   words of one field each, so the word of this field is 0 then, whatever the rest.
 * Ranges for which a run cannot tell are halved. From there a packet that matches comes to the
 * answer, the counter and the verdict of its rule, and one that does not to the next place.
 *
 * Not shown, and so never said to hold: chains (pkt.outside), what a program does behind a tail
 * call, and that the counter's value grows by the packet.
 */
#ifndef BPFFW_SYMBOLIC_H
#define BPFFW_SYMBOLIC_H

#include "compiler/gen/fields.h"

struct straight_proof {
	bool holds;
	const char *why; /* in the arena */
	uint64_t steps;  /* instructions run */
};

/* @gen: finished code; @steps_max: about 100 million a second */
struct straight_proof straight_prove(struct arena *arena, const struct gen *gen,
				     uint64_t steps_max);

#endif
