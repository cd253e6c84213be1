/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/edit.h"
#include "bpffw/cmd/files.h"
#include "bpffw/ui/text.h"

static const struct gen_info *find_number(const struct gen_info *infos, uint32_t n, uint32_t number)
{
	for (uint32_t i = 0; i < n; i++)
		if (infos[i].number == number)
			return &infos[i];
	return NULL;
}

/* The newest one before what runs now. A rollback that runs stands where its original stood. */
static const struct gen_info *find_previous(const struct gen_info *infos, uint32_t n,
					    uint32_t running)
{
	const struct gen_info *now = find_number(infos, n, running), *best = NULL;
	uint32_t below = now && now->same_as ? now->same_as : running;

	for (uint32_t i = 0; i < n; i++)
		if (infos[i].number < below && !infos[i].rolled_back &&
		    (!best || infos[i].number > best->number))
			best = &infos[i];
	return best;
}

/* Return: NULL after a message, whose exit code is in @ret_code. */
static const struct gen_info *find_target(struct session *s, const struct gen_info *infos,
					  uint32_t n, enum exit_code *ret_code)
{
	const struct gen_info *target;
	const char *arg = s->in->argc ? s->in->argv[0] : NULL;
	uint64_t number;

	if (arg && !num_parse(str_of(arg), UINT32_MAX, &number)) {
		*ret_code = report_error(s->in, EXIT_USAGE, "'bpffw history' lists the generations",
					 "'%s' is not the number of a generation", arg);
		return NULL;
	}
	target = arg ? find_number(infos, n, (uint32_t)number)
		     : find_previous(infos, n, store_running(s->store));
	if (!target && arg)
		*ret_code =
			report_error(s->in, EXIT_ABSENT, "'bpffw history' lists the generations",
				     "generation %s is not kept", arg);
	else if (!target)
		*ret_code = report_error(s->in, EXIT_ABSENT, NULL, "no earlier generation is kept");
	return target;
}

static void print_result(struct session *s, const struct gen_info *target,
			 const struct change *change, const struct change_result *result)
{
	struct buf out = { .arena = s->arena };

	if (s->in->json) {
		change_json(s, "rollback", result, change->saved, NULL);
		return;
	}
	buf_printf(&out, "generation %u = generation %u (", result->generation, target->number);
	text_time(&out, target->when);
	buf_printf(&out, "), applied in %.0f ms\n", (double)result->ns_total / 1e6);
	put_confirm(&out, result);
	say(s, &out);
}

static enum exit_code rollback(struct session *s)
{
	struct generation old = { 0 }, gen = { 0 };
	struct change_result result = { 0 };
	struct change change = { 0 };
	const struct gen_info *target;
	struct gen_info *infos;
	enum exit_code code;
	uint32_t n;

	code = session_running(s, &old);
	if (code)
		return code;
	if (store_history(s->store, s->arena, &infos, &n, &s->f) < 0)
		return session_failed(s);
	target = find_target(s, infos, n, &code);
	if (!target)
		return code;
	if (target->number == old.info.number)
		return report_error(s->in, EXIT_USAGE, NULL, "generation %u is running already",
				    target->number);
	if (store_generation(s->store, s->ds, &s->env, target->number, &gen, &s->f) < 0)
		return session_failed(s);
	change.ast = gen.ast;
	change.io = gen.io;
	change.same_as = target->number;
	change.ends_confirm = true;
	change.how = arena_printf(s->arena, "rollback to %u", target->number);
	change.saved = target->saved && !files_changed(s, &gen.info);
	vec_for_each(file, &gen.info.files)
		vec_push(s->arena, &change.files, *file);
	if (commit_change(s, &change, &old, &result) < 0)
		return session_failed(s);
	print_result(s, target, &change, &result);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	enum exit_code code;

	session_start(&s, in);
	code = session_store(&s, STORE_WRITE);
	return code ? code : rollback(&s);
}

const struct command cmd_rollback = {
	.name = "rollback",
	.args = "[N]",
	.help = "run the previous generation again, or generation N",
	.example = "bpffw rollback",
	.opts = force_opts,
	.max_args = 1,
	.flags = CMD_ROOT | CMD_NO_BATCH,
	.run = run,
};
