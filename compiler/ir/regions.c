// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A packet counts once: with the changed step that decides it in the old ruleset, or else with
 * the one that decides it in the new ruleset.
 */
#include "compiler/ir/regions.h"

#include <stdlib.h>

#define SAMPLES_MAX   256u /* packets asked for what was not looked at */
#define SHARE_OF_REST 4u   /* one changed rule gets this part of the work that is left */

struct side {
	const struct ruleset *rs;
	struct walk walk;
	bool *changed_rules;  /* by rule */
	bool *changed_chains; /* by chain: a return in it changed */
	bool *changed;        /* by step */
};

struct finder {
	struct arena *arena;   /* of the result */
	struct arena *scratch; /* of one changed step */
	struct side side[2];   /* [0] old */
	struct regions *out;
	uint64_t work, part;
	uint32_t samples;

	uint32_t from; /* the side whose step is looked at */
	uint32_t step;
};

/* Which rules changed. */

static struct str chain_name(const struct ruleset *rs, uint32_t chain)
{
	return rs->chains.data[chain].name;
}

static bool same_sets(const struct set *a, const struct set *b)
{
	for (int part = 0; part < 2; part++) {
		const ranges *x = &a->members[part], *y = &b->members[part];

		if (x->len != y->len ||
		    (x->len && memcmp(x->data, y->data, x->len * sizeof(*x->data)) != 0))
			return false;
	}
	return true;
}

static bool same_atoms(const struct side *side, const struct match *a, const struct match *b)
{
	if (a->atoms.len != b->atoms.len)
		return false;
	for (uint32_t i = 0; i < a->atoms.len; i++) {
		const struct atom *x = &a->atoms.data[i], *y = &b->atoms.data[i];

		if (x->kind != y->kind || x->family != y->family)
			return false;
		if (x->kind == ATOM_SET &&
		    !same_sets(&side[0].rs->sets.data[x->set], &side[1].rs->sets.data[y->set]))
			return false;
		if (x->kind != ATOM_SET && (x->lo != y->lo || x->hi != y->hi || x->mask != y->mask))
			return false;
	}
	return true;
}

/* As far as a verdict goes: names, comments and counters do not matter. */
static bool same_rule(const struct side *side, const struct rule *a, const struct rule *b)
{
	if (a->verb.row != b->verb.row || a->families != b->families ||
	    a->disabled != b->disabled || a->matches.len != b->matches.len)
		return false;
	if (a->verb.row->verb == VERB_JUMP &&
	    !str_eq(chain_name(side[0].rs, a->verb.chain), chain_name(side[1].rs, b->verb.chain)))
		return false;
	for (uint32_t i = 0; i < a->matches.len; i++) {
		const struct match *x = &a->matches.data[i], *y = &b->matches.data[i];

		if (x->row != y->row || x->negated != y->negated || !same_atoms(side, x, y))
			return false;
	}
	return true;
}

static void mark_rules(struct arena *arena, struct side *side, const struct diff *diff)
{
	for (int i = 0; i < 2; i++) {
		uint32_t n = side[i].rs->rules.len;

		side[i].changed_rules = arena_new_array(arena, bool, (size_t)n + 1);
		memset(side[i].changed_rules, true, n);
	}
	for (uint32_t i = 0; i < side[1].rs->rules.len; i++) {
		uint32_t old = diff->old_of_new[i];

		if (old == DIFF_NONE || diff->moved[i] ||
		    !same_rule(side, &side[0].rs->rules.data[old], &side[1].rs->rules.data[i]))
			continue;
		side[0].changed_rules[old] = side[1].changed_rules[i] = false;
	}
}

static void mark_chain(struct side *side, struct str name)
{
	for (uint32_t i = 0; i < side->rs->chains.len; i++)
		side->changed_chains[i] |= str_eq(chain_name(side->rs, i), name);
}

/* A return decides about all that follows it. */
static void mark_chains(struct arena *arena, struct side *side)
{
	for (int i = 0; i < 2; i++)
		side[i].changed_chains =
			arena_new_array(arena, bool, (size_t)side[i].rs->chains.len + 1);
	for (int i = 0; i < 2; i++)
		vec_for_each(rule, &side[i].rs->rules) {
			if (rule->verb.row->verb != VERB_RETURN ||
			    !side[i].changed_rules[rule - side[i].rs->rules.data])
				continue;
			mark_chain(&side[0], chain_name(side[i].rs, rule->chain));
			mark_chain(&side[1], chain_name(side[i].rs, rule->chain));
		}
}

static bool place_changed(const struct side *side, uint32_t place)
{
	for (; place != PLACE_NONE; place = side->walk.places.list.data[place].jump) {
		uint32_t rule = side->walk.places.list.data[place].rule;

		if (side->changed_rules[rule] ||
		    side->changed_chains[side->rs->rules.data[rule].chain])
			return true;
	}
	return false;
}

