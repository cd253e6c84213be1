/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"

static const struct ast_clause *name_clause(const struct ast_rule *rule)
{
	vec_for_each(clause, &rule->clauses)
		if (strcmp(clause->row->name, "name") == 0)
			return clause;
	return NULL;
}

/* The place, id and origin of the old one; its name too unless the new one brings one. */
static void take_over(struct edit *e, struct ast_rule *old, struct ast_rule *rule)
{
	const struct ast_clause *name = name_clause(old);

	rule->id = old->id;
	rule->origin = old->origin;
	rule->origin.changed = true;
	if (name && !name_clause(rule))
		vec_push(e->s.arena, &rule->clauses, *name);
	*old = *rule;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	const struct rule *rule;
	struct rule_place place;
	uint32_t id;
	enum exit_code code = edit_start(&e, in);

	if (!code)
		code = edit_find(&e, e.command.ref, &place, &rule);
	if (code)
		return code;
	id = rule->id;
	take_over(&e, edit_rule(&e, place), &e.command.rule);
	code = edit_commit(&e);
	if (code)
		return code;
	rule = edit_result(&e, id);
	edit_report(&e, rule_label(e.s.arena, rule), rule, "replaced", NULL);
	return EXIT_DONE;
}

const struct command cmd_replace = {
	.name = "replace",
	.args = "RULE RULE-TEXT",
	.help = "put another rule in a rule's place; id, name and counter stay",
	.example = "bpffw replace web allow tcp dport 80,443,8443",
	.opts = force_opts,
	.min_args = 2,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
