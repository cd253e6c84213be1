/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands: finding one, checking what its row asks for, running it. */
#include "bpffw/command.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/runtime/privilege.h"
#include "bpffw/ui/report.h"

const struct command *const commands[] = {
#define X(name) &cmd_##name,
	COMMANDS(X)
#undef X
		NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

bool command_may_administer(void)
{
	return geteuid() == 0 || (may(CAP_NET_ADMIN) && may(CAP_BPF));
}

static enum exit_code check_invocation(const struct invocation *in)
{
	const struct command *c = in->command;

	if (in->argc < c->min_args || (c->max_args >= 0 && in->argc > c->max_args)) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const char *usage = arena_printf(arena, "usage: bpffw %s%s%s", c->name,
						 c->args ? " " : "", c->args ? c->args : "");

		return in->argc < c->min_args ? report_error(in, EXIT_USAGE, usage,
							     "'%s' needs more arguments", c->name)
					      : report_error(in, EXIT_USAGE, usage,
							     "unexpected argument '%s' for '%s'",
							     in->argv[c->max_args], c->name);
	}
	if ((c->flags & CMD_ROOT) && !command_may_administer())
		return report_error(in, EXIT_SYSTEM, "run it as root, or with both capabilities",
				    "'%s' needs root (or CAP_BPF and CAP_NET_ADMIN)", c->name);
	if ((c->flags & CMD_NO_BATCH) && in->batch && batch_is_open(in->batch))
		return report_error(in, EXIT_REFUSED, "'commit' or 'abort' ends it",
				    "refused: a batch is open");
	return EXIT_DONE;
}

/* Output that was lost is a failure: `bpffw list > /dev/full`. */
static enum exit_code check_output(const struct invocation *in, enum exit_code code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	clearerr(stdout);
	if (errno == EPIPE)
		return code ? code : EXIT_SYSTEM;
	return report_error(in, EXIT_SYSTEM, NULL, "cannot write the output: %s", strerror(errno));
}

enum exit_code command_run(const struct invocation *in)
{
	enum exit_code code = check_invocation(in);

	return code ? code : check_output(in, in->command->run(in));
}