static bool list_changed(const struct ruleset *a, const struct ruleset *b, enum builtin_list which)
{
	for (int part = 0; part < 2; part++) {
		const ranges *old = &a->builtin[which].members[part];
		const ranges *new = &b->builtin[which].members[part];

		if (old->len != new->len ||
		    (old->len && memcmp(old->data, new->data, old->len * sizeof(*old->data)) != 0))
			return true;
	}
	return false;
}

static bool stage_changed(const struct ruleset *a, const struct ruleset *b, enum answer_stage stage)
{
	switch (stage) {
	case ANSWER_MALFORMED:
		return a->antispoof != b->antispoof || a->malformed_pass != b->malformed_pass;
	case ANSWER_ESSENTIAL:
		return a->essential != b->essential;
	case ANSWER_ALLOWLIST:
		return list_changed(a, b, BUILTIN_ALLOW);
	case ANSWER_BLACKLIST:
		return list_changed(a, b, BUILTIN_BLACK);
	case ANSWER_FRAGMENTS:
		return a->fragments != b->fragments;
	default:
		return a->default_allow != b->default_allow;
	}
}

static void mark_steps(struct arena *arena, struct side *side, const struct ruleset *other)
{
	side->changed = arena_new_array(arena, bool, side->walk.steps.len);
	for (uint32_t i = 0; i < side->walk.steps.len; i++) {
		const struct walk_step *step = &side->walk.steps.data[i];

		side->changed[i] = step->place == PLACE_NONE
					   ? stage_changed(side->rs, other, step->stage)
					   : place_changed(side, step->place);
	}
}

/* Regions. */

static struct decider decider_of(const struct walk *walk, uint32_t step)
{
	const struct walk_step *at = &walk->steps.data[step];

	return (struct decider){ at->stage, at->stage == ANSWER_RULE ? at->rule : 0, at->allow };
}

static bool same_decider(const struct decider *a, const struct decider *b)
{
	return a->stage == b->stage && a->rule == b->rule;
}

static struct decider ask(const struct ruleset *rs, const struct pkt *pkt)
{
	struct eval_result result = eval_packet(rs, pkt, false);

	return (struct decider){ result.stage, result.stage == ANSWER_RULE ? result.rule : 0,
				 result.allow };
}

/* Both rulesets say so. */
static bool is_true(const struct finder *f, const struct region *region)
{
	struct decider before = ask(f->side[0].rs, region->example);
	struct decider after = ask(f->side[1].rs, region->example);

	return same_decider(&before, &region->before) && same_decider(&after, &region->after) &&
	       before.allow == region->before.allow && after.allow == region->after.allow;
}

static struct region *find_region(struct finder *f, const struct decider *before,
				  const struct decider *after)
{
	struct region *region;

	vec_for_each(known, &f->out->list)
		if (same_decider(&known->before, before) && same_decider(&known->after, after))
			return known;
	region = vec_add(f->arena, &f->out->list);
	region->before = *before;
	region->after = *after;
	return region;
}

static struct pkt *keep_packet(struct finder *f, const struct pkt *pkt)
{
	struct pkt *kept = arena_new_array(f->arena, struct pkt, 1);

	*kept = *pkt;
	return kept;
}

static struct area keep_area(struct finder *f, const struct area *area)
{
	struct area kept = *area;

	for (uint32_t i = 0; i < f->out->fields.n; i++) {
		const ranges *values = &area->values[i];

		kept.values[i].cap = values->len;
		kept.values[i].data =
			arena_memdup(f->arena, values->data, values->len * sizeof(*values->data));
	}
	return kept;
}

static void add_piece(struct finder *f, const struct area *area, const uint32_t *steps)
{
	struct decider before = decider_of(&f->side[0].walk, steps[0]);
	struct decider after = decider_of(&f->side[1].walk, steps[1]);
	struct pkt pkt = area_packet(&f->out->fields, area, 0);
	struct region found = { before, after, .example = &pkt }, *region;

	if (before.allow == after.allow)
		return;
	/* Only packets to their own source: malformed, they meet no rule. */
	if (pkt.reason == REASON_SPOOF_LAND &&
	    (f->side[0].rs->antispoof || f->side[1].rs->antispoof))
		return;
	if (!is_true(f, &found)) {
		f->out->state = REGIONS_PARTIAL;
		return;
	}
	region = find_region(f, &before, &after);
	found.share = area_share(&f->out->fields, &f->out->all, area);
	if (!region->example || found.share > region->largest) {
		region->largest = found.share;
		region->example = keep_packet(f, &pkt);
	}
	vec_push(f->arena, &region->areas, keep_area(f, area));
	region->share += found.share;
}

