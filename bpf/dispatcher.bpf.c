// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program on the interface: parse, number the interface, jump into the live generation.
 * It has no policy. The one slot of `jmp` is the swap point of the whole firewall.
 */
#include "bpf/chain.h"
#include "bpf/parse.h"

char LICENSE[] SEC("license") = "GPL";

/* 0 where the kernel (before 5.18) has no multi-buffer frames and no helper for their length. */
const volatile __u8 multi_buffer = 1;

struct iface_slot ifaces[IFACE_SLOTS] SEC(".data.ifaces");
struct dispatcher_config config SEC(".data.config");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, JMP_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} jmp SEC(".maps");

/* User space changes an entry by one 64-bit store, so it is read by one 64-bit load. An empty
 * entry does not end the search: it may be one that was removed. */
static __always_inline __u32 iface_number(__u32 ifindex)
{
	__u32 hash = ifindex * IFACE_HASH >> 22;

	for (__u32 i = 0; i < IFACE_PROBES; i++) {
		const volatile __u64 *at =
			(const volatile __u64 *)&ifaces[(hash + i) & (IFACE_SLOTS - 1)];
		union {
			__u64 word;
			struct iface_slot slot;
		} entry = { .word = *at };

		if (entry.slot.ifindex == ifindex)
			return entry.slot.number;
	}
	return 0;
}

SEC("xdp")
int bpffw_dispatch(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data;
	const void *data_end = (const void *)(long)ctx->data_end;
	struct pkt *p = chain_pkt();

	pkt_parse(p, data, data_end,
		  multi_buffer ? bpf_xdp_get_buff_len(ctx) : (__u32)(data_end - data));
	p->ifnum = iface_number(ctx->ingress_ifindex);
	if (config.any) {
		if (config.drops)
			bpf_tail_call_static(ctx, &jmp, JMP_DROPS);
		if (config.trace)
			bpf_tail_call_static(ctx, &jmp, JMP_TRACE);
	}
	bpf_tail_call_static(ctx, &jmp, JMP_LIVE);
	chain_count(SLOT_NO_RULESET, p);
	return config.fail_open ? XDP_PASS : XDP_DROP;
}
