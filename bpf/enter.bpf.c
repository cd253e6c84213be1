// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First program of a generation: what the file says about packets before any rule sees them.
 * Malformed packets first, then essential traffic, then `classify`.
 */
#include "bpf/generation.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct enter_config config;

static __always_inline int enter_decide(const struct pkt *p, __u32 stage, __u32 slot, int verdict)
{
	if (p->probe)
		return ANSWER(stage, 0);
	chain_count(slot, p);
	return verdict;
}

static __always_inline int is_malformed(const struct pkt *p)
{
	return p->reason != REASON_NONE && (p->reason < REASON_FIRST_SPOOF || config.antispoof);
}

SEC("xdp")
int bpffw_enter(struct xdp_md *ctx)
{
	const struct pkt *p = chain_pkt();

	/* A resumed packet has been here before. */
	if (p->from == 0) {
		if (is_malformed(p))
			return enter_decide(p, ANSWER_MALFORMED, SLOT_MALFORMED + p->reason,
					    config.malformed_pass ? XDP_PASS : XDP_DROP);
		if (p->essential && config.essential)
			return enter_decide(p, ANSWER_ESSENTIAL, SLOT_ESSENTIAL, XDP_PASS);
	}
	bpf_tail_call_static(ctx, &gen_jmp, GEN_CLASSIFY);
	/*
	 * `option fail open` is about a host without a ruleset. Here one is in force and broken,
	 * and its default may be to drop: never let a packet through.
	 */
	if (p->probe)
		return XDP_ABORTED;
	chain_count(SLOT_FALLTHROUGH, p);
	return XDP_DROP;
}
