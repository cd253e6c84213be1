/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flow a parsed packet belongs to, and what it does to it. Ports come from struct pkt; TCP
 * numbers, echo identifiers and what ICMP errors quote are read from the packet, bounded by the
 * linear part: what lies behind it belongs to no flow.
 */
#ifndef BPFFW_FLOW_PACKET_H
#define BPFFW_FLOW_PACKET_H

#include "bpf/flow.h"
#include "bpf/parse.h"

enum {
	WIRE_TCP_FIN = 0x01,
	WIRE_TCP_SYN = 0x02,
	WIRE_TCP_RST = 0x04,
	WIRE_TCP_ACK = 0x10,
	WIRE_ICMP_ECHO_REPLY = 0,
	WIRE_ICMP_ECHO = 8,
	WIRE_ICMP_TIME_EXCEEDED = 11,
	WIRE_ICMP_BAD_PARAMETER = 12,
	WIRE_ICMP6_UNREACHABLE = 1,
	WIRE_ICMP6_BAD_PARAMETER = 4,
	WIRE_ICMP6_ECHO = 128,
	WIRE_ICMP6_ECHO_REPLY = 129,
	WIRE_ICMP_ERROR_HEADER = 8, /* of both; then the packet that it is about */
	WIRE_QUOTED = 8,            /* bytes of layer 4 that every error quotes */
};

struct flow_packet {
	struct flow_key key;
	__u32 event;  /* enum flow_event; FLOW_NOTHING: it belongs to no flow */
	__u32 number; /* TCP: what acknowledges it (out), what it acknowledges (in), or quoted seq
		       */
	__u8 quoted;  /* an ICMP error about the flow */
};

/* @n bytes at @off in the linear part; NULL: there are not so many. */
static __always_inline const __u8 *flow_bytes(const void *data, const void *data_end, __u32 off,
					      __u32 n)
{
	const __u8 *at = (const __u8 *)data + (off & WIRE_OFFSET_MASK);

	return (const void *)(at + n) > data_end ? 0 : at;
}

/* Everything but ports; @out: the packet leaves. */
static __always_inline void flow_key_of(const struct pkt *p, int out, struct flow_key *k)
{
	k->remote[0] = out ? p->dst[0] : p->src[0];
	k->remote[1] = out ? p->dst[1] : p->src[1];
	k->local[0] = out ? p->src[0] : p->dst[0];
	k->local[1] = out ? p->src[1] : p->dst[1];
	k->rport = out ? p->dport : p->sport;
	k->lport = out ? p->sport : p->dport;
	k->proto = p->proto;
	k->family = p->family;
}

static __always_inline int flow_is_icmp(const struct pkt *p)
{
	return p->proto == (p->family == FAMILY_IPV4 ? WIRE_PROTO_ICMP4 : WIRE_PROTO_ICMP6);
}

/* Bytes of TCP data, of the whole packet before it is cut into segments. */
static __always_inline __u32 flow_tcp_data(const struct pkt *p, const __u8 *tcp)
{
	return p->ip_len - (p->l4_off - p->l3_off) - (tcp[12] >> 4) * 4;
}

static __always_inline __u32 flow_tcp_out(const struct pkt *p, const __u8 *tcp, int forwarded)
{
	if (p->flags & WIRE_TCP_RST)
		return FLOW_OUT_RST;
	if (p->flags & WIRE_TCP_SYN) {
		if (p->flags & WIRE_TCP_ACK)
			return FLOW_OUT_SYN_ACK;
		return forwarded ? FLOW_OUT_PASSED_SYN : FLOW_OUT_SYN;
	}
	if (p->flags & WIRE_TCP_FIN)
		return FLOW_OUT_FIN;
	if (!(p->flags & WIRE_TCP_ACK))
		return FLOW_NOTHING;
	return forwarded || !flow_tcp_data(p, tcp) ? FLOW_OUT_ACK : FLOW_OUT_DATA;
}

static __always_inline __u32 flow_tcp_in(const struct pkt *p)
{
	if (p->flags & WIRE_TCP_RST)
		return FLOW_IN_RST;
	if (p->flags & WIRE_TCP_SYN)
		return p->flags & WIRE_TCP_ACK ? FLOW_IN_SYN_ACK : FLOW_NOTHING;
	if (!(p->flags & WIRE_TCP_ACK))
		return p->flags & WIRE_TCP_FIN ? FLOW_IN_RST : FLOW_IN_BARE;
	return p->flags & WIRE_TCP_FIN ? FLOW_IN_FIN : FLOW_IN_ACK;
}

/* An answer to a group comes from elsewhere. */
static __always_inline int flow_is_multicast(const struct pkt *p)
{
	return p->family == FAMILY_IPV4 ? p->dst[1] >= 0xe0000000 : p->dst[0] >> 56 == 0xff;
}

/* @forwarded: not made by this host's own stack */
static __always_inline void flow_read_out(const struct pkt *p, const void *data,
					  const void *data_end, int forwarded,
					  struct flow_packet *ret)
{
	const __u8 *at = flow_bytes(data, data_end, p->l4_off, WIRE_UDP_HEADER);

