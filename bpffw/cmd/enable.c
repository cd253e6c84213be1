/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `enable` and `disable`: the clause 'disabled' goes or comes. */
#include "bpffw/cmd/edit.h"

static void drop_disabled(struct ast_rule *rule)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rule->clauses.len; i++)
		if (strcmp(rule->clauses.data[i].row->name, "disabled") != 0)
			rule->clauses.data[kept++] = rule->clauses.data[i];
	rule->clauses.len = kept;
}

static void add_disabled(struct edit *e, struct ast_rule *rule)
{
	struct ast_clause *clause = vec_add(e->s.arena, &rule->clauses);

	clause->row = clause_find(STR("disabled"));
	clause->span = clause->key = e->command.ref.span;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	bool disable = strcmp(in->command->name, "disable") == 0;
	const char *done = disable ? "disabled" : "enabled";
	const struct rule *rule;
	struct ast_rule *changed;
	struct rule_place place;
	uint32_t id;
	enum exit_code code = edit_start(&e, in);

	if (!code)
		code = edit_find(&e, e.command.ref, &place, &rule);
	if (code)
		return code;
	if (rule->disabled == disable) {
		struct buf out = { .arena = e.s.arena };

		buf_printf(&out, "%s: already %s; nothing was changed\n",
			   rule_label(e.s.arena, rule), done);
		if (!in->json)
			say(&e.s, &out);
		return EXIT_DONE;
	}
	id = rule->id;
	changed = edit_rule(&e, place);
	if (disable)
		add_disabled(&e, changed);
	else
		drop_disabled(changed);
	changed->origin.changed = true;
	code = edit_commit(&e);
	if (code)
		return code;
	rule = edit_result(&e, id);
	edit_report(&e, rule_label(e.s.arena, rule), rule, done, NULL);
	return EXIT_DONE;
}

const struct command cmd_enable = {
	.name = "enable",
	.args = "RULE",
	.help = "take 'disabled' off a rule",
	.example = "bpffw enable vendor-access",
	.opts = force_opts,
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};

const struct command cmd_disable = {
	.name = "disable",
	.args = "RULE",
	.help = "keep a rule but let it match nothing",
	.example = "bpffw disable vendor-access",
	.opts = force_opts,
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
