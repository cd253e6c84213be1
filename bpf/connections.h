/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections at a time: who has how many. A cell names a flow by its tag and the one it counts
 * for; whether the connection is open is what the flow table says about it (flow.h), so nothing
 * has to count down, and what only claims to be a connection is not in here: a cell is given to
 * a handshake that was completed, and is free when its flow has ended.
 *
 * A table of rows shared by all; an owner's cells lie in a few neighbouring rows that its hash
 * names. Where they are full of open connections one more is let in, and counted as evicted.
 * Compiled for BPF and natively (status, tests).
 */
#ifndef BPFFW_CONNECTIONS_H
#define BPFFW_CONNECTIONS_H

#ifdef __bpf__
#include "bpf/flow_chain.h"
#endif
#include "bpf/flow.h"
#include "bpf/limit.h"

/* conn-limit N */
#define CONN_MOST 64

#define CONN_CELLS    16
#define CONN_ROW_BITS 13
/* The map: the seed of the hash, then the rows. */
#define CONN_SEED_ROW 0u
#define CONN_TABLE    1u
#define CONN_ROWS     (CONN_TABLE + (1u << CONN_ROW_BITS))

/* Rows for an owner of @n connections: room for them twice, and for others. */
#define CONN_WINDOW(n) (1 + ((n) + 7) / 8)

struct conn_cell {
	__u64 tag;  /* of the flow */
	__u64 word; /* limit, owner, until: it counts so long where no flow is known yet */
};

struct conn_row {
	struct conn_cell cell[CONN_CELLS];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct conn_row) >= sizeof(struct limit_row), "the seed has room");

#define CONN_TIME_BITS  28
#define CONN_OWNER_BITS (64 - LIMIT_NUMBER_BITS - CONN_TIME_BITS)
_Static_assert(FLOW_TIME_MASK == (1u << CONN_TIME_BITS) - 1, "the clock is that of flows");

/* In units of the flow clock: until a flow that was just confirmed is seen everywhere, and until
 * one that began with a cookie, which left no trace in the table, has carried something. */
#define CONN_MOMENT 2u
#define CONN_COOKIE 120u

enum conn_flow { CONN_UNKNOWN, CONN_OPEN, CONN_CLOSED };

/* Our own FIN or RST ends a connection, one that came in only shortens the time of its flow. */
static __always_inline __u32 conn_flow(void *table, const struct flow_header *h, __u64 tag,
				       __u32 now)
{
	struct flow_id id = { .tag = tag };
	__u64 word = 0;

	for (__u32 which = 0; which < 2; which++) {
		struct flow_row *row = flow_row(table, h, &id, which);

		if (!row)
			return CONN_UNKNOWN;
		for (__u32 i = 0; i < FLOW_ROW_CELLS; i++)
			word |= *(volatile __u64 *)&row->cell[i].word &
				-(__u64)flow_same(row->cell[i].tag, tag);
	}
	if (!flow_left(word, now) || !flow_is_confirmed(word))
		return CONN_UNKNOWN;
	return flow_state(word) == FLOW_CLOSED ? CONN_CLOSED : CONN_OPEN;
}

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn_row);
} connections SEC(".maps");

static __always_inline struct conn_row *conn_row(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}
#else
/* @table: its entries in memory */
static __always_inline struct conn_row *conn_row(void *table, __u32 index)
{
	return (struct conn_row *)table + index;
}
#endif

/* Whose connection: the part of a word above its time. */
static __always_inline __u64 conn_owner(const struct act_limit *limit, __u64 hash)
{
	return (__u64)limit->number << (64 - LIMIT_NUMBER_BITS) |
	       (hash & ((1u << CONN_OWNER_BITS) - 1)) << CONN_TIME_BITS;
}

static __always_inline int conn_waits(__u64 word, __u32 now)
{
	__u32 left = ((__u32)word - now) & FLOW_TIME_MASK;

	return word && left && left <= CONN_COOKIE;
}

/* @state: of its flow */
static __always_inline int conn_counts(__u32 state, __u64 word, __u32 now)
{
	return state == CONN_OPEN || (state == CONN_UNKNOWN && conn_waits(word, now));
}

/* @at: of all cells of the rows */
static __always_inline struct conn_cell *conn_cell(void *table, __u32 at)
{
	struct conn_row *row =
		conn_row(table, CONN_TABLE + (at / CONN_CELLS & ((1u << CONN_ROW_BITS) - 1)));

	return row ? &row->cell[at % CONN_CELLS] : 0;
}

enum conn_look { CONN_OTHER, CONN_ANOTHER, CONN_ITSELF };

