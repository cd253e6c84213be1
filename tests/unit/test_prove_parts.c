/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the proof reckons with (regions, sets, products), against counting values one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "compiler/ir/prove_region.h"
#include "compiler/ir/prove_set.h"

#define SMALL 64u

struct random {
	uint64_t state;
};

static uint32_t random_below(struct random *r, uint32_t n)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((r->state >> 33) % n);
}

static bool random_chance(struct random *r, uint32_t percent)
{
	return random_below(r, 100) < percent;
}

static bool extent_has(const struct extent_bits *extent, uint64_t value)
{
	return extent->lo <= value && value <= extent->hi &&
	       (value & extent->mask) == extent->value;
}

static struct extent_bits random_extent(struct random *r)
{
	struct extent_bits extent = { random_below(r, SMALL), random_below(r, SMALL), 0, 0 };

	if (random_chance(r, 70)) {
		extent.mask = random_below(r, SMALL);
		extent.value = random_below(r, SMALL) & extent.mask;
	}
	return extent;
}

static void one_extent(struct random *r)
{
	struct extent_bits extent = random_extent(r), before = extent;
	uint64_t first = SMALL, last = 0, lo = random_below(r, SMALL), hi = random_below(r, SMALL);
	bool some = extent_tighten(&extent);

	for (uint64_t value = 0; value < SMALL; value++)
		if (extent_has(&before, value)) {
			first = first < value ? first : value;
			last = value;
		}
	assert_int_equal(some, first < SMALL);
	if (!some)
		return;
	assert_int_equal(extent.lo, first);
	assert_int_equal(extent.hi, last);
	first = SMALL;
	for (uint64_t value = lo; value <= hi; value++)
		if (extent_has(&extent, value)) {
			first = first < value ? first : value;
			last = value;
		}
	assert_int_equal(extent_clip(&extent, &lo, &hi), first < SMALL);
	if (first == SMALL)
		return;
	assert_int_equal(lo, first);
	assert_int_equal(hi, last);
}

/* Every value of an extent is in the child that the walker goes to, and, as far as a cut has that
 * form, in no other. */
static void one_cut(struct random *r)
{
	struct extent_bits extent = random_extent(r), child;
	struct children to;
	bool threshold = random_chance(r, 50);
	uint32_t shift = threshold ? 6 : random_below(r, 7);
	uint64_t mask = threshold ? 1 : (1u << (1 + random_below(r, 4))) - 1;
	uint32_t add = threshold ? random_below(r, SMALL) : random_chance(r, 80) ? 0 : 5;

	if (!extent_tighten(&extent))
		return;
	to = extent_children(extent.lo, extent.hi, add, shift, mask);
	for (uint64_t i = 0; i <= mask; i++) {
		bool some = extent_cut(&extent, add, shift, mask, i, &child);

		for (uint64_t value = 0; value < SMALL; value++) {
			bool goes = ((value + add) >> shift & mask) == i;

			if (goes && extent_has(&extent, value)) {
				assert_true(some && extent_has(&child, value));
				assert_true(((i - to.first) & mask) <=
					    ((to.last - to.first) & mask));
			}
			if (some && extent_has(&child, value)) {
				assert_true(extent_has(&extent, value));
				assert_true(goes || (add && !threshold));
			}
		}
	}
}

static uint64_t bits_of(struct value_set set)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < set.n; i++) {
		assert_true(set.at[i].lo <= set.at[i].hi && set.at[i].hi < SMALL);
		assert_true(!i || set.at[i - 1].hi + 1 < set.at[i].lo);
		for (u128 value = set.at[i].lo; value <= set.at[i].hi; value++)
			bits |= (uint64_t)1 << (unsigned int)value;
	}
	return bits;
}

static struct value_set random_set(struct random *r, struct set_pool *pool)
{
	struct range at[6];
	uint32_t n = random_below(r, 7);

	for (uint32_t i = 0; i < n; i++) {
		at[i].lo = random_below(r, SMALL);
		at[i].hi = at[i].lo + random_below(r, SMALL - (uint32_t)at[i].lo);
		if (random_chance(r, 60))
			at[i].hi = at[i].lo;
	}
	return set_of_ranges(pool, at, n);
}

static void one_set(struct random *r, struct set_pool *pool)
{
	struct value_set a = random_set(r, pool), b = random_set(r, pool);
	uint64_t x = bits_of(a), y = bits_of(b);

	assert_true(bits_of(set_and(pool, a, b)) == (x & y));
	assert_true(bits_of(set_minus(pool, a, b)) == (x & ~y));
	assert_int_equal(set_within(a, b), (x & ~y) == 0);
	for (uint32_t value = 0; value < SMALL; value++)
		assert_int_equal(set_has(a, value), x >> value & 1);
	pool->len = 0;
}

static bool product_holds(const struct product *product, uint32_t x, uint32_t y)
{
	return !product->empty && (!(product->used & 1) || set_has(product->of[0], x)) &&
	       (!(product->used & 2) || set_has(product->of[1], y));
}

static struct product random_product(struct random *r, struct set_pool *pool)
{
	struct product product = { 0 };

	for (uint32_t field = 0; field < 2; field++)
		if (random_chance(r, 75))
			product_narrow(pool, &product, field, random_set(r, pool));
	return product;
}

static void one_product(struct random *r, struct set_pool *pool)
{
	struct universe universe = { .n = 2 };
	struct product pieces[FIELDS_MAX], a, b;
	bool within = true;
	uint32_t n;

	for (uint32_t i = 0; i < 2; i++) {
		universe.range[i].hi = SMALL - 1;
		universe.all[i] = (struct value_set){ &universe.range[i], 1 };
	}
	a = random_product(r, pool);
	b = random_product(r, pool);
	n = product_minus(pool, &universe, &a, &b, pieces);
	for (uint32_t x = 0; x < SMALL; x++)
		for (uint32_t y = 0; y < SMALL; y++) {
			bool left = product_holds(&a, x, y) && !product_holds(&b, x, y);
			uint32_t found = 0;

			for (uint32_t i = 0; i < n; i++)
				found += product_holds(&pieces[i], x, y);
			assert_int_equal(found, left);
			within &= !left;
		}
	assert_int_equal(product_within(&universe, &a, &b), within);
	pool->len = 0;
}

static void test_regions(void **state)
{
	struct random random = { 4711 };

	for (uint32_t i = 0; i < 30000; i++) {
		one_extent(&random);
		one_cut(&random);
	}
}

static void test_sets(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct set_pool pool = { .arena = arena };
	struct random random = { 4712 };

	for (uint32_t i = 0; i < 20000; i++)
		one_set(&random, &pool);
}

static void test_products(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct set_pool pool = { .arena = arena };
	struct random random = { 4713 };

	for (uint32_t i = 0; i < 300; i++)
		one_product(&random, &pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_products),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
