/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damage to bit vectors, each named: the proof refuses it. */
#include "compiler/ir/prove.h"
#include "tests/unit/ruleset.h"

static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

struct target {
	struct forest *forest;
	unsigned char *blob;
};

typedef void damage(struct target *t);

/* The root of some tree that is no leaf. */
static uint32_t inner_node(const struct forest *forest)
{
	const struct forest_node *nodes = (const void *)(forest->blob + forest->nodes.offset);

	for (uint32_t i = 0; i < forest->nodes.n; i++)
		if (nodes[i].dim != FOREST_LEAF)
			return i;
	fail_msg("the ruleset has no tree");
	return 0;
}

static struct forest_bits *bits_of(struct target *t)
{
	vec_for_each(group, &t->forest->groups)
		if (group->bits.n_sides)
			return &group->bits;
	fail_msg("the ruleset has no bit vectors");
	return NULL;
}

static uint64_t *bounds_of(struct target *t)
{
	return (void *)(t->blob + bits_of(t)->side[0].bounds);
}

static uint64_t *row_of(struct target *t, uint32_t row)
{
	const struct forest_bits *bits = bits_of(t);

	return (uint64_t *)(void *)(t->blob + bits->side[0].rows) + (size_t)row * bits->words;
}

static void bits_cleared(struct target *t)
{
	uint64_t *word = row_of(t, 1);

	while (!*word)
		word++;
	*word &= *word - 1;
}

static void bits_set(struct target *t)
{
	row_of(t, 1)[bits_of(t)->words - 1] |= (uint64_t)1 << 63;
}

static void bits_bound_moved(struct target *t)
{
	bounds_of(t)[0]++;
}

static void bits_bounds_swapped(struct target *t)
{
	uint64_t *bounds = bounds_of(t), first = bounds[0];

	bounds[0] = bounds[1];
	bounds[1] = first;
}

static void bits_no_end(struct target *t)
{
	const struct forest_bits *bits = bits_of(t);

	bounds_of(t)[(1u << bits->side[0].steps) - 1] = UINT64_MAX;
}

static void bits_other_dim(struct target *t)
{
	bits_of(t)->side[0].dim = bits_of(t)->side[1].dim;
}

static void bits_no_dim(struct target *t)
{
	bits_of(t)->side[0].dim = DIM4_FIXED;
}

static void bits_fewer_words(struct target *t)
{
	bits_of(t)->words -= BITS_UNROLL;
}

static void bits_rows_outside(struct target *t)
{
	bits_of(t)->side[0].rows = t->forest->actions.offset;
}

static void bits_of_a_tree(struct target *t)
{
	vec_for_each(group, &t->forest->groups)
		if (group->bits.n_sides)
			group->root = inner_node(t->forest);
}

static void bits_fewer_steps(struct target *t)
{
	bits_of(t)->side[0].steps--;
}

/* Ranges around one another, of sources and ports, and hosts that make a tree of IPv6. */
static const char *nested(struct arena *arena)
{
	struct buf out = { .arena = arena };

	for (uint32_t i = 150; i > 0; i--)
		buf_printf(&out, "%s tcp src 10.1.0.%u-10.1.9.%u dport %u-%u\n",
			   i % 2 ? "drop" : "allow", i, 250 - i, i, 65535 - i);
	for (uint32_t i = 0; i < 20; i++)
		buf_printf(&out, "allow src 2001:db8:%x::1 dst 2001:db8::%x\n", i, i);
	return buf_text(&out);
}

/* clang-format off */
static const struct {
	const char *name;
	damage *damage;
	const char *why; /* must be part of the message */
} damages[] = {
	{ "a bit less", bits_cleared, "row" },
	{ "a bit of no record", bits_set, "row" },
	{ "a bound of rows moved", bits_bound_moved, "row" },
	{ "bounds of rows swapped", bits_bounds_swapped, "not sorted" },
	{ "bounds of rows without an end", bits_no_end, "without an end" },
	{ "rows of another dim", bits_other_dim, "row" },
	{ "rows of no dim", bits_no_dim, "not fixed" },
	{ "rows that are too short", bits_fewer_words, "wrong shape" },
	{ "rows out of bounds", bits_rows_outside, "outside" },
	{ "rows of a tree", bits_of_a_tree, "" },
	{ "half of the bounds", bits_fewer_steps, "" },
};
/* clang-format on */

static void plant(struct loaded *loaded, struct places *ret_places, struct forest *ret_forest)
{
	struct cubes cubes[3];

	assert_true(places_flatten(loaded->arena, loaded->rs, PLACES_MAX, ret_places));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(cubes_normalise(loaded->arena, loaded->ds, ret_places, families[i],
					    1000000, &cubes[i]));
		cubes_simplify(&cubes[i], ret_places, NULL);
	}
	assert_null(forest_build(loaded->arena, ret_places, cubes, ret_forest));
}

static void test_damages(void **state)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		_cleanup_arena_ struct arena *text = arena_new();
		struct loaded loaded = load_text(
			arena_printf(text, "interface eth0\ndefault drop\n%s", nested(text)), NULL);
		struct places places = { 0 };
		struct forest forest;
		struct target t = { .forest = &forest };
		struct proof proof;

		plant(&loaded, &places, &forest);
		t.blob = forest.blob;
		proof = forest_prove(loaded.arena, &places, &forest);
		if (!proof.holds)
			fail_msg("%s: refused undamaged: %s", damages[i].name, proof.why);
		damages[i].damage(&t);
		proof = forest_prove(loaded.arena, &places, &forest);
		if (proof.holds)
			fail_msg("%s: accepted", damages[i].name);
		if (!strstr(proof.why, damages[i].why))
			fail_msg("%s: refused because %s", damages[i].name, proof.why);
		arena_free(loaded.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
