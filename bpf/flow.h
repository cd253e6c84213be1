/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: what this host opened, so that answers are let in (`established`). One table for both
 * families and both classes, in a flat array map; the same lines run in `enter`, `actions`, in the
 * egress program, and natively (seeding, growing, counting, tests).
 *
 * A cell is 16 bytes: the 64-bit keyed hash of the flow (its tag), and one word with expiry, state
 * and 32 more bits of the hash. The word is changed by compare-and-swap only, and names its flow
 * by itself: a cell whose tag and word come from two writers belongs to nobody. A flow may lie in
 * either of two rows of four cells; a new one takes the emptier row, so that a table that is half
 * full loses about one flow in 65 000 (measured). Nothing has to run for a flow to end: cells past
 * their time are free.
 *
 * New flows (an outgoing SYN-ACK, UDP, echo, or what was only forwarded) never take the cell of a
 * confirmed one. The first matching packet back confirms; for a SYN-ACK only the ACK that
 * acknowledges its sequence number does, so a flood with forged sources confirms nothing.
 *
 * A forged packet can shorten the time of a flow (FIN, RST), never end it, and the next outgoing
 * packet undoes it. Our own FIN or RST is believed. Where a flow's time has run out `enter` asks
 * for its socket: an idle connection outlives a forged RST.
 */
#ifndef BPFFW_FLOW_H
#define BPFFW_FLOW_H

#include <linux/types.h>

#include "bpf/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* clang-format off */
/* X(NAME, seconds it lives without a packet): new ones first, confirmed ones from SYN_SENT on. */
#define FLOW_STATES(X) \
	X(FREE,      0) \
	X(SYN_ACKED, 60)      /* we sent SYN-ACK; the word holds what acknowledges it */ \
	X(ASKED,     30)      /* UDP or echo sent, no answer yet */ \
	X(FORWARDED, 120)     /* TCP sent, but not by our own stack or without data */ \
	X(SYN_SENT,  120) \
	X(OPEN,      432000)  /* five days, as long as conntrack */ \
	X(SHAKEN,    120)     /* FIN or RST came in: true or forged (RST: see FLOW_RESET) */ \
	X(CLOSED,    120)     /* we sent FIN or RST */ \
	X(UDP,       180) \
	X(ECHO,      30)
/* clang-format on */

enum flow_state {
#define X(name, seconds) FLOW_##name,
	FLOW_STATES(X)
#undef X
		FLOW_STATE_COUNT,
	/* A RST came in: SHAKEN in all but one thing, so it has that one's time. A SYN-ACK that
	 * goes out behind it is of a new connection; behind a FIN it may be sent again, by a
	 * listener that had no room to accept. */
	FLOW_RESET = FLOW_STATE_COUNT,
};
#define FLOW_FIRST_CONFIRMED FLOW_SYN_SENT

/* What a packet does to a flow. */
enum flow_event {
	FLOW_NOTHING,
	FLOW_OUT_SYN,
	FLOW_OUT_PASSED_SYN, /* forwarded, so anybody may have sent it */
	FLOW_OUT_SYN_ACK,
	FLOW_OUT_ACK,  /* TCP without data, or forwarded */
	FLOW_OUT_DATA, /* TCP with data, of our own stack */
	FLOW_OUT_FIN,
	FLOW_OUT_RST,
	FLOW_OUT_UDP,
	FLOW_OUT_ECHO,
	FLOW_IN_SYN_ACK,
	FLOW_IN_ACK, /* TCP with ACK and none of SYN, RST, FIN */
	FLOW_IN_FIN,
	FLOW_IN_RST,
	FLOW_IN_BARE, /* TCP with none of these flags */
	FLOW_IN_UDP,
	FLOW_IN_ECHO,
};

#define FLOW_ROW_CELLS 4
/* Rows for @n flows, before rounding up to a power of two: two cells a flow. */
#define FLOW_ROWS(n)  ((n) / 2)
#define FLOWS_DEFAULT 262144u

