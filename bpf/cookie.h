/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies for listeners of this host (RFC 4987, section 3.6): the kernel makes and checks them
 * for its own listening socket, so the connection that an ACK completes is an ordinary one of that
 * socket. `actions` answers the SYN, `enter` recognises the ACK.
 *
 * A packet that completes a handshake is judged as the SYN it stands for: its flags in the normal
 * form become SYN. So the rules behind the one that answered, which never saw the SYN, decide
 * now; a rule that answered counts it as evidence, since nobody completes a handshake with an
 * address that is not his.
 */
#ifndef BPFFW_COOKIE_H
#define BPFFW_COOKIE_H

#include <linux/types.h>

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

enum {
	COOKIE_TCP = 20,    /* bytes of a TCP header */
	COOKIE_ANSWER = 24, /* with the option MSS */
	COOKIE_IP4 = 20,
	COOKIE_IP6 = 40,
	COOKIE_TTL = 64,
	COOKIE_WINDOW = 29200, /* no more than any listener grants */
	COOKIE_MSS_LEAST = 536,
	COOKIE_OPTIONS = 10, /* looked at for the MSS */
	COOKIE_MTU = 1500,
	COOKIE_OFFSET = 0x3fff, /* no header that can be read begins behind it */
};

/* A cookie is good for two minutes; so long after one was sent an ACK without one is refused. */
#define COOKIE_NS (120ull * 1000000000)

/* The only entry of the state map `cookies`. */
struct cookie_state {
	__u64 last; /* bpf_ktime_get_ns() when one was sent */
	__u64 sent;
	__u64 valid, refused; /* ACKs */
};

/* pkt.completed */
enum completed {
	COMPLETED_NOT,
	COMPLETED_FLOW,   /* acknowledges a SYN-ACK of this host: all rules saw its SYN */
	COMPLETED_COOKIE, /* brings a cookie back: the rules up to the one that sent it saw its SYN
			   */
	COMPLETED_ANEW,   /* the same, over the ports of a connection that has ended */
	COMPLETED_ANSWERED, /* both behind the rule that sent it: an attempt for the others */
};

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/chain.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cookie_state);
} cookies SEC(".maps");

static __always_inline struct cookie_state *cookie_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cookies, &zero);
}

/*
 * A listener on any address is found for any destination, also for one behind this router. A
 * function of its own: the question is large for the stack.
 */
