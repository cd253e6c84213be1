/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet parser: one frame in, struct pkt out. The same lines run in the kernel (dispatcher)
 * and in user space (explain, tests, fuzzer), so nothing here may depend on either.
 *
 * It reads from the front to the back and stops at the first fault; fields behind the fault stay
 * 0. The antispoof reasons are looked for last: a packet that has one is otherwise whole, and a
 * caller may ignore it. Every read is bounded twice: by the packet (beyond it: malformed) and by
 * the linear part of the frame (beyond it: REASON_UNREADABLE; a legitimate header never lies
 * behind the first 3 kB, and kernels before 5.18 have no helper to read there).
 *
 * Essential traffic is decided here, for whole packets only: ARP; neighbour and router discovery
 * with hop limit 255; MLD queries with hop limit 1 (unanswered, a snooping switch stops
 * delivering neighbour solicitations); DHCP and DHCPv6 replies; packet too big.
 *
 * For the verifier: where a loop moves an offset, it goes through memory and a mask (walk_to()).
 */
#ifndef BPFFW_PARSE_H
#define BPFFW_PARSE_H

#include <linux/types.h>

#include "bpf/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Clang for BPF splits what it cannot prove aligned into bytes; the machine need not. */
#ifdef __bpf__
#define WIRE   __attribute__((may_alias))
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define WIRE __attribute__((may_alias, aligned(1)))
#define UNROLL
#endif
typedef __u16 wire16 WIRE;
typedef __u32 wire32 WIRE;
typedef __u64 wire64 WIRE;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FROM_WIRE(bits, value) __builtin_bswap##bits(value)
#else
#define FROM_WIRE(bits, value) (value)
#endif

enum {
	WIRE_ETHER_HEADER = 14,
	WIRE_ETHER_TAG = 4,
	WIRE_ETHER_TAGS_MAX = 2,
	WIRE_ARP_HEADER = 8,
	WIRE_IP4_HEADER = 20,
	WIRE_IP4_OPTIONS_MAX = 40, /* bytes */
	WIRE_IP6_HEADER = 40,
	WIRE_IP6_HEADERS_MAX = 8,  /* extension headers */
	WIRE_IP6_OPTIONS_MAX = 32, /* in one header; a host need not take more than 8 (RFC 8504) */
	WIRE_TCP_HEADER = 20,
	WIRE_UDP_HEADER = 8,
	WIRE_ICMP4_HEADER = 8,
	WIRE_ICMP6_HEADER = 4,
	WIRE_FRAGMENT_END_MAX = 65535,
	WIRE_OFFSET_MASK = 0x7fff, /* 8 headers of 2048 bytes end well below */
};

enum {
	WIRE_TYPE_IP4 = 0x0800,
	WIRE_TYPE_ARP = 0x0806,
	WIRE_TYPE_TAG = 0x8100,
	WIRE_TYPE_IP6 = 0x86dd,
	WIRE_TYPE_STAG = 0x88a8,
};

enum {
	WIRE_PROTO_HOP_OPTIONS = 0,
	WIRE_PROTO_ICMP4 = 1,
	WIRE_PROTO_TCP = 6,
	WIRE_PROTO_UDP = 17,
	WIRE_PROTO_ROUTING = 43,
	WIRE_PROTO_FRAGMENT = 44,
	WIRE_PROTO_AH = 51,
	WIRE_PROTO_ICMP6 = 58,
	WIRE_PROTO_DST_OPTIONS = 60,
};

enum {
	WIRE_OPTION_END = 0,
	WIRE_OPTION_NOP = 1,
	WIRE_OPTION_LSRR = 131,
	WIRE_OPTION_SSRR = 137,
	WIRE_OPTION_PAD1 = 0,
	WIRE_OPTION_JUMBO = 0xc2,
};

enum {
	WIRE_ICMP_UNREACHABLE = 3,
	WIRE_ICMP_FRAG_NEEDED = 4,
	WIRE_ICMP6_TOO_BIG = 2,
	WIRE_ICMP6_MLD_QUERY = 130,
	WIRE_ICMP6_MLD_DONE = 132,
	WIRE_ICMP6_ROUTER_SOLICIT = 133,
	WIRE_ICMP6_REDIRECT = 137,
	WIRE_ICMP6_MLD2_REPORT = 143,
};

