/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flattened list: numbers as eval counts them, where rules resume, how far they cover. */
#include "tests/unit/ruleset.h"

#include "compiler/ir/place.h"

#define OPEN "interface eth0\ndefault allow\n"
#define NONE PLACE_NONE

struct place_case {
	const char *name;
	const char *rules;
	uint32_t n;
	struct place list[8];
};

/* clang-format off */
static const struct place_case cases[] = {
	{ "no rule", OPEN, 0, { { 0 } } },
	{ "one", OPEN "drop", 1, { { 0, PLACE_DROP, NONE, 0, 0, 1, 1 } } },
	{ "disabled", OPEN "drop disabled\nallow", 1, { { 1, PLACE_ALLOW, NONE, 0, 0, 1, 1 } } },
	{ "count goes on", OPEN "count\nallow", 2, {
		{ 0, PLACE_COUNT, NONE, 0, 1, 2, 2 },
		{ 1, PLACE_ALLOW, NONE, 0, 0, 2, 2 } } },
	{ "a chain in its place", OPEN "chain c {\n drop tcp\n}\nallow\njump c\nallow", 4, {
		{ 1, PLACE_ALLOW, NONE, 0, 0, 4, 4 },
		{ 2, PLACE_JUMP, NONE, 0, 3, 4, 4 },
		{ 0, PLACE_DROP, 1, 0, 0, 3, 4 },
		{ 3, PLACE_ALLOW, NONE, 0, 0, 4, 4 } } },
	{ "used twice", OPEN "chain c {\n drop tcp\n}\njump c\njump c", 4, {
		{ 1, PLACE_JUMP, NONE, 0, 2, 4, 4 },
		{ 0, PLACE_DROP, 0, 0, 0, 2, 4 },
		{ 2, PLACE_JUMP, NONE, 0, 4, 4, 4 },
		{ 0, PLACE_DROP, 2, 0, 0, 4, 4 } } },
	{ "return", OPEN "chain c {\n drop tcp\n return\n drop udp\n}\njump c\nallow", 5, {
		{ 3, PLACE_JUMP, NONE, 0, 4, 5, 5 },
		{ 0, PLACE_DROP, 0, 0, 0, 4, 5 },
		{ 1, PLACE_RETURN, 0, 0, 4, 4, 5 },
		{ 2, PLACE_DROP, 0, 0, 0, 4, 4 },
		{ 4, PLACE_ALLOW, NONE, 0, 0, 5, 5 } } },
	{ "return around an inner chain", OPEN "chain i {\n drop tcp\n}\nchain c {\n return\n jump i\n}\njump c\nallow", 5, {
		{ 3, PLACE_JUMP, NONE, 0, 4, 5, 5 },
		{ 1, PLACE_RETURN, 0, 0, 4, 4, 5 },
		{ 2, PLACE_JUMP, 0, 0, 4, 4, 4 },
		{ 0, PLACE_DROP, 2, 0, 0, 4, 4 },
		{ 4, PLACE_ALLOW, NONE, 0, 0, 5, 5 } } },
	{ "return of an inner chain", OPEN "chain i {\n return\n drop tcp\n}\nchain c {\n jump i\n drop udp\n}\njump c\nallow", 6, {
		{ 4, PLACE_JUMP, NONE, 0, 5, 6, 6 },
		{ 2, PLACE_JUMP, 0, 0, 4, 5, 6 },
		{ 0, PLACE_RETURN, 1, 0, 4, 4, 6 },
		{ 1, PLACE_DROP, 1, 0, 0, 4, 4 },
		{ 3, PLACE_DROP, 0, 0, 0, 5, 6 },
		{ 5, PLACE_ALLOW, NONE, 0, 0, 6, 6 } } },
};
/* clang-format on */

static bool same(const struct place *a, const struct place *b)
{
	return a->rule == b->rule && a->kind == b->kind && a->jump == b->jump &&
	       a->resume == b->resume && a->end == b->end && a->reach == b->reach;
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct place_case *c = &cases[i];
		struct loaded loaded = load_text(c->rules, NULL);
		struct places places;

		assert_true(places_flatten(loaded.arena, loaded.rs, 8, &places));
		if (places.list.len != c->n)
			fail_msg("%s: %u places", c->name, places.list.len);
		for (uint32_t k = 0; k < c->n; k++) {
			const struct place *p = &places.list.data[k];

			if (!same(p, &c->list[k]))
				fail_msg("%s: place %u: rule %u kind %u jump %u resume %u end %u "
					 "reach %u",
					 c->name, k, p->rule, p->kind, p->jump, p->resume, p->end,
					 p->reach);
		}
		arena_free(loaded.arena);
	}
}

/* Each level has two jumps: what is refused must be refused soon. */
static void test_bound(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };
	struct loaded loaded;
	struct places places;

	buf_puts(&out, OPEN "chain c0 {\n}\n");
	for (int i = 1; i <= 20; i++)
		buf_printf(&out, "chain c%d { jump c%d; jump c%d }\n", i, i - 1, i - 1);
	buf_puts(&out, "jump c20\njump c2\n");
	loaded = load_text(buf_text(&out), NULL);
	assert_false(places_flatten(loaded.arena, loaded.rs, 100000, &places));
	arena_free(loaded.arena);

	loaded = load_text(OPEN "chain c {\n drop tcp\n}\njump c\njump c", NULL);
	assert_false(places_flatten(loaded.arena, loaded.rs, 3, &places));
	assert_true(places_flatten(loaded.arena, loaded.rs, 4, &places));
	arena_free(loaded.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
