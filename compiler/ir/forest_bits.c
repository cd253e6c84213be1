/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bit vectors of a group: see forest.h. Records are compared in full behind them, so spans need not
 * end at every rule's bound: a few hundred rows of each side leave few records to compare in vain.
 */
#include <stdlib.h>

#include "compiler/ir/forest_internal.h"

#define ROWS_MAX (1u << BITS_STEPS_MAX)
/* Most of the records that a row may have, on average, for a side to be worth its loads. */
#define DENSE 0.75
/* A packet that meets a record finds it after this part of the words. */
#define FOUND_AFTER  0.25
#define RESUMES_MOST 15u

struct side_plan {
	uint32_t dim, n_rows, steps;
	uint64_t bounds[ROWS_MAX];
	uint32_t *first, *last; /* rows of a cube of the list */
	double density;
	uint32_t full;    /* most records of a row */
	uint32_t partial; /* most records that have only a part of a row's span */
};

static int by_bound(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* As rows see it. */
static uint64_t largest(const struct dim *dim)
{
	uint64_t most = dim->bits < 64 ? ((uint64_t)1 << dim->bits) - 1 : UINT64_MAX;

	return most >> bits_shift(dim);
}

/* Where spans end: at the cubes' bounds, or some of them. */
static void choose_bounds(struct grove *grove, const uint32_t *list, uint32_t n,
			  struct side_plan *plan)
{
	const struct dim *dim = &grove->cubes->dims.dim[plan->dim];
	uint64_t most = largest(dim);
	uint64_t *all = arena_new_array(grove->arena, uint64_t, 2 * (size_t)n);
	uint32_t n_all = 0, kept = 0, rows;

	for (uint32_t i = 0; i < n; i++) {
		const struct interval *box = &grove->column[plan->dim][list[i]];
		uint64_t lo = box->lo >> bits_shift(dim), hi = box->hi >> bits_shift(dim);

		if (lo)
			all[n_all++] = lo - 1;
		if (hi < most)
			all[n_all++] = hi;
	}
	qsort(all, n_all, sizeof(*all), by_bound);
	for (uint32_t i = 0; i < n_all; i++)
		if (!kept || all[i] != all[kept - 1])
			all[kept++] = all[i];
	rows = kept + 1 < ROWS_MAX ? kept + 1 : ROWS_MAX;
	plan->steps = 1;
	while (1u << plan->steps < rows)
		plan->steps++;
	for (uint32_t i = 0; i < ROWS_MAX; i++)
		plan->bounds[i] = BITS_NO_BOUND;
	for (uint32_t i = 0; i + 1 < rows; i++)
		plan->bounds[i] = all[rows > kept ? i : (uint64_t)(i + 1) * kept / rows];
	plan->n_rows = rows;
}

static uint32_t row_of(const struct side_plan *plan, uint64_t value)
{
	uint32_t row = 0;

	for (uint32_t step = plan->steps; step-- > 0;)
		if (plan->bounds[row + (1u << step) - 1] < value)
			row += 1u << step;
	return row;
}

/* Which rows have each cube, and what that amounts to. */
static void find_rows(struct grove *grove, const uint32_t *list, uint32_t n, struct side_plan *plan)
{
	const struct dim *dim = &grove->cubes->dims.dim[plan->dim];
	uint64_t most = largest(dim);
	uint8_t shift = bits_shift(dim);
	uint32_t change[ROWS_MAX + 1] = { 0 }, partial[ROWS_MAX] = { 0 }, has = 0;
	uint64_t total = 0;

	plan->first = arena_new_array(grove->arena, uint32_t, n);
	plan->last = arena_new_array(grove->arena, uint32_t, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct interval *box = &grove->column[plan->dim][list[i]];
		uint64_t lo = box->lo >> shift, hi = box->hi >> shift;
		uint32_t first = row_of(plan, lo), last = row_of(plan, hi);
		bool starts_within, ends_within;
		uint64_t end;

		plan->first[i] = first;
		plan->last[i] = last;
		change[first]++;
		change[last + 1]--;
		end = plan->bounds[last] < most ? plan->bounds[last] : most;
		ends_within = shift || hi < end;
		starts_within = shift || lo != (first ? plan->bounds[first - 1] + 1 : 0);
		partial[first] += starts_within || (first == last && ends_within);
		partial[last] += first != last && ends_within;
	}
	for (uint32_t row = 0; row < plan->n_rows; row++) {
		has += change[row];
		total += has;
		plan->full = has > plan->full ? has : plan->full;
		plan->partial = partial[row] > plan->partial ? partial[row] : plan->partial;
	}
	plan->density = (double)total / ((double)plan->n_rows * n);
}

static int by_density(const void *a, const void *b)
{
	double x = (*(struct side_plan *const *)a)->density;
	double y = (*(struct side_plan *const *)b)->density;

	return (x > y) - (x < y);
}

/* The sides that tell most records apart, these first. */
static uint32_t plan_sides(struct grove *grove, const uint32_t *list, uint32_t n,
			   struct side_plan *ret_plans[DIMS_MAX])
{
	uint32_t fixed = grove->cubes->family == FAMILY_IPV6   ? DIM6_FIXED
			 : grove->cubes->family == FAMILY_IPV4 ? DIM4_FIXED
							       : 0;
	uint32_t sides = 0;

	for (uint32_t dim = 0; dim < fixed; dim++) {
		struct side_plan *plan;

		if (!grove->column[dim])
			continue;
		plan = arena_new_array(grove->arena, struct side_plan, 1);
		plan->dim = dim;
		choose_bounds(grove, list, n, plan);
		find_rows(grove, list, n, plan);
		if (plan->density <= DENSE)
			ret_plans[sides++] = plan;
	}
	qsort(ret_plans, sides, sizeof(*ret_plans), by_density);
	return sides < BITS_SIDES_MAX ? sides : BITS_SIDES_MAX;
}

static void fill_rows(const struct side_plan *plan, uint32_t n, uint32_t row_words,
		      unsigned char *ret_rows)
{
	uint64_t *rows = (void *)ret_rows;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t row = plan->first[i]; row <= plan->last[i]; row++)
			rows[(size_t)row * row_words + i / 64] |= (uint64_t)1 << i % 64;
}

