/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/entries.h"

static enum exit_code run(const struct invocation *in)
{
	return entries_run(in, "blacklist");
}

const struct command cmd_ban = {
	.name = "ban",
	.args = "ADDRESSES [for TIME] [comment TEXT]",
	.help = "put addresses on the blacklist",
	.details =
		"The same as 'blacklist add'. Your own address, and prefixes wider than /8 (IPv6: "
		"/16), need --force.",
	.example = "bpffw ban 203.0.113.9 for 1h",
	.opts = force_opts,
	.min_args = 1,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE | CMD_NO_BATCH,
	.run = run,
};
