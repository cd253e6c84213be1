/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds of a walk. A packet resumes behind every count and return that it meets: no more of them
 * than overlap in any one dim, nor than lie in one leaf of each group.
 */
#include <stdlib.h>

#include "compiler/ir/forest_internal.h"

#define RESUMES_FREE 15u
#define RESUMES_MAX  64u

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* How many of the cubes can be met at once, by one dim alone. */
static uint32_t most_overlap(struct arena *arena, const struct cubes *cubes, const uint32_t *list,
			     uint32_t n, uint32_t dim)
{
	uint64_t *starts = arena_new_array(arena, uint64_t, n);
	uint64_t *ends = arena_new_array(arena, uint64_t, n);
	uint32_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		starts[i] = cubes->list.data[list[i]].box[dim].lo;
		ends[i] = cubes->list.data[list[i]].box[dim].hi;
	}
	qsort(starts, n, sizeof(*starts), by_number);
	qsort(ends, n, sizeof(*ends), by_number);
	for (uint32_t i = 0, ended = 0; i < n; i++) {
		while (ends[ended] < starts[i])
			ended++;
		if (i + 1 - ended > most)
			most = i + 1 - ended;
	}
	return most;
}

bool place_resumes(const struct places *places, uint32_t place)
{
	enum place_kind kind = places->list.data[place].kind;

	return kind == PLACE_COUNT || kind == PLACE_RETURN;
}

/* Most non-terminal places that one packet of a family can meet; @ret_two: two of them. */
static uint32_t family_resumes(const struct grove *grove, uint32_t ret_two[2])
{
	const struct cubes *cubes = grove->cubes;
	uint32_t *list = arena_new_array(grove->arena, uint32_t, cubes->list.len + 1);
	uint32_t n = 0, n_places = 0, last = PLACE_NONE, most;

	for (uint32_t i = 0; i < cubes->list.len; i++) {
		uint32_t place = cubes->list.data[i].place;

		if (!place_resumes(grove->places, place))
			continue;
		list[n++] = i;
		if (place != last && n_places < 2)
			ret_two[n_places] = place;
		n_places += place != last;
		last = place;
	}
	most = n_places;
	if (!grove->why && grove->resumes < most)
		most = grove->resumes;
	for (uint32_t dim = 0; dim < grove->n_dims && most > RESUMES_FREE; dim++) {
		uint32_t overlap;

		if (!grove->column[dim])
			continue;
		overlap = most_overlap(grove->arena, cubes, list, n, dim);
		if (overlap < most)
			most = overlap;
	}
	return most;
}

static const char *rule_text(struct arena *arena, const struct places *places, uint32_t place)
{
	const struct rule *rule = &places->rs->rules.data[places->list.data[place].rule];

	return rule->text ? rule->text : arena_printf(arena, "place %u", place);
}

const char *forest_bound(struct arena *arena, const struct grove *grove, struct forest *forest)
{
	const struct places *places = grove->places;
	uint32_t two[2] = { 0 };
	uint32_t n = family_resumes(grove, two);

	if (n > RESUMES_MAX)
		return arena_printf(arena,
				    "%u count or return rules can meet in one packet, "
				    "among them '%s' and '%s'",
				    n, rule_text(arena, places, two[0]),
				    rule_text(arena, places, two[1]));
	if (n > forest->resumes_max)
		forest->resumes_max = n;
	return NULL;
}

uint32_t forest_cost(const struct forest *forest)
{
	double worst = 0;

	for (uint32_t family = 0; family < 3; family++) {
		double cost = 0, record = family == 2 ? COST_RECORD6 : COST_RECORD;

		vec_for_each(group, &forest->groups) {
			if (forest_family(group->family) != family)
				continue;
			if (group->bits.n_sides) {
				cost += COST_GROUP + bits_cost(&group->bits, record);
				continue;
			}
			cost += COST_GROUP + COST_NODE * group->depth;
			cost += group->leaf_max * record;
		}
		cost += forest->tests_max * (COST_TEST + COST_STEP * forest->steps_max);
		if (cost > worst)
			worst = cost;
	}
	return (uint32_t)(worst * (1 + forest->resumes_max));
}