struct flow_cell {
	__u64 tag;
	__u64 word; /* expiry (units) << 36 | state << 32 | check */
};

struct flow_row {
	struct flow_cell cell[FLOW_ROW_CELLS];
};

/* Entry 0 of the map; rows follow from entry 1 on. Never changes while the map is in use. */
struct flow_header {
	__u64 seed[2];
	__u32 mask;                      /* rows - 1 */
	__u32 shift;                     /* a unit of time is 1 << shift jiffies, 0.5 to 1 s */
	__u32 timeout[FLOW_STATE_COUNT]; /* units */
};
_Static_assert(sizeof(struct flow_header) == sizeof(struct flow_row), "one entry of the map");

/* Counts, per CPU. */
struct flow_stats {
	__u64 evicted_new;       /* alive, overwritten by a flow that had no better place */
	__u64 evicted_confirmed; /* the same; only by another confirmed one */
	__u64 refused;           /* new flows that found only confirmed ones */
};

struct flow_key {
	__u64 remote[2]; /* as in struct pkt: an IPv4 address is the low 32 bits of [1] */
	__u64 local[2];
	__u16 rport; /* echo: the identifier, and lport 0 */
	__u16 lport;
	__u8 proto;
	__u8 family; /* enum pkt_family */
};

struct flow_id {
	__u64 tag;
	__u32 check;
};

#define FLOW_TIME_SHIFT 36
#define FLOW_TIME_MASK  0xfffffffu
/* No timeout is longer: what is further ahead has wrapped around. */
#define FLOW_TIME_MAX (1u << 20)

#define ROTATE64(x, n) ((x) << (n) | (x) >> (64 - (n)))

#define SIP_ROUND(v0, v1, v2, v3)           \
	do {                                \
		v0 += v1;                   \
		v1 = ROTATE64(v1, 13) ^ v0; \
		v0 = ROTATE64(v0, 32);      \
		v2 += v3;                   \
		v3 = ROTATE64(v3, 16) ^ v2; \
		v0 += v3;                   \
		v3 = ROTATE64(v3, 21) ^ v0; \
		v2 += v1;                   \
		v1 = ROTATE64(v1, 17) ^ v2; \
		v2 = ROTATE64(v2, 32);      \
	} while (0)

#define SIP_ADD(v0, v1, v2, v3, m)         \
	do {                               \
		__u64 word_ = (m);         \
		v3 ^= word_;               \
		SIP_ROUND(v0, v1, v2, v3); \
		v0 ^= word_;               \
	} while (0)

/* SipHash-1-3 over the words of the key; an attacker who does not know the seed can neither aim at
 * a row nor at a tag. Source: Aumasson, Bernstein, SipHash, 2012. */
static __always_inline struct flow_id flow_hash(const struct flow_header *h,
						const struct flow_key *k)
{
	__u64 v0 = h->seed[0] ^ 0x736f6d6570736575, v1 = h->seed[1] ^ 0x646f72616e646f6d;
	__u64 v2 = h->seed[0] ^ 0x6c7967656e657261, v3 = h->seed[1] ^ 0x7465646279746573;

	if (k->family == FAMILY_IPV6) {
		SIP_ADD(v0, v1, v2, v3, k->remote[0]);
		SIP_ADD(v0, v1, v2, v3, k->remote[1]);
		SIP_ADD(v0, v1, v2, v3, k->local[0]);
		SIP_ADD(v0, v1, v2, v3, k->local[1]);
	} else {
		SIP_ADD(v0, v1, v2, v3, k->remote[1] << 32 | k->local[1]);
	}
	SIP_ADD(v0, v1, v2, v3,
		(__u64)k->rport << 48 | (__u64)k->lport << 32 | (__u32)k->proto << 8 | k->family);
	v2 ^= 0xff;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	return (struct flow_id){ .tag = v0 ^ v1 ^ v2 ^ v3, .check = (v1 ^ v3) >> 32 };
}

static __always_inline __u64 flow_word(__u32 expires, __u32 state, __u32 check)
{
	return (__u64)(expires & FLOW_TIME_MASK) << FLOW_TIME_SHIFT | (__u64)state << 32 | check;
}

