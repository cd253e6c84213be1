/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows for flows.bpf.c, in the table of `established` and in a kernel hash map. */
#ifndef BENCH_FLOWS_H
#define BENCH_FLOWS_H

#include <bpf/libbpf.h>

#include "bpffw/runtime/flows.h"

#define BENCH_FLOWS 100000u

/* As in flows.bpf.c. */
struct listed {
	uint64_t remote[2], local[2];
	uint32_t ports, family;
};
struct key4 {
	uint32_t remote, local, ports, proto;
};
struct key6 {
	uint64_t remote[2], local[2];
	uint32_t ports, proto;
};
struct control {
	uint64_t next, n, found;
};

struct flow_bench {
	struct bpf_object *object;
	struct listed *list;
	volatile struct control *control;
	struct flow_table table;
	uint64_t random;
};

/* @flows: the map of a flow table */
void flow_bench_load(const char *path, int flows, struct flow_bench *b);
int flow_bench_program(const struct flow_bench *b, const char *name);
struct listed flow_bench_draw(struct flow_bench *b, uint32_t family);
void flow_bench_add(struct flow_bench *b, const struct listed *l);

#endif