/* The work is used up: one packet of a piece that was not looked at. */
static void sample(struct finder *f, const struct area *area)
{
	struct decider before, after;
	struct region *region;
	struct pkt pkt;

	f->out->state = REGIONS_PARTIAL;
	if (!f->samples)
		return;
	f->samples--;
	pkt = area_packet(&f->out->fields, area, 0);
	before = ask(f->side[0].rs, &pkt);
	after = ask(f->side[1].rs, &pkt);
	if (before.allow == after.allow)
		return;
	region = find_region(f, &before, &after);
	if (!region->example)
		region->example = keep_packet(f, &pkt);
}

static bool decided_there(void *ctx, const struct area *area, uint32_t step)
{
	struct finder *f = ctx;
	uint32_t steps[2];

	steps[f->from] = f->step;
	steps[!f->from] = step;
	/* What the old ruleset's changed steps decide has been added from that side. */
	if (f->from == 0 || !f->side[0].changed[step])
		add_piece(f, area, steps);
	return true;
}

static bool decided_here(void *ctx, const struct area *area, uint32_t step)
{
	struct finder *f = ctx;
	struct walk_run run = { .walk = &f->side[!f->from].walk,
				.arena = f->scratch,
				.stop = UINT32_MAX,
				.sink = decided_there,
				.ctx = f,
				.work = &f->part };

	if (step != f->step)
		return true;
	walk_area(&run, area);
	vec_for_each(left, &run.rest)
		sample(f, left);
	return true;
}

/* @left: how many steps are still to be looked at. */
static void find_of_step(struct finder *f, uint32_t from, uint32_t step, uint32_t left)
{
	struct walk_run run = { .walk = &f->side[from].walk,
				.stop = step,
				.sink = decided_here,
				.ctx = f,
				.work = &f->part };
	uint64_t work = f->work / (left < SHARE_OF_REST ? left : SHARE_OF_REST);

	f->work -= work;
	f->from = from;
	f->step = step;
	run.arena = f->scratch = arena_new();
	/* Those that few rules match come last in the list: what they leave is for the others. */
	for (uint32_t i = f->out->all.len; i > 0; i--) {
		struct area area = f->out->all.data[i - 1];

		if (!walk_cut(f->scratch, run.walk, step, false, &area))
			continue;
		f->part = work / i;
		work -= f->part;
		walk_area(&run, &area);
		work += f->part;
	}
	f->work += work;
	vec_for_each(rest, &run.rest)
		sample(f, rest);
	arena_free(f->scratch);
}

static int by_size(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	return x->share < y->share ? 1 : x->share > y->share ? -1 : 0;
}

/* The interfaces that both watch. */
static ranges common_interfaces(struct finder *f)
{
	ranges old = area_interfaces(f->arena, f->side[0].rs);
	ranges new = area_interfaces(f->arena, f->side[1].rs), both, rest, other;

	if (!old.len || !new.len) {
		f->out->interfaces_differ = old.len != new.len;
		return old.len ? old : new;
	}
	ranges_split(f->arena, &old, &new, &both, &rest);
	f->out->interfaces_differ = rest.len > 0;
	ranges_split(f->arena, &new, &old, &both, &other);
	f->out->interfaces_differ |= other.len > 0;
	return both;
}

static bool is_looked_at(const struct side *side, uint32_t step)
{
	return side->changed[step] && side->walk.steps.data[step].decides;
}

static void find_all(struct finder *f)
{
	uint32_t left = 0;

	for (uint32_t from = 0; from < 2; from++)
		for (uint32_t step = 0; step < f->side[from].walk.steps.len; step++)
			left += is_looked_at(&f->side[from], step);
	for (uint32_t from = 0; from < 2; from++)
		for (uint32_t step = 0; step < f->side[from].walk.steps.len; step++)
			if (is_looked_at(&f->side[from], step))
				find_of_step(f, from, step, left--);
}

struct regions regions_find(struct arena *arena, const struct ruleset *old_rs,
			    const struct ruleset *new_rs, const struct diff *diff, uint64_t work)
{
	_cleanup_arena_ struct arena *own = arena_new();
	struct regions out = { .fields = area_fields() };
	struct finder f = { .arena = arena, .out = &out, .work = work, .samples = SAMPLES_MAX };
	ranges interfaces;

	f.side[0].rs = old_rs;
	f.side[1].rs = new_rs;
	out.antispoof = old_rs->antispoof && new_rs->antispoof;
	out.malformed_differ = old_rs->malformed_pass != new_rs->malformed_pass;
	interfaces = common_interfaces(&f);
	if (out.interfaces_differ && !interfaces.len)
		return out;
	if (!walk_new(own, old_rs, &f.side[0].walk) || !walk_new(own, new_rs, &f.side[1].walk)) {
		out.state = REGIONS_NONE;
		return out;
	}
	out.all = areas_all(arena, old_rs, &interfaces);
	mark_rules(own, f.side, diff);
	mark_chains(own, f.side);
	mark_steps(own, &f.side[0], new_rs);
	mark_steps(own, &f.side[1], old_rs);
	find_all(&f);
	if (out.list.len)
		qsort(out.list.data, out.list.len, sizeof(*out.list.data), by_size);
	return out;
}