static __always_inline __u32 flow_state(__u64 word)
{
	return word >> 32 & 15;
}

/*
 * What follows is without branches, and hidden from a compiler that would put them back: each cell
 * that is looked at would double the paths that the verifier has to walk.
 */
#define FLOW_HIDE(x) asm volatile("" : "+r"(x))

/* All ones when a < b, else 0; both below 2^63. */
static __always_inline __u64 flow_less(__u64 a, __u64 b)
{
	__u64 mask = a - b;

	FLOW_HIDE(mask);
	return (__u64)((__s64)mask >> 63);
}

/* Units until it ends; what has ended, or never was, has none. */
static __always_inline __u32 flow_left(__u64 word, __u32 now)
{
	__u64 left = ((__u32)(word >> FLOW_TIME_SHIFT) - now) & FLOW_TIME_MASK;

	return left & flow_less(left, FLOW_TIME_MAX + 1) & flow_less(FLOW_FREE, flow_state(word));
}

static __always_inline int flow_is_confirmed(__u64 word)
{
	return flow_less(FLOW_FIRST_CONFIRMED - 1, flow_state(word)) & 1;
}

static __always_inline __u32 flow_timeout(const struct flow_header *h, __u32 state)
{
	__u64 at = state == FLOW_RESET ? FLOW_SHAKEN : state;

	/* One register for the bound and the access: verifiers before 6.8 know no 32-bit copies. */
	FLOW_HIDE(at);
	return at < FLOW_STATE_COUNT ? h->timeout[at] : 0;
}

/* A TCP flow that nobody has said to end. */
static __always_inline int flow_is_alive(__u32 state)
{
	return state == FLOW_OPEN || state == FLOW_SYN_SENT;
}

/* A TCP flow that somebody has said to end: its socket may be gone. */
static __always_inline int flow_is_ending(__u32 state)
{
	return state == FLOW_SHAKEN || state == FLOW_RESET || state == FLOW_CLOSED;
}

/*
 * flow_next() - the state that an event leads to; FLOW_FREE: it makes no flow.
 * @from: FLOW_FREE where there is none
 * An ACK or FIN reaches a flow in SYN_ACKED only when it acknowledges our SYN-ACK.
 */
static __always_inline __u32 flow_next(__u32 from, __u32 event)
{
	int confirmed = from >= FLOW_FIRST_CONFIRMED;

	switch (event) {
	case FLOW_OUT_SYN:
		return FLOW_SYN_SENT;
	case FLOW_OUT_PASSED_SYN:
		return confirmed ? FLOW_SYN_SENT : FLOW_FORWARDED;
	case FLOW_OUT_SYN_ACK:
		/* A stack answers the SYN only where the connection before is over. */
		return !confirmed || from == FLOW_CLOSED || from == FLOW_RESET ? FLOW_SYN_ACKED
									       : from;
	case FLOW_OUT_ACK:
		/* Stacks answer forged segments for a half-open connection with an ACK, so it
		 * confirms nothing. */
		if (confirmed)
			return from == FLOW_CLOSED ? from : FLOW_OPEN;
		return from == FLOW_FREE ? FLOW_FORWARDED : from;
	case FLOW_OUT_DATA:
		return from == FLOW_CLOSED ? from : FLOW_OPEN;
	case FLOW_OUT_FIN:
		if (confirmed)
			return FLOW_CLOSED;
		return from == FLOW_FREE ? FLOW_FORWARDED : from;
	case FLOW_OUT_RST:
		/* In SYN_SENT it answers a SYN-ACK that was forged, or of another time. */
		return confirmed && from != FLOW_SYN_SENT ? FLOW_CLOSED : from;
	case FLOW_OUT_UDP:
	case FLOW_OUT_ECHO:
		return from == FLOW_FREE ? FLOW_ASKED : from;
	case FLOW_IN_SYN_ACK:
		return from == FLOW_FORWARDED ? FLOW_SYN_SENT : from;
	case FLOW_IN_ACK:
		if (from == FLOW_SYN_ACKED)
			return FLOW_OPEN;
		return from == FLOW_FORWARDED ? FLOW_SYN_SENT : from;
	case FLOW_IN_FIN:
		return !confirmed || flow_is_alive(from) ? FLOW_SHAKEN : from;
	case FLOW_IN_RST:
		return flow_is_alive(from) || from == FLOW_SHAKEN ? FLOW_RESET : from;
	case FLOW_IN_UDP:
		return FLOW_UDP;
	case FLOW_IN_ECHO:
		return FLOW_ECHO;
	}
	return from;
}

