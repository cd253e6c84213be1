/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands. */
#include "bpffw/command.h"

#include <string.h>

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
