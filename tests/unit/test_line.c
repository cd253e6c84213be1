/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed lines: which arguments they are, which go on in the next line, and what history keeps. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffw/ui/history.h"
#include "bpffw/ui/line.h"

/* Last: cmocka has a macro of the name fail. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* "a|b / c": arguments and commands, then what is open: 'q' a quote, 'u' anything, 'w' a word. */
static const char *show(struct arena *arena, const char *text)
{
	struct line line = line_split(arena, str_of(text));
	struct buf out = { .arena = arena };

	vec_for_each(command, &line.commands) {
		buf_puts(&out, command == line.commands.data ? "" : " / ");
		for (uint32_t i = 0; i < command->len; i++)
			buf_printf(&out, "%s%s", i ? "|" : "", command->data[i]);
	}
	buf_printf(&out, " %s%s%s@%u", line.in_quote ? "q" : "", line.unclosed ? "u" : "",
		   line.in_word ? "w" : "", line.last);
	return buf_text(&out);
}

static void test_split(void **state)
{
	static const struct {
		const char *name, *text, *shown;
	} cases[] = {
		{ "nothing", "", " @0" },
		{ "blanks", "  list\t-v ", "list|-v @10" },
		{ "in a word", "del sta", "del|sta w@4" },
		{ "behind a word", "del ", "del @4" },
		{ "double quotes", "comment \"bad host\" x", "comment|bad host|x w@19" },
		{ "escapes in them", "\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d w@0" },
		{ "single quotes", "add 'allow tcp'", "add|allow tcp w@4" },
		{ "a quote inside a word", "a\"b c\"d e", "ab cd|e w@8" },
		{ "an empty argument", "comment \"\"", "comment| w@8" },
		{ "an open quote", "comment \"bad h", "comment|bad h quw@8" },
		{ "braces", "dport { 22, 80 } log", "dport|{ 22, 80 }|log w@17" },
		{ "quotes in braces stay", "{ \"a b\", 2 }", "{ \"a b\", 2 } w@0" },
		{ "a brace in quotes is none", "comment \"{\" x", "comment|{|x w@12" },
		{ "an open brace", "dport { 22", "dport|{ 22 uw@6" },
		{ "a closing brace alone", "a } b", "a|}|b w@4" },
		{ "commands", "begin; add x ;commit", "begin / add|x / commit w@14" },
		{ "a semicolon in quotes", "comment 'a;b'", "comment|a;b w@8" },
		{ "a backslash is one", "a\\b", "a\\b w@0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *shown = show(arena, cases[i].text);

		if (strcmp(shown, cases[i].shown) != 0)
			fail_msg("%s: %s", cases[i].name, shown);
	}
}

static void test_join(void **state)
{
	static const struct {
		const char *name, *lines[5], *joined;
		bool more; /* behind the last line */
	} cases[] = {
		{ "one line", { "list" }, "list", false },
		{ "a comment", { "list # all" }, "list", false },
		{ "only a comment", { "# all" }, "", false },
		{ "no comment", { "comment \"# 1\" x" }, "comment \"# 1\" x", false },
		{ "a backslash", { "add \\", "  allow" }, "add    allow", false },
		{ "with a comment behind", { "add \\ # here", "allow" }, "add  allow", false },
		{ "nothing follows", { "add \\" }, "add  ", true },
		{ "no backslash in quotes", { "comment \"x\\" }, "comment \"x\\", false },
		{ "a block",
		  { "src {", "1.1.1.1", "2.2.2.2", "}" },
		  "src { 1.1.1.1, 2.2.2.2, }",
		  false },
		{ "commas are there",
		  { "src { 1.1.1.1,", " 2.2.2.2 }" },
		  "src { 1.1.1.1,  2.2.2.2 }",
		  false },
		{ "the block is open", { "src {", "1.1.1.1 # one" }, "src { 1.1.1.1, ", true },
		{ "a brace in quotes", { "comment \"{\"" }, "comment \"{\"", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf text = { .arena = arena };
		bool more = false;

		for (int k = 0; k < 5 && cases[i].lines[k]; k++)
			more = line_join(&text, str_of(cases[i].lines[k]));
		if (strcmp(buf_text(&text), cases[i].joined) != 0 || more != cases[i].more)
			fail_msg("%s: '%s' %d", cases[i].name, buf_text(&text), more);
	}
}

struct read {
	char text[256];
	unsigned int n;
};

static void note(void *ctx, const char *text)
{
	struct read *read = ctx;

	if (read->n++ < 4)
		snprintf(read->text + strlen(read->text), sizeof(read->text) - strlen(read->text),
			 "%s|", text);
}

static void test_history(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char folder[] = "/tmp/bpffw-history-XXXXXX", number[16];
	struct read all = { 0 }, many = { 0 }, none = { 0 };
	struct stat st;
	const char *path;

	assert_non_null(mkdtemp(folder));
	setenv("XDG_STATE_HOME", folder, 1);
	path = history_path(arena);
	history_read(arena, path, &none, note);
	assert_int_equal(none.n, 0);
	history_add(path, "list");
	history_add(path, "status");
	history_add(path, "list");
	history_read(arena, path, &all, note);
	assert_string_equal(all.text, "status|list|");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	for (unsigned int i = 0; i < HISTORY_MAX + 5; i++) {
		snprintf(number, sizeof(number), "%u", i);
		history_add(path, number);
	}
	history_read(arena, path, &many, note);
	assert_int_equal(many.n, HISTORY_MAX);
	assert_string_equal(many.text, "5|6|7|8|");
	unlink(path);
	rmdir(arena_printf(arena, "%s/bpffw", folder));
	assert_int_equal(rmdir(folder), 0);
}

/* Where it lies: nothing relative is believed. */
static void test_history_path(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	setenv("HOME", "/h", 1);
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_string_equal(history_path(arena), "/h/.local/state/bpffw/history");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_null(history_path(arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_history_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
