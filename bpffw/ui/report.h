/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diagnostics and failures for people and for programs: text on stderr, JSON on stderr too. */
#ifndef BPFFW_REPORT_H
#define BPFFW_REPORT_H

#include "bpffw/opt.h"
#include "compiler/base/diag.h"

/* Sorted, at most 20 errors and 20 warnings, with caret and help, includes named. */
void report_diags(const struct invocation *in, struct diags *ds);

/* "error: WHAT" and "help: ..."; Return: the failure's exit code. */
enum exit_code report_failure(const struct invocation *in, const struct failure *f);

/* One line: "error: ..." for usage and absent objects (4). Return: @code. */
enum exit_code report_error(const struct invocation *in, enum exit_code code, const char *help,
			    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* True when stdout (or stderr) may carry colour. */
bool report_color(const struct invocation *in, int fd);

/* Columns of the terminal; 0: not a terminal. */
unsigned int report_width(int fd);

#endif
