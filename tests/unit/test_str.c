/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/base/str.h"

static struct str s(const char *text)
{
	return str_of(text);
}

static void test_starts(void **state)
{
	assert_true(str_starts(s(""), s("")));
	assert_true(str_starts(s("abc"), s("")));
	assert_true(str_starts(s("abc"), s("abc")));
	assert_false(str_starts(s("ab"), s("abc")));
	assert_false(str_starts(s("abd"), s("abc")));
}

static void test_cmp(void **state)
{
	assert_int_equal(str_cmp(s(""), s("")), 0);
	assert_true(str_cmp(s(""), s("a")) < 0);
	assert_true(str_cmp(s("a"), s("ab")) < 0);
	assert_true(str_cmp(s("b"), s("ab")) > 0);
	assert_true(str_cmp(s("\xff"), s("a")) > 0); /* bytes have no sign */
}

static void test_buf(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf buf = { .arena = arena };

	assert_string_equal(buf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i % 10);
	assert_int_equal(buf.len, 2000);
	buf_add(&buf, (struct str){ NULL, 0 });
	buf_printf(&buf, "%s", "");
	assert_int_equal(buf.len, 2000);
	assert_memory_equal(buf_text(&buf) + 1990, "5,6,7,8,9,", 11);
}

/* The text is exactly as long as the room that is left, and one longer. */
static void test_buf_edge(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (int len = 60; len < 70; len++) {
		struct buf buf = { .arena = arena };

		buf_printf(&buf, "%*d", len, 7);
		assert_int_equal(strlen(buf_text(&buf)), len);
		assert_int_equal(buf.data[len - 1], '7');
	}
}

static const char *const words[] = { "default", "tcp",   "udp",     "allow",   "dport",
				     "sport",   "log",   "ssh",     "bad",     "src",
				     "dst",     "proto", "comment", "on",      "ip4",
				     "ip6",     "count", "return",  "version", "established" };

static void test_nearest(void **state)
{
	static const struct {
		const char *name, *word, *best;
	} cases[] = {
		{ "itself", "tcp", "tcp" },
		{ "swap", "defualt", "default" },
		{ "swap of three", "tpc", "tcp" },
		{ "swap at the end", "lgo", "log" },
		{ "swap in a name", "bda", "bad" },
		{ "swap in the middle", "dprot", "dport" },
		{ "letter missing", "alow", "allow" },
		{ "letter too many", "alloww", "allow" },
		{ "wrong letter", "shh", "ssh" },
		{ "case", "TCP", "tcp" },
		{ "three of eleven", "establihsd", "established" },
		{ "three edits in a long word", "estblshd", "established" },
		{ "two of three", "xxp", NULL },
		{ "two letters have no neighbours", "no", NULL },
		{ "nothing", "", NULL },
		{ "far", "frobnicate", NULL },
		{ "four of eleven", "estblsh", NULL },
		{ "very long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str_nearest nearest = { .word = s(cases[i].word) };

		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			str_nearest_offer(&nearest, s(words[j]));
		if (!cases[i].best != !nearest.best.s ||
		    (cases[i].best && !str_is(nearest.best, cases[i].best)))
			fail_msg("%s: '%s' gives '%.*s'", cases[i].name, cases[i].word,
				 STR_ARG(nearest.best));
	}
}

/* The first of equals stays, a nearer one replaces it. */
static void test_nearest_order(void **state)
{
	struct str_nearest nearest = { .word = STR("abc") };

	str_nearest_offer(&nearest, STR("abd"));
	str_nearest_offer(&nearest, STR("abe"));
	assert_true(str_is(nearest.best, "abd"));
	str_nearest_offer(&nearest, STR("abc"));
	assert_true(str_is(nearest.best, "abc"));
	str_nearest_offer(&nearest, STR("ABC"));
	assert_true(str_is(nearest.best, "abc"));
	nearest = (struct str_nearest){ .word = STR("tset") };
	str_nearest_offer(&nearest, STR("set"));
	str_nearest_offer(&nearest, STR("test"));
	str_nearest_offer(&nearest, STR("tsets"));
	assert_true(str_is(nearest.best, "test"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts),  cmocka_unit_test(test_cmp),
		cmocka_unit_test(test_buf),     cmocka_unit_test(test_buf_edge),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_nearest_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
