/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow table (bpf/flow.h) seen from user space: made, grown, filled and counted by mapping it.
 */
#ifndef BPFFW_FLOWS_H
#define BPFFW_FLOWS_H

#include "bpf/flow.h"
#include "bpffw/runtime/failure.h"
#include "compiler/gen/compiled.h"

struct store;

/* The map of `option flows`, mapped. */
struct flow_table {
	void *entries; /* struct flow_header, then rows; NULL: not mapped */
	uint32_t n;    /* of them */
	uint32_t now;  /* its clock when it was mapped */
};

#define _cleanup_flow_table_ __attribute__((cleanup(flow_table_close)))
int flow_table_open(int map, struct flow_table *ret_table, struct failure *f);
void flow_table_close(struct flow_table *table);
const struct flow_header *flow_table_header(const struct flow_table *table);

/* For the rows of state.c: 0: the ruleset does not ask for flows. */
uint32_t flows_entries(const struct compiled *compiled);
uint32_t flows_stats_entries(const struct compiled *compiled);
/* A new table: the flows of @old, or (-1) a new seed. */
int flows_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

struct flows_count {
	uint64_t confirmed, fresh; /* alive */
	struct flow_stats stats;   /* since the table was made */
};

/* Return: -ENOENT: there is no table. */
int flows_count(struct store *store, struct flows_count *ret_count, struct failure *f);

#endif
