/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpf/abi.h"
#include "bpffw/cmd/common.h"
#include "bpffw/ui/json.h"

/* The rows of `list` that are no rules, and their slots. */
struct builtin {
	const char *name;
	uint32_t first, last;
};

static const struct builtin builtins[] = {
	{ "default", SLOT_DEFAULT_ALLOW, SLOT_DEFAULT_DROP },
	{ "essential", SLOT_ESSENTIAL, SLOT_ESSENTIAL },
	{ "allowlist", SLOT_ALLOWLIST, SLOT_ALLOWLIST },
	{ "blacklist", SLOT_BLACKLIST, SLOT_BLACKLIST },
	{ "malformed", SLOT_MALFORMED + 1, SLOT_MALFORMED + REASON_COUNT - 1 },
	{ "fault", SLOT_FALLTHROUGH, SLOT_TOO_MANY_TAILS },
};

static const struct builtin *builtin_find(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}

static enum exit_code reset_slots(struct session *s, uint32_t first, uint32_t last)
{
	for (uint32_t slot = first; slot <= last; slot++)
		if (store_reset(s->store, slot, &s->f) < 0)
			return session_failed(s);
	return EXIT_DONE;
}

static enum exit_code reset_rule(struct session *s, const char *what, struct buf *out)
{
	struct generation gen = { 0 };
	const struct rule *rule;
	enum exit_code code;
	uint32_t index;

	code = session_running(s, &gen);
	if (!code)
		code = rule_resolve(s, gen.rs, str_of(what), &index);
	if (code)
		return code;
	rule = &gen.rs->rules.data[index];
	buf_printf(out, "%s: its counter is zero\n", rule_label(s->arena, rule));
	code = reset_slots(s, rule->slot, rule->slot);
	if (!code && rule->limit.present)
		code = reset_slots(s, rule->over_slot, rule->over_slot);
	return code;
}

static enum exit_code reset(struct session *s, struct buf *out)
{
	const char *what = s->in->argc ? s->in->argv[0] : NULL;
	const struct builtin *builtin = what ? builtin_find(what) : NULL;

	if (builtin) {
		buf_printf(out, "%s: its counter is zero\n", what);
		return reset_slots(s, builtin->first, builtin->last);
	}
	if (what)
		return reset_rule(s, what, out);
	buf_puts(out, "all counters are zero\n");
	return store_reset(s->store, UINT32_MAX, &s->f) < 0 ? session_failed(s) : EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct buf out = { 0 };
	enum exit_code code;
	json_t *object;

	session_start(&s, in);
	out.arena = s.arena;
	code = session_store(&s, STORE_WRITE);
	if (!code)
		code = reset(&s, &out);
	if (code)
		return code;
	if (in->json) {
		object = json_schema("reset");
		json_object_set_new(object, "counters",
				    in->argc ? json_str(str_of(in->argv[0])) : json_null());
		json_line(stdout, object);
	} else {
		say(&s, &out);
	}
	return EXIT_DONE;
}

const struct command cmd_reset = {
	.name = "reset",
	.args = "[RULE | default|essential|allowlist|blacklist|malformed|fault]",
	.help = "set the counters of one rule, or all of them, to zero",
	.details = "'default', 'essential' and the others name those rows of the list.",
	.example = "bpffw reset web",
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
