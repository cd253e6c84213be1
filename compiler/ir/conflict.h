/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conflicts by order: an allow and a drop that share packets, each with packets of its own. Which
 * of them stands first decides the shared ones. A rule that lies within another is no conflict:
 * an exception stands before its rule, and one behind it is W201.
 */
#ifndef BPFFW_CONFLICT_H
#define BPFFW_CONFLICT_H

#include "compiler/ir/place.h"

struct conflict {
	uint32_t first, second; /* indices into ruleset.rules; the first one decides */
	struct pkt *example;    /* as eval_packet() says */
};

struct conflicts {
	VEC(struct conflict) list;
	bool partial; /* there may be more */
};

/* At most @max of them. Looks at some 100 000 pairs of rules, about a quarter of a second. */
struct conflicts conflicts_find(struct arena *arena, const struct ruleset *rs, uint32_t max);

#endif
