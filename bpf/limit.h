/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limits: GCRA (the virtual scheduling algorithm of ITU-T I.371) in a set-associative table
 * of 64-bit cells that outlives generations. A cell is {limit, tag, time}: the time at which the
 * bucket would be full again. It moves by one compare-and-swap. A cell whose time has passed says
 * nothing: its bucket is full, as one that has no cell, so any limit may take it.
 *
 * Time counts in units of a power of two of ns, the limit's own, and wraps. Compiled for BPF and
 * natively (tests).
 */
#ifndef BPFFW_LIMIT_H
#define BPFFW_LIMIT_H

#include "bpf/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define LIMIT_TIME_BITS   38
#define LIMIT_TAG_BITS    16
#define LIMIT_NUMBER_BITS 10
#define LIMIT_NUMBERS     (1u << LIMIT_NUMBER_BITS)
#define LIMIT_TIME        (((__u64)1 << LIMIT_TIME_BITS) - 1)
_Static_assert(LIMIT_TIME_BITS + LIMIT_TAG_BITS + LIMIT_NUMBER_BITS == 64, "a cell is one word");

/* One cache line. */
#define LIMIT_CELLS 8
struct limit_row {
	__u64 cell[LIMIT_CELLS];
} __attribute__((aligned(64)));

/* The map: a row of random multipliers, rows for limits without keys, the table. */
#define LIMIT_SEED_ROW    0u
#define LIMIT_GLOBAL_ROWS 128u
#define LIMIT_TABLE       (1u + LIMIT_GLOBAL_ROWS)
#define LIMIT_ROW_BITS    13u
#define LIMIT_ROWS        (LIMIT_TABLE + (1u << LIMIT_ROW_BITS))

/* A full bucket is at most so many units: of the times that a cell which was left alone for long
 * may show, few look like one of this limit. */
#define LIMIT_DEPTH_BITS 28
/* A time further ahead than so many times the bucket is no time of this limit: it has wrapped. */
#define LIMIT_STALE 16u

/* Of the fixed point. */
#define LIMIT_FRACTION_BITS 16

/*
 * What time it is. Where the bucket of each limit of the ruleset holds what LIMIT_TICKS ticks
 * bring, it is that of the last tick: reading it is a load, the clock is a call of 15 to 30 ns. Any
 * span of time then lets through what the rate is in it and one tick more, and the burst; the rate
 * over many ticks is the same. Both count from one zero, so a cell survives when the clock changes,
 * and user space reads all cells by CLOCK_MONOTONIC.
 */
#define LIMIT_TICKS 64u
struct limit_clock {
	__u64 jiffies, ns; /* a tick, and when it was */
	__u64 tick;        /* ns; 0: by the clock */
};

static __always_inline __u64 limit_time(const volatile struct limit_clock *clock, __u64 jiffies)
{
	return (jiffies - clock->jiffies) * clock->tick + clock->ns;
}

struct act_limit {
	__u64 identity; /* of rule, keys, unit: in the hash */
	__u64 cost;     /* units of a packet or of a byte, fixed point */
	__u64 depth;    /* units of the whole bucket */
	/* What of the packet is the key: all 0 for a limit without keys. */
	__u64 src_mask[2][2]; /* [is IPv6] as pkt.src */
	__u64 dst_mask[2];
	__u64 port_mask; /* family << 32 | source port << 16 | destination port */
	__u16 number;    /* below LIMIT_NUMBERS: limit_numbers() */
	__u8 shift;      /* a unit is 1 << shift ns */
	__u8 flags;      /* bits of enum limit_flag */
	__u8 pad[4];
};
enum limit_flag { LIMIT_BYTES = 1, LIMIT_KEYED = 2 };

/* By number: what cells of other limits mean. */
struct limit_unit {
	__u8 shift; /* + 1; 0: there is no such limit, its cells are free */
	__u8 depth_bits;
};

static inline int limit_is_deep(const struct act_limit *limit, __u64 tick)
{
	return limit->depth >= LIMIT_TICKS * tick >> (limit->shift & 63);
}

enum limit_result {
	LIMIT_WITHIN,
	LIMIT_EVICTED, /* within; it took a cell in use */
	LIMIT_OVER,
	LIMIT_RACED, /* another CPU changed the cell */
};
#define LIMIT_TRIES 4

/* How far the time of a cell is ahead; 0: it has passed, or is none of this limit. */
static __always_inline __u64 limit_ahead(__u64 cell, __u64 time, __u64 most)
{
	__u64 ahead = (cell - time) & LIMIT_TIME;

	return ahead > most ? 0 : ahead;
}

