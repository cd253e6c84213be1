/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: global options anywhere, a command, its options and arguments.
 * `-x`, `--word`, `--word=VALUE`; `-` alone is an argument; `--` ends the options.
 */
#ifndef BPFFW_OPT_H
#define BPFFW_OPT_H

#include <stdbool.h>

#include "bpffw/runtime/store.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct option_row {
	const char *name;  /* "dump": --dump */
	char letter;       /* 0: none */
	const char *value; /* "ast|rules|bpf": the words it takes; "N": any value; NULL: a flag */
	bool optional;     /* --confirm or --confirm=60s */
	const char *help;
};

struct invocation {
	const struct command *command;
	struct paths paths;
	bool json, quiet, verbose;
	enum color color;
	int argc; /* arguments behind the command, options removed */
	char *const *argv;
	/* Parallel to command->opts: NULL absent, "" a flag or no value given. */
	const char *opt_values[16];
};

/* The options of every command, ended by a row without name. */
extern const struct option_row opt_globals[];

/* Value of the command's option; NULL: not given. */
const char *opt_value(const struct invocation *in, const char *name);

/*
 * opt_parse() - fill @ret_in from the arguments and the environment (BPFFW_STATE_DIR ...).
 * @ret_argv: storage for the arguments, at least argc + 1 pointers
 * Return: false after a message on stderr.
 */
bool opt_parse(int argc, char *const argv[], char **ret_argv, struct invocation *ret_in);

#endif
