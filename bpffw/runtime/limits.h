/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of limit cells in state/limits (bpf/limit.h). */
#ifndef BPFFW_LIMITS_H
#define BPFFW_LIMITS_H

#include "bpffw/runtime/pin.h"
#include "compiler/compile.h"

/* Of the row in state.c. */
uint32_t limits_wanted(const struct compiled *compiled);
int limits_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

#endif