/* Does the event begin the time of its flow anew? A TCP packet that came in does so only where it
 * changes the state: what the peer sends is answered by our own. */
static __always_inline int flow_refreshes(__u32 event)
{
	return event < FLOW_IN_SYN_ACK || event >= FLOW_IN_UDP;
}

/*
 * flow_change() - the word of a flow after an event; equal to @word: nothing to write.
 * A time that would move by less than a sixteenth stays, so that a busy flow is seldom written.
 */
static __always_inline __u64 flow_change(const struct flow_header *h, __u64 word, __u32 check,
					 __u32 event, __u32 now)
{
	__u32 from = flow_state(word), to = flow_next(from, event), left = flow_left(word, now);
	__u32 timeout = flow_timeout(h, to);

	if (to == from && (!flow_refreshes(event) || timeout - left <= timeout / 16))
		return word;
	if ((event == FLOW_IN_FIN || event == FLOW_IN_RST) && left < timeout)
		timeout = left;
	return flow_word(now + timeout, to, check);
}

#ifdef __bpf__
#define FLOW_CAS(at, old, fresh) (__sync_val_compare_and_swap(at, old, fresh) == (old))
/* @table: the map */
static __always_inline void *flow_entry(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}
#define FLOW_COUNT(stats, field)                                             \
	do {                                                                 \
		__u32 zero_ = 0;                                             \
		struct flow_stats *at_ = bpf_map_lookup_elem(stats, &zero_); \
		if (at_)                                                     \
			at_->field++;                                        \
	} while (0)
#else
#define FLOW_CAS(at, old, fresh) __sync_bool_compare_and_swap(at, old, fresh)
/* @table: its entries in memory */
static __always_inline void *flow_entry(void *table, __u32 index)
{
	return (struct flow_row *)table + index;
}
#define FLOW_COUNT(stats, field) (((struct flow_stats *)(stats))->field++)
#endif

/* The clock: 1 ns instead of the 30 of bpf_ktime_get_ns(). */
#ifdef __bpf__
static __always_inline __u32 flow_now(const struct flow_header *h)
{
	return (bpf_jiffies64() >> (h->shift & 15)) & FLOW_TIME_MASK;
}
#endif

/* One of the two rows a flow may lie in. */
static __always_inline struct flow_row *flow_row(void *table, const struct flow_header *h,
						 const struct flow_id *id, __u32 which)
{
	__u32 row = which ? id->tag >> 32 : id->tag;

	return flow_entry(table, 1 + (row & h->mask));
}

/* 1 when they are equal. */
static __always_inline __u32 flow_same(__u64 a, __u64 b)
{
	__u64 differ = a ^ b;

	differ |= -differ;
	FLOW_HIDE(differ);
	return 1 ^ (differ >> 63);
}

