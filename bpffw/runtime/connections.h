/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of connections in state/connections (bpf/connections.h). */
#ifndef BPFFW_CONNECTIONS_TABLE_H
#define BPFFW_CONNECTIONS_TABLE_H

#include "bpf/connections.h"
#include "bpffw/runtime/failure.h"
#include "compiler/gen/compiled.h"

struct store;

/* Of the row in state.c. */
uint32_t connections_wanted(const struct compiled *compiled);
int connections_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

/* Open now, by rule. */
int connections_count(struct store *store, const struct ruleset *rs, const uint32_t **ret_counts,
		      struct failure *f);

#endif
