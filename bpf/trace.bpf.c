// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `bpffw trace`: behind a classifier of its own, whose rules are the packets asked for (those match
 * a place, the others get the default). It tells a packet and hands it on to the live ruleset, as
 * if nothing had been. The dispatcher jumps here only while its config says so.
 */
#include "bpf/chain.h"
#include "bpf/event.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct trace_config config;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING);
} traced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_state);
} trace_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, JMP_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} jmp SEC(".maps");

static __always_inline void tell(const struct pkt *p, __u64 now)
{
	struct trace_state *state;
	struct traced *room = bpf_ringbuf_reserve(&traced, sizeof(*room), 0);
	__u32 zero = 0;

	if (!room) {
		state = bpf_map_lookup_elem(&trace_state, &zero);
		if (state)
			__sync_fetch_and_add(&state->lost, 1);
		return;
	}
	room->time = now;
	__builtin_memcpy(room->pkt, p, EVENT_PKT);
	bpf_ringbuf_submit(room, 0);
}

static __always_inline int is_wanted(const struct pkt *p, __u64 now)
{
	/* A tracer that was killed costs no more than the jumps. */
	if (now > config.deadline)
		return 0;
	if (config.all)
		return (bpf_get_prandom_u32() & config.sample_mask) == 0;
	return p->act == TRACE_WANTED;
}

SEC("xdp")
int bpffw_trace(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	__u64 now = bpf_ktime_get_ns();

	if (is_wanted(p, now))
		tell(p, now);
	p->now = 0;
	bpf_tail_call_static(ctx, &jmp, JMP_LIVE);
	chain_count(SLOT_NO_RULESET, p);
	return XDP_DROP;
}
