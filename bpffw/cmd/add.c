/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"

static enum exit_code insert(struct edit *e, const char **ret_where)
{
	const struct ast_command *c = &e->command;
	const char *ref = arena_strndup(e->s.arena, c->place_ref.text.s, c->place_ref.text.len);
	struct rule_place place;
	enum exit_code code;

	switch (c->place) {
	case PLACE_BEFORE:
	case PLACE_AFTER:
		code = edit_find(e, c->place_ref, &place, NULL);
		if (code)
			return code;
		edit_insert(e, place, c->place == PLACE_AFTER, &c->rule);
		*ret_where = arena_printf(e->s.arena, "added %s %s",
					  c->place == PLACE_AFTER ? "after" : "before", ref);
		return EXIT_DONE;
	case PLACE_IN:
		*ret_where = arena_printf(e->s.arena, "added as the last rule of chain %s", ref);
		return edit_append_chain(e, c->place_ref, &c->rule);
	default:
		*ret_where = "added as the last rule";
		edit_append(e, &c->rule);
		return EXIT_DONE;
	}
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	const struct rule *rule;
	const char *where;
	enum exit_code code = edit_start(&e, in);

	if (!code && e.command.is_set)
		return edit_add_set(&e);
	if (!code)
		code = insert(&e, &where);
	if (!code)
		code = edit_commit(&e);
	if (code)
		return code;
	rule = edit_result(&e, 0);
	edit_report(&e, rule_label(e.s.arena, rule), rule, where, NULL);
	return EXIT_DONE;
}

const struct command cmd_add = {
	.name = "add",
	.args = "[before|after RULE | in CHAIN] RULE-TEXT | set NAME addr|port|mac [timeout T] "
		"[size N] [file FILE]",
	.help = "add a rule or a set, live at once",
	.details = "Without a place the rule becomes the last one at the top level.",
	.example = "bpffw add before web drop src 198.51.100.0/24 name noisy-net",
	.opts = force_opts,
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
