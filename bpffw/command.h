/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands: one file in cmd/ each, ending in its row. main.c finds, checks and runs them. */
#ifndef BPFFW_COMMAND_H
#define BPFFW_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "bpffw/opt.h"
#include "bpffw/runtime/failure.h"

/* clang-format off */
#define COMMANDS(X) \
	X(apply) X(check) X(list) X(explain) X(status) X(diff) \
	X(add) X(del) X(replace) X(move) X(enable) X(disable) X(default) \
	X(ban) X(unban) X(blacklist) X(allowlist) X(set) \
	X(import) X(export) X(monitor) X(trace) X(top) X(stats) X(save) X(history) X(rollback) X(confirm) X(reset) X(panic) \
	X(shell) X(begin) X(commit) X(abort) X(watch) X(edit) X(help) X(version) X(__complete)
/* clang-format on */

enum command_flags {
	CMD_ROOT = 1, /* needs CAP_BPF, CAP_NET_ADMIN: checked before run */
	CMD_LANGUAGE =
		2, /* arguments are rule language: '-x' still is an option, the rest is lexed */
	CMD_HIDDEN = 4,   /* for programs: not in help and completion */
	CMD_NO_BATCH = 8, /* refused between begin and commit: it replaces the running ruleset */
};

struct command {
	const char *name;
	const char *args;    /* "[before|after REF] RULE" */
	const char *help;    /* one line */
	const char *details; /* a paragraph for `help NAME`, or NULL */
	const char *example;
	const struct option_row *opts; /* ended by a row without name; NULL: none */
	int min_args, max_args;        /* max -1: any */
	unsigned int flags;
	enum exit_code (*run)(const struct invocation *in);
};

#define X(name) extern const struct command cmd_##name;
COMMANDS(X)
#undef X

/* NULL: unknown. */
const struct command *command_find(const char *name);
/* All rows in COMMANDS order, ended by NULL. */
extern const struct command *const commands[];

/* Check what the row asks for, run it, and make sure that the output went out. */
enum exit_code command_run(const struct invocation *in);

/* Root, or CAP_BPF and CAP_NET_ADMIN. */
bool command_may_administer(void);

#endif