/* Is the cell an open connection of the owner, and which? */
static __always_inline __u32 conn_look(void *table, void *flows, const struct flow_header *h,
				       __u32 at, __u64 owner, __u64 tag, __u32 now)
{
	const struct conn_cell *cell = conn_cell(table, at);
	__u64 word, known;

	if (!cell)
		return CONN_OTHER;
	word = *(const volatile __u64 *)&cell->word;
	known = *(const volatile __u64 *)&cell->tag;
	if ((word ^ owner) >> CONN_TIME_BITS)
		return CONN_OTHER;
	if (known == tag)
		return CONN_ITSELF;
	return conn_counts(conn_flow(flows, h, known, now), word, now) ? CONN_ANOTHER : CONN_OTHER;
}

/* Take the cell if it is free. @fresh: the word */
static __always_inline int conn_try(void *table, void *flows, const struct flow_header *h, __u32 at,
				    __u64 tag, __u64 fresh, __u32 now)
{
	struct conn_cell *cell = conn_cell(table, at);
	__u64 word;

	if (!cell)
		return 0;
	word = *(volatile __u64 *)&cell->word;
	if (conn_counts(conn_flow(flows, h, *(volatile __u64 *)&cell->tag, now), word, now) ||
	    !FLOW_CAS(&cell->word, word, fresh))
		return 0;
	*(volatile __u64 *)&cell->tag = tag;
	return 1;
}

#ifdef __bpf__
/* Global functions, which the verifier walks once and not for each cell. */
__attribute__((noinline)) int conn_look_at(__u32 at, __u64 owner, __u64 tag)
{
	const struct flow_header *h = flow_entry(&flows, 0);

	return h ? conn_look(&connections, &flows, h, at, owner, tag, flow_now(h)) : CONN_OTHER;
}

__attribute__((noinline)) int conn_try_at(__u32 at, __u64 tag, __u64 fresh)
{
	const struct flow_header *h = flow_entry(&flows, 0);

	return h ? conn_try(&connections, &flows, h, at, tag, fresh, flow_now(h)) : 0;
}
#define CONN_LOOK(table, flows, h, at, owner, tag, now) ((__u32)conn_look_at(at, owner, tag))
#define CONN_TRY(table, flows, h, at, tag, fresh, now)  conn_try_at(at, tag, fresh)
#else
#define CONN_LOOK(table, flows, h, at, owner, tag, now) \
	conn_look(table, flows, h, at, owner, tag, now)
#define CONN_TRY(table, flows, h, at, tag, fresh, now) \
	conn_try(table, flows, h, at, tag, fresh, now)
#endif

/* Where an owner's cells are. */
struct conn_span {
	__u32 first, n;
};
#define CONN_SPAN_MOST (CONN_WINDOW(CONN_MOST) * CONN_CELLS)

/*
 * conn_count() - the open connections of the owner, but for that of the tag
 * Return: their number; and CONN_HAS_CELL when there is a cell with the tag. It may be an old one,
 * of a connection between the same ports, so it excuses nothing.
 */
#define CONN_HAS_CELL 256
static __always_inline int conn_count(void *table, void *flows, const struct flow_header *h,
				      const struct conn_span *span, __u64 owner, __u64 tag,
				      __u32 now)
{
	__u32 n = 0;

	(void)table, (void)flows, (void)h, (void)now;
	for (__u32 i = 0; i < CONN_SPAN_MOST && i < span->n; i++) {
		__u32 look = CONN_LOOK(table, flows, h, span->first + i, owner, tag, now);

		n += look & CONN_ANOTHER;
		n |= (look & CONN_ITSELF) * (CONN_HAS_CELL / CONN_ITSELF);
	}
	return (int)n;
}

/*
 * conn_take() - a cell for the connection, which has none
 * @fresh: the word of the cell
 * Return: whether there was one
 */
static __always_inline int conn_take(void *table, void *flows, const struct flow_header *h,
				     const struct conn_span *span, __u64 tag, __u64 fresh,
				     __u32 now)
{
	(void)table, (void)flows, (void)h, (void)now;
	for (__u32 i = 0; i < CONN_SPAN_MOST && i < span->n; i++)
		if (CONN_TRY(table, flows, h, span->first + i, tag, fresh, now))
			return 1;
	return 0;
}

/* @hash: of whose connection it is */
static __always_inline struct conn_span conn_span(__u64 hash, __u32 most)
{
	return (struct conn_span){ (__u32)(hash >> (64 - CONN_ROW_BITS)) * CONN_CELLS,
				   CONN_WINDOW(most) * CONN_CELLS };
}

static __always_inline __u64 conn_word(__u64 owner, __u32 until)
{
	return owner | (until & FLOW_TIME_MASK);
}

#endif
