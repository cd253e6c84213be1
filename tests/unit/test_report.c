/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The form of a diagnostic: position, line, caret, help, includes. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bpffw/ui/render.h"

struct report_case {
	const char *name;
	const char *text;
	uint32_t start, end;
	const char *help;
	const char *want;
};

/* clang-format off */
static const struct report_case cases[] = {
	{ "a word", "allow tcp port 22\n", 10, 14, "write 'dport'",
	  "a.fw:1:11: error: TEXT [E001]\n"
	  "  allow tcp port 22\n"
	  "            ^~~~\n"
	  "  help: write 'dport'\n" },
	{ "second line, no newline", "x\ndrop src", 10, 10, NULL,
	  "a.fw:2:9: error: TEXT [E001]\n"
	  "  drop src\n"
	  "          ^\n" },
	{ "one character", "a\n", 0, 1, NULL,
	  "a.fw:1:1: error: TEXT [E001]\n"
	  "  a\n"
	  "  ^\n" },
	{ "tabs before and under it", "\tdrop\tlgo\n", 6, 9, NULL,
	  "a.fw:1:7: error: TEXT [E001]\n"
	  "          drop    lgo\n"
	  "                  ^~~\n" },
	{ "UTF-8 before it", "name \"\xc3\xa9\xe6\x97\xa5\" lgo\n", 13, 16, NULL,
	  "a.fw:1:14: error: TEXT [E001]\n"
	  "  name \"\xc3\xa9\xe6\x97\xa5\" lgo\n"
	  "             ^~~\n" },
	{ "control characters", "a\033 lgo\n", 3, 6, NULL,
	  "a.fw:1:4: error: TEXT [E001]\n"
	  "  a\\x1b lgo\n"
	  "        ^~~\n" },
	{ "a marked control character", "a \033\n", 2, 3, NULL,
	  "a.fw:1:3: error: TEXT [E001]\n"
	  "  a \\x1b\n"
	  "    ^~~~\n" },
	{ "over the line's end", "set a {\n1\n}\n", 6, 11, NULL,
	  "a.fw:1:7: error: TEXT [E001]\n"
	  "  set a {\n"
	  "        ^\n" },
	{ "an example and a second help", "a\n", 0, 1, "example: udp\nmore",
	  "a.fw:1:1: error: TEXT [E001]\n"
	  "  a\n"
	  "  ^\n"
	  "  example: udp\n"
	  "  help: more\n" },
};
/* clang-format on */

static const char *render(struct arena *arena, const char *text, struct span span, const char *help,
			  unsigned int width)
{
	struct diags *ds = diags_new(arena);
	struct buf out = { .arena = arena };

	span.source = diag_source(ds, STR("a.fw"), str_of(text), (struct span){ 0 });
	diag_error(ds, span, E001, "TEXT");
	if (help)
		diag_help(ds, "%s", help);
	render_diag(&out, ds, &ds->list.data[0], false, width);
	return buf_text(&out);
}

static void test_form(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct report_case *c = &cases[i];
		struct arena *arena = arena_new();
		const char *got =
			render(arena, c->text, (struct span){ 0, c->start, c->end }, c->help, 0);

		if (strcmp(got, c->want) != 0)
			fail_msg("%s:\n%s", c->name, got);
		arena_free(arena);
	}
}

/* 3000 columns with a word in the middle: the word and its caret are in view, lines fit. */
static void test_long_line(void **state)
{
	struct arena *arena = arena_new();
	char *text = arena_alloc(arena, 3001);
	const char *got, *line, *caret;

	memset(text, 'x', 3000);
	memcpy(text + 1500, " lgo ", 5);
	got = render(arena, text, (struct span){ 0, 1501, 1504 }, NULL, 80);
	line = strchr(got, '\n') + 1;
	caret = strchr(line, '\n') + 1;
	assert_true(strcspn(line, "\n") <= 80);
	assert_true(strncmp(line, "  ...x", 6) == 0);
	assert_true(strncmp(caret - 5, "x...\n", 5) == 0);
	assert_int_equal(strstr(line, "lgo") - line, strchr(caret, '^') - caret);
	assert_string_equal(strchr(caret, '^'), "^~~\n");
	arena_free(arena);
}

/* The marked word itself is longer than the window. */
static void test_long_word(void **state)
{
	struct arena *arena = arena_new();
	char *text = arena_alloc(arena, 3001);
	const char *caret;

	memset(text, 'x', 3000);
	caret = strchr(render(arena, text, (struct span){ 0, 0, 3000 }, NULL, 80), '^');
	assert_true(strcspn(caret, "\n") <= 78);
	assert_true(strcspn(caret, "\n") >= 60);
	arena_free(arena);
}

static void test_include(void **state)
{
	struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct buf out = { .arena = arena };
	uint32_t outer =
		diag_source(ds, STR("a.fw"), STR("x\ninclude \"b.fw\"\n"), (struct span){ 0 });
	uint32_t inner = diag_source(ds, STR("b.fw"), STR("lgo\n"), (struct span){ outer, 2, 16 });

	diag_warning(ds, (struct span){ inner, 0, 3 }, W201, "TEXT");
	render_diag(&out, ds, &ds->list.data[0], false, 0);
	assert_string_equal(buf_text(&out), "b.fw:1:1: warning: TEXT [W201]\n"
					    "  lgo\n"
					    "  ^~~\n"
					    "  included from a.fw:2\n");
	arena_free(arena);
}

static void test_nowhere_and_colour(void **state)
{
	struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct buf out = { .arena = arena };

	diag_error(ds, (struct span){ 0 }, E004, "a\nb: no such file");
	render_diag(&out, ds, &ds->list.data[0], true, 0);
	assert_string_equal(buf_text(&out), "\033[31merror\033[0m: a\\x0ab: no such file [E004]\n");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_nowhere_and_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
