/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/outline.h"

#include <errno.h>

#include "bpffw/runtime/host.h"
#include "bpffw/runtime/inside.h"
#include "compiler/lang/parse.h"

static void add_rule(struct arena *arena, struct outline *outline, const struct ast_rule *rule,
		     struct str source)
{
	struct outline_rule *to = vec_add(arena, &outline->rules);

	to->id = rule->id;
	if (source.s)
		to->text = (struct str){ source.s + rule->span.start,
					 rule->span.end - rule->span.start };
	vec_for_each(clause, &rule->clauses)
		if (clause->row->part == PART_NAME && clause->value.atoms.len)
			to->name = clause->value.atoms.data[0].text;
}

/* @source: the text of the rules; s NULL: they have several, and are shown without theirs. */
static struct outline outline_from(struct arena *arena, const struct ast *ast, struct str source)
{
	struct outline outline = { 0 };

	vec_for_each(stmt, &ast->stmts) {
		if (stmt->kind == STMT_SET)
			vec_push(arena, &outline.sets,
				 ((struct outline_set){ stmt->name.text, stmt->type.text }));
		if (stmt->kind == STMT_CHAIN)
			vec_push(arena, &outline.chains, stmt->name.text);
		for (uint32_t i = 0; i < stmt->args.len && stmt->kind == STMT_INTERFACE; i++)
			vec_push(arena, &outline.interfaces, stmt->args.data[i].text);
		vec_for_each(rule, &stmt->rules)
			add_rule(arena, &outline, rule, source);
	}
	return outline;
}

struct outline outline_of(struct arena *arena, const struct ast *ast)
{
	return outline_from(arena, ast, (struct str){ 0 });
}

int store_outline(struct store *store, struct arena *arena, struct outline *ret_outline,
		  struct failure *f)
{
	struct diags *ds = diags_new(arena);
	struct outline outline;
	struct record record = { 0 };
	struct str text;
	uint32_t source;
	const char *path = store_file(store, store->running, "fw"), *why;
	int ret;

	*ret_outline = (struct outline){ 0 };
	if (!store->running)
		return 0;
	ret = record_read(store_file(store, store->running, "json"), arena, &record, f);
	if (ret < 0)
		return ret;
	why = host_io.read(host_io.ctx, arena, path, &text);
	if (why)
		return fail_plain(f, EIO, EXIT_SYSTEM, "%s %s", path, why);
	source = diag_source(ds, str_of(path), text, (struct span){ 0 });
	outline = outline_from(arena, parse_single(ds, source), text);
	for (uint32_t i = 0; i < outline.rules.len && i < record.rules.len; i++)
		outline.rules.data[i].id = record.rules.data[i].id;
	*ret_outline = outline;
	return 0;
}
