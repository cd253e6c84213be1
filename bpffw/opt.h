/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: global options anywhere, a command, its options and arguments.
 * `-x`, `--word`, `--word=VALUE`; `-` alone is an argument; `--` ends the options.
 */
#ifndef BPFFW_OPT_H
#define BPFFW_OPT_H

#include <limits.h>
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
	char room[3][PATH_MAX]; /* for those of the paths that were relative */
	bool json, quiet, verbose;
	bool silent; /* report nothing at all: completion */
	enum color color;
	struct batch *batch;            /* of the shell; NULL: a change is live at once */
	const struct option_row *wants; /* the last option lacks its value */
	int argc;                       /* arguments behind the command, options removed */
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

/*
 * opt_parse_in() - the same for a line of the shell.
 * @outer: how the shell was called: its options hold for each line. NULL: no shell
 */
bool opt_parse_in(const struct invocation *outer, int argc, char *const argv[], char **ret_argv,
		  struct invocation *ret_in);

/*
 * opt_parse_words() - the same for words that are being completed: reports nothing.
 * ret_in->command may stay NULL. Return: false with ret_in->wants set when an option lacks its
 * value.
 */
bool opt_parse_words(const struct invocation *outer, int argc, char *const argv[], char **ret_argv,
		     struct invocation *ret_in);

#endif