static void make_image(struct grove *grove, struct side_plan *const *plans, uint32_t n,
		       struct forest_bits *bits)
{
	uint32_t before = 0, size = 0;
	unsigned char *bytes;

	vec_for_each(image, &grove->images)
		before += image->size;
	for (uint32_t i = 0; i < bits->n_sides; i++) {
		struct bits_side *side = &bits->side[i];

		side->dim = (uint8_t)plans[i]->dim;
		side->steps = (uint8_t)plans[i]->steps;
		side->bounds = before + size;
		size += 8u << side->steps;
		side->rows = before + size;
		size += (8u * bits->words) << side->steps;
	}
	size = (size + 15) & ~15u;
	bytes = arena_alloc(grove->arena, size);
	for (uint32_t i = 0; i < bits->n_sides; i++) {
		memcpy(bytes + bits->side[i].bounds - before, plans[i]->bounds,
		       8u << bits->side[i].steps);
		fill_rows(plans[i], n, bits->words, bytes + bits->side[i].rows - before);
	}
	vec_push(grove->arena, &grove->images, ((struct bits_image){ bytes, size }));
}

static uint32_t count_resumes(const struct grove *grove, const uint32_t *list, uint32_t n)
{
	uint32_t resumes = 0;

	for (uint32_t i = 0; i < n; i++)
		resumes += place_resumes(grove->places, grove->cubes->list.data[list[i]].place);
	return resumes;
}

/* Something besides the sides can keep a packet from the cube. */
static bool is_open(const struct grove *grove, uint32_t cube, struct side_plan *const *plans,
		    uint32_t n_sides)
{
	if (grove->cubes->list.data[cube].n_tests)
		return false;
	for (uint32_t dim = 0; dim < grove->n_dims; dim++) {
		bool is_side = false;

		for (uint32_t i = 0; i < n_sides; i++)
			is_side |= plans[i]->dim == dim;
		if (!grove->column[dim] || is_side)
			continue;
		if (grove->column[dim][cube].lo > grove->region[dim].lo ||
		    grove->column[dim][cube].hi < grove->region[dim].hi)
			return false;
	}
	return true;
}

static uint32_t count_misses(const struct grove *grove, const uint32_t *list, uint32_t n,
			     struct side_plan *const *plans, uint32_t n_sides)
{
	uint32_t most = n, misses = 0;

	for (uint32_t i = 0; i < n_sides; i++) {
		most = plans[i]->full < most ? plans[i]->full : most;
		misses += plans[i]->partial;
	}
	for (uint32_t i = 0; i < n && misses < most; i++)
		misses += !is_open(grove, list[i], plans, n_sides);
	return misses < most ? misses : most;
}

double bits_cost(const struct forest_bits *bits, double record)
{
	uint32_t met = bits->misses + 1, calls = met < bits->words ? met : bits->words;
	double cost = bits->words * COST_WORD + calls * COST_CALL + met * record;

	for (uint32_t i = 0; i < bits->n_sides; i++)
		cost += bits->side[i].steps * COST_STEP;
	return cost;
}

double bits_make(struct grove *grove, const uint32_t *list, uint32_t n,
		 struct forest_bits *ret_bits)
{
	struct side_plan *plans[DIMS_MAX];
	struct forest_bits bits = { 0 };
	double cost = 0, common = n;

	if (n > BITS_RECORDS_MAX || n <= BITS_LEAF_MIN ||
	    count_resumes(grove, list, n) > RESUMES_MOST)
		return 0;
	bits.n_sides = plan_sides(grove, list, n, plans);
	if (!bits.n_sides)
		return 0;
	bits.words = (n + 63) / 64;
	bits.words = (bits.words + BITS_UNROLL - 1) / BITS_UNROLL * BITS_UNROLL;
	bits.misses = count_misses(grove, list, n, plans, bits.n_sides);
	make_image(grove, plans, n, &bits);
	for (uint32_t i = 0; i < bits.n_sides; i++) {
		cost += bits.side[i].steps * COST_STEP;
		common *= plans[i]->density;
	}
	*ret_bits = bits;
	return cost + FOUND_AFTER * (bits.words * COST_WORD + common * COST_RECORD6);
}
