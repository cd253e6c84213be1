// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/walk.h"

#include "compiler/ir/values.h"

#define PLACES_WALKED (1u << 20)
#define COST_PIECE    40u /* to copy an area and cut it, in units of work */

static struct walk_step *add_step(struct walk *walk)
{
	struct walk_step *step = vec_add(walk->arena, &walk->steps);

	step->yes = step->no = walk->steps.len;
	step->place = PLACE_NONE;
	step->families = FAM_ALL;
	return step;
}

static void add_values(struct walk *walk, struct walk_step *step, uint16_t offset, u128 lo, u128 hi)
{
	struct walk_condition *c = vec_add(walk->arena, &step->conditions);

	c->field = area_field(&walk->fields, offset);
	for (int part = 0; part < 2; part++)
		vec_push(walk->arena, &c->accepted[part], ((struct range){ lo, hi }));
}

static void add_prologue_row(struct walk *walk, const struct prologue_row *row)
{
	struct walk_step *step = add_step(walk);

	step->families = row->family;
	step->layer4 = row->layer4;
	step->decides = row->kind != PROLOGUE_HONEST;
	step->stage = row->kind == PROLOGUE_ESSENTIAL ? ANSWER_ESSENTIAL : ANSWER_MALFORMED;
	step->allow = row->kind == PROLOGUE_ESSENTIAL || walk->rs->malformed_pass;
	for (int i = 0; i < 3; i++)
		if (row->fields[i].used)
			add_values(walk, step, row->fields[i].offset, row->fields[i].lo,
				   row->fields[i].hi);
}

static void add_fragments(struct walk *walk)
{
	bool pass = walk->rs->fragments == FRAGMENTS_PASS;
	struct walk_step *step;

	if (walk->rs->fragments == FRAGMENTS_L3)
		return;
	step = add_step(walk);
	step->decides = true;
	step->stage = ANSWER_FRAGMENTS;
	step->allow = pass;
	add_values(walk, step, offsetof(struct pkt, frag), pass ? FRAG_LATER : FRAG_FIRST,
		   FRAG_LATER);
}

/* Uncertain, as every set: it can change without a new ruleset. */
static void add_list(struct walk *walk, enum builtin_list which)
{
	const struct set *list = &walk->rs->builtin[which];
	struct walk_condition *c;
	struct walk_step *step;

	if (!list->runtime)
		return;
	step = add_step(walk);
	step->families = FAM_IP;
	step->decides = step->uncertain = true;
	step->stage = which == BUILTIN_ALLOW ? ANSWER_ALLOWLIST : ANSWER_BLACKLIST;
	step->allow = which == BUILTIN_ALLOW;
	c = vec_add(walk->arena, &step->conditions);
	c->field = area_field(&walk->fields, offsetof(struct pkt, src));
	c->layer = LAYER_IP;
	c->uncertain = true;
	for (int part = 0; part < 2; part++)
		memcpy(&c->accepted[part], &list->members[part], sizeof(c->accepted[part]));
}

static void add_prologue(struct walk *walk)
{
	uint32_t first_essential;

	for (const struct prologue_row *row = prologue_rows; row->family; row++)
		if (row->kind != PROLOGUE_ESSENTIAL && walk->rs->antispoof)
			add_prologue_row(walk, row);
	first_essential = walk->steps.len;
	vec_for_each(step, &walk->steps)
		if (!step->decides)
			step->yes = first_essential;
	for (const struct prologue_row *row = prologue_rows; row->family; row++)
		if (row->kind == PROLOGUE_ESSENTIAL && walk->rs->essential)
			add_prologue_row(walk, row);
	add_list(walk, BUILTIN_ALLOW);
	add_list(walk, BUILTIN_BLACK);
	add_fragments(walk);
}

static void add_match(struct walk *walk, struct walk_step *step, const struct match *match)
{
	struct values values = values_of(walk->rs, match);
	struct walk_condition *c;

	if (match->row->type == TYPE_FAMILY) {
		if (!values_accept(&values, FAMILY_IPV4))
			step->families &= (uint8_t)~FAM_IPV4;
		if (!values_accept(&values, FAMILY_IPV6))
			step->families &= (uint8_t)~FAM_IPV6;
		step->families &= FAM_IP;
		return;
	}
	c = vec_add(walk->arena, &step->conditions);
	c->field = area_field(&walk->fields, match->row->offset);
	c->layer = match->row->layer;
	c->proto = match->row->proto;
	c->uncertain = match_may_change(match);
	step->uncertain |= c->uncertain;
	for (uint32_t part = 0; part < 2; part++) {
		const ranges *list = &values.part[values.by_family ? part : 0];

		c->nothing[part] = values.by_family && values.left_out[part];
		c->accepted[part] = !values.negated
					    ? *list
					    : ranges_complement(walk->arena, list,
								values_max(match->row, part));
	}
}

static void add_place(struct walk *walk, uint32_t index, uint32_t first)
{
	const struct place *place = &walk->places.list.data[index];
	const struct rule *rule = &walk->rs->rules.data[place->rule];
	struct walk_step *step = add_step(walk);

	step->families = rule->families;
	step->place = index;
	step->rule = place->rule;
	step->stage = ANSWER_RULE;
	step->allow = place->kind == PLACE_ALLOW;
	step->decides = place->kind == PLACE_ALLOW || place->kind == PLACE_DROP;
	step->uncertain = rule->schedule || rule->has_until;
	if (place->kind == PLACE_RETURN)
		step->yes = first + place->resume;
	if (place->kind == PLACE_JUMP)
		step->no = first + place->resume;
	vec_for_each(match, &rule->matches)
		add_match(walk, step, match);
}