enum {
	WIRE_PORT_DHCP_SERVER = 67,
	WIRE_PORT_DHCP_CLIENT = 68,
	WIRE_PORT_DHCP6_CLIENT = 546,
	WIRE_PORT_DHCP6_SERVER = 547
};

struct cursor {
	const __u8 *data;
	const __u8 *data_end; /* of the linear part */
	__u32 off;            /* of the next header, from data */
	__u32 end;  /* first byte behind the packet: of the frame, later of the IP packet */
	__u8 proto; /* of the next header */
	__u8 frag;  /* enum pkt_frag */
	__u8 own;   /* from a stack that sends more at once than a length field can tell */
};

static __always_inline __u16 wire_u16(const __u8 *at)
{
	return FROM_WIRE(16, *(const wire16 *)at);
}

static __always_inline __u32 wire_u32(const __u8 *at)
{
	return FROM_WIRE(32, *(const wire32 *)at);
}

static __always_inline __u64 wire_u64(const __u8 *at)
{
	return FROM_WIRE(64, *(const wire64 *)at);
}

/* The next @n bytes. Return: REASON_NONE, or why not: @cut where the packet ends before them. */
static __always_inline __u8 cursor_at(const struct cursor *c, __u32 n, __u8 cut,
				      const __u8 **ret_at)
{
	const __u8 *at = c->data + c->off;

	if (c->off + n > c->end)
		return cut;
	if (at + n > c->data_end)
		return REASON_UNREADABLE;
	*ret_at = at;
	return REASON_NONE;
}

/*
 * The same number by way of map memory, where the verifier forgets what it knows of it. Without
 * this every path through a loop keeps its own range and the walk is too large to verify.
 */
static __always_inline __u32 walk_to(struct pkt *p, __u32 to)
{
	volatile __u32 *walk = &p->walk;

	*walk = to;
	return *walk;
}

/* A first fragment must hold every header: cut short there, it is tiny whatever the header. */
static __always_inline __u8 cut_reason(const struct cursor *c, __u8 reason)
{
	return c->frag == FRAG_FIRST ? REASON_FRAG_TINY : reason;
}

static __always_inline __u8 parse_ether(struct pkt *p, struct cursor *c, __u32 *ret_type)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_ETHER_HEADER, REASON_ETH_SHORT, &at);
	__u32 type = 0;

	if (fault)
		return fault;
	p->dmac = wire_u64(at) >> 16;
	p->smac = wire_u64(at + 6) >> 16;
	type = wire_u16(at + 12);
	c->off = WIRE_ETHER_HEADER;
	for (int tag = 0; type == WIRE_TYPE_TAG || type == WIRE_TYPE_STAG; tag++) {
		if (tag == WIRE_ETHER_TAGS_MAX)
			return REASON_VLAN_DEPTH;
		fault = cursor_at(c, WIRE_ETHER_TAG, REASON_ETH_SHORT, &at);
		if (fault)
			return fault;
		/* A VID of 0 is only a priority: the network stack, too, takes the tag behind it.
		 */
		if (p->vlan == 0)
			p->vlan = wire_u16(at) & 0xfff;
		type = wire_u16(at + 2);
		c->off += WIRE_ETHER_TAG;
	}
	p->ethertype = type;
	p->l3_off = c->off;
	*ret_type = type;
	return REASON_NONE;
}

static __always_inline __u8 parse_arp(struct pkt *p, struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_ARP_HEADER, REASON_ARP_SHORT, &at);

	if (fault)
		return fault;
	if (c->off + WIRE_ARP_HEADER + 2 * (at[4] + at[5]) > c->end)
		return REASON_ARP_SHORT;
	p->essential = 1;
	return REASON_NONE;
}

