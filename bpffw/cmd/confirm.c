/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/confirm.h"
#include "bpffw/cmd/common.h"
#include "bpffw/ui/json.h"

/* Too late is another answer than never. */
static enum exit_code nothing_waits(struct session *s)
{
	uint32_t n, running = store_running(s->store);
	struct gen_info *infos;

	if (store_history(s->store, s->arena, &infos, &n, &s->f) < 0)
		return session_failed(s);
	if (n && infos[0].number > running && infos[0].rolled_back)
		return report_error(s->in, EXIT_ROLLED_BACK, "'bpffw history' shows both",
				    "generation %u was not confirmed in time: generation %u runs "
				    "again",
				    infos[0].number, running);
	return report_error(s->in, EXIT_ABSENT, NULL, "no change waits for a confirmation");
}

static void print_result(struct session *s, uint32_t number)
{
	struct buf out = { .arena = s->arena };
	const char *file = arena_printf(s->arena, "%s/gen/%u.fw", s->in->paths.state_dir, number);

	if (s->in->json) {
		json_t *object = json_schema("confirm");

		json_object_set_new(object, "generation", json_integer(number));
		json_object_set_new(object, "file", json_str(str_of(file)));
		json_line(stdout, object);
		return;
	}
	buf_printf(&out, "generation %u confirmed; kept as %s\n", number, file);
	say(s, &out);
}

static enum exit_code confirm(struct session *s)
{
	struct change_result settled = { 0 };
	struct generation gen = { 0 };
	struct pending pending;
	enum exit_code code;

	if (!confirm_waits(s->store, &pending))
		return nothing_waits(s);
	confirm_end(&s->in->paths);
	print_result(s, pending.generation);
	if (store_mark_confirmed(s->store, &s->f) < 0)
		return session_failed(s);
	code = session_running(s, &gen);
	if (code)
		return code;
	/* Interfaces that it does not list were kept at hand for the rollback. */
	if (change_settle(s->store, s->ds, &s->env, &gen, SETTLE_ALL, &settled, &s->f) < 0)
		return session_failed(s);
	report_diags(s->in, s->ds);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	enum exit_code code;

	session_start(&s, in);
	code = session_store(&s, STORE_WRITE);
	return code ? code : confirm(&s);
}

const struct command cmd_confirm = {
	.name = "confirm",
	.help = "keep a change that was made with --confirm",
	.details = "Exit code 6: it came too late, the generation before the change runs again.",
	.example = "bpffw confirm",
	.flags = CMD_ROOT,
	.run = run,
};
