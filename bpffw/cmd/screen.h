/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole terminal for a command: plain ANSI, keys as they are pressed. */
#ifndef BPFFW_SCREEN_H
#define BPFFW_SCREEN_H

#include <stdbool.h>

#include "compiler/base/str.h"

enum key { KEY_NONE = 0, KEY_UP = 256, KEY_DOWN };

/* Both ends of the command are a terminal that knows how to move its cursor. */
bool screen_possible(void);

/* On the terminal's other page, without echo; end puts everything back. */
void screen_begin(void);
void screen_end(void);

/* Columns and rows, 80 x 24 where they are not known. */
void screen_size(unsigned int *ret_columns, unsigned int *ret_rows);

/* Replace what is shown by the lines of @text, each cut to the width by the caller. */
void screen_show(const struct buf *text);

/* The key that was pressed, waiting up to @wait_ms; KEY_NONE: none. */
int screen_key(int wait_ms);

#endif
