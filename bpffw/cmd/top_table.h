/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of an interval, added up by source, destination or the rule that decided. */
#ifndef BPFFW_TOP_TABLE_H
#define BPFFW_TOP_TABLE_H

#include "bpffw/cmd/common.h"
#include "bpffw/runtime/observe.h"
#include "compiler/base/map.h"

enum top_by { TOP_SRC, TOP_DST, TOP_RULE };
enum top_sort { TOP_PACKETS, TOP_BITS, TOP_DROPPED, TOP_SORTS };

struct top_row {
	struct pkt last;           /* the newest packet of it */
	struct eval_result result; /* of that */
	bool over;                 /* a limit has it; it is the result's rule */
	uint64_t packets, bytes, dropped;
};

/* Zeroed but for its arena it is empty. More rows than TOP_ROWS are added up in one. */
#define TOP_ROWS (1u << 16)
struct top_table {
	struct arena *arena;
	struct map index;
	VEC(struct top_row) rows;
	struct top_row others, all;
};

/* @pkt: filled (observe.h) */
void top_add(struct top_table *table, enum top_by by, const struct pkt *pkt,
	     const struct observed *observed, const struct ruleset *rs);
/* The index is of no use behind it. */
void top_sort(struct top_table *table, enum top_sort sort);

/* "198.51.100.44", "2001:db8:1:2::/64", "web"; what is banned is its prefix. */
const char *top_key(struct arena *arena, enum top_by by, const struct ruleset *rs,
		    const struct top_row *row);
/* Who decided the newest packet: "web", "default". */
const char *top_decider(struct arena *arena, const struct ruleset *rs, const struct top_row *row);
/* "banned 9m12s", "allowlisted", "over limit", "-" */
const char *top_state(struct arena *arena, const struct observer *observer,
		      const struct top_row *row);

#endif