/* @pos and @more from the header, @len what this fragment carries behind it. */
static __always_inline __u8 parse_fragment(struct cursor *c, __u32 pos, int more, __u32 len)
{
	if (!pos && !more)
		return REASON_NONE;
	c->frag = pos ? FRAG_LATER : FRAG_FIRST;
	if (more && (len == 0 || len % 8))
		return REASON_FRAG_BAD;
	if (pos + len > WIRE_FRAGMENT_END_MAX)
		return REASON_FRAG_BAD;
	if (pos && pos < WIRE_TCP_HEADER && c->proto == WIRE_PROTO_TCP)
		return REASON_FRAG_TINY;
	return REASON_NONE;
}

/*
 * Bytes to the next option: 1 where @type is @single (padding without a length), else @len, or
 * far too many where @len is less than 2. Without branches, and hidden from a compiler that would
 * put them back: two paths through each round of a loop are 2^rounds paths for the verifier.
 */
static __always_inline __u32 option_step(__u32 type, __u32 single, __u32 len)
{
	__u32 other = type ^ single;

	asm volatile("" : "+r"(other), "+r"(len));
	other = (other + 0xff) >> 8;
	len |= (len - 2) >> 16;
	return 1 + other * (len - 1);
}

static __always_inline __u8 parse_ip4_options(struct pkt *p, const struct cursor *c, __u32 off,
					      __u32 end)
{
	for (int i = 0; i < WIRE_IP4_OPTIONS_MAX; i++) {
		const __u8 *at;

		off = walk_to(p, off) & WIRE_OFFSET_MASK;
		at = c->data + off;
		if (off == end)
			return REASON_NONE;
		if (at + 1 > c->data_end)
			return REASON_UNREADABLE;
		if (at[0] == WIRE_OPTION_END)
			return REASON_NONE;
		if (at[0] == WIRE_OPTION_LSRR || at[0] == WIRE_OPTION_SSRR)
			return REASON_IP4_ROUTE;
		if (off + 1 == end)
			return at[0] == WIRE_OPTION_NOP ? REASON_NONE : REASON_IP4_OPTIONS;
		if (at + 2 > c->data_end)
			return REASON_UNREADABLE;
		off += option_step(at[0], WIRE_OPTION_NOP, at[1]);
		if (off > end)
			return REASON_IP4_OPTIONS;
	}
	return REASON_NONE;
}

static __always_inline __u8 parse_ip4(struct pkt *p, struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_IP4_HEADER, REASON_IP4_HEADER, &at);
	__u32 header, total, word;

	if (fault)
		return fault;
	header = (at[0] & 15) * 4;
	total = wire_u16(at + 2);
	if (c->own && total == 0)
		total = c->end - c->off;
	if (at[0] >> 4 != 4 || header < WIRE_IP4_HEADER || total < header ||
	    c->off + total > c->end)
		return REASON_IP4_HEADER;
	c->end = c->off + total;
	c->proto = at[9];
	p->family = FAMILY_IPV4;
	p->ip_len = total;
	p->dscp = at[1] >> 2;
	p->ttl = at[8];
	p->proto = c->proto;
	p->src[1] = wire_u32(at + 12);
	p->dst[1] = wire_u32(at + 16);
	word = wire_u16(at + 6);
	if (header > WIRE_IP4_HEADER)
		fault = parse_ip4_options(p, c, c->off + WIRE_IP4_HEADER, c->off + header);
	c->off += header;
	if (fault)
		return fault;
	return parse_fragment(c, (word & 0x1fff) * 8, word & 0x2000, total - header);
}

/* The options of a hop-by-hop or destination header: from @off to @end. */
static __always_inline __u8 parse_ip6_options(struct pkt *p, const struct cursor *c, __u32 off,
					      __u32 end)
{
	end = walk_to(p, end) & WIRE_OFFSET_MASK;
	for (int i = 0; i < WIRE_IP6_OPTIONS_MAX; i++) {
		const __u8 *at;

		off = walk_to(p, off) & WIRE_OFFSET_MASK;
		at = c->data + off;
		if (off == end)
			return REASON_NONE;
		if (at + 1 > c->data_end)
			return REASON_UNREADABLE;
		if (off + 1 == end)
			return at[0] == WIRE_OPTION_PAD1 ? REASON_NONE : REASON_IP6_OPTIONS;
		if (at + 2 > c->data_end)
			return REASON_UNREADABLE;
		if (at[0] == WIRE_OPTION_JUMBO && !c->own)
			return REASON_IP6_OPTIONS;
		off += option_step(at[0], WIRE_OPTION_PAD1, 2 + at[1]);
		if (off > end)
			return REASON_IP6_OPTIONS;
	}
	return off == end ? REASON_NONE : REASON_IP6_OPTIONS;
}

