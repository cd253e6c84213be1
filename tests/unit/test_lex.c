/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/lang/lex.h"

/* One character a token, text behind WORD STRING DEFINE SET: "w:allow n" */
static const char *show(struct arena *arena, const tokens *list)
{
	static const char kinds[] = {
		[TOKEN_END] = '.',   [TOKEN_NEWLINE] = 'n', [TOKEN_SEMICOLON] = ';',
		[TOKEN_WORD] = 'w',  [TOKEN_STRING] = 's',  [TOKEN_DEFINE] = '$',
		[TOKEN_SET] = '@',   [TOKEN_COMMA] = ',',   [TOKEN_OPEN] = '{',
		[TOKEN_CLOSE] = '}', [TOKEN_EQUAL] = '=',   [TOKEN_NOT_EQUAL] = '!',
		[TOKEN_BAD] = '?',
	};
	struct buf out = { .arena = arena };

	vec_for_each(token, list) {
		buf_printf(&out, "%s%c", out.len ? " " : "", kinds[token->kind]);
		if (strchr("ws$@", kinds[token->kind]))
			buf_printf(&out, ":" STR_FMT, STR_ARG(token->text));
	}
	return buf_text(&out);
}

#define TEXT(literal) "" literal, sizeof(literal) - 1

static const struct {
	const char *name, *text;
	uint32_t len;
	const char *tokens;
	uint32_t n_errors;
} cases[] = {
	{ "nothing", TEXT(""), ".", 0 },
	{ "blanks", TEXT(" \t \n\n \n"), ".", 0 },
	{ "word", TEXT("a"), "w:a .", 0 },
	{ "every word character", TEXT("aZ09_.:+%*/~-"), "w:aZ09_.:+%*/~- .", 0 },
	{ "marks", TEXT("a,b{c}d;e=f!=g"), "w:a , w:b { w:c } w:d ; w:e = w:f ! w:g .", 0 },
	{ "define and set", TEXT("$a @b-c"), "$:a @:b-c .", 0 },
	{ "comment to the end of the line", TEXT("a # b { \" \n c"), "w:a n w:c .", 0 },
	{ "comment at the end of the file", TEXT("a#b"), "w:a .", 0 },
	{ "newlines merge", TEXT("\n\na\n\n # x\n\n\nb\n"), "w:a n w:b n .", 0 },
	{ "no newline after { and ,", TEXT("{\n a,\n b\n}\n"), "{ w:a , w:b n } n .", 0 },
	{ "nor after a comment there", TEXT("{ # x\n# y\na, # z\nb"), "{ w:a , w:b .", 0 },
	{ "newline after ;", TEXT("a;\nb"), "w:a ; n w:b .", 0 },
	{ "continued line", TEXT("a \\\n b"), "w:a w:b .", 0 },
	{ "continued inside a word", TEXT("a\\\nb"), "w:a w:b .", 0 },
	{ "continued at the end of the file", TEXT("a \\"), "w:a .", 0 },
	{ "a comment does not continue", TEXT("a # b \\\nc"), "w:a n w:c .", 0 },
	{ "CRLF", TEXT("a\r\n\r\nb \\\r\nc\r\n"), "w:a n w:b w:c n .", 0 },
	{ "carriage return at the end", TEXT("a\r"), "w:a .", 0 },
	{ "byte order mark",
	  TEXT("\xef\xbb\xbf"
	       "a"),
	  "w:a .", 0 },
	{ "string", TEXT("\"a b\""), "s:a b .", 0 },
	{ "empty string", TEXT("\"\""), "s: .", 0 },
	{ "string with marks", TEXT("\"{a,b}#;$\""), "s:{a,b}#;$ .", 0 },
	{ "escapes", TEXT("\"a\\\"b\\\\c\\d\""), "s:a\"b\\c\\d .", 0 },
	{ "escaped backslash at the end", TEXT("\"a\\\\\" b"), "s:a\\ w:b .", 0 },
	{ "UTF-8 in a string", TEXT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""),
	  "s:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 .", 0 },
	{ "UTF-8 in a comment", TEXT("a # \xc3\xa9\nb"), "w:a n w:b .", 0 },
	{ "Latin-1 in a comment", TEXT("a # \xe9\nb"), "w:a n w:b .", 0 },
	{ "tab in a string", TEXT("\"a\tb\""), "s:a\tb .", 0 },

	{ "unclosed string", TEXT("a \"b c\nd"), "w:a ? n w:d .", 1 },
	{ "unclosed string at the end", TEXT("\""), "? .", 1 },
	{ "closing quote escaped", TEXT("\"a\\\""), "? .", 1 },
	{ "control character in a string", TEXT("\"a\x1b[2J\" b"), "? w:b .", 1 },
	{ "eight-bit control in a string", TEXT("\"\xc2\x9b\" b"), "? w:b .", 1 },
	{ "Latin-1 in a string", TEXT("\"\xe9\" b"), "? w:b .", 1 },
	{ "no meaning", TEXT("a (b) 'c'"), "w:a ? w:b ? ? w:c ? .", 4 },
	{ "lone !", TEXT("!a"), "? w:a .", 1 },
	{ "lone $ and @", TEXT("$ @\n"), "? ? n .", 2 },
	{ "backslash inside a line", TEXT("a \\ b"), "w:a ? w:b .", 1 },
	{ "UTF-8 outside",
	  TEXT("a \xe2\x80\x9c"
	       "b"),
	  "w:a ? w:b .", 1 },

	{ "NUL", TEXT("a\nb\0c\n"), ".", 1 },
	{ "NUL in a comment", TEXT("a # \0\n"), ".", 1 },
	{ "control character", TEXT("a \x01 b \x02"), "w:a .", 1 },
	{ "delete", TEXT("a \x7f b"), "w:a .", 1 },
	{ "carriage return inside a line", TEXT("a\rb\rc"), "w:a .", 1 },
	{ "Latin-1 outside", TEXT("a \xe9t\xe9 b"), "w:a .", 1 },
	{ "overlong", TEXT("a \xc0\xaf"), "w:a .", 1 },
	{ "surrogate", TEXT("a \xed\xa0\x80"), "w:a .", 1 },
	{ "cut sequence", TEXT("a \xe2\x82"), "w:a .", 1 },
	{ "above U+10FFFF", TEXT("a \xf4\x90\x80\x80"), "w:a .", 1 },
};

