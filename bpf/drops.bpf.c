// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `bpffw monitor drops`: in front of the live ruleset (and of the tracer). It calls what the
 * dispatcher would have jumped to and sees the verdict, so the ruleset itself knows nothing of it
 * and costs nothing more when nobody looks. What dropped the packet is known by the counter.
 */
#include "bpf/chain.h"
#include "bpf/event.h"

char LICENSE[] SEC("license") = "GPL";

struct dispatcher_config dispatcher SEC(".data.config");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drops_state);
} drops_state SEC(".maps");

/* By counter slot. A rule that is put out of it may tell EVENT_BURST more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct event_budget);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, JMP_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} jmp SEC(".maps");

#define NOBODY (-1)

/* Return: the verdict of the ruleset; what that does the compiler cannot see. */
static __noinline int decide(struct xdp_md *ctx)
{
	int verdict = NOBODY;

	if (dispatcher.trace)
		bpf_tail_call_static(ctx, &jmp, JMP_TRACE);
	bpf_tail_call_static(ctx, &jmp, JMP_LIVE);
	asm volatile("" : "+r"(verdict) : : "memory");
	return verdict;
}

/* A monitor that was killed is forgotten. The clock is read once in a tick of the timer. */
static __always_inline void look_after(struct drops_state *state)
{
	__u64 tick = bpf_jiffies64();

	if (state->tick == tick)
		return;
	state->tick = tick;
	if (bpf_ktime_get_ns() > state->deadline)
		dispatcher.drops = 0;
}

static __always_inline struct event_budget *budget_of(__u32 slot)
{
	struct event_budget *budget = bpf_map_lookup_elem(&drops, &slot), fresh = { 0 };

	if (budget)
		return budget;
	bpf_map_update_elem(&drops, &slot, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&drops, &slot);
}

static __noinline int tell(const struct pkt *p)
{
	struct event_note note = {
		.source = EVENT_SLOT,
		.rule = p->slot,
		.what = EVENT_DROP,
		.dropped = 1,
	};
	struct event_budget *budget;

	if (p->slot & SLOT_TOLD)
		return 0;
	budget = budget_of(p->slot);
	if (budget)
		event_tell(budget, 0, &note, p, bpf_ktime_get_ns());
	return 0;
}

SEC("xdp")
int bpffw_drops(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	struct drops_state *state;
	__u32 zero = 0;
	int verdict;

	p->slot = SLOT_NO_RULESET;
	verdict = decide(ctx);
	if (verdict == NOBODY) {
		chain_count(SLOT_NO_RULESET, p);
		verdict = dispatcher.fail_open ? XDP_PASS : XDP_DROP;
	}
	if (verdict == XDP_DROP)
		tell(p);
	state = bpf_map_lookup_elem(&drops_state, &zero);
	if (state)
		look_after(state);
	return verdict;
}
