/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eval.c for areas instead of packets: the flattened rules, what is decided before them included,
 * walked with an area that is cut wherever a rule takes a part of it. Exact, but the pieces of a
 * wide area in many rules can become many: so the work is bounded.
 */
#ifndef BPFFW_WALK_H
#define BPFFW_WALK_H

#include "compiler/ir/area.h"
#include "compiler/ir/place.h"

struct walk_condition {
	uint32_t field;
	enum layer layer;
	uint8_t proto; /* proto_bits, as in the row */
	bool uncertain;
	bool nothing[2];    /* [0] IPv4 and others, [1] IPv6 */
	ranges accepted[2]; /* normalised */
};

/* One question on the packet's way: a row of the prologue, a place, or (the last) the default. */
struct walk_step {
	uint8_t families;
	uint8_t layer4; /* prologue rows: a header that has to be there */
	bool decides;
	bool uncertain; /* a condition reads an @set, which can change, or it is one of time */
	enum answer_stage stage;
	uint32_t rule; /* ANSWER_RULE */
	bool allow;
	uint32_t place;   /* PLACE_NONE: none */
	uint32_t yes, no; /* the next step, if it does not decide */
	VEC(struct walk_condition) conditions;
};

struct walk {
	struct arena *arena;
	const struct ruleset *rs;
	struct area_fields fields;
	struct places places;
	VEC(struct walk_step) steps;
};

/* Return: false when the ruleset is too large or uses what does not work yet. */
bool walk_new(struct arena *arena, const struct ruleset *rs, struct walk *ret_walk);

/* What of the area the step takes, nothing else looked at: false for nothing. @any_set: whatever
 * the sets hold. */
bool walk_cut(struct arena *arena, const struct walk *walk, uint32_t step, bool any_set,
	      struct area *area);

/* Called for each piece with the step that decides it. Return: false to stop the walk. */
typedef bool walk_sink(void *ctx, const struct area *area, uint32_t step);

struct walk_run {
	const struct walk *walk;
	struct arena *arena; /* for the pieces */
	uint32_t stop;       /* what no step up to this one decides does not matter */
	/* Only decisions that stand whatever the sets hold; ends with the first piece that passes
	 * the stop. */
	bool certain;
	bool passed; /* some piece did */
	walk_sink *sink;
	void *ctx;
	uint64_t *work; /* what is left; about 20 ns each */
	areas rest;     /* when it is used up: pieces that nobody has looked at */
};

/* Return: false when the work is used up. */
bool walk_area(struct walk_run *run, const struct area *area);

#endif