static void test_tokens(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		/* A copy without a NUL behind it, for the address sanitizer. */
		struct str text = { arena_memdup(arena, cases[i].text, cases[i].len),
				    cases[i].len };
		tokens list = lex_source(ds, diag_source(ds, STR("f"), text, (struct span){ 0 }));
		const char *shown = show(arena, &list);

		if (strcmp(shown, cases[i].tokens) != 0 || ds->n_errors != cases[i].n_errors)
			fail_msg("%s: '%s', %u errors", cases[i].name, shown, ds->n_errors);
		vec_for_each(diag, &ds->list)
			assert_int_equal(diag->code, E003);
	}
}

static void test_spans(void **state)
{
	static const struct span wanted[] = {
		{ 1, 0, 1 }, { 1, 2, 5 }, { 1, 6, 9 }, { 1, 9, 10 }, { 1, 10, 12 }, { 1, 12, 12 },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	tokens list = lex_source(
		ds, diag_source(ds, STR("f"), STR("a \"b\" $cd\n!="), (struct span){ 0 }));

	assert_int_equal(list.len, sizeof(wanted) / sizeof(wanted[0]));
	for (uint32_t i = 0; i < list.len; i++)
		assert_memory_equal(&list.data[i].span, &wanted[i], sizeof(wanted[i]));
}

/* Tokens of all arguments, then each as a whole: quoted unless it is a word, `?` if no text. */
static void test_arguments(void **state)
{
	static const struct {
		const char *name;
		const char *argv[5];
		const char *tokens, *whole;
	} rows[] = {
		{ "none", { NULL }, ".", "" },
		{ "words", { "allow", "tcp" }, "w:allow w:tcp .", "allow,tcp," },
		{ "rule text", { "allow tcp", "a" }, "w:allow w:tcp w:a .", "\"allow tcp\",a," },
		{ "text that is no language",
		  { "name", "it's #1" },
		  "w:name w:it ? w:s .",
		  "name,\"it's #1\"," },
		{ "empty", { "", "a" }, "w:a .", "\"\",a," },
		{ "set", { "@bad" }, "@:bad .", "\"@bad\"," },
		{ "not text", { "a\x01", "b" }, "w:a ? w:b .", "?,b," },
		{ "two lines", { "a\nb", "c\n" }, "w:a n w:b w:c n .", "?,?," },
		{ "not UTF-8", { "a\xff" }, "w:a ? .", "?," },
		{ "UTF-8", { "\xc3\xa4" }, "? .", "\"\xc3\xa4\"," },
		{ "list over arguments", { "22,", "80" }, "w:22 , w:80 .", "\"22,\",80," },
		{ "a comment ends with its argument", { "a #b", "c" }, "w:a w:c .", "\"a #b\",c," },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct buf whole = { .arena = arena };
		struct arguments args;
		int argc = 0;

		while (rows[i].argv[argc])
			argc++;
		args = lex_arguments(ds, argc, (char *const *)rows[i].argv);
		vec_for_each(token, &args.whole)
			buf_printf(&whole,
				   token->kind == TOKEN_BAD    ? "?,"
				   : token->kind == TOKEN_WORD ? "%.*s,"
							       : "\"%.*s\",",
				   STR_ARG(token->text));
		if (strcmp(show(arena, &args.tokens), rows[i].tokens) != 0 ||
		    strcmp(buf_text(&whole), rows[i].whole) != 0)
			fail_msg("%s: '%s' '%s'", rows[i].name, show(arena, &args.tokens),
				 buf_text(&whole));
		assert_int_equal(args.first_token.len, argc);
		assert_int_equal(ds->n_errors, 0);
	}
}

/* A bad token of an argument is reported when the grammar meets it. */
static void test_report(void **state)
{
	static const char *const rows[] = { "it's", "a \"b", "\x01", "\"\x1b\"", "$" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		char *argv[] = { (char *)rows[i] };
		struct arguments args = lex_arguments(ds, 1, argv);

		vec_for_each(token, &args.tokens)
			if (token->kind == TOKEN_BAD)
				lex_report(ds, *token);
		if (ds->n_errors != 1)
			fail_msg("'%s': %u errors", rows[i], ds->n_errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
