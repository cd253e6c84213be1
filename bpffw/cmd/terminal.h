/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines from a person, by readline: prompt, history, TAB, '?', Ctrl-C. There is one terminal. */
#ifndef BPFFW_TERMINAL_H
#define BPFFW_TERMINAL_H

#include <stdbool.h>

#include "bpffw/cmd/complete.h"

struct terminal {
	void *ctx;
	/* What is shown in front of the line. @ret_ticks: ask again each second: it counts down. */
	const char *(*prompt)(void *ctx, struct arena *arena, bool *ret_ticks);
	/* What may stand behind @before, the text up to the cursor. */
	void (*complete)(void *ctx, struct arena *arena, struct str before,
			 struct completion *ret_completion);
	/* Lines of the command that were typed before this one. */
	struct str (*pending)(void *ctx);
};

enum terminal_event {
	TERMINAL_LINE,
	TERMINAL_INTERRUPT, /* Ctrl-C: the line is cleared */
	TERMINAL_END,       /* Ctrl-D, or the terminal is gone */
};

/* @terminal must live until terminal_close(). */
void terminal_open(const struct terminal *terminal);
/* @ret_line: to be freed by the caller. */
enum terminal_event terminal_read(char **ret_line);
/* Remember a command, here and in the history file. */
void terminal_remember(const char *line);
/* Ctrl-C while a command runs; the second one ends the shell. */
bool terminal_interrupted(void);
void terminal_close(void);

#endif
