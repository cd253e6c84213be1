/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the command and runs it. */
#include <signal.h>
#include <stdlib.h>

#include "bpffw/command.h"

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
	code = command_run(&in);
	free(arguments);
	return (int)code;
}
