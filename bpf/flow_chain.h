/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flow table in BPF programs: its maps, and what `enter` and `actions` do with it. */
#ifndef BPFFW_FLOW_CHAIN_H
#define BPFFW_FLOW_CHAIN_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/flow_packet.h"

/* State maps (bpffw/runtime/state.c), of the size that `option flows` says. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct flow_row);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_stats);
} flow_stats SEC(".maps");

/*
 * flow_enter() - p->established and p->completed of a packet that comes in
 * A packet of a confirmed flow is one that is established and no ICMP error: answers confirm.
 * Return: enum flow_answer
 */
static __always_inline __u32 flow_enter(struct xdp_md *ctx, struct pkt *p)
{
	const void *data = (const void *)(long)ctx->data;
	const void *data_end = (const void *)(long)ctx->data_end;
	const struct flow_header *h = flow_entry(&flows, 0);
	struct flow_packet seen = { 0 };
	struct flow_id id;
	__u32 answer, now;

	flow_read_in(p, data, data_end, &seen);
	if (seen.event == FLOW_NOTHING || !h)
		return FLOW_UNKNOWN;
	now = flow_now(h);
	id = flow_hash(h, &seen.key);
	if (seen.quoted) {
		p->established = flow_is_quoted(&flows, h, &id, seen.number, now);
		return FLOW_UNKNOWN;
	}
	answer = flow_incoming(&flows, h, &id, seen.event, seen.number, now);
	p->established = answer >= FLOW_ENDING;
	p->completed = answer == FLOW_COMPLETED;
	return answer;
}

/* What flow_enter() will say of the packet, changing nothing: 1: it is of a flow. */
static __always_inline int flow_is_known(struct xdp_md *ctx, const struct pkt *p)
{
	const void *data = (const void *)(long)ctx->data;
	const void *data_end = (const void *)(long)ctx->data_end;
	const struct flow_header *h = flow_entry(&flows, 0);
	struct flow_packet seen = { 0 };
	struct flow_id id;
	__u64 word = 0;
	__u32 now;

	flow_read_in(p, data, data_end, &seen);
	if (seen.event == FLOW_NOTHING || !h)
		return 0;
	now = flow_now(h);
	id = flow_hash(h, &seen.key);
	if (seen.quoted)
		return flow_is_quoted(&flows, h, &id, seen.number, now);
	return flow_find(&flows, h, &id, now, &word) &&
	       flow_judge(word, &id, seen.event, seen.number) >= FLOW_ENDING;
}

/* What flow_enter() made of the ACK that completed a handshake is undone: its like is judged anew.
 */
static __always_inline void flow_refuse(struct xdp_md *ctx, const struct pkt *p)
{
	const __u8 *tcp = flow_bytes((const void *)(long)ctx->data,
				     (const void *)(long)ctx->data_end, p->l4_off, WIRE_TCP_HEADER);
	const struct flow_header *h = flow_entry(&flows, 0);
	struct flow_cell *cell;
	struct flow_key key;
	struct flow_id id;
	__u64 word = 0;
	__u32 now;

	if (!h || !tcp)
		return;
	now = flow_now(h);
	flow_key_of(p, 0, &key);
	id = flow_hash(h, &key);
	cell = flow_find(&flows, h, &id, now, &word);
	if (cell && flow_is_confirmed(word))
		FLOW_CAS(&cell->word, word,
			 flow_word(now + flow_timeout(h, FLOW_SYN_ACKED), FLOW_SYN_ACKED,
				   id.check ^ wire_u32(tcp + 8)));
}

/* The connection that the TCP packet had before is over. */
static __always_inline void flow_forget(const struct pkt *p)
{
	const struct flow_header *h = flow_entry(&flows, 0);
	struct flow_cell *cell;
	struct flow_key key;
	struct flow_id id;
	__u64 word = 0;

	if (!h)
		return;
	flow_key_of(p, 0, &key);
	id = flow_hash(h, &key);
	cell = flow_find(&flows, h, &id, flow_now(h), &word);
	if (cell)
		FLOW_CAS(&cell->word, word, 0);
}

/* The connection of the TCP packet that comes in becomes a confirmed flow: it has a socket. */
static __always_inline void flow_accept(const struct pkt *p)
{
	const struct flow_header *h = flow_entry(&flows, 0);
	struct flow_key key;
	struct flow_id id;

	if (!h)
		return;
	flow_key_of(p, 0, &key);
	id = flow_hash(h, &key);
	flow_confirm(&flows, &flow_stats, h, &id, FLOW_OPEN, flow_now(h));
}

#endif
