/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/boot.h"
#include "bpffw/cmd/edit.h"
#include "bpffw/cmd/files.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/sema.h"

static const struct option_row opts[] = {
	{ .name = "force", .help = "override a failing test or guard; history records it" },
	{ .name = "confirm",
	  .value = "TIME",
	  .optional = true,
	  .help = "roll back in TIME (60s) unless 'bpffw confirm' is run" },
	{ .name = "boot",
	  .help = "as the system starts: load something in any case, the last good rules if need "
		  "be" },
	{ 0 },
};

static void print_times(struct buf *out, const struct change_result *r)
{
	buf_printf(out,
		   "compile %.1f ms, load %.1f ms, %u witnesses in %.1f ms, swap %.3f ms; "
		   "%u instructions\n",
		   (double)r->ns_compile / 1e6, (double)r->ns_load / 1e6, r->n_witnesses,
		   (double)r->ns_witness / 1e6, (double)r->ns_swap / 1e6, r->n_insns);
}

static void print_result(struct session *s, const struct change_result *result, bool saved)
{
	struct buf out = { .arena = s->arena };

	if (s->in->json) {
		change_json(s, "apply", result, saved, NULL);
		return;
	}
	buf_printf(&out, "applied generation %u on ", result->generation);
	attached_print(&out, result->attached.data, result->attached.len);
	buf_printf(&out, " in %.0f ms: ", (double)result->ns_total / 1e6);
	diff_counts(&out, &result->diff);
	buf_puts(&out, "\n");
	if (result->session)
		buf_printf(&out, "%s\n", result->session);
	put_confirm(&out, result);
	if (s->in->verbose)
		print_times(&out, result);
	say(s, &out);
}

/* Behind `panic closed` the rules take up the ids and counters that they had before it. Its
 * forerunner is still pinned, so nothing else has been given their counters. */
static int look_behind_panic(struct session *s, struct generation *gen)
{
	struct generation before = { 0 };
	const struct gen_info *newest = NULL;
	struct gen_info *infos;
	uint32_t n;
	int ret;

	if (!generation_is_panic(&gen->info))
		return 0;
	ret = store_history(s->store, s->arena, &infos, &n, &s->f);
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < n; i++)
		if (infos[i].number < gen->info.number &&
		    (!newest || infos[i].number > newest->number))
			newest = &infos[i];
	if (!newest || generation_is_panic(newest))
		return 0;
	ret = store_generation(s->store, s->ds, &s->env, newest->number, &before, &s->f);
	if (ret == 0)
		gen->rs = before.rs;
	return ret;
}

/* The running generation gives ids and counters; a record that cannot be read must not keep the
 * admin from applying with --force. */
static enum exit_code read_old(struct session *s, struct generation *gen, bool *ret_have)
{
	uint32_t number = store_running(s->store);

	*ret_have = false;
	if (!number)
		return EXIT_DONE;
	if (store_generation(s->store, s->ds, &s->env, number, gen, &s->f) == 0 &&
	    look_behind_panic(s, gen) == 0) {
		*ret_have = true;
		return EXIT_DONE;
	}
	if (!opt_value(s->in, "force"))
		return session_failed(s);
	failure_clear(&s->f);
	return EXIT_DONE;
}

static enum exit_code apply(struct session *s, const char *file)
{
	struct generation old = { 0 };
	struct change change = { 0 };
	struct change_result result = { 0 };
	enum exit_code code;
	uint32_t source;
	bool have_old;

	code = session_store(s, STORE_WRITE);
	if (!code)
		code = read_old(s, &old, &have_old);
	if (!code)
		code = session_source(s, file, &source);
	if (code)
		return code;
	change.ast = parse_file(s->ds, &host_io, source);
	if (s->ds->n_errors)
		sema_ruleset(s->ds, change.ast, &s->env);
	if (s->ds->n_errors)
		return session_refused(s, file);
	files_of_ast(s, change.ast, &change);
	change.saved = strcmp(file, "-") != 0 && file_is_same(s->arena, file, s->in->paths.rules);
	if (!s->in->argc)
		change.how = arena_printf(s->arena, "apply %s%s", file,
					  invocation_options(s->arena, s->in));
	s->env.check_present = true;
	if (commit_change(s, &change, have_old ? &old : NULL, &result) < 0)
		return session_refused(s, file);
	print_result(s, &result, change.saved);
	report_diags(s->in, s->ds);
	return EXIT_DONE;
}

/* A service that is restarted: then this is an apply like any other. */
static bool something_runs(const struct invocation *in)
{
	_cleanup_session_ struct session s;

	session_start(&s, in);
	return session_store(&s, STORE_READ) == EXIT_DONE && store_running(s.store);
}

static enum exit_code run(const struct invocation *in)
{
	struct session s;
	enum exit_code code;

	if (opt_value(in, "boot") && !something_runs(in))
		return boot(in, session_file(in));
	session_start(&s, in);
	code = apply(&s, session_file(in));
	session_end(&s);
	return code;
}

const struct command cmd_apply = {
	.name = "apply",
	.args = "[FILE]",
	.help = "compile a rule file and swap it in on all its interfaces at once",
	.details =
		"Without FILE /etc/bpffw/rules.fw (BPFFW_RULES) is taken; '-' is standard input.",
	.example = "bpffw apply /etc/bpffw/rules.fw",
	.opts = opts,
	.max_args = 1,
	.flags = CMD_ROOT | CMD_NO_BATCH,
	.run = run,
};