/* The cell of a flow whose time runs (or @lapsed: has run out); flow_find() says the rest. */
static __always_inline struct flow_cell *flow_look(void *table, const struct flow_header *h,
						   const struct flow_id *id, __u32 now, int lapsed,
						   __u64 *ret_word)
{
	for (__u32 which = 0; which < 2; which++) {
		struct flow_row *row = flow_row(table, h, id, which);
		struct flow_cell *cell;
		__u32 not0, not1, not2;
		__u64 word;

		if (!row)
			return 0;
		/* The first one: that is where flow_insert() puts a flow that comes again. */
		not0 = 1 ^ flow_same(row->cell[0].tag, id->tag);
		not1 = not0 & (1 ^ flow_same(row->cell[1].tag, id->tag));
		not2 = not1 & (1 ^ flow_same(row->cell[2].tag, id->tag));
		cell = &row->cell[(not0 + not1 + not2) & 3];
		word = *(volatile __u64 *)&cell->word;
		if (cell->tag != id->tag || (flow_left(word, now) == 0) != lapsed)
			continue;
		if (flow_state(word) != FLOW_SYN_ACKED && (__u32)word != id->check)
			continue;
		*ret_word = word;
		return cell;
	}
	return 0;
}

/*
 * flow_find() - the cell of a flow that is alive
 * @ret_word: as it was read
 * Whether a flow in SYN_ACKED is the one looked for is left to the caller: its word holds an
 * acknowledgement instead of the check.
 */
static __always_inline struct flow_cell *flow_find(void *table, const struct flow_header *h,
						   const struct flow_id *id, __u32 now,
						   __u64 *ret_word)
{
	return flow_look(table, h, id, now, 0, ret_word);
}

/* Was it a confirmed flow, whose cell nobody has taken since its time ran out? */
static __always_inline int flow_is_lapsed(void *table, const struct flow_header *h,
					  const struct flow_id *id, __u32 now)
{
	__u64 word = 0;

	return flow_look(table, h, id, now, 1, &word) && flow_is_confirmed(word);
}

/* How much is lost by overwriting a cell, least first: the one that the flow had before it ended,
 * free ones (of the emptier row), then new flows, then confirmed ones; among these what ends first.
 * The low bits name the cell. */
static __always_inline __u64 flow_rank(const struct flow_cell *cell, __u64 tag, __u32 now,
				       __u32 alive, __u32 place)
{
	__u64 word = cell->word, left = flow_left(word, now), living = flow_less(0, left);
	__u64 class = (1 + flow_is_confirmed(word)) & living;
	__u64 other = (__u64)flow_same(cell->tag, tag) - 1;

	return (class << 32 | left | ((alive + 1) & ~living & other)) << 3 | place;
}

/*
 * flow_insert() - give a flow that is in no cell one
 * A confirmed one always finds a place; a new one only where not all places hold confirmed ones.
 */
static __always_inline void flow_insert(void *table, void *stats, const struct flow_header *h,
					const struct flow_id *id, __u64 fresh, __u32 now)
{
	__u64 best = ~0ULL >> 1, old;
	struct flow_cell *cell;
	struct flow_row *row;

	for (__u32 which = 0; which < 2; which++) {
		__u32 alive = 0;

		row = flow_row(table, h, id, which);
		if (!row)
			return;
		for (__u32 i = 0; i < FLOW_ROW_CELLS; i++)
			alive += flow_less(0, flow_left(row->cell[i].word, now)) & 1;
		for (__u32 i = 0; i < FLOW_ROW_CELLS; i++) {
			__u64 rank = flow_rank(&row->cell[i], id->tag, now, alive, which << 2 | i);

			best ^= (best ^ rank) & flow_less(rank, best);
		}
	}
	if (best >> 35 == 2 && !flow_is_confirmed(fresh)) {
		FLOW_COUNT(stats, refused);
		return;
	}
	row = flow_row(table, h, id, best >> 2 & 1);
	if (!row)
		return;
	cell = &row->cell[best & 3];
	old = *(volatile __u64 *)&cell->word;
	if (!FLOW_CAS(&cell->word, old, fresh))
		return; /* another flow was faster; the next packet tries again */
	*(volatile __u64 *)&cell->tag = id->tag;
	if (best >> 35 == 2)
		FLOW_COUNT(stats, evicted_confirmed);
	else if (best >> 35 == 1)
		FLOW_COUNT(stats, evicted_new);
}

/*
 * flow_outgoing() - record a packet that leaves
 * @check_ack: of a SYN-ACK: the number that will acknowledge it
 */