	ret->event = FLOW_NOTHING;
	if (!at || p->frag == FRAG_LATER || flow_is_multicast(p))
		return;
	flow_key_of(p, 1, &ret->key);
	if (p->proto == WIRE_PROTO_UDP) {
		ret->event = FLOW_OUT_UDP;
	} else if (p->proto == WIRE_PROTO_TCP) {
		at = flow_bytes(data, data_end, p->l4_off, WIRE_TCP_HEADER);
		if (!at)
			return;
		ret->number = wire_u32(at + 4) + 1;
		ret->event = flow_tcp_out(p, at, forwarded);
	} else if (flow_is_icmp(p) &&
		   p->icmp_type == (p->family == FAMILY_IPV4 ? WIRE_ICMP_ECHO : WIRE_ICMP6_ECHO)) {
		ret->key.rport = wire_u16(at + 4);
		ret->event = FLOW_OUT_ECHO;
	}
}

static __always_inline int flow_is_error(const struct pkt *p)
{
	if (p->family == FAMILY_IPV4)
		return p->icmp_type == WIRE_ICMP_UNREACHABLE ||
		       p->icmp_type == WIRE_ICMP_TIME_EXCEEDED ||
		       p->icmp_type == WIRE_ICMP_BAD_PARAMETER;
	return p->icmp_type >= WIRE_ICMP6_UNREACHABLE && p->icmp_type <= WIRE_ICMP6_BAD_PARAMETER;
}

/* The IP header in an error. Return: where layer 4 begins, 0: nothing to be told. */
static __always_inline __u32 flow_quoted_ip4(const void *data, const void *data_end, __u32 off,
					     struct flow_key *k)
{
	const __u8 *ip = flow_bytes(data, data_end, off, WIRE_IP4_HEADER);

	if (!ip || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || wire_u16(ip + 6) & 0x1fff)
		return 0;
	k->proto = ip[9];
	k->remote[0] = k->local[0] = 0;
	k->local[1] = wire_u32(ip + 12);
	k->remote[1] = wire_u32(ip + 16);
	return off + (ip[0] & 15) * 4;
}

static __always_inline __u32 flow_quoted_ip6(const void *data, const void *data_end, __u32 off,
					     struct flow_key *k)
{
	const __u8 *ip = flow_bytes(data, data_end, off, WIRE_IP6_HEADER), *fragment;

	if (!ip || ip[0] >> 4 != 6)
		return 0;
	k->proto = ip[6];
	k->local[0] = wire_u64(ip + 8);
	k->local[1] = wire_u64(ip + 16);
	k->remote[0] = wire_u64(ip + 24);
	k->remote[1] = wire_u64(ip + 32);
	off += WIRE_IP6_HEADER;
	if (k->proto != WIRE_PROTO_FRAGMENT)
		return off;
	fragment = flow_bytes(data, data_end, off, 8);
	if (!fragment || wire_u16(fragment + 2) & 0xfff8)
		return 0;
	k->proto = fragment[0];
	return off + 8;
}

/* Only what is about a packet from the address that the error goes to. */
static __always_inline void flow_read_quoted(const struct pkt *p, const void *data,
					     const void *data_end, struct flow_packet *ret)
{
	struct flow_key *k = &ret->key;
	__u32 off = p->l4_off + WIRE_ICMP_ERROR_HEADER;
	const __u8 *at;

	off = p->family == FAMILY_IPV4 ? flow_quoted_ip4(data, data_end, off, k)
				       : flow_quoted_ip6(data, data_end, off, k);
	at = flow_bytes(data, data_end, off, WIRE_QUOTED);
	if (!off || !at || k->local[0] != p->dst[0] || k->local[1] != p->dst[1])
		return;
	k->family = p->family;
	if (k->proto == WIRE_PROTO_TCP || k->proto == WIRE_PROTO_UDP) {
		k->lport = wire_u16(at);
		k->rport = wire_u16(at + 2);
		ret->number = wire_u32(at + 4);
	} else if (k->proto == p->proto &&
		   at[0] == (p->family == FAMILY_IPV4 ? WIRE_ICMP_ECHO : WIRE_ICMP6_ECHO)) {
		k->lport = 0;
		k->rport = wire_u16(at + 4);
	} else {
		return;
	}
	ret->quoted = 1;
	ret->event = FLOW_IN_BARE;
}

/* A SYN without ACK belongs to no flow, nor does a later fragment. */
static __always_inline void flow_read_in(const struct pkt *p, const void *data,
					 const void *data_end, struct flow_packet *ret)
{
	const __u8 *at;

	ret->event = FLOW_NOTHING;
	ret->quoted = 0;
	if (p->frag == FRAG_LATER)
		return;
	if (p->proto == WIRE_PROTO_TCP) {
		flow_key_of(p, 0, &ret->key);
		at = flow_bytes(data, data_end, p->l4_off, WIRE_TCP_HEADER);
		if (!at)
			return;
		ret->number = wire_u32(at + 8);
		ret->event = flow_tcp_in(p);
	} else if (p->proto == WIRE_PROTO_UDP) {
		flow_key_of(p, 0, &ret->key);
		ret->event = FLOW_IN_UDP;
	} else if (flow_is_icmp(p) && flow_is_error(p)) {
		flow_read_quoted(p, data, data_end, ret);
	} else if (flow_is_icmp(p) &&
		   p->icmp_type == (p->family == FAMILY_IPV4 ? WIRE_ICMP_ECHO_REPLY
							     : WIRE_ICMP6_ECHO_REPLY)) {
		flow_key_of(p, 0, &ret->key);
		at = flow_bytes(data, data_end, p->l4_off, 8);
		if (!at)
			return;
		ret->key.rport = wire_u16(at + 4);
		ret->event = FLOW_IN_ECHO;
	}
}

#endif
