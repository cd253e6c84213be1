/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Completion: every word of the tables is offered where it may stand, and whatever is offered is
 * accepted, along thousands of random ways through the grammar.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/cmd/complete.h"
#include "compiler/lang/parse.h"

/* Last: cmocka has a macro of the name fail. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define WORDS_MAX 24

static const struct paths nowhere = { "/nonexistent/state", "/nonexistent/bpf", "/nonexistent/run",
				      "/nonexistent/rules.fw" };

/* Blanks part the words; the last one is being typed. */
static struct completion complete(struct arena *arena, struct batch *batch, const char *text)
{
	struct invocation in = { .paths = nowhere, .batch = batch };
	char *copy = arena_strndup(arena, text, strlen(text)), *argv[WORDS_MAX] = { NULL };
	struct completion c;
	int argc = 0;

	argv[argc++] = (char *)"bpffw";
	for (char *at = copy; at && argc < WORDS_MAX; at = strchr(at, ' ')) {
		if (argc > 1)
			*at++ = '\0';
		argv[argc++] = at;
	}
	complete_words(arena, &in, argc, argv, &c);
	return c;
}

static bool offers(const struct completion *c, const char *text)
{
	vec_for_each(one, &c->list)
		if (one->text && strcmp(one->text, text) == 0)
			return true;
	return false;
}

static const char *joined(struct arena *arena, const struct completion *c)
{
	struct buf out = { .arena = arena };

	vec_for_each(one, &c->list)
		if (one->text)
			buf_printf(&out, "%s%s", out.len ? " " : "", one->text);
	return out.len ? buf_text(&out) : "";
}

/* All that is offered, in order. */
static void test_exact(void **state)
{
	static const struct {
		const char *text, *offered; /* "> ": in the shell */
	} cases[] = {
		{ "li", "list" },
		{ "__", "" },
		{ "coun", "" },
		{ "> coun", "count" },
		{ "al", "allowlist" },
		{ "> al", "allow allowlist" },
		{ "> allow tcp dpo", "dport" },
		{ "allow tcp dpo", "" },
		{ "panic ", "closed open" },
		{ "panic open ", "" },
		{ "reset m", "malformed" },
		{ "check --du", "--dump=" },
		{ "check --dump=c", "--dump=cubes" },
		{ "--color ", "always auto never" },
		{ "--color=n", "--color=never" },
		{ "--nonsense ", "" },
		{ "nonsense ", "" },
		{ "add allow tcp sr", "src" },
		{ "add allow src 10.0.0.1 src", "" },
		{ "add allow src 10.0.0.1 not sr", "src" },
		{ "add allow udp flag", "" },
		{ "add allow icmp ty", "type" },
		{ "add allow icmp type echo-req", "echo-request" },
		{ "add allow icmp type echo-request co", "code comment" },
		{ "add allow icmp6 type packet-", "packet-too-big" },
		{ "add allow icmp6 type echo", "echo-reply echo-request" },
		{ "add allow tcp dport http,htt", "http,http http,http-alt http,https" },
		{ "add allow tcp dport {http,https", "{http,https" },
		{ "add allow tcp flags syn,a", "syn,ack" },
		{ "add allow tcp flags syn/a", "syn/ack" },
		{ "add drop frag l", "later" },
		{ "add drop proto gr", "gre" },
		{ "add drop comment l", "" },
		{ "add drop name x ex", "" },
		{ "add tpc dp", "" },
		{ "add allow tpc dp", "" },
		{ "default ", "allow drop" },
		{ "move r1 ", "after before" },
		{ "explain tcp dpo", "dport" },
		{ "explain tcp nam", "" },
		{ "help E101", "E101" },
		{ "shell --k", "--keep-going" },
		{ "list --keep", "" },
	};
	struct batch *batch = batch_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *text = cases[i].text;
		bool shell = text[0] == '>';
		struct completion c =
			complete(arena, shell ? batch : NULL, shell ? text + 2 : text);

		if (strcmp(joined(arena, &c), cases[i].offered) != 0)
			fail_msg("'%s': %s", cases[i].text, joined(arena, &c));
	}
	batch_free(batch);
}

/* No row may be forgotten. */
static void test_tables(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct completion first = complete(arena, NULL, ""), verbs = complete(arena, NULL, "add ");
	struct completion clauses = complete(arena, NULL, "add allow ");

	for (const struct command *const *c = commands; *c; c++)
		if (offers(&first, (*c)->name) == ((*c)->flags & CMD_HIDDEN))
			fail_msg("command %s", (*c)->name);
	for (const struct action *row = actions; row->name; row++)
		if (offers(&verbs, row->name) != (row->is_verb && !row->later))
			fail_msg("verb %s", row->name);
	for (const struct clause *row = clause_matches; row->name; row++)
		if (!row->after && offers(&clauses, row->name) == (row->later != NULL))
			fail_msg("match %s", row->name);
	for (const struct clause *row = clause_options; row->name; row++)
		if (offers(&clauses, row->name) == (row->later != NULL))
			fail_msg("option %s", row->name);
	vec_for_each(one, &clauses.list)
		if (!one->help)
			fail_msg("'%s' has no help", one->text);
}

/* What a person would type where nothing can be offered. */
static const char *sample(const char *before)
{
	static const struct {
		const char *word, *value;
	} rows[] = {
		{ "src", "192.0.2.1" },
		{ "dst", "192.0.2.0/24" },
		{ "smac", "02:00:00:00:00:01" },
		{ "dmac", "02:00:00:00:00:01" },
		{ "name", "x" },
		{ "comment", "text" },
		{ "when", "mon-fri" },
		{ "until", "2036-12-31" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].word, before) == 0)
			return rows[i].value;
	return "1";
}

/* Nothing but "too early" may be wrong with what was put together from offers. */
static void check_accepted(struct arena *arena, int argc, char **argv)
{
	struct diags *ds = diags_new(arena);
	struct arguments args = lex_arguments(ds, argc - 2, argv + 2);
	struct ast_command command;
	struct buf text = { .arena = arena };

	(void)parse_command(ds, argv[1], &args, &command);
	for (int i = 1; i < argc; i++)
		buf_printf(&text, "%s ", argv[i]);
	vec_for_each(diag, &ds->list)
		if (diag->code != E002)
			fail_msg("%s: %s", buf_text(&text), diag->message);
}

static void walk(unsigned int *seed, const char *command)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct invocation in = { .paths = nowhere };
	char *argv[WORDS_MAX] = { (char *)"bpffw", (char *)command };
	int argc = 2, length = 3 + (int)(rand_r(seed) % (WORDS_MAX - 4));

	while (argc < length) {
		struct completion c;
		uint32_t n = 0;

		argv[argc] = (char *)"";
		complete_words(arena, &in, argc + 1, argv, &c);
		while (n < c.list.len && c.list.data[n].text)
			n++;
		for (uint32_t i = 0; i < n; i++)
			if (!c.list.data[i].help && argc == 2)
				fail_msg("%s: '%s' has no help", command, c.list.data[i].text);
		argv[argc] = n ? (char *)c.list.data[(uint32_t)rand_r(seed) % n].text
			       : (char *)sample(argv[argc - 1]);
		if (!n && !c.list.len)
			return;
		argc++;
		check_accepted(arena, argc, argv);
	}
}

static void test_accepted(void **state)
{
	static const char *const starts[] = { "add",  "replace", "explain",   "default",
					      "move", "set",     "blacklist", "allowlist",
					      "ban",  "unban",   "trace" };
	unsigned int seed = 7;

	for (int round = 0; round < 2000; round++)
		for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
			walk(&seed, starts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
