/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that several earlier ones hide together. Found where no packet of the rule, whatever the
 * sets hold, gets undecided to the first place of the rule; bounded work for one ruleset.
 */
#ifndef BPFFW_UNIONS_H
#define BPFFW_UNIONS_H

#include "compiler/ir/walk.h"

struct unions;

/* @scratch is cleared by each question. */
struct unions *unions_new(struct arena *arena, struct arena *scratch, const struct ruleset *rs);

struct covering {
	VEC(uint32_t) rules;         /* those that take part, in file order; at least one */
	bool before_rules;           /* essential traffic and fragments take part as well */
	struct pkt example;          /* a packet of the rule, sets as in the file ... */
	struct eval_result decision; /* ... and what eval_packet() says of it */
};

/*
 * Return: false when it is not certain, or the work is used up: about 3 ms, since every change of a
 * rule waits for it.
 */
bool unions_cover(struct arena *arena, struct unions *unions, uint32_t rule,
		  struct covering *ret_covering);

#endif
