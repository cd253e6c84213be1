// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `bpffw trace`: behind a classifier of its own, whose rules are the packets asked for (those match
 * a place, the others get the default). It tells a packet and hands it on to the live ruleset, as
 * if nothing had been. The dispatcher jumps here only while its config says so.
 */
#include "bpf/chain.h"
#include "bpf/event.h"
#include "bpf/flow_chain.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct trace_config config;
struct dispatcher_config dispatcher SEC(".data.config");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING);
} traced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
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

/* Now, since the answer to this very packet may make the flow. */
static __always_inline __u8 is_established(struct xdp_md *ctx, const struct pkt *p)
{
	return config.established ? flow_is_known(ctx, p) : 0;
}

static __always_inline void tell(struct xdp_md *ctx, const struct pkt *p, __u64 now,
				 struct trace_state *state)
{
	struct traced *room = bpf_ringbuf_reserve(&traced, sizeof(*room), 0);

	if (!room) {
		__sync_fetch_and_add(&state->lost, 1);
		return;
	}
	room->time = now;
	__builtin_memcpy(room->pkt, p, EVENT_PKT);
	room->pkt[__builtin_offsetof(struct pkt, established)] = is_established(ctx, p);
	bpf_ringbuf_submit(room, 0);
}

static __always_inline int is_wanted(const struct pkt *p, __u64 now,
				     const volatile struct trace_state *state)
{
	/* A tracer that was killed costs no more than the jumps. */
	if (now > state->deadline)
		return 0;
	if (config.all)
		return (bpf_get_prandom_u32() & state->sample_mask) == 0;
	return p->act == TRACE_WANTED;
}

SEC("xdp")
int bpffw_trace(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;
	struct trace_state *state = bpf_map_lookup_elem(&trace_state, &zero);

	if (state && is_wanted(p, now, state))
		tell(ctx, p, now, state);
	bpf_tail_call_static(ctx, &jmp, JMP_LIVE);
	chain_count(SLOT_NO_RULESET, p);
	return dispatcher.fail_open ? XDP_PASS : XDP_DROP;
}