/* One extension header; its whole length is inside the packet when this returns REASON_NONE. */
static __always_inline __u8 parse_ip6_header(struct pkt *p, struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, 8, cut_reason(c, REASON_IP6_CHAIN), &at), proto = c->proto;
	__u32 word, len;

	if (fault)
		return fault;
	len = (at[1] + 1) * 8;
	if (proto == WIRE_PROTO_AH)
		len = (at[1] + 2) * 4;
	if (proto == WIRE_PROTO_FRAGMENT)
		len = 8;
	if (proto == WIRE_PROTO_AH && at[1] == 0)
		return REASON_IP6_CHAIN;
	if (c->off + len > c->end)
		return cut_reason(c, REASON_IP6_CHAIN);
	if (proto == WIRE_PROTO_ROUTING && at[2] == 0)
		return REASON_IP6_ROUTE0;
	c->proto = at[0];
	if (proto == WIRE_PROTO_FRAGMENT) {
		word = wire_u16(at + 2);
		fault = parse_fragment(c, word & 0xfff8, word & 1, c->end - c->off - len);
	} else if (proto == WIRE_PROTO_HOP_OPTIONS || proto == WIRE_PROTO_DST_OPTIONS) {
		fault = parse_ip6_options(p, c, c->off + 2, c->off + len);
	}
	c->off += len;
	return fault;
}

static __always_inline __u8 parse_ip6_chain(struct pkt *p, struct cursor *c)
{
	__u32 fragmented = 0;

	UNROLL
	for (int i = 0; i <= WIRE_IP6_HEADERS_MAX; i++) {
		__u8 proto = c->proto, fault = REASON_NONE;

		if (proto != WIRE_PROTO_HOP_OPTIONS && proto != WIRE_PROTO_ROUTING &&
		    proto != WIRE_PROTO_FRAGMENT && proto != WIRE_PROTO_AH &&
		    proto != WIRE_PROTO_DST_OPTIONS)
			return REASON_NONE;
		if (i == WIRE_IP6_HEADERS_MAX || (proto == WIRE_PROTO_HOP_OPTIONS && i > 0))
			return REASON_IP6_CHAIN;
		if (proto == WIRE_PROTO_FRAGMENT && fragmented)
			return REASON_FRAG_BAD;
		if (c->frag == FRAG_LATER)
			return REASON_NONE;
		fault = parse_ip6_header(p, c);
		if (fault)
			return fault;
		fragmented = walk_to(p, fragmented | (proto == WIRE_PROTO_FRAGMENT));
		c->frag = walk_to(p, c->frag);
		c->off = walk_to(p, c->off) & WIRE_OFFSET_MASK;
		c->end = walk_to(p, c->end);
	}
	return REASON_NONE;
}

static __always_inline __u8 parse_ip6(struct pkt *p, struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_IP6_HEADER, REASON_IP6_HEADER, &at);
	__u32 payload;

	if (fault)
		return fault;
	payload = wire_u16(at + 4);
	if (c->own && payload == 0)
		payload = c->end - c->off - WIRE_IP6_HEADER;
	if (at[0] >> 4 != 6 || c->off + WIRE_IP6_HEADER + payload > c->end)
		return REASON_IP6_HEADER;
	c->proto = at[6];
	p->family = FAMILY_IPV6;
	p->ip_len = WIRE_IP6_HEADER + payload;
	p->dscp = wire_u16(at) >> 6 & 63;
	p->ttl = at[7];
	p->proto = c->proto;
	p->src[0] = wire_u64(at + 8);
	p->src[1] = wire_u64(at + 16);
	p->dst[0] = wire_u64(at + 24);
	p->dst[1] = wire_u64(at + 32);
	c->off += WIRE_IP6_HEADER;
	c->end = c->off + payload;
	if (payload == 0 && c->proto == WIRE_PROTO_HOP_OPTIONS)
		return REASON_IP6_HEADER;
	fault = parse_ip6_chain(p, c);
	p->proto = c->proto;
	return fault;
}

