/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of typed lines: ${XDG_STATE_HOME:-~/.local/state}/bpffw/history, 0600. It is read and
 * replaced as a whole at each line, so that several shells share it.
 */
#ifndef BPFFW_HISTORY_H
#define BPFFW_HISTORY_H

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

#define HISTORY_MAX 1000

/* NULL: there is no home. */
const char *history_path(struct arena *arena);

/* Oldest first; empty when there is no file. */
void history_read(struct arena *arena, const char *path, void *ctx,
		  void (*line)(void *ctx, const char *text));

/* @line becomes the newest one and stands there once. What cannot be written is not kept. */
void history_add(const char *path, const char *line);

#endif
