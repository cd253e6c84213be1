/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packets whose verdict differs between two rulesets. Only packets that a changed rule takes
 * part in can: one of the two rules that decide such a packet, or a jump or return on the way to
 * it, was added, removed, changed or moved, or stands before the rules (default and options
 * alike). So each changed rule's packets are walked through both rulesets.
 *
 * Well-formed packets (and spoofed ones) on the interfaces of both rulesets; sets as in the files,
 * no runtime entries. Each example was decided by eval_packet() as its region says.
 */
#ifndef BPFFW_REGIONS_H
#define BPFFW_REGIONS_H

#include "compiler/ir/diff.h"
#include "compiler/ir/walk.h"

#define REGIONS_WORK 6000000u /* about 0.2 s */

struct decider {
	enum answer_stage stage;
	uint32_t rule; /* ANSWER_RULE: index */
	bool allow;
};

/* All packets that one rule decides in the old ruleset and another in the new one. */
struct region {
	struct decider before, after;
	areas areas;         /* do not overlap; none: only the example is known */
	double share;        /* of the header space: area_share() */
	struct pkt *example; /* of the largest area */
	double largest;
};

enum regions_state {
	REGIONS_WHOLE,
	REGIONS_PARTIAL, /* the work was used up: there may be more regions, and more in each */
	REGIONS_NONE,    /* a ruleset uses what does not work yet: nothing was compared */
};

struct regions {
	enum regions_state state;
	struct area_fields fields;
	areas all;               /* what was compared */
	bool antispoof;          /* in both: spoofed packets meet no rule, words leave them out */
	bool interfaces_differ;  /* packets on some were not compared */
	bool malformed_differ;   /* `option malformed`: all malformed packets change */
	VEC(struct region) list; /* largest first */
};

struct regions regions_find(struct arena *arena, const struct ruleset *old_rs,
			    const struct ruleset *new_rs, const struct diff *diff, uint64_t work);

/* "tcp src 10.0.0.0/8 dport 22": the values of each field in the region. */
void region_print(struct buf *out, const struct regions *regions, const struct region *region,
		  const struct ruleset *rs);
/* How much of what these words say is the region: 1 all of it (or all but 1e-9). */
double region_filled(const struct regions *regions, const struct region *region);
/* "tcp 10.0.0.1:1024 > 198.51.100.1:22 syn" */
void region_packet_print(struct buf *out, const struct ruleset *rs, const struct pkt *pkt);
/* "r4 ssh-office", "'default'", "'essential'" */
void decider_print(struct buf *out, const struct ruleset *rs, const struct decider *decider);

#endif