static __always_inline __u8 parse_tcp(struct pkt *p, const struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_TCP_HEADER, cut_reason(c, REASON_TCP_HEADER), &at);
	__u32 header;

	if (fault)
		return fault;
	header = (at[12] >> 4) * 4;
	if (header < WIRE_TCP_HEADER)
		return REASON_TCP_HEADER;
	if (c->off + header > c->end)
		return cut_reason(c, REASON_TCP_HEADER);
	p->sport = wire_u16(at);
	p->dport = wire_u16(at + 2);
	p->flags = at[13];
	return REASON_NONE;
}

static __always_inline __u8 parse_udp(struct pkt *p, const struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_UDP_HEADER, cut_reason(c, REASON_UDP_HEADER), &at);
	__u32 len;

	if (fault)
		return fault;
	len = wire_u16(at + 4);
	/* The length is that of the datagram; a first fragment holds only its beginning. */
	if (len < WIRE_UDP_HEADER || (c->frag == FRAG_NO && c->off + len > c->end))
		return REASON_UDP_HEADER;
	p->sport = wire_u16(at);
	p->dport = wire_u16(at + 2);
	if (c->frag != FRAG_NO)
		return REASON_NONE;
	if (p->family == FAMILY_IPV4)
		p->essential =
			p->sport == WIRE_PORT_DHCP_SERVER && p->dport == WIRE_PORT_DHCP_CLIENT;
	else
		p->essential =
			p->sport == WIRE_PORT_DHCP6_SERVER && p->dport == WIRE_PORT_DHCP6_CLIENT;
	return REASON_NONE;
}

static __always_inline __u8 parse_icmp(struct pkt *p, const struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_ICMP4_HEADER, cut_reason(c, REASON_ICMP_HEADER), &at);

	if (fault)
		return fault;
	p->icmp_type = at[0];
	p->icmp_code = at[1];
	p->essential = c->frag == FRAG_NO && at[0] == WIRE_ICMP_UNREACHABLE &&
		       at[1] == WIRE_ICMP_FRAG_NEEDED;
	return REASON_NONE;
}

/* Neighbour discovery never crosses a router: whoever sends it is on the link. */
static __always_inline int icmp6_is_discovery(const struct pkt *p)
{
	return p->icmp_type >= WIRE_ICMP6_ROUTER_SOLICIT && p->icmp_type <= WIRE_ICMP6_REDIRECT &&
	       p->ttl == 255;
}

static __always_inline __u8 parse_icmp6(struct pkt *p, const struct cursor *c)
{
	const __u8 *at = 0;
	__u8 fault = cursor_at(c, WIRE_ICMP6_HEADER, cut_reason(c, REASON_ICMP_HEADER), &at);

	if (fault)
		return fault;
	p->icmp_type = at[0];
	p->icmp_code = at[1];
	p->essential = c->frag == FRAG_NO &&
		       (icmp6_is_discovery(p) || p->icmp_type == WIRE_ICMP6_TOO_BIG ||
			(p->icmp_type == WIRE_ICMP6_MLD_QUERY && p->ttl == 1));
	return REASON_NONE;
}

static __always_inline __u8 parse_l4(struct pkt *p, const struct cursor *c)
{
	if (c->frag == FRAG_LATER)
		return REASON_NONE;
	if (c->proto == WIRE_PROTO_TCP)
		return parse_tcp(p, c);
	if (c->proto == WIRE_PROTO_UDP)
		return parse_udp(p, c);
	if (c->proto == WIRE_PROTO_ICMP4 && p->family == FAMILY_IPV4)
		return parse_icmp(p, c);
	if (c->proto == WIRE_PROTO_ICMP6 && p->family == FAMILY_IPV6)
		return parse_icmp6(p, c);
	return REASON_NONE;
}

