/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"
#include "compiler/lang/clause.h"

static bool is_default(const struct edit *e)
{
	const struct action *verb = action_find(e->command.def.name.text);
	const struct ruleset *rs = e->gen.rs;

	return verb && (verb->verb == VERB_ALLOW) == rs->default_allow && !e->command.def.log &&
	       !rs->default_log;
}

static void set_default(struct edit *e)
{
	vec_for_each(stmt, &e->gen.ast->stmts) {
		if (stmt->kind != STMT_DEFAULT)
			continue;
		*stmt = e->command.def;
		return;
	}
	vec_push(e->s.arena, &e->gen.ast->stmts, e->command.def);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	struct buf out = { 0 };
	enum exit_code code = edit_start(&e, in);

	if (code)
		return code;
	if (is_default(&e)) {
		out.arena = e.s.arena;
		buf_printf(&out, "default: already %s; nothing was changed\n",
			   e.gen.rs->default_allow ? "allow" : "drop");
		if (!in->json)
			say(&e.s, &out);
		return EXIT_DONE;
	}
	set_default(&e);
	code = edit_commit(&e);
	if (code)
		return code;
	edit_report(&e, e.result.rs->default_allow ? "default allow" : "default drop", NULL, NULL,
		    NULL);
	return EXIT_DONE;
}

const struct command cmd_default = {
	.name = "default",
	.args = "allow|drop [log]",
	.help = "set what happens to packets that no rule decides",
	.example = "bpffw default drop",
	.opts = force_opts,
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
