// SPDX-License-Identifier: GPL-3.0-or-later
/* Chains nest as deep as the file likes, so they are entered on a stack of our own. */
#include "compiler/ir/place.h"

#include <assert.h>

/* An instance of a chain that is being written out. */
struct entered {
	const struct chain *chain;
	uint32_t next; /* index into chain->rules */
	uint32_t jump; /* the place that led here */
};

struct flatten {
	struct arena *arena;
	struct places *places;
	VEC(struct entered) stack;
};

bool place_acts(const struct rule *rule)
{
	return rule->limit.present || rule->log || rule->verb.row->verb == VERB_LOG ||
	       rule->verb.row->verb == VERB_BLACKLIST || rule->verb.row->verb == VERB_SYNCOOKIE;
}

static enum place_kind kind_of(const struct rule *rule)
{
	switch (rule->verb.row->verb) {
	case VERB_ALLOW:
		return PLACE_ALLOW;
	case VERB_DROP:
	case VERB_BLACKLIST:
		return PLACE_DROP;
	case VERB_COUNT:
		return place_acts(rule) ? PLACE_ACT : PLACE_COUNT;
	case VERB_RETURN:
		return PLACE_RETURN;
	case VERB_JUMP:
		return PLACE_JUMP;
	default:
		assert(place_acts(rule));
		return PLACE_ACT;
	}
}

static void enter(struct flatten *f, uint32_t chain, uint32_t jump)
{
	vec_push(f->arena, &f->stack,
		 ((struct entered){ &f->places->rs->chains.data[chain], 0, jump }));
}

/* The next rule of the innermost chain, or its end. */
static void step(struct flatten *f)
{
	struct entered *top = &f->stack.data[f->stack.len - 1];
	uint32_t place = f->places->list.len, index;
	const struct rule *rule;
	enum place_kind kind;

	if (top->next == top->chain->rules.len) {
		if (top->jump != PLACE_NONE)
			f->places->list.data[top->jump].resume = place;
		f->stack.len--;
		return;
	}
	index = top->chain->rules.data[top->next++];
	rule = &f->places->rs->rules.data[index];
	if (rule->disabled)
		return;
	kind = kind_of(rule);
	vec_push(f->arena, &f->places->list,
		 ((struct place){ .rule = index,
				  .kind = kind,
				  .jump = top->jump,
				  .act = place_acts(rule) ? ++f->places->n_acts : 0 }));
	if (kind == PLACE_JUMP)
		enter(f, rule->verb.chain, place);
}

/* Ends of instances, and what lies behind a place that returns can jump over. */
static void fill_ends(struct arena *arena, struct places *places)
{
	uint32_t n = places->list.len;
	/* By jump + 1: a return of that instance has been seen. */
	bool *returns = arena_new_array(arena, bool, (size_t)n + 1);

	for (uint32_t i = 0; i < n; i++) {
		struct place *p = &places->list.data[i];
		const struct place *jump =
			p->jump == PLACE_NONE ? NULL : &places->list.data[p->jump];

		p->end = jump ? jump->resume : n;
		p->reach = !jump ? n : returns[p->jump + 1] ? p->end : jump->reach;
		if (p->kind == PLACE_RETURN)
			p->resume = p->end;
		if (p->kind == PLACE_COUNT || p->kind == PLACE_ACT)
			p->resume = i + 1;
		if (p->kind == PLACE_RETURN && jump)
			returns[p->jump + 1] = true;
	}
}

bool places_flatten(struct arena *arena, const struct ruleset *rs, uint32_t max,
		    struct places *ret_places)
{
	struct places places = { .rs = rs };
	struct flatten f = { .arena = arena, .places = &places };

	if (rs->chains.len)
		enter(&f, 0, PLACE_NONE);
	while (f.stack.len) {
		step(&f);
		if (places.list.len > max)
			return false;
	}
	if (rs->default_log)
		places.default_act = ++places.n_acts;
	fill_ends(arena, &places);
	*ret_places = places;
	return true;
}
