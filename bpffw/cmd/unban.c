/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/entries.h"

static enum exit_code run(const struct invocation *in)
{
	return entries_run(in, "blacklist");
}

const struct command cmd_unban = {
	.name = "unban",
	.args = "ADDRESSES",
	.help = "take addresses off the blacklist",
	.details = "The same as 'blacklist del'.",
	.example = "bpffw unban 203.0.113.9",
	.opts = force_opts,
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE | CMD_NO_BATCH,
	.run = run,
};
