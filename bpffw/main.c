/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the command, checks what its row asks for, runs it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bpffw/command.h"
#include "bpffw/ui/report.h"

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
	return EXIT_DONE;
}

/* Output that was lost is a failure: `bpffw list > /dev/full`. */
static enum exit_code check_output(const struct invocation *in, enum exit_code code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return code ? code : EXIT_SYSTEM;
	return report_error(in, EXIT_SYSTEM, NULL, "cannot write the output: %s", strerror(errno));
}

int main(int argc, char *argv[])
{
	struct invocation in = { 0 };
	enum exit_code code;
	char **arguments;

	/* A closed pipe must not kill a command in the middle of a change. */
	signal(SIGPIPE, SIG_IGN);
	arguments = calloc((size_t)argc + 1, sizeof(*arguments));
	if (!arguments)
		return EXIT_SYSTEM;
	if (!opt_parse(argc, argv, arguments, &in)) {
		free(arguments);
		return EXIT_USAGE;
	}
	code = check_invocation(&in);
	if (code == EXIT_DONE)
		code = check_output(&in, in.command->run(&in));
	free(arguments);
	return (int)code;
}
