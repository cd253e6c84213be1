// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/limit.h"

#include <assert.h>
#include <stdlib.h>

#define NS_PER_SECOND 1000000000ull
/* Bytes and bits are measured to the unit of such a packet. */
#define SMALL_PACKET 64u
/* The unit is 1 / 256 of a packet's interval, or a little less. */
#define FINE_BITS 8u
/* A unit that is kept over a change of the rate is between 1 / 64 and 1 / 65536. */
#define COARSE_BITS 6u
#define FINEST_BITS 16u
#define FIXED_BITS  LIMIT_FRACTION_BITS
/* A packet that takes so many units takes a whole number of them: bursts are exact to a packet. */
#define WHOLE_BITS    7u
#define BURST_PACKETS 5u
#define BURST_BYTES   65536u

static bool is_bytes(const struct limit *limit)
{
	return limit->unit != RATE_PACKETS;
}

/* ns << FIXED_BITS that a packet or a byte takes, rounded up. */
static u128 interval(const struct limit *limit)
{
	u128 ns = (u128)limit->period * NS_PER_SECOND << FIXED_BITS;

	if (limit->unit == RATE_BITS)
		ns *= 8;
	return (ns + limit->count - 1) / limit->count;
}

static u128 shift_up(u128 value, uint32_t shift)
{
	return (value + (((u128)1 << shift) - 1)) >> shift;
}

static u128 whole_units(u128 fixed)
{
	return shift_up(fixed, FIXED_BITS) << FIXED_BITS;
}

/* In units of 1 << @shift ns: of a packet or of a byte, as fixed point. At least the fraction. */
static u128 cost_at(const struct limit *limit, uint32_t shift)
{
	u128 cost = shift_up(interval(limit), shift);

	if (!is_bytes(limit) && cost >> (FIXED_BITS + WHOLE_BITS))
		cost = whole_units(cost);
	return cost;
}

static u128 depth_at(const struct limit *limit, uint32_t shift)
{
	return shift_up(limit_burst(limit) * cost_at(limit, shift), FIXED_BITS);
}

static bool has_room(const struct limit *limit, uint32_t shift)
{
	return depth_at(limit, shift) >> LIMIT_DEPTH_BITS == 0;
}

/* Of what the unit is a part: the interval of a packet, or of a small one; ns. */
static u128 grain(const struct limit *limit)
{
	return interval(limit) * (is_bytes(limit) ? SMALL_PACKET : 1) >> FIXED_BITS;
}

uint64_t limit_burst(const struct limit *limit)
{
	uint64_t least = is_bytes(limit) ? BURST_BYTES : BURST_PACKETS;
	uint64_t second = limit->count / limit->period / (limit->unit == RATE_BITS ? 8 : 1);

	if (limit->burst)
		return limit->burst;
	if (second > LIMIT_BURST_MAX * (is_bytes(limit) ? SMALL_PACKET : 1))
		return LIMIT_BURST_MAX * (is_bytes(limit) ? SMALL_PACKET : 1);
	return second < least ? least : second;
}

uint8_t limit_clock(const struct limit *limit, uint8_t old)
{
	u128 whole = grain(limit);
	uint32_t shift = 0;

	if (old && has_room(limit, old - 1u) && (old == 1 || whole >> (old - 1u + COARSE_BITS)) &&
	    !(whole >> (old - 1u + FINEST_BITS)))
		return old;
	while (whole >> (shift + FINE_BITS + 1))
		shift++;
	while (!has_room(limit, shift))
		shift++;
	return (uint8_t)(shift + 1);
}

bool limit_same(const struct limit *a, const struct limit *b)
{
	return a->present && b->present && a->unit == b->unit && a->keys == b->keys &&
	       a->src4 == b->src4 && a->src6 == b->src6 && !a->number == !b->number;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t mask64(uint32_t bits)
{
	return bits ? UINT64_MAX << (64 - bits) : 0;
}

static void fill_keys(const struct limit *limit, struct act_limit *act)
{
	uint32_t high = limit->src6 > 64 ? 64 : limit->src6;

	if (limit->keys & KEY_SRC) {
		act->src_mask[0][1] = (uint32_t)(mask64(limit->src4) >> 32);
		act->src_mask[1][0] = mask64(high);
		act->src_mask[1][1] = mask64(limit->src6 - high);
	}
	if (limit->keys & KEY_DST)
		act->dst_mask[0] = act->dst_mask[1] = UINT64_MAX;
	if (limit->keys & KEY_SPORT)
		act->port_mask |= (uint64_t)UINT16_MAX << 16;
	if (limit->keys & KEY_DPORT)
		act->port_mask |= UINT16_MAX;
	/* The families have buckets of their own, but for the one of a rule without keys. */
	if (limit->keys) {
		act->port_mask |= (uint64_t)UINT8_MAX << 32;
		act->flags |= LIMIT_KEYED;
	}
}

static int by_id(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* By id, so that a rule keeps its number, and its buckets, when others come or move. */
const uint16_t *limit_numbers(struct arena *arena, const struct ruleset *rs)
{
	uint16_t *numbers = arena_new_array(arena, uint16_t, rs->rules.len + 1);
	const struct rule **limits = arena_new_array(arena, const struct rule *, rs->rules.len + 1);
	bool taken[LIMIT_NUMBERS] = { false };
	uint32_t n = 0;

	vec_for_each(rule, &rs->rules)
		if (rule->limit.present)
			limits[n++] = rule;
	qsort(limits, n, sizeof(*limits), by_id);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = limits[i]->id % LIMIT_NUMBERS;

		while (i < LIMIT_NUMBERS && taken[number])
			number = (number + 1) % LIMIT_NUMBERS;
		taken[number] = true;
		numbers[limits[i] - rs->rules.data] = (uint16_t)number;
	}
	return numbers;
}

static struct act_limit connections_act(const struct rule *rule, uint16_t number)
{
	const struct limit *limit = &rule->limit;
	uint64_t kind = (uint64_t)UINT32_MAX << 32 | (uint32_t)limit->keys << 24 |
			(uint32_t)limit->src4 << 16 | (uint32_t)limit->src6 << 8;
	struct act_limit act = {
		.identity = mix(mix(0, rule->id), kind),
		.depth = limit->number,
		.number = number,
	};

	fill_keys(limit, &act);
	return act;
}

static struct act_limit rate_act(const struct rule *rule, uint16_t number)
{
	const struct limit *limit = &rule->limit;
	uint8_t clock = limit_clock(limit, limit->clock);
	uint32_t shift = clock - 1u;
	uint64_t kind = (uint64_t)limit->unit << 32 | (uint32_t)limit->keys << 24 |
			(uint32_t)limit->src4 << 16 | (uint32_t)limit->src6 << 8 | shift;
	struct act_limit act = {
		.identity = mix(mix(0, rule->id), kind),
		.cost = (uint64_t)cost_at(limit, shift),
		.depth = (uint64_t)depth_at(limit, shift),
		.number = number,
		.shift = (uint8_t)shift,
		.flags = is_bytes(limit) ? LIMIT_BYTES : 0,
	};

	assert(shift < 64);
	fill_keys(limit, &act);
	return act;
}

struct act_limit limit_act(const struct rule *rule, uint16_t number)
{
	return rule->limit.number ? connections_act(rule, number) : rate_act(rule, number);
}