static __always_inline void flow_outgoing(void *table, void *stats, const struct flow_header *h,
					  const struct flow_id *id, __u32 event, __u32 check_ack,
					  __u32 now)
{
	__u64 word = 0, fresh;
	struct flow_cell *cell = flow_find(table, h, id, now, &word);
	__u32 state = cell ? flow_state(word) : FLOW_FREE;
	__u32 to = flow_next(state, event), check = id->check;

	if (to == FLOW_SYN_ACKED && event != FLOW_OUT_SYN_ACK)
		return;
	if (to == FLOW_SYN_ACKED) {
		check ^= check_ack;
		fresh = flow_word(now + flow_timeout(h, FLOW_SYN_ACKED), FLOW_SYN_ACKED, check);
	} else if (cell) {
		fresh = flow_change(h, word, check, event, now);
	} else if (to != FLOW_FREE) {
		fresh = flow_word(now + flow_timeout(h, to), to, check);
	} else {
		return;
	}
	if (!cell)
		flow_insert(table, stats, h, id, fresh, now);
	else if (fresh != word)
		FLOW_CAS(&cell->word, word, fresh);
}

enum flow_answer {
	FLOW_UNKNOWN,
	FLOW_LAPSED, /* unknown; there was one whose time has run out */
	FLOW_ENDING, /* known, as all that follow; somebody has said to end it */
	FLOW_KNOWN,
	FLOW_COMPLETED, /* the ACK that acknowledges our own SYN-ACK: a handshake, not forged */
};

/* What a packet is to the flow of @word, which was found for it. */
static __always_inline __u32 flow_judge(__u64 word, const struct flow_id *id, __u32 event,
					__u32 ack)
{
	if (flow_state(word) != FLOW_SYN_ACKED)
		return flow_is_ending(flow_state(word)) ? FLOW_ENDING : FLOW_KNOWN;
	if ((event != FLOW_IN_ACK && event != FLOW_IN_FIN) || (__u32)word != (id->check ^ ack))
		return FLOW_UNKNOWN;
	return FLOW_COMPLETED;
}

/*
 * flow_incoming() - is this packet of a flow?
 * @ack: of a TCP packet with ACK: its acknowledgement number
 */
static __always_inline __u32 flow_incoming(void *table, const struct flow_header *h,
					   const struct flow_id *id, __u32 event, __u32 ack,
					   __u32 now)
{
	__u64 word = 0, fresh;
	struct flow_cell *cell = flow_find(table, h, id, now, &word);
	__u32 answer;

	if (!cell)
		return flow_is_lapsed(table, h, id, now) ? FLOW_LAPSED : FLOW_UNKNOWN;
	answer = flow_judge(word, id, event, ack);
	if (answer == FLOW_UNKNOWN)
		return FLOW_UNKNOWN;
	fresh = flow_change(h, word, id->check, event, now);
	if (fresh != word)
		FLOW_CAS(&cell->word, word, fresh);
	return answer;
}

/*
 * flow_is_quoted() - is there a flow that an ICMP error may speak about? It changes nothing.
 * @seq: of a quoted TCP segment
 */
static __always_inline int flow_is_quoted(void *table, const struct flow_header *h,
					  const struct flow_id *id, __u32 seq, __u32 now)
{
	__u64 word = 0;

	if (!flow_find(table, h, id, now, &word))
		return 0;
	return flow_state(word) != FLOW_SYN_ACKED || (__u32)word == (id->check ^ (seq + 1));
}

/* A confirmed flow without a packet of its own: a socket that was there before us, or a handshake
 * that a SYN cookie proved. */
static __always_inline void flow_confirm(void *table, void *stats, const struct flow_header *h,
					 const struct flow_id *id, __u32 state, __u32 now)
{
	__u64 fresh = flow_word(now + flow_timeout(h, state), state, id->check);
	__u64 word = 0;
	struct flow_cell *cell = flow_find(table, h, id, now, &word);

	if (!cell)
		flow_insert(table, stats, h, id, fresh, now);
	else
		FLOW_CAS(&cell->word, word, fresh);
}

#endif
