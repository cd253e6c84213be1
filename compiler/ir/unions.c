// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/unions.h"

#include <stdlib.h>

#define WORK_MAX 150000u

struct unions {
	struct arena *scratch;
	const struct ruleset *rs;
	struct walk walk;
	areas all;
	uint32_t *first; /* by rule: its first step; UINT32_MAX: it has none */
	uint64_t work;   /* 0: nothing is looked at */
};

struct unions *unions_new(struct arena *arena, struct arena *scratch, const struct ruleset *rs)
{
	struct unions *unions = arena_alloc(arena, sizeof(*unions));
	ranges interfaces = { 0 };

	unions->scratch = scratch;
	unions->rs = rs;
	if (!walk_new(arena, rs, &unions->walk))
		return unions;
	unions->work = WORK_MAX;
	interfaces = area_interfaces(arena, rs);
	unions->all = areas_all(arena, rs, &interfaces);
	unions->first = arena_new_array(arena, uint32_t, (size_t)rs->rules.len + 1);
	memset(unions->first, 0xff, sizeof(*unions->first) * rs->rules.len);
	for (uint32_t i = unions->walk.steps.len; i > 0; i--) {
		const struct walk_step *step = &unions->walk.steps.data[i - 1];

		if (step->stage == ANSWER_RULE && step->place != PLACE_NONE)
			unions->first[step->rule] = i - 1;
	}
	return unions;
}

struct collect {
	struct arena *arena;
	const struct unions *unions;
	struct covering *covering;
	bool has_example;
};

static bool decided(void *ctx, const struct area *area, uint32_t step)
{
	struct collect *collect = ctx;
	const struct walk_step *at = &collect->unions->walk.steps.data[step];
	bool known = false;

	if (at->stage != ANSWER_RULE) {
		collect->covering->before_rules |= at->stage != ANSWER_MALFORMED;
		return true;
	}
	if (!collect->has_example) {
		collect->covering->example = area_packet(&collect->unions->walk.fields, area, 0);
		collect->has_example = true;
	}
	vec_for_each(rule, &collect->covering->rules)
		known |= *rule == at->rule;
	if (!known)
		vec_push(collect->arena, &collect->covering->rules, at->rule);
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool unions_cover(struct arena *arena, struct unions *unions, uint32_t rule,
		  struct covering *ret_covering)
{
	struct covering covering = { 0 };
	struct collect collect = { arena, unions, &covering, false };
	struct walk_run run = { .walk = &unions->walk,
				.arena = unions->scratch,
				.certain = true,
				.sink = decided,
				.ctx = &collect,
				.work = &unions->work };

	if (!unions->work || unions->first[rule] == UINT32_MAX || !unions->first[rule])
		return false;
	arena_clear(unions->scratch);
	run.stop = unions->first[rule] - 1;
	vec_for_each(all, &unions->all) {
		struct area area = *all;

		if (walk_cut(unions->scratch, run.walk, unions->first[rule], true, &area) &&
		    (!walk_area(&run, &area) || run.passed))
			return false;
	}
	if (!covering.rules.len)
		return false;
	qsort(covering.rules.data, covering.rules.len, sizeof(uint32_t), by_number);
	covering.decision = eval_packet(unions->rs, &covering.example, false);
	*ret_covering = covering;
	return true;
}
