/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/common.h"

static enum exit_code reset(struct session *s, struct buf *out)
{
	const char *what = s->in->argc ? s->in->argv[0] : NULL;
	struct generation gen = { 0 };
	enum exit_code code;
	uint32_t index;

	if (!what) {
		buf_puts(out, "all counters are zero\n");
		return store_reset(s->store, UINT32_MAX, &s->f) < 0 ? session_failed(s) : EXIT_DONE;
	}
	code = session_running(s, &gen);
	if (!code)
		code = rule_resolve(s, gen.rs, str_of(what), &index);
	if (code)
		return code;
	buf_printf(out, "%s: its counter is zero\n",
		   rule_label(s->arena, &gen.rs->rules.data[index]));
	return store_reset(s->store, gen.rs->rules.data[index].slot, &s->f) < 0 ? session_failed(s)
										: EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct buf out = { 0 };
	enum exit_code code;

	session_start(&s, in);
	out.arena = s.arena;
	code = session_store(&s, STORE_WRITE);
	if (!code)
		code = reset(&s, &out);
	if (!code && !in->json)
		say(&s, &out);
	return code;
}

const struct command cmd_reset = {
	.name = "reset",
	.args = "[RULE]",
	.help = "set the counters of one rule, or all of them, to zero",
	.example = "bpffw reset web",
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
