/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `panic open` detaches; `panic closed` runs a built-in ruleset. Neither touches a file. */
#include "bpffw/cmd/edit.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/sema.h"

static enum exit_code panic_open(struct session *s)
{
	struct buf out = { .arena = s->arena };
	struct attached *attached;
	uint32_t n;

	if (change_detach_all(s->store, s->arena, &attached, &n, &s->f) < 0)
		return session_failed(s);
	/* Filtering again when the time is over would be no less of a surprise. */
	confirm_end(&s->in->paths);
	if (s->in->json) {
		json_t *object = json_schema("panic"), *names = json_array();

		for (uint32_t i = 0; i < n; i++)
			json_array_append_new(names, json_str(attached[i].name));
		json_object_set_new(object, "detached", names);
		json_line(stdout, object);
		return EXIT_DONE;
	}
	if (n) {
		buf_puts(&out, "detached from ");
		attached_names(&out, attached, n);
	} else {
		buf_puts(&out, "nothing was attached");
	}
	buf_puts(&out, ": NOTHING IS FILTERED. Return with 'bpffw apply'.\n");
	say(s, &out);
	return EXIT_DONE;
}

static void put_session(struct buf *text, const struct ssh_session *session, uint32_t number)
{
	buf_puts(text, "allow tcp src ");
	net_print_ip(text, session->family, session->addr);
	buf_printf(text, number ? " dport %u name panic-ssh-%u\n" : " dport %u name panic-ssh\n",
		   session->local_port, number + 1);
}

/* Essential traffic is on by default. */
static const char *closed_text(struct session *s, const struct ruleset *rs, bool established)
{
	static const char *const modes[] = { "auto", "native", "generic" };
	struct buf text = { .arena = s->arena };

	buf_puts(&text, "version 1\n");
	vec_for_each(iface, &rs->interfaces)
		buf_printf(&text, "interface \"" STR_FMT "\" mode %s\n", STR_ARG(iface->name),
			   modes[iface->mode]);
	buf_puts(&text, "default drop\n");
	if (established)
		buf_puts(&text, "allow established name panic-replies\n");
	if (s->env.session.family)
		put_session(&text, &s->env.session, 0);
	for (uint32_t i = 0; i < s->env.more_sessions.len; i++)
		put_session(&text, &s->env.more_sessions.data[i], i + 1);
	return buf_text(&text);
}

static void print_closed(struct session *s, const struct change_result *result, bool established)
{
	struct buf out = { .arena = s->arena };

	if (s->in->json) {
		change_json(s, "panic", result, false, NULL);
		return;
	}
	buf_puts(&out, "closed ");
	attached_names(&out, result->attached.data, result->attached.len);
	buf_puts(&out, ": only essential traffic");
	if (established)
		buf_puts(&out, s->env.session.family ? ", replies" : " and replies");
	if (s->env.session.family) {
		buf_puts(&out, " and tcp from ");
		net_print_ip(&out, s->env.session.family, s->env.session.addr);
		buf_printf(&out, " to port %u", s->env.session.local_port);
	}
	buf_printf(&out, " %s (generation %u, not saved). Return with 'bpffw apply'.\n",
		   established || s->env.session.family ? "pass" : "passes", result->generation);
	put_confirm(&out, result);
	say(s, &out);
}

/* Only the interface lines of the rule file count, so a mistake in a rule is no matter; one that
 * keeps a line from being understood is, for it may stand in an interface line. */
static enum exit_code read_file(struct session *s, struct ruleset **ret_rs)
{
	struct diags *ds = diags_new(s->arena);
	const char *path = s->in->paths.rules, *why;
	struct ruleset *rs = NULL;
	struct ast *ast;
	struct str text;

	why = host_io.read(host_io.ctx, s->arena, path, &text);
	if (!why) {
		ast = parse_file(ds, &host_io,
				 diag_source(ds, str_of(path), text, (struct span){ 0 }));
		if (ds->n_errors)
			why = "it has errors, which 'bpffw check' shows";
		rs = sema_ruleset(ds, ast, &s->env);
		if (!why && !rs->interfaces.len)
			why = "it has no 'interface' line";
	}
	if (!why) {
		*ret_rs = rs;
		return EXIT_DONE;
	}
	return report_error(
		s->in, EXIT_ABSENT, "printf 'interface eth0\\ndefault drop\\n' | bpffw apply -",
		"no ruleset is running, and %s names no interface to close: %s", path, why);
}

static int close_by(struct session *s, const struct generation *old, const char *text,
		    struct change_result *ret_result)
{
	uint32_t source = diag_source(s->ds, STR("panic"), str_of(text), (struct span){ 0 });
	struct change change = { .ast = parse_file(s->ds, &io_none, source) };

	return commit_change(s, &change, old, ret_result);
}

static enum exit_code panic_closed(struct session *s)
{
	bool have_old = store_running(s->store);
	struct change_result result = { 0 };
	struct generation old = { 0 };
	bool established = true;
	enum exit_code code;
	int ret;

	code = have_old ? session_running(s, &old) : read_file(s, &old.rs);
	if (code || !old.rs)
		return code;
	ret = close_by(s, have_old ? &old : NULL, closed_text(s, old.rs, true), &result);
	/* Where replies cannot be tracked it must close all the same. */
	if (ret < 0 && s->f.exit == EXIT_SYSTEM) {
		failure_clear(&s->f);
		established = false;
		ret = close_by(s, have_old ? &old : NULL, closed_text(s, old.rs, false), &result);
	}
	if (ret < 0)
		return session_failed(s);
	print_closed(s, &result, established);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	bool open = strcmp(in->argv[0], "open") == 0;
	enum exit_code code;

	session_start(&s, in);
	if (!open && strcmp(in->argv[0], "closed") != 0)
		return report_error(in, EXIT_USAGE, "write 'panic open' or 'panic closed'",
				    "'%s' is neither 'open' nor 'closed'", in->argv[0]);
	code = session_store(&s, STORE_WRITE);
	if (code)
		return code;
	return open ? panic_open(&s) : panic_closed(&s);
}

const struct command cmd_panic = {
	.name = "panic",
	.args = "open|closed",
	.help = "filter nothing (open), or let only essential traffic and this ssh in (closed)",
	.details = "'closed' takes the interfaces of the running ruleset; where none runs, those "
		   "of /etc/bpffw/rules.fw (BPFFW_RULES). 'apply' undoes either.",
	.example = "bpffw panic open",
	.opts = force_opts,
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
