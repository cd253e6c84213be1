/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of the chain share: the scratch slots and the counters. Each object declares
 * them; the loader gives all objects the same maps (by section or map name).
 */
#ifndef BPFFW_CHAIN_H
#define BPFFW_CHAIN_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

struct pkt scratch[ABI_CPUS] SEC(".data.scratch");

/* The loader decides the number of blocks: the rules need their slots. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counter_block);
} counters SEC(".maps");

/* One packet at a time runs on a CPU: XDP and test runs both keep softirqs off. */
static __always_inline struct pkt *chain_pkt(void)
{
	return &scratch[bpf_get_smp_processor_id() & (ABI_CPUS - 1)];
}

static __always_inline void chain_count(__u32 slot, const struct pkt *p)
{
	__u32 number = slot / COUNTER_BLOCK;
	struct counter_block *block = bpf_map_lookup_elem(&counters, &number);
	struct counter *counter;

	if (!block)
		return;
	counter = &block->counter[slot % COUNTER_BLOCK];
	counter->packets++;
	counter->bytes += p->frame_len;
}

/* Count what decides. */
static __always_inline void chain_decide(__u32 slot, struct pkt *p)
{
	p->slot = slot;
	chain_count(slot, p);
}

#endif
