// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks a loaded generation about one packet. The test run's data is a struct pkt, not a frame; it
 * goes through the chain with the probe bit set, and comes back as an ANSWER. Never attached.
 */
#include "bpf/generation.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int bpffw_probe(struct xdp_md *ctx)
{
	const struct pkt *asked = (const struct pkt *)(long)ctx->data;
	const void *data_end = (const void *)(long)ctx->data_end;
	struct pkt *p = chain_pkt();

	if ((const void *)(asked + 1) > data_end)
		return XDP_ABORTED;
	__builtin_memcpy(p, asked, sizeof(*p));
	p->probe = 1;
	if (p->from == 0)
		bpf_tail_call_static(ctx, &gen_jmp, GEN_ENTER);
	else
		bpf_tail_call_static(ctx, &gen_jmp, GEN_CLASSIFY);
	return XDP_ABORTED;
}
