/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"

static enum exit_code move(struct edit *e, uint32_t *ret_id)
{
	const struct ast_command *c = &e->command;
	const struct rule *rule, *other;
	struct rule_place from, to;
	struct ast_rule moved;
	enum exit_code code = edit_find(e, c->ref, &from, &rule);

	if (!code)
		code = edit_find(e, c->place_ref, &to, &other);
	if (code)
		return code;
	if (rule == other)
		return report_error(e->s.in, EXIT_USAGE, NULL,
				    "a rule cannot be moved before or after itself");
	moved = edit_remove(e, from);
	code = edit_find(e, c->place_ref, &to, NULL);
	if (code)
		return code;
	edit_insert(e, to, c->place == PLACE_AFTER, &moved);
	*ret_id = rule->id;
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	const struct rule *rule;
	const char *done;
	uint32_t id = 0;
	enum exit_code code = edit_start(&e, in);

	if (!code)
		code = move(&e, &id);
	if (!code)
		code = edit_commit(&e);
	if (code)
		return code;
	rule = edit_result(&e, id);
	done = arena_printf(e.s.arena, "moved %s " STR_FMT,
			    e.command.place == PLACE_AFTER ? "after" : "before",
			    STR_ARG(e.command.place_ref.text));
	edit_report(&e, rule_label(e.s.arena, rule), rule, done, NULL);
	return EXIT_DONE;
}

const struct command cmd_move = {
	.name = "move",
	.args = "RULE before|after RULE",
	.help = "move a rule; id, name and counter stay",
	.example = "bpffw move r10 before noisy-net",
	.opts = force_opts,
	.min_args = 3,
	.max_args = 3,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
