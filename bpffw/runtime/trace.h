/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets as they come in, told by a program in front of the running ruleset (bpf/trace.bpf.c).
 * They go on to the ruleset as if nothing had been. One tracer at a time; what one that was killed
 * leaves behind passes packets on and is removed by the next change or tracer.
 */
#ifndef BPFFW_TRACE_H
#define BPFFW_TRACE_H

#include "bpf/event.h"
#include "bpffw/runtime/failure.h"
#include "compiler/compile.h"

struct store;
struct trace;

/*
 * trace_filter() - a classifier for the packets of a description.
 * @rs: the ruleset that names the sets of @wanted
 * What only user space knows (`established`, sets that change at run time) is left out: the packets
 * told may be more than those wanted, and observer_wants() says which are.
 */
bool trace_filter(struct diags *ds, const struct ruleset *rs, const struct expect *wanted,
		  struct compiled *ret_compiled);

/*
 * trace_open() - begin to tell packets.
 * @filter: from trace_filter(); NULL: every packet (or a sample, trace_sample())
 * @flows: the running ruleset asks for flows
 */
int trace_open(struct store *store, struct diags *ds, const struct compiled *filter, bool flows,
	       struct trace **ret_trace, struct failure *f);
void trace_close(struct trace *trace);

/* Deliver what is there, waiting up to @wait_ms for the first. Return: -EINTR on a signal. */
int trace_poll(struct trace *trace, int wait_ms,
	       void (*each)(void *ctx, const struct traced *traced), void *ctx, struct failure *f);

/* Packets since trace_open() for which the ring had no room. */
uint64_t trace_lost(const struct trace *trace);

/* One of @every packets from now on; a power of two. */
void trace_sample(struct trace *trace, uint64_t every);

/* Repair: remove what a tracer that no longer lives left. */
int trace_recover(struct store *store, struct failure *f);

#endif