/* What a packet takes, with its fraction. */
static __always_inline __u64 limit_amount(const struct act_limit *limit, __u32 frame_len)
{
	return limit->cost * ((frame_len - 1) * (limit->flags & LIMIT_BYTES) + 1);
}

/*
 * In whole units. The fraction is rounded up as often as it is large: a packet of a fast limit
 * takes a unit or two, and always up would be much more than its share. What decides is @time,
 * where the bucket stands: the same cell gives the same answer, and so a packet takes at least one.
 */
static __always_inline __u64 limit_cost(__u64 amount, __u64 time)
{
	__u64 chance = (time & LIMIT_TIME) * 0x9e3779b97f4a7c15ull;

	chance = (chance ^ chance >> 32) * 0xbf58476d1ce4e5b9ull >> (64 - LIMIT_FRACTION_BITS);
	amount = (amount + chance) >> LIMIT_FRACTION_BITS;
	return amount + ((amount - 1) >> 63);
}

/* Where the bucket of a packet lies; the seed row is never 0. */
static __always_inline __u64 limit_hash(const struct limit_row *seed, const struct act_limit *limit,
					const struct pkt *p)
{
	const __u64 *mask = limit->src_mask[p->family == FAMILY_IPV6];
	__u64 ports = (__u64)p->family << 32 | (__u32)p->sport << 16 | p->dport;
	__u64 hash = limit->identity;

	hash += (p->src[0] & mask[0]) * seed->cell[0];
	hash += (p->src[1] & mask[1]) * seed->cell[1];
	hash += (p->dst[0] & limit->dst_mask[0]) * seed->cell[2];
	hash += (p->dst[1] & limit->dst_mask[1]) * seed->cell[3];
	hash += (ports & limit->port_mask) * seed->cell[4];
	hash ^= hash >> 32;
	hash *= seed->cell[5];
	return hash ^ hash >> 29;
}

/*
 * Below, what is done eight times is done without branches: in a flood of random sources each of
 * them would be a guess, and the verifier would follow each way through a row.
 */
static __always_inline __u64 limit_min(__u64 a, __u64 b)
{
	return b + ((a - b) & (__u64)((__s64)(a - b) >> 63));
}

/* As limit_ahead(). */
static __always_inline __u64 limit_ahead_flat(__u64 cell, __u64 time, __u64 most)
{
	__u64 ahead = (cell - time) & LIMIT_TIME;

	return ahead & (__u64)((__s64)(ahead - most - 1) >> 63);
}

/*
 * What is lost with the cell: units of its limit, which are about as many for each packet that the
 * bucket counts whatever the rate. (By time a flood of new sources on a slow limit would take the
 * cells of those that are over a fast one.) 0: it says nothing.
 */
static __always_inline __u64 limit_left(__u64 cell, __u64 now,
					const volatile struct limit_unit *units)
{
	__u32 number = cell >> (64 - LIMIT_NUMBER_BITS);
	__u64 shift = units[number].shift;
	__u64 most = (__u64)LIMIT_STALE << (units[number].depth_bits & 63);
	__u64 known = (__u64)((__s64)(0 - shift) >> 63);

	return limit_ahead_flat(cell, now >> ((shift - 1) & 63), most) & known;
}

/*
 * The verifier wants to know an index exactly, and with it all that it was made from: then no two
 * ways here are the same to it, and it walks each. What comes from memory it knows nothing of.
 */
static __always_inline __u32 limit_index(__u32 *memory, __u64 at)
{
	*(volatile __u32 *)memory = (__u32)at;
	return *(volatile __u32 *)memory & (LIMIT_CELLS - 1);
}

/* @entry takes the cell with the least loss: @lost of the cell that it was. */
static __always_inline enum limit_result limit_claim(__u64 *at, __u64 old, __u64 entry, __u64 lost,
						     __u64 least)
{
	if (lost != least || __sync_val_compare_and_swap(at, old, entry) != old)
		return LIMIT_RACED;
	return least ? LIMIT_EVICTED : LIMIT_WITHIN;
}

/* A packet of a bucket that has no cell, in a row that only buckets of its limit fill. */
static __always_inline enum limit_result limit_replace(struct limit_row *row, __u64 entry,
						       __u64 time, __u64 most, __u32 *memory)
{
	__u64 least = ~(__u64)0 >> 1, old;
	__u32 at;

	for (__u32 i = 0; i < LIMIT_CELLS; i++) {
		old = *(const volatile __u64 *)&row->cell[i];
		least = limit_min(limit_ahead_flat(old, time, most) * LIMIT_CELLS + i, least);
	}
	at = limit_index(memory, least);
	old = *(const volatile __u64 *)&row->cell[at];
	return limit_claim(&row->cell[at], old, entry, limit_ahead_flat(old, time, most),
			   least / LIMIT_CELLS);
}

