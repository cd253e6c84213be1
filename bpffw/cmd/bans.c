/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries that are over make room, and those that rules made are kept over a reboot. */
#include "bpffw/cmd/bans.h"

#include <errno.h>

#include "bpffw/cmd/chores.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/list.h"

int bans_fold(struct session *s, const struct generation *gen)
{
	struct change change = { .ast = gen->ast,
				 .io = gen->io,
				 .how = "prefixes folded",
				 .force = true,
				 .lenient = true,
				 .saved = gen->info.saved };
	struct change_result result;

	return commit_change(s, &change, gen, &result);
}

/* Rules ban prefixes, too. */
static void fold_crowded(struct session *s)
{
	_cleanup_lists_ struct lists *lists = NULL;
	struct pending pending;
	struct generation gen;

	if (confirm_waits(s->store, &pending) || lists_get(s->store, &lists, &s->f) < 0 ||
	    !lists_crowded(lists) || session_running(s, &gen) != EXIT_DONE)
		return;
	if (bans_fold(s, &gen) < 0)
		session_failed(s);
}

enum exit_code bans_keep(struct session *s)
{
	_cleanup_lists_ struct lists *lists = NULL;
	struct bans_damage damage = { 0 };
	uint32_t swept;
	int ret = lists_get(s->store, &lists, &s->f);

	if (ret == -ENOENT)
		return EXIT_DONE;
	if (ret == 0)
		ret = lists_sweep(lists, &swept, &s->f);
	if (ret == 0)
		ret = lists_save(lists, &damage, &s->f);
	if (ret < 0)
		return session_failed(s);
	if (damage.n_lines) {
		bans_warn(s->ds, &damage);
		report_diags(s->in, s->ds);
	}
	return EXIT_DONE;
}

static void run(const struct invocation *in)
{
	struct session s = { 0 };

	session_start(&s, in);
	if (session_store(&s, STORE_WRITE) == EXIT_DONE)
		if (bans_keep(&s) == EXIT_DONE)
			fold_crowded(&s);
	session_end(&s);
}

const struct chore chore_bans = { .name = "bans", .seconds = 60, .run = run, .end = run };
