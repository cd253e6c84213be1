/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/entries.h"

static enum exit_code run(const struct invocation *in)
{
	return entries_run(in, "blacklist");
}

const struct command cmd_blacklist = {
	.name = "blacklist",
	.args = "add ENTRIES [for TIME] [comment TEXT] | del ENTRIES | list | flush | load FILE | "
		"test "
		"ENTRIES",
	.help = "addresses whose packets are dropped: show and change the list",
	.details = "Added entries are live at once and outlive every change of the rules; 'add -', "
		   "'del -' and 'load -' read them from standard input, one a line. 'load' makes "
		   "FILE the "
		   "list's file and swaps it in.",
	.example = "bpffw blacklist add 203.0.113.9 for 10m comment scanner",
	.opts = force_opts,
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE | CMD_NO_BATCH,
	.run = run,
};
