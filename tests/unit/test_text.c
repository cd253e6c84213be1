/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Escapes, columns, scaled and grouped numbers. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bpffw/ui/text.h"

struct scaled_case {
	const char *name;
	uint64_t value;
	char kilo;
	const char *want;
};

static void test_scaled(void **state)
{
	static const struct scaled_case cases[] = {
		{ "nothing", 0, 'k', "0" },
		{ "last plain", 999, 'k', "999" },
		{ "first scaled", 1000, 'k', "1.0k" },
		{ "packets", 7700, 'k', "7.7k" },
		{ "bytes", 462000, 'K', "462.0K" },
		{ "rounded down, not to 1000.0k", 999999, 'k', "999.9k" },
		{ "million", 1000000, 'k', "1.0M" },
		{ "giga", 12100000000u, 'K', "12.1G" },
		{ "largest", UINT64_MAX, 'k', "18.4E" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new();
		struct buf out = { .arena = arena };

		text_scaled(&out, cases[i].value, cases[i].kilo);
		if (strcmp(buf_text(&out), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, buf_text(&out));
		arena_free(arena);
	}
}

static void test_grouped(void **state)
{
	static const struct {
		uint64_t value;
		const char *noun, *want;
	} cases[] = {
		{ 0, "rule", "0 rules" },
		{ 1, "rule", "1 rule" },
		{ 2, "entry", "2 entries" },
		{ 999, "rule", "999 rules" },
		{ 1412, "instruction", "1 412 instructions" },
		{ 100002, "entry", "100 002 entries" },
		{ 1000000, "rule", "1 000 000 rules" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new();
		struct buf out = { .arena = arena };

		text_count(&out, cases[i].value, cases[i].noun);
		assert_string_equal(buf_text(&out), cases[i].want);
		arena_free(arena);
	}
}

struct escape_case {
	const char *name;
	struct str text;
	const char *want;
	unsigned int columns;
};

static void test_escape(void **state)
{
	static const struct escape_case cases[] = {
		{ "plain", { "dport 22", 8 }, "dport 22", 8 },
		{ "empty", { "", 0 }, "", 0 },
		{ "escape character", { "\033[31m", 5 }, "\\x1b[31m", 8 },
		{ "NUL", { "a\0b", 3 }, "a\\x00b", 6 },
		{ "newline", { "a\nb", 3 }, "a\\x0ab", 6 },
		{ "delete", { "\x7f", 1 }, "\\x7f", 4 },
		{ "two bytes", { "\xc3\xa9", 2 }, "\xc3\xa9", 1 },
		{ "wide", { "\xe6\x97\xa5", 3 }, "\xe6\x97\xa5", 2 },
		{ "combining", { "e\xcc\x81", 3 }, "e\xcc\x81", 1 },
		{ "C1 control", { "\xc2\x9b", 2 }, "\\u009b", 6 },
		{ "direction override", { "\xe2\x80\xae", 3 }, "\\u202e", 6 },
		{ "cut short", { "\xe2\x80", 2 }, "\\xe2\\x80", 8 },
		{ "overlong", { "\xc0\xaf", 2 }, "\\xc0\\xaf", 8 },
		{ "surrogate", { "\xed\xa0\x80", 3 }, "\\xed\\xa0\\x80", 12 },
		{ "above the last", { "\xf4\x90\x80\x80", 4 }, "\\xf4\\x90\\x80\\x80", 16 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new();
		struct buf out = { .arena = arena };
		unsigned int columns = text_escape(&out, cases[i].text);

		if (strcmp(buf_text(&out), cases[i].want) != 0 || columns != cases[i].columns)
			fail_msg("%s: '%s', %u columns", cases[i].name, buf_text(&out), columns);
		assert_int_equal(text_columns(cases[i].text), columns);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_grouped),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