/* The same for a row of any limits. */
static __always_inline enum limit_result limit_enter(struct limit_row *row, __u64 entry, __u64 now,
						     const volatile struct limit_unit *units,
						     __u32 *memory)
{
	__u64 least = ~(__u64)0 >> 1, old;
	__u32 at;

	for (__u32 i = 0; i < LIMIT_CELLS; i++) {
		old = *(const volatile __u64 *)&row->cell[i];
		least = limit_min(limit_left(old, now, units) * LIMIT_CELLS + i, least);
	}
	at = limit_index(memory, least);
	old = *(const volatile __u64 *)&row->cell[at];
	return limit_claim(&row->cell[at], old, entry, limit_left(old, now, units),
			   least / LIMIT_CELLS);
}

/* @tag: the bits of the cell above its time */
static __always_inline enum limit_result limit_move(__u64 *at, __u64 cell, __u64 tag,
						    const struct act_limit *limit, __u64 time,
						    __u64 amount)
{
	__u64 ahead = limit_ahead(cell, time, LIMIT_STALE * limit->depth);
	__u64 cost = limit_cost(amount, time + ahead);
	enum limit_result result = LIMIT_WITHIN;

	if (ahead + cost > limit->depth) {
		/* The bucket was larger before a change: now it is empty. */
		if (ahead <= limit->depth)
			return LIMIT_OVER;
		ahead = limit->depth;
		cost = 0;
		result = LIMIT_OVER;
	}
	if (__sync_val_compare_and_swap(at, cell, tag | ((time + ahead + cost) & LIMIT_TIME)) !=
	    cell)
		return LIMIT_RACED;
	return result;
}

/* It has more arguments than a BPF function may have, and in the kernel's headers __always_inline
 * is a wish. */
static __always_inline __attribute__((always_inline)) enum limit_result limit_try(
	struct limit_row *row, const struct act_limit *limit, __u64 tag, __u64 now, __u64 amount,
	const volatile struct limit_unit *units, __u32 *memory)
{
	__u64 time = (now >> (limit->shift & 63)) & LIMIT_TIME;
	__u64 cost = limit_cost(amount, time), others = 0;

	for (__u32 i = 0; i < LIMIT_CELLS; i++) {
		__u64 *at, cell = *(const volatile __u64 *)&row->cell[i];

		if (!((cell ^ tag) >> LIMIT_TIME_BITS)) {
			at = &row->cell[limit_index(memory, i)];
			return limit_move(at, cell, tag, limit, time, amount);
		}
		others |= cell ^ tag;
	}
	if (cost > limit->depth)
		return LIMIT_OVER;
	tag |= (time + cost) & LIMIT_TIME;
	if (others >> (64 - LIMIT_NUMBER_BITS))
		return limit_enter(row, tag, now, units, memory);
	return limit_replace(row, tag, time, LIMIT_STALE * limit->depth, memory);
}

/*
 * @tag:    above LIMIT_TIME_BITS, from limit_tag()
 * @memory: a word for limit_index(), of this CPU alone
 * A bucket that many CPUs fight for is over.
 */
static __always_inline enum limit_result limit_take(struct limit_row *row,
						    const struct act_limit *limit, __u64 tag,
						    __u64 now, __u32 frame_len,
						    const volatile struct limit_unit *units,
						    __u32 *memory)
{
	__u64 amount = limit_amount(limit, frame_len);
	enum limit_result result = LIMIT_RACED;

	for (__u32 i = 0; i < LIMIT_TRIES && result == LIMIT_RACED; i++) {
		/* Not unrolled: the spills of four copies would not fit on the stack. */
		__asm__ volatile("" : "+r"(i));
		result = limit_try(row, limit, tag, now, amount, units, memory);
	}
	return result == LIMIT_RACED ? LIMIT_OVER : result;
}

/* The row's number uses the upper bits of the hash, the tag others. */
static __always_inline __u64 limit_tag(const struct act_limit *limit, __u64 hash)
{
	return (__u64)limit->number << (64 - LIMIT_NUMBER_BITS) |
	       (hash & ((1u << LIMIT_TAG_BITS) - 1)) << LIMIT_TIME_BITS;
}

static __always_inline __u32 limit_row(const struct act_limit *limit, __u64 hash)
{
	if (!(limit->flags & LIMIT_KEYED))
		return 1 + limit->number % LIMIT_GLOBAL_ROWS;
	return LIMIT_TABLE + (__u32)(hash >> (64 - LIMIT_ROW_BITS));
}

#endif
