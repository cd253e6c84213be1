/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"
#include "bpffw/ui/text.h"

static const char *matched(struct edit *e, const struct rule *rule)
{
	struct buf text = { .arena = e->s.arena };
	struct totals totals = { 0 };

	if (rule->verb.row->uncounted || !e->s.store)
		return NULL;
	if (store_totals(e->s.store, e->s.arena, &totals, &e->s.f) < 0) {
		failure_clear(&e->s.f);
		return NULL;
	}
	buf_puts(&text, "; it had matched ");
	text_count(&text, totals_of(&totals, rule->slot).packets, "packet");
	return buf_text(&text);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_edit_ struct edit e;
	const char *label = NULL, *tail = NULL;
	const struct rule *rule;
	struct rule_place place;
	enum exit_code code = edit_start(&e, in);

	if (!code && e.command.is_set)
		return edit_del_set(&e);
	if (!code)
		code = edit_find(&e, e.command.ref, &place, &rule);
	if (code)
		return code;
	label = rule_label(e.s.arena, rule);
	tail = matched(&e, rule);
	edit_remove(&e, place);
	code = edit_commit(&e);
	if (code)
		return code;
	edit_report(&e, label, NULL, "deleted", tail);
	return EXIT_DONE;
}

const struct command cmd_del = {
	.name = "del",
	.args = "RULE | set NAME",
	.help = "delete a rule by its name or id, or a set",
	.example = "bpffw del staging",
	.opts = force_opts,
	.min_args = 1,
	.max_args = 2,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
