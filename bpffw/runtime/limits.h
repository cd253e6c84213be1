/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of limit cells in state/limits (bpf/limit.h). */
#ifndef BPFFW_LIMITS_H
#define BPFFW_LIMITS_H

#include "bpf/limit.h"
#include "bpffw/runtime/pin.h"
#include "compiler/compile.h"

struct store;

/* Of the row in state.c. */
uint32_t limits_wanted(const struct compiled *compiled);
int limits_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

/* The clock that `actions` judges them by. */
int limits_clock(const struct compiled *compiled, struct limit_clock *ret_clock, struct failure *f);

/* Buckets in use now, by rule, in the arena of @rs. */
int limits_count(struct store *store, const struct ruleset *rs, const uint32_t **ret_counts,
		 struct failure *f);

#endif