static __noinline int cookie_forwarded(struct xdp_md *ctx, const struct pkt *p)
{
	struct bpf_fib_lookup asked = { .l4_protocol = 6, .ifindex = ctx->ingress_ifindex };
	long ret;

	if (!p)
		return 0;
	asked.sport = __builtin_bswap16(p->sport);
	asked.dport = __builtin_bswap16(p->dport);
	asked.tot_len = COOKIE_IP6 + COOKIE_ANSWER;
	if (p->family == FAMILY_IPV4) {
		asked.family = 2; /* AF_INET */
		asked.ipv4_src = __builtin_bswap32((__u32)p->src[1]);
		asked.ipv4_dst = __builtin_bswap32((__u32)p->dst[1]);
	} else {
		asked.family = 10; /* AF_INET6 */
		for (int i = 0; i < 2; i++) {
			__u64 src = __builtin_bswap64(p->src[i]),
			      dst = __builtin_bswap64(p->dst[i]);

			asked.ipv6_src[2 * i] = (__u32)src;
			asked.ipv6_src[2 * i + 1] = (__u32)(src >> 32);
			asked.ipv6_dst[2 * i] = (__u32)dst;
			asked.ipv6_dst[2 * i + 1] = (__u32)(dst >> 32);
		}
	}
	ret = bpf_fib_lookup(ctx, &asked, sizeof(asked), 0);
	return ret == BPF_FIB_LKUP_RET_SUCCESS || ret == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/* The socket that the TCP packet belongs to; to be released. */
static __always_inline struct bpf_sock *cookie_socket(struct xdp_md *ctx, const struct pkt *p)
{
	struct bpf_sock_tuple tuple = { 0 };

	if (p->family == FAMILY_IPV4) {
		tuple.ipv4.saddr = __builtin_bswap32((__u32)p->src[1]);
		tuple.ipv4.daddr = __builtin_bswap32((__u32)p->dst[1]);
		tuple.ipv4.sport = __builtin_bswap16(p->sport);
		tuple.ipv4.dport = __builtin_bswap16(p->dport);
		return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	for (int i = 0; i < 2; i++) {
		__u64 src = __builtin_bswap64(p->src[i]), dst = __builtin_bswap64(p->dst[i]);

		tuple.ipv6.saddr[2 * i] = (__u32)src;
		tuple.ipv6.saddr[2 * i + 1] = (__u32)(src >> 32);
		tuple.ipv6.daddr[2 * i] = (__u32)dst;
		tuple.ipv6.daddr[2 * i + 1] = (__u32)(dst >> 32);
	}
	tuple.ipv6.sport = __builtin_bswap16(p->sport);
	tuple.ipv6.dport = __builtin_bswap16(p->dport);
	return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* Offsets were found by the parser; bounded again for the verifier. @size: of what is read of the
 * IP header. */
static __always_inline __u8 *cookie_header(struct xdp_md *ctx, const struct pkt *p, __u32 size)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u8 *at = data + (p->l3_off & 31);

	return at + size > end ? 0 : at;
}

/* Behind whatever options and extensions: the stack takes them, so they are no way around. */
static __always_inline __u8 *cookie_segment(struct xdp_md *ctx, const struct pkt *p)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u8 *at = data + (p->l4_off & COOKIE_OFFSET);

	return at + COOKIE_TCP > end ? 0 : at;
}

/*
 * The two families differ in a constant that the verifier has to see: the compiler must not make
 * one call of them, before or behind which the size is a variable.
 */
#define COOKIE_APART(family)                                 \
	do {                                                 \
		__u64 unused;                                \
		asm volatile("%0 = " family : "=r"(unused)); \
	} while (0)

enum cookie_ack {
	COOKIE_NO_MATTER, /* not ours, or no handshake */
	COOKIE_LIVE,      /* of a connection that the host has */
	COOKIE_VALID,
	COOKIE_INVALID, /* for a listener that sends cookies now */
};

static __always_inline __u32 cookie_check(struct xdp_md *ctx, const struct pkt *p,
					  struct bpf_sock *sk)
{
	struct cookie_state *state = cookie_state();
	__u8 *at, *tcp = cookie_segment(ctx, p);
	long ret = -1;

	if (!state)
		return COOKIE_NO_MATTER;
	if (p->family == FAMILY_IPV6) {
		at = cookie_header(ctx, p, COOKIE_IP6);
		COOKIE_APART("6");
		if (at && tcp)
			ret = bpf_tcp_check_syncookie(sk, at, COOKIE_IP6, (void *)tcp, COOKIE_TCP);
		COOKIE_APART("6");
	} else {
		at = cookie_header(ctx, p, COOKIE_IP4);
		COOKIE_APART("4");
		if (at && tcp)
			ret = bpf_tcp_check_syncookie(sk, at, COOKIE_IP4, (void *)tcp, COOKIE_TCP);
		COOKIE_APART("4");
	}
	if (ret == 0) {
		__sync_fetch_and_add(&state->valid, 1);
		return COOKIE_VALID;
	}
	/* Of an established flow that has ended something may be late. */
	if (p->established || !state->last || bpf_ktime_get_ns() - state->last > COOKIE_NS)
		return COOKIE_NO_MATTER;
	__sync_fetch_and_add(&state->refused, 1);
	return COOKIE_INVALID;
}

/*
 * What the TCP packet means, which has ACK and neither SYN nor RST, and no flow, or one that ends.
 * @cookies: does the ruleset send any?
 */
static __always_inline __u32 cookie_ack(struct xdp_md *ctx, const struct pkt *p, int cookies)
{
	struct bpf_sock *sk = cookie_socket(ctx, p);
	__u32 answer = COOKIE_NO_MATTER;

	if (!sk)
		return answer;
	if (cookies && sk->state == BPF_TCP_LISTEN)
		answer = cookie_forwarded(ctx, p) ? COOKIE_NO_MATTER : cookie_check(ctx, p, sk);
	else if (sk->state == BPF_TCP_ESTABLISHED)
		answer = COOKIE_LIVE;
	bpf_sk_release(sk);
	return answer;
}

/* The MSS that the SYN offers. */
static __always_inline __u16 cookie_mss(struct xdp_md *ctx, const struct pkt *p)
{
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	__u32 at = (p->l4_off & COOKIE_OFFSET) + COOKIE_TCP;

	for (int i = 0; i < COOKIE_OPTIONS; i++) {
		const __u8 *option = (const __u8 *)(long)ctx->data + (at & COOKIE_OFFSET);

		if (option + 4 > end || option[0] == 0)
			break;
		if (option[0] == 2 && option[1] == 4)
			return (__u16)(option[2] << 8 | option[3]);
		at += option[0] == 1 || option[1] < 2 ? 1 : option[1];
	}
	return COOKIE_MSS_LEAST;
}

/* The ones' complement sum of an even number of bytes. */
static __always_inline __u32 cookie_sum(const __u8 *at, __u32 size)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < size; i += 2)
		sum += (__u32)at[i] << 8 | at[i + 1];
	return sum;
}