static __always_inline __u8 spoof_ip4(const struct pkt *p, const struct cursor *c)
{
	__u32 src = p->src[1], dst = p->dst[1];

	/* From 224.0.0.0 on: multicast, class E, broadcast. */
	if (src >> 24 == 127 || src >= 0xe0000000)
		return REASON_SPOOF_SOURCE;
	if (src == 0 && !(c->proto == WIRE_PROTO_UDP && c->frag != FRAG_LATER &&
			  p->sport == WIRE_PORT_DHCP_CLIENT && p->dport == WIRE_PORT_DHCP_SERVER))
		return REASON_SPOOF_SOURCE;
	if (dst >> 24 == 127 || dst == 0)
		return REASON_SPOOF_DEST;
	return src == dst ? REASON_SPOOF_LAND : REASON_NONE;
}

static __always_inline int ip6_is_unwired(__u64 high, __u64 low)
{
	return high == 0 && (low == 1 || low >> 32 == 0xffff);
}

/* `::` may ask for an address, check that it is free, and report groups. */
static __always_inline int ip6_may_be_unspecified(const struct pkt *p, const struct cursor *c)
{
	if (c->proto != WIRE_PROTO_ICMP6 || c->frag == FRAG_LATER)
		return 0;
	if (icmp6_is_discovery(p))
		return 1;
	return p->ttl == 1 &&
	       (p->icmp_type == WIRE_ICMP6_MLD2_REPORT ||
		(p->icmp_type >= WIRE_ICMP6_MLD_QUERY && p->icmp_type <= WIRE_ICMP6_MLD_DONE));
}

static __always_inline __u8 spoof_ip6(const struct pkt *p, const struct cursor *c)
{
	if (p->src[0] >> 56 == 0xff || ip6_is_unwired(p->src[0], p->src[1]))
		return REASON_SPOOF_SOURCE;
	if (!(p->src[0] | p->src[1]) && !ip6_may_be_unspecified(p, c))
		return REASON_SPOOF_SOURCE;
	if (!(p->dst[0] | p->dst[1]) || ip6_is_unwired(p->dst[0], p->dst[1]))
		return REASON_SPOOF_DEST;
	if (p->src[0] == p->dst[0] && p->src[1] == p->dst[1])
		return REASON_SPOOF_LAND;
	return REASON_NONE;
}

static __always_inline __u8 parse_frame(struct pkt *p, struct cursor *c)
{
	__u32 type = 0;
	__u8 fault = parse_ether(p, c, &type);

	if (fault)
		return fault;
	if (type == WIRE_TYPE_ARP)
		return parse_arp(p, c);
	if (type == WIRE_TYPE_IP4)
		fault = parse_ip4(p, c);
	else if (type == WIRE_TYPE_IP6)
		fault = parse_ip6(p, c);
	else
		return REASON_NONE;
	p->frag = c->frag;
	p->l4_off = c->off;
	if (!fault)
		fault = parse_l4(p, c);
	if (fault)
		return fault;
	return type == WIRE_TYPE_IP4 ? spoof_ip4(p, c) : spoof_ip6(p, c);
}

static __always_inline void parse_all(struct pkt *p, struct cursor *c)
{
	__builtin_memset(p, 0, __builtin_offsetof(struct pkt, walk));
	p->now = 0;
	p->frame_len = c->end;
	p->reason = parse_frame(p, c);
}

/**
 * pkt_parse() - bring a frame into normal form
 * @data:      its first byte
 * @data_end:  behind the last byte of the linear part
 * @frame_len: bytes of all parts, without FCS; the linear part alone where there is only that
 * Writes every field before `walk`: what is absent is 0, also ifnum, from, probe and the state
 * bits. `now` becomes 0, the facts are left to `enter`.
 */
static __always_inline void pkt_parse(struct pkt *p, const void *data, const void *data_end,
				      __u32 frame_len)
{
	struct cursor c = { .data = data, .data_end = data_end, .end = frame_len };

	parse_all(p, &c);
}

/* The same for what this host sends: one buffer may become many packets, and its length field is 0
 * (BIG TCP) where 16 bits cannot tell it. */
static __always_inline void pkt_parse_own(struct pkt *p, const void *data, const void *data_end,
					  __u32 frame_len)
{
	struct cursor c = { .data = data, .data_end = data_end, .end = frame_len, .own = 1 };

	parse_all(p, &c);
}

#endif
