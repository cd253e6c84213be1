/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compiler/base/diag.h"

static const struct span nowhere = { 0 };

static void test_position(void **state)
{
	static const struct {
		const char *name, *text;
		uint32_t start, end, line, col, end_col;
		const char *line_text;
	} cases[] = {
		{ "empty text", "", 0, 0, 1, 1, 1, "" },
		{ "first byte", "ab\ncd\n", 0, 1, 1, 1, 1, "ab" },
		{ "last of a line", "ab\ncd\n", 1, 2, 1, 2, 2, "ab" },
		{ "behind a line", "ab\ncd\n", 2, 2, 1, 3, 3, "ab" },
		{ "the newline itself", "ab\ncd\n", 2, 3, 1, 3, 3, "ab" },
		{ "first of the next", "ab\ncd\n", 3, 5, 2, 1, 2, "cd" },
		{ "over two lines ends with the first", "ab\ncd\n", 1, 5, 1, 2, 2, "ab" },
		{ "behind the last newline", "ab\ncd\n", 6, 6, 3, 1, 1, "" },
		{ "no newline at the end", "ab\ncd", 4, 5, 2, 2, 2, "cd" },
		{ "behind the text", "ab\ncd", 5, 5, 2, 3, 3, "cd" },
		{ "a tab is one column", "\tab", 1, 3, 1, 2, 3, "\tab" },
		{ "CRLF", "ab\r\ncd\r\n", 4, 8, 2, 1, 2, "cd" },
		{ "empty line", "\n\nab", 1, 1, 2, 1, 1, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		uint32_t source = diag_source(ds, STR("f"), str_of(cases[i].text), nowhere);
		struct position p =
			diag_position(ds, (struct span){ source, cases[i].start, cases[i].end });

		if (p.line != cases[i].line || p.col != cases[i].col ||
		    p.end_col != cases[i].end_col || !str_is(p.text, cases[i].line_text))
			fail_msg("%s: %u:%u-%u '%.*s'", cases[i].name, p.line, p.col, p.end_col,
				 STR_ARG(p.text));
	}
}

static void test_nowhere(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	assert_int_equal(diag_position(diags_new(arena), nowhere).line, 0);
}

/* a.fw includes b.fw (twice) at 10 and c.fw at 20; b.fw includes d.fw at 5. */
static void test_sort(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct str text = STR("123456789012345678901234567890");
	uint32_t a = diag_source(ds, STR("a"), text, nowhere);
	uint32_t b = diag_source(ds, STR("b"), text, (struct span){ a, 10, 12 });
	uint32_t d = diag_source(ds, STR("d"), text, (struct span){ b, 5, 6 });
	uint32_t b2 = diag_source(ds, STR("b2"), text, (struct span){ a, 10, 12 });
	uint32_t c = diag_source(ds, STR("c"), text, (struct span){ a, 20, 22 });
	const struct span order[] = {
		{ 0, 0, 0 },  { a, 3, 4 }, { a, 10, 12 }, { b, 4, 5 },   { b, 5, 6 }, { d, 1, 2 },
		{ d, 9, 10 }, { b, 6, 7 }, { b2, 1, 2 },  { a, 15, 16 }, { c, 0, 1 }, { a, 21, 22 },
	};
	uint32_t n = sizeof(order) / sizeof(order[0]);

	for (uint32_t i = 0; i < n; i++) /* 5 and 12 have no common factor */
		diag_error(ds, order[i * 5 % n], E001, "%u", i * 5 % n);
	diag_sort(ds);
	assert_int_equal(ds->list.len, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(atoi(ds->list.data[i].message), i);
}

static void test_repeated(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	uint32_t source = diag_source(ds, STR("f"), STR("abcdef"), nowhere);
	struct span span = { source, 1, 3 };

	diag_error(ds, span, E001, "first");
	diag_warning(ds, span, W201, "warning");
	diag_error(ds, span, E002, "other code");
	diag_error(ds, span, E001, "again");
	diag_error(ds, (struct span){ source, 1, 4 }, E001, "other end");
	diag_warning(ds, span, W201, "warning again");
	diag_error(ds, nowhere, E162, "of the whole");
	diag_error(ds, nowhere, E162, "of the whole, too");
	diag_sort(ds);
	assert_int_equal(ds->list.len, 6);
	assert_int_equal(ds->n_errors, 5);
	assert_int_equal(ds->n_warnings, 1);
	assert_string_equal(ds->list.data[2].message, "first");
}

static void test_bounded(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);

	diag_help(ds, "of nothing");
	for (int i = 0; i < 1500; i++) {
		diag_warning(ds, nowhere, W201, "%d", i);
		diag_help(ds, "help %d", i);
	}
	assert_int_equal(ds->list.len, 1000);
	assert_int_equal(ds->n_warnings, 1500);
	assert_string_equal(ds->list.data[999].help, "help 999");
	diag_error(ds, nowhere, E001, "an error is not lost behind warnings");
	assert_int_equal(ds->list.len, 1001);
	diag_help(ds, "helped");
	assert_string_equal(ds->list.data[1000].help, "helped");
}

static void test_codes(void **state)
{
	assert_string_equal(diag_code_name(E001), "E001");
	assert_string_equal(diag_code_name(W212), "W212");
	for (int code = 0; code < DIAG_CODES; code++) {
		const char *name = diag_code_name((enum diag_code)code);

		assert_int_equal(strlen(name), 4);
		assert_true(name[0] == 'E' || name[0] == 'W');
		assert_true(strlen(diag_code_help((enum diag_code)code)) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_position), cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_sort),     cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_bounded),  cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
