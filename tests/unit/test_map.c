/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash table of names: what is added is found, what is there stays. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "compiler/base/map.h"

static void test_empty(void **state)
{
	struct map map = { 0 };
	uint32_t value = 7;

	assert_false(map_find(&map, STR("a"), &value));
	assert_int_equal(value, 7);
}

static void test_first_stays(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct map map = { 0 };
	uint32_t value = 0;

	assert_true(map_add(arena, &map, STR("a"), 1));
	assert_false(map_add(arena, &map, STR("a"), 2));
	assert_true(map_add(arena, &map, STR("ab"), 3));
	assert_true(map_add(arena, &map, STR(""), 4));
	assert_true(map_find(&map, STR("a"), &value));
	assert_int_equal(value, 1);
	assert_true(map_find(&map, STR("ab"), &value));
	assert_int_equal(value, 3);
	assert_true(map_find(&map, STR(""), &value));
	assert_int_equal(value, 4);
	assert_int_equal(map.len, 3);
}

static void test_growth(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct map map = { 0 };
	uint32_t value;

	for (uint32_t i = 0; i < 10000; i++)
		assert_true(map_add(arena, &map, str_of(arena_printf(arena, "name-%u", i)), i));
	for (uint32_t i = 0; i < 10000; i++) {
		assert_true(map_find(&map, str_of(arena_printf(arena, "name-%u", i)), &value));
		assert_int_equal(value, i);
	}
	assert_false(map_find(&map, STR("name-10000"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_first_stays),
		cmocka_unit_test(test_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
