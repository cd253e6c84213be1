// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On TC egress: records what leaves as flows. It decides nothing and changes no packet, so other
 * programs and filters on the hook go on as if it were not there.
 */
#include "bpf/flow_chain.h"

char LICENSE[] SEC("license") = "GPL";

/* TC_ACT_UNSPEC for a filter, TCX_NEXT for a link. */
#define NEXT (-1)

/* Headers that lie outside the linear part of the stack's buffer are brought there. */
#define PULL 256

struct pkt slots[ABI_CPUS] SEC(".data.slots");

static __always_inline struct pkt *slot(void)
{
	return &slots[bpf_get_smp_processor_id() & (ABI_CPUS - 1)];
}

/* Functions of their own, so that the verifier walks each of them once. */
__attribute__((noinline)) int egress_parse(struct __sk_buff *skb)
{
	struct pkt *p = slot();

	pkt_parse_own(p, (const void *)(long)skb->data, (const void *)(long)skb->data_end,
		      skb->len);
	return p->reason;
}

__attribute__((noinline)) int egress_record(struct __sk_buff *skb)
{
	const struct flow_header *h = flow_entry(&flows, 0);
	struct pkt *p = slot();
	struct flow_packet seen = { 0 };
	struct flow_id id;

	if (!h || p->family == FAMILY_NONE)
		return 0;
	flow_read_out(p, (const void *)(long)skb->data, (const void *)(long)skb->data_end,
		      skb->ingress_ifindex != 0, &seen);
	if (seen.event == FLOW_NOTHING)
		return 0;
	id = flow_hash(h, &seen.key);
	flow_outgoing(&flows, &flow_stats, h, &id, seen.event, seen.number, flow_now(h));
	return 0;
}

SEC("tc")
int bpffw_egress(struct __sk_buff *skb)
{
	int reason = egress_parse(skb);

	if (reason == REASON_UNREADABLE &&
	    bpf_skb_pull_data(skb, skb->len < PULL ? skb->len : PULL) == 0)
		reason = egress_parse(skb);
	if (reason == REASON_NONE || reason >= REASON_FIRST_SPOOF)
		egress_record(skb);
	return NEXT;
}
