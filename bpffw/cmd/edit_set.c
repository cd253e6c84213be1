/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `add set` and `del set`: statements of the running ruleset. */
#include "bpffw/cmd/edit.h"
#include "bpffw/ui/text.h"

static enum exit_code finish(struct edit *e, const char *done)
{
	const char *name =
		arena_strndup(e->s.arena, e->command.set.name.text.s, e->command.set.name.text.len);
	enum exit_code code = edit_commit(e);

	if (code)
		return code;
	edit_report(e, arena_printf(e->s.arena, "set %s", name), NULL, done, NULL);
	return EXIT_DONE;
}

/* Before the first rule: what is saved reads from top to bottom. */
enum exit_code edit_add_set(struct edit *e)
{
	struct ast *ast = e->gen.ast;
	struct ast_stmt added = e->command.set;
	uint32_t at = 0;

	while (at < ast->stmts.len && ast->stmts.data[at].kind != STMT_RULE &&
	       ast->stmts.data[at].kind != STMT_CHAIN)
		at++;
	vec_push(e->s.arena, &ast->stmts, added);
	memmove(&ast->stmts.data[at + 1], &ast->stmts.data[at],
		(ast->stmts.len - 1 - at) * sizeof(added));
	ast->stmts.data[at] = added;
	return finish(e, "added");
}

static bool uses(const struct ruleset *rs, const struct rule *rule, uint32_t set)
{
	vec_for_each(match, &rule->matches)
		vec_for_each(atom, &match->atoms)
			if (atom->kind == ATOM_SET && atom->set == set)
				return true;
	return (rule->verb.row->verb == VERB_BLACKLIST && rule->verb.set == (int32_t)set) ||
	       (rule->exceed.row && rule->exceed.row->verb == VERB_BLACKLIST &&
		rule->exceed.set == (int32_t)set);
}

/* "r4 web, r7"; empty: nothing uses it. */
static void put_users(struct edit *e, uint32_t set, struct buf *out)
{
	vec_for_each(rule, &e->gen.rs->rules) {
		if (!uses(e->gen.rs, rule, set))
			continue;
		buf_puts(out, out->len ? ", " : "");
		buf_puts(out, rule_label(e->s.arena, rule));
	}
}

static enum exit_code find_set(struct edit *e, uint32_t *ret_set)
{
	struct str name = e->command.set.name.text;
	struct str_nearest nearest = { .word = name };

	for (uint32_t i = 0; i < e->gen.rs->sets.len; i++) {
		str_nearest_offer(&nearest, e->gen.rs->sets.data[i].name);
		if (!str_eq(e->gen.rs->sets.data[i].name, name))
			continue;
		*ret_set = i;
		return EXIT_DONE;
	}
	return report_error(e->s.in, EXIT_ABSENT,
			    nearest.best.s ? arena_printf(e->s.arena, "did you mean '" STR_FMT "'?",
							  STR_ARG(nearest.best))
					   : NULL,
			    "no set named '" STR_FMT "'", STR_ARG(name));
}

enum exit_code edit_del_set(struct edit *e)
{
	struct ast *ast = e->gen.ast;
	struct buf users = { .arena = e->s.arena };
	enum exit_code code;
	uint32_t set = 0, kept = 0;

	code = find_set(e, &set);
	if (code)
		return code;
	put_users(e, set, &users);
	if (users.len)
		return report_error(e->s.in, EXIT_REFUSED, NULL,
				    "refused: '" STR_FMT "' is used by %s",
				    STR_ARG(e->command.set.name.text), buf_text(&users));
	for (uint32_t i = 0; i < ast->stmts.len; i++) {
		const struct ast_stmt *stmt = &ast->stmts.data[i];

		if (stmt->kind != STMT_SET || !str_eq(stmt->name.text, e->command.set.name.text))
			ast->stmts.data[kept++] = *stmt;
	}
	ast->stmts.len = kept;
	return finish(e, "deleted");
}
