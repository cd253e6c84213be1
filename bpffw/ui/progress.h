/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line on a terminal's stderr for what takes longer than a second, gone when it has ended. By a
 * thread: a signal would interrupt the kernel's verifier, which then begins anew.
 */
#ifndef BPFFW_PROGRESS_H
#define BPFFW_PROGRESS_H

#include "bpffw/opt.h"

/* @what: "compiling the rules"; must outlive it. Not with -q and --json, nor one within another. */
void progress_begin(const struct invocation *in, const char *what);
/* Before anything else is written; without a begin nothing. */
void progress_end(void);

#endif
