/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diagnostics as text: the pure half of report.c. */
#ifndef BPFFW_RENDER_H
#define BPFFW_RENDER_H

#include "compiler/base/diag.h"

/* @width: of the terminal; 0: none, 100 columns are taken. */
void render_diag(struct buf *out, struct diags *ds, const struct diag *d, bool color,
		 unsigned int width);
/* "error: WHAT" and its help, without a place. */
void render_line(struct buf *out, enum severity severity, const char *what, const char *help,
		 bool color);
/* A kernel log: every line indented and escaped. */
void render_log(struct buf *out, struct str log);

#endif
