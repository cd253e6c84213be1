/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A fact is one byte of struct pkt, 0 or 1, that `enter` finds out before classification:
 * membership in a run-time set, a schedule, an `until`. Rules that ask for one are lowered to
 * rules that match a byte; so eval, cubes, forest, proof and code need not know of sets and time.
 */
#ifndef BPFFW_FACTS_H
#define BPFFW_FACTS_H

#include "compiler/lang/rule.h"

/*
 * facts_lower() - a copy of @rs that asks for facts only; @rs itself when there are none. Rules
 * and sets keep their indices. Each match against run-time sets is one against a byte: a row of
 * its own with the layer and protocols of the original one. `when` and `until` are one match more.
 * Fills the lists, facts and schedules of @config.
 * Reports E123 and E191. Return: NULL on those.
 */
const struct ruleset *facts_lower(struct diags *ds, const struct ruleset *rs,
				  struct enter_config *config);

/* A match of a lowered rule: against which fact; -1: against none. */
static inline int fact_of(const struct match *match)
{
	int index = (int)match->row->offset - (int)offsetof(struct pkt, fact);

	return index >= 0 && index < PKT_FACTS ? index : -1;
}

#endif