static __always_inline void cookie_put16(__u8 *at, __u16 value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static __always_inline void cookie_put32(__u8 *at, __u32 value)
{
	cookie_put16(at, value >> 16);
	cookie_put16(at + 2, value & 0xffff);
}

static __always_inline __u32 cookie_get32(const __u8 *at)
{
	return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
}

static __always_inline __u16 cookie_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* A SYN with nothing but what a cookie is made of. */
struct cookie_syn {
	__u32 seq;
	__u8 tcp[COOKIE_ANSWER];
};

static __always_inline void cookie_tcp(__u8 *tcp, const struct pkt *p, int answer, __u32 seq,
				       __u32 ack, __u16 mss)
{
	cookie_put16(tcp, answer ? p->dport : p->sport);
	cookie_put16(tcp + 2, answer ? p->sport : p->dport);
	cookie_put32(tcp + 4, seq);
	cookie_put32(tcp + 8, ack);
	tcp[12] = COOKIE_ANSWER / 4 << 4;
	tcp[13] = answer ? TCP_SYN | TCP_ACK : TCP_SYN;
	cookie_put16(tcp + 14, COOKIE_WINDOW);
	cookie_put32(tcp + 16, 0); /* checksum, urgent */
	tcp[20] = 2;
	tcp[21] = 4;
	cookie_put16(tcp + 22, mss);
}

static __always_inline void cookie_swap(__u8 *a, __u8 *b, __u32 size)
{
	for (__u32 i = 0; i < size; i++) {
		__u8 kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* @sum: of the addresses */
static __always_inline void cookie_finish(__u8 *tcp, const struct pkt *p, __u32 sum, __u32 cookie,
					  __u32 seq, __u16 mss)
{
	cookie_tcp(tcp, p, 1, cookie, seq + 1, mss);
	sum += 6 + COOKIE_ANSWER + cookie_sum(tcp, COOKIE_ANSWER);
	cookie_put16(tcp + 16, cookie_fold(sum));
}

/* The frame becomes the SYN-ACK. Return: XDP_TX, or XDP_DROP where it has no room. */
static __always_inline int cookie_reply(struct xdp_md *ctx, const struct pkt *p, __u32 cookie,
					__u32 seq, __u16 mss)
{
	__u32 ip_size = p->family == FAMILY_IPV6 ? COOKIE_IP6 : COOKIE_IP4;
	__u32 size = (p->l3_off & 31) + ip_size + COOKIE_ANSWER;
	__u8 *data, *ip, *tcp;
	__u32 sum;

	if (bpf_xdp_adjust_tail(ctx, (int)size - (int)p->frame_len))
		return XDP_DROP;
	data = (__u8 *)(long)ctx->data;
	if (data + 12 > (__u8 *)(long)ctx->data_end)
		return XDP_DROP;
	cookie_swap(data, data + 6, 6);
	if (p->family == FAMILY_IPV6) {
		ip = cookie_header(ctx, p, COOKIE_IP6 + COOKIE_ANSWER);
		if (!ip)
			return XDP_DROP;
		tcp = ip + COOKIE_IP6;
		cookie_put32(ip, 0x60000000);
		cookie_put16(ip + 4, COOKIE_ANSWER);
		ip[6] = 6;
		ip[7] = COOKIE_TTL;
		cookie_swap(ip + 8, ip + 24, 16);
		sum = cookie_sum(ip + 8, 32);
		cookie_finish(tcp, p, sum, cookie, seq, mss);
	} else {
		ip = cookie_header(ctx, p, COOKIE_IP4 + COOKIE_ANSWER);
		if (!ip)
			return XDP_DROP;
		tcp = ip + COOKIE_IP4;
		cookie_put32(ip, 0x45000000 | (COOKIE_IP4 + COOKIE_ANSWER));
		cookie_put32(ip + 4, 0x4000); /* no id, do not fragment */
		cookie_put32(ip + 8, COOKIE_TTL << 24 | 6 << 16);
		cookie_swap(ip + 12, ip + 16, 4);
		cookie_put16(ip + 10, cookie_fold(cookie_sum(ip, COOKIE_IP4)));
		sum = cookie_sum(ip + 12, 8);
		cookie_finish(tcp, p, sum, cookie, seq, mss);
	}
	return XDP_TX;
}

enum cookie_syn_answer {
	COOKIE_NOT_NEEDED = -1, /* the listener's queue has room: the SYN goes on */
	COOKIE_NO_LISTENER = -2,
};

static __always_inline __s64 cookie_make6(struct xdp_md *ctx, const struct pkt *p,
					  struct bpf_sock *sk, struct cookie_syn *syn)
{
	__u8 *ip = cookie_header(ctx, p, COOKIE_IP6), *tcp = cookie_segment(ctx, p);
	__s64 made;

	if (!ip || !tcp)
		return -1;
	syn->seq = cookie_get32(tcp + 4);
	cookie_tcp(syn->tcp, p, 0, syn->seq, 0, cookie_mss(ctx, p));
	COOKIE_APART("6");
	made = bpf_tcp_gen_syncookie(sk, ip, COOKIE_IP6, (void *)syn->tcp, COOKIE_ANSWER);
	COOKIE_APART("6");
	return made;
}

static __always_inline __s64 cookie_make4(struct xdp_md *ctx, const struct pkt *p,
					  struct bpf_sock *sk, struct cookie_syn *syn)
{
	__u8 *ip = cookie_header(ctx, p, COOKIE_IP4), *tcp = cookie_segment(ctx, p);
	__s64 made;

	if (!ip || !tcp)
		return -1;
	syn->seq = cookie_get32(tcp + 4);
	cookie_tcp(syn->tcp, p, 0, syn->seq, 0, cookie_mss(ctx, p));
	COOKIE_APART("4");
	made = bpf_tcp_gen_syncookie(sk, ip, COOKIE_IP4, (void *)syn->tcp, COOKIE_ANSWER);
	COOKIE_APART("4");
	return made;
}

/*
 * cookie_answer() - a SYN gets a cookie from its listener.
 * Return: XDP_TX, XDP_DROP, or enum cookie_syn_answer; the frame is changed only with the first.
 */
static __always_inline int cookie_answer(struct xdp_md *ctx, const struct pkt *p)
{
	struct bpf_sock *sk = cookie_forwarded(ctx, p) ? 0 : cookie_socket(ctx, p);
	__u32 ip_size = p->family == FAMILY_IPV6 ? COOKIE_IP6 : COOKIE_IP4, mtu = 0;
	struct cookie_state *state = cookie_state();
	struct cookie_syn syn = { 0 };
	__s64 made = -1;

	if (!sk)
		return COOKIE_NO_LISTENER;
	/* A connection that is there already answers for itself. */
	if (state && sk->state == BPF_TCP_LISTEN) {
		if (p->family == FAMILY_IPV6)
			made = cookie_make6(ctx, p, sk, &syn);
		else
			made = cookie_make4(ctx, p, sk, &syn);
	}
	bpf_sk_release(sk);
	if (made < 0 || !state)
		return COOKIE_NOT_NEEDED;
	state->last = p->now ? p->now : bpf_ktime_get_ns();
	__sync_fetch_and_add(&state->sent, 1);
	if (bpf_check_mtu(ctx, 0, &mtu, 0, 0) < 0 || mtu < COOKIE_MSS_LEAST)
		mtu = COOKIE_MTU;
	return cookie_reply(ctx, p, (__u32)made, syn.seq, (__u16)(mtu - COOKIE_TCP - ip_size));
}
#endif

#endif
