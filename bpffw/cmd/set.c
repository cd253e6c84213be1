/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/entries.h"

static enum exit_code run(const struct invocation *in)
{
	return entries_run(in, NULL);
}

const struct command cmd_set = {
	.name = "set",
	.args = "NAME add ENTRIES [for TIME] [comment TEXT] | NAME del ENTRIES | NAME list | NAME "
		"flush "
		"| NAME load FILE | NAME test ENTRIES",
	.help = "show and change the entries of a set",
	.details = "As 'blacklist'. A set's own 'timeout' counts where 'for' is not given.",
	.example = "bpffw set game-ports add 28000-28010",
	.opts = force_opts,
	.min_args = 2,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE | CMD_NO_BATCH,
	.run = run,
};
