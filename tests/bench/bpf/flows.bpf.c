// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `established` adds to a packet: each run takes the next flow of a list as if the parser had
 * just read it, and then does nothing more, looks it up as `enter` does, or looks the same key up
 * in a kernel hash map. `read_key` and `read_kernel` stand next to the whole chain: they take the
 * key from the frame.
 */
#include <bpf/bpf_endian.h>

#include "bpf/flow_chain.h"

char LICENSE[] SEC("license") = "GPL";

#define FLOWS_MAX 262144

/* Bytes. */
#define ETHERNET 14
#define IPV4     20
#define IPV6     40
#define PORTS    4

struct listed {
	__u64 remote[2], local[2];
	__u32 ports; /* remote << 16 | local */
	__u32 family;
};

struct listed list[FLOWS_MAX] SEC(".bss.list");
struct pkt packet SEC(".bss.packet");
struct {
	__u64 next, n, found;
} control SEC(".data.control");

struct key4 {
	__u32 remote, local, ports, proto;
};

struct key6 {
	__u64 remote[2], local[2];
	__u32 ports, proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, struct key4);
	__type(value, __u64);
} kernel4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, struct key6);
	__type(value, __u64);
} kernel6 SEC(".maps");

static __always_inline void take(struct pkt *p)
{
	const struct listed *l = &list[control.next & (FLOWS_MAX - 1)];

	control.next = control.next + 1 < control.n ? control.next + 1 : 0;
	p->src[0] = l->remote[0];
	p->src[1] = l->remote[1];
	p->dst[0] = l->local[0];
	p->dst[1] = l->local[1];
	p->sport = l->ports >> 16;
	p->dport = l->ports;
	p->family = l->family;
	p->proto = WIRE_PROTO_TCP;
	p->flags = WIRE_TCP_ACK;
	p->l4_off = l->family == FAMILY_IPV4 ? 34 : 54;
	p->established = 0;
}

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	take(&packet);
	control.found += packet.established;
	return XDP_DROP;
}

SEC("xdp")
int flow(struct xdp_md *ctx)
{
	take(&packet);
	flow_enter(ctx, &packet);
	control.found += packet.established;
	return XDP_DROP;
}

static __always_inline void look_up(const struct pkt *p)
{
	__u32 ports = (__u32)p->sport << 16 | p->dport;
	void *value;

	if (p->family == FAMILY_IPV4) {
		struct key4 key = { p->src[1], p->dst[1], ports, p->proto };

		value = bpf_map_lookup_elem(&kernel4, &key);
	} else {
		struct key6 key = {
			{ p->src[0], p->src[1] }, { p->dst[0], p->dst[1] }, ports, p->proto
		};

		value = bpf_map_lookup_elem(&kernel6, &key);
	}
	control.found += value != 0;
}

SEC("xdp")
int kernel(struct xdp_md *ctx)
{
	take(&packet);
	look_up(&packet);
	return XDP_DROP;
}

/* TCP behind a header without options. */
static __always_inline int read_frame(struct xdp_md *ctx, struct pkt *p)
{
	const __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const __u8 *ip = data + ETHERNET, *tcp;

	if (ip + IPV4 + PORTS > end)
		return -1;
	p->proto = WIRE_PROTO_TCP;
	if (ip[0] >> 4 == 4) {
		p->family = FAMILY_IPV4;
		p->src[0] = p->dst[0] = 0;
		p->src[1] = bpf_ntohl(*(const __u32 *)(ip + 12));
		p->dst[1] = bpf_ntohl(*(const __u32 *)(ip + 16));
		tcp = ip + IPV4;
	} else {
		if (ip + IPV6 + PORTS > end)
			return -1;
		p->family = FAMILY_IPV6;
		p->src[0] = bpf_be64_to_cpu(*(const __u64 *)(ip + 8));
		p->src[1] = bpf_be64_to_cpu(*(const __u64 *)(ip + 16));
		p->dst[0] = bpf_be64_to_cpu(*(const __u64 *)(ip + 24));
		p->dst[1] = bpf_be64_to_cpu(*(const __u64 *)(ip + 32));
		tcp = ip + IPV6;
	}
	p->sport = bpf_ntohs(*(const __u16 *)tcp);
	p->dport = bpf_ntohs(*(const __u16 *)(tcp + 2));
	return 0;
}

SEC("xdp")
int read_key(struct xdp_md *ctx)
{
	if (!read_frame(ctx, &packet))
		control.found++;
	return XDP_PASS;
}

SEC("xdp")
int read_kernel(struct xdp_md *ctx)
{
	if (!read_frame(ctx, &packet))
		look_up(&packet);
	return XDP_PASS;
}