bool walk_new(struct arena *arena, const struct ruleset *rs, struct walk *ret_walk)
{
	struct walk walk = { .arena = arena, .rs = rs, .fields = area_fields() };
	struct walk_step *last;
	uint32_t first;

	if (rs->unsupported.len || !places_flatten(arena, rs, PLACES_WALKED, &walk.places))
		return false;
	add_prologue(&walk);
	first = walk.steps.len;
	for (uint32_t i = 0; i < walk.places.list.len; i++)
		add_place(&walk, i, first);
	last = add_step(&walk);
	last->decides = true;
	last->stage = ANSWER_DEFAULT;
	last->allow = rs->default_allow;
	*ret_walk = walk;
	return true;
}

static bool has_header(const struct area *area, uint8_t layer4)
{
	return !layer4 || (!area->later && layer4 & area->layer4);
}

static bool reads_header(const struct walk_condition *c, const struct area *area)
{
	if (c->layer != LAYER_FRAME && area->family == FAM_OTHER)
		return false;
	return c->layer != LAYER_L4 || (!area->later && has_header(area, c->proto));
}

static enum truth condition_truth(const struct walk_condition *c, const struct area *area)
{
	uint32_t part = area->family == FAM_IPV6;

	if (c->nothing[part] || !reads_header(c, area))
		return TRUTH_NO;
	return ranges_compare(&area->values[c->field], &c->accepted[part]);
}

static enum truth step_truth(const struct walk_step *step, const struct area *area, uint64_t *work)
{
	enum truth truth = TRUTH_YES;

	if (!(step->families & area->family) || !has_header(area, step->layer4))
		return TRUTH_NO;
	vec_for_each(c, &step->conditions) {
		enum truth one = condition_truth(c, area);
		uint64_t cost = 1 + area->values[c->field].len / 2;

		*work -= cost < *work ? cost : *work;
		if (one == TRUTH_NO)
			return TRUTH_NO;
		if (one == TRUTH_DEPENDS)
			truth = one;
	}
	return truth;
}

bool walk_cut(struct arena *arena, const struct walk *walk, uint32_t step, bool any_set,
	      struct area *area)
{
	const struct walk_step *at = &walk->steps.data[step];

	if (!(at->families & area->family) || !has_header(area, at->layer4))
		return false;
	vec_for_each(c, &at->conditions) {
		ranges *values = &area->values[c->field], in, out;
		enum truth truth = condition_truth(c, area);

		if (truth == TRUTH_YES || (any_set && c->uncertain && !c->nothing[0] &&
					   !c->nothing[1] && reads_header(c, area)))
			continue;
		if (truth == TRUTH_NO)
			return false;
		ranges_split(arena, values, &c->accepted[area->family == FAM_IPV6], &in, &out);
		*values = in;
	}
	return true;
}

struct pending {
	struct area area;
	uint32_t step;
};

struct stack {
	VEC(struct pending) list;
};

/* What the step leaves goes on the stack; @area becomes what it takes. Return: false for nothing.
 */
static bool split(struct walk_run *run, struct stack *stack, const struct walk_step *step,
		  struct area *area)
{
	vec_for_each(c, &step->conditions) {
		ranges *values = &area->values[c->field], in, out;
		struct pending *left;
		uint64_t cost;

		if (condition_truth(c, area) == TRUTH_YES)
			continue;
		ranges_split(run->arena, values, &c->accepted[area->family == FAM_IPV6], &in, &out);
		left = vec_add(run->arena, &stack->list);
		left->area = *area;
		left->area.values[c->field] = out;
		left->step = step->no;
		*values = in;
		cost = COST_PIECE + in.len + out.len;
		*run->work -= cost < *run->work ? cost : *run->work;
		if (!in.len)
			return false;
	}
	return true;
}

/* Return: false when the sink wants no more. */
static bool walk_piece(struct walk_run *run, struct stack *stack, struct pending piece)
{
	const struct walk_step *steps = run->walk->steps.data;

	while (piece.step <= run->stop && *run->work) {
		const struct walk_step *step = &steps[piece.step];
		enum truth truth = TRUTH_NO;

		if (!run->certain || !step->uncertain)
			truth = step_truth(step, &piece.area, run->work);
		else if (!step->decides && step->yes != step->no)
			vec_push(run->arena, &stack->list,
				 ((struct pending){ piece.area, step->yes }));
		if (truth == TRUTH_NO) {
			piece.step = step->no;
			continue;
		}
		if (truth == TRUTH_DEPENDS && !split(run, stack, step, &piece.area))
			return true;
		if (step->decides)
			return run->sink(run->ctx, &piece.area, piece.step);
		piece.step = step->yes;
	}
	if (piece.step <= run->stop)
		vec_push(run->arena, &run->rest, piece.area);
	else
		run->passed = true;
	return true;
}

bool walk_area(struct walk_run *run, const struct area *area)
{
	struct stack stack = { 0 };
	bool more = true;

	vec_push(run->arena, &stack.list, ((struct pending){ *area, 0 }));
	while (stack.list.len && more && !(run->certain && run->passed)) {
		struct pending piece = stack.list.data[--stack.list.len];

		more = walk_piece(run, &stack, piece);
	}
	return *run->work > 0;
}
