// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First program of a generation: what a packet meets before any rule, and what the rules want to
 * know about it. Malformed packets first, then essential traffic, the allowlist, the blacklist,
 * the facts, then `classify`. The config is frozen before the program is loaded: its values are
 * constants for the verifier, and what the ruleset does not use is not there.
 */
#include "bpf/cookie.h"
#include "bpf/flow_chain.h"
#include "bpf/generation.h"
#include "bpf/list.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct enter_config config;

/*
 * The facts that depend on the clock: bit n is pkt.fact[n], above them the low half of jiffies at
 * which they were found out. One word, since all CPUs share it. Reading the clock takes 30 ns,
 * jiffies one; they move every few ms.
 */
__u64 timed_facts;

#define TIMED_SHIFT 32
_Static_assert(PKT_FACTS <= TIMED_SHIFT, "a bit for each fact");

static __always_inline int enter_decide(struct pkt *p, __u32 stage, __u32 slot, int verdict)
{
	if (p->probe)
		return ANSWER(stage, 0);
	chain_decide(slot, p);
	return verdict;
}

static __always_inline int is_malformed(const struct pkt *p)
{
	return p->reason != REASON_NONE && (p->reason < REASON_FIRST_SPOOF || config.antispoof);
}

static __always_inline int is_now(__u32 fact, __u64 utc, __u64 minute)
{
	if (config.facts[fact].kind == FACT_UNTIL)
		return utc < config.facts[fact].until;
	if (config.facts[fact].kind == FACT_WHEN)
		return schedule_active(&config.schedules[config.facts[fact].schedule], minute);
	return 0;
}

static __always_inline __u64 find_timed(void)
{
	__u64 now = bpf_jiffies64() << TIMED_SHIFT, known = timed_facts, utc, minute;

	/* At zero nothing is known yet. */
	if (known && known >> TIMED_SHIFT == now >> TIMED_SHIFT)
		return known;
	utc = bpf_ktime_get_tai_ns() / 1000000000 - config.clock.tai_offset;
	minute = schedule_minute(&config.clock, utc);
	for (__u32 i = 0; i < PKT_FACTS && i < config.n_facts; i++)
		now |= (__u64)is_now(i, utc, minute) << i;
	timed_facts = now;
	return now;
}

static __always_inline int addr_listed(const struct pkt *p, __u32 number, __u64 high, __u64 low)
{
	if (p->family == FAMILY_NONE)
		return 0;
	return list_member(number, p->family == FAMILY_IPV4 ? LIST_ADDR4 : LIST_ADDR6, high, low);
}

static __always_inline int is_source(const struct pkt *p, __u32 number, __u8 probed)
{
	if (p->probe)
		return probed;
	return addr_listed(p, number, p->src[0], p->src[1]);
}

/* A field that the packet does not have is 0 and may well be listed: the rule that asks looks for
 * its header too. */
static __always_inline int is_listed(const struct pkt *p, __u32 number, __u32 field)
{
	switch (field) {
	case FACT_SRC:
		return addr_listed(p, number, p->src[0], p->src[1]);
	case FACT_DST:
		return addr_listed(p, number, p->dst[0], p->dst[1]);
	case FACT_SPORT:
		return list_member(number, LIST_PORT, 0, p->sport);
	case FACT_DPORT:
		return list_member(number, LIST_PORT, 0, p->dport);
	case FACT_SMAC:
		return list_member(number, LIST_MAC, 0, p->smac);
	case FACT_DMAC:
		return list_member(number, LIST_MAC, 0, p->dmac);
	}
	return 0;
}

static __always_inline int any_listed(const struct pkt *p, __u32 fact)
{
	for (__u32 i = 0; i < FACT_LISTS && i < config.facts[fact].n_lists; i++)
		if (is_listed(p, config.facts[fact].lists[i], config.facts[fact].field))
			return 1;
	return 0;
}

static __always_inline void find_facts(struct pkt *p)
{
	__u64 timed = config.timed ? find_timed() : 0;

	for (__u32 i = 0; i < PKT_FACTS && i < config.n_facts; i++)
		p->fact[i] = config.facts[i].kind == FACT_SET ? any_listed(p, i) : timed >> i & 1;
}

/*
 * An ACK of which no flow is known, or one that ends. It may be of a connection that began with a
 * cookie, or was idle until its flow had lapsed, and from now on has one; or bring a cookie back.
 * @flow: enum flow_answer
 * Return: whether it is to be dropped.
 */
static __always_inline int find_handshake(struct xdp_md *ctx, struct pkt *p, __u32 flow)
{
	/* A listener takes a cookie also from a FIN, and from fragments that it joins. */
	if (p->proto != WIRE_PROTO_TCP || p->frag == FRAG_LATER ||
	    (p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK)
		return 0;
	if (flow >= FLOW_KNOWN || (!config.cookies && flow != FLOW_LAPSED))
		return 0;
	switch (cookie_ack(ctx, p, config.cookies)) {
	case COOKIE_LIVE:
		if (config.established) {
			flow_accept(p);
			p->established = 1;
		}
		return 0;
	case COOKIE_VALID:
		p->completed = flow == FLOW_ENDING ? COMPLETED_ANEW : COMPLETED_COOKIE;
		if (config.established && p->established)
			flow_forget(p);
		p->established = 0;
		p->flags = TCP_SYN;
		return 0;
	case COOKIE_INVALID:
		return 1;
	}
	return 0;
}

static __always_inline void judge_as_syn(struct pkt *p)
{
	if (!p->completed)
		return;
	p->flags = TCP_SYN;
	p->established = 0;
}

SEC("xdp")
int bpffw_enter(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	__u32 flow = FLOW_UNKNOWN;

	/* A resumed packet has been here before. */
	if (p->from == 0) {
		if (is_malformed(p))
			return enter_decide(p, ANSWER_MALFORMED, SLOT_MALFORMED + p->reason,
					    config.malformed_pass ? XDP_PASS : XDP_DROP);
		if (p->essential && config.essential)
			return enter_decide(p, ANSWER_ESSENTIAL, SLOT_ESSENTIAL, XDP_PASS);
		/* A probed packet brings along what is to be found out. */
		if (config.allowlist && is_source(p, LIST_ALLOW, p->allowlisted))
			return enter_decide(p, ANSWER_ALLOWLIST, SLOT_ALLOWLIST, XDP_PASS);
		if (config.blacklist && is_source(p, LIST_BLACK, p->blacklisted))
			return enter_decide(p, ANSWER_BLACKLIST, SLOT_BLACKLIST, XDP_DROP);
		if (config.established && !p->probe)
			flow = flow_enter(ctx, p);
		/* Where bans wait for evidence the rules see each handshake once more. */
		if (config.verified && !p->probe)
			judge_as_syn(p);
		if ((config.cookies || config.established) && !p->probe &&
		    find_handshake(ctx, p, flow))
			return enter_decide(p, ANSWER_MALFORMED, SLOT_BAD_COOKIE, XDP_DROP);
		if (config.n_facts && !p->probe)
			find_facts(p);
	}
	bpf_tail_call_static(ctx, &gen_jmp, GEN_CLASSIFY);
	/*
	 * `option fail open` is about a host without a ruleset. Here one is in force and broken,
	 * and its default may be to drop: never let a packet through.
	 */
	if (p->probe)
		return XDP_ABORTED;
	chain_decide(SLOT_FALLTHROUGH, p);
	return XDP_DROP;
}
