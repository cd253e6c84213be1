/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rule text, as a file and as command line arguments (a NUL ends an argument). Whatever comes: no
 * crash, every diagnostic has a place inside its text, and an accepted rule's text parses alone.
 */
#include <stdlib.h>

#include "compiler/lang/parse.h"

#define ARGUMENTS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_diags(struct diags *ds)
{
	diag_sort(ds);
	vec_for_each(diag, &ds->list) {
		struct position p = diag_position(ds, diag->span);

		if (diag->span.end > ds->sources.data[diag->span.source].text.len ||
		    diag->span.start > diag->span.end || (diag->span.source && !p.line))
			abort();
	}
}

static void check_rule(struct arena *arena, const struct source *source, struct span span)
{
	struct diags *ds = diags_new(arena);
	struct str text = { source->text.s + span.start, span.end - span.start };

	(void)parse_file(ds, &io_none, diag_source(ds, STR("rule"), text, (struct span){ 0 }));
	if (ds->n_errors)
		abort();
}

static void fuzz_file(struct arena *arena, const uint8_t *data, size_t size)
{
	struct diags *ds = diags_new(arena);
	struct buf dump = { .arena = arena };
	struct str text = { arena_memdup(arena, data, size), (uint32_t)size };
	struct ast *ast =
		parse_file(ds, &io_none, diag_source(ds, STR("f"), text, (struct span){ 0 }));

	ast_print(&dump, ast);
	check_diags(ds);
	vec_for_each(stmt, &ast->stmts)
		vec_for_each(rule, &stmt->rules)
			check_rule(arena, &ds->sources.data[rule->span.source], rule->span);
}

static void fuzz_command(struct arena *arena, const uint8_t *data, size_t size)
{
	static const char *const commands[] = { "add",  "replace", "del",   "enable", "disable",
						"move", "explain", "trace", "default" };
	const char *command = commands[size ? data[0] % 9 : 0];
	char *text = arena_strndup(arena, (const char *)data + !!size, size - !!size);
	struct diags *ds = diags_new(arena);
	struct ast_command parsed;
	struct arguments args;
	char *argv[ARGUMENTS_MAX];
	int argc = 0;

	for (size_t at = 0; at + 1 < size && argc < ARGUMENTS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	args = lex_arguments(ds, argc, argv);
	if (!parse_command(ds, command, &args, &parsed) && !ds->n_errors)
		abort();
	check_diags(ds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	fuzz_file(arena, data, size);
	fuzz_command(arena, data, size);
	return 0;
}
