// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The arithmetic of limits, the same lines as in the kernel: rates and bursts over simulated time,
 * cells that wrap, go stale, are fought for; and what a rate becomes in units.
 */
#include "tests/unit/ruleset.h"

#include "compiler/ir/acts.h"
#include "compiler/ir/limit.h"

#define SECOND 1000000000ull

struct bench {
	struct limit_row rows[LIMIT_TABLE];
	struct limit_unit units[LIMIT_NUMBERS];
	struct limit_row seed;
};

static struct rule rule_of(enum rate_unit unit, uint64_t count, uint64_t period, uint64_t burst,
			   uint8_t keys)
{
	return (struct rule){ .id = 7,
			      .limit = { .present = true,
					 .unit = unit,
					 .count = count,
					 .period = period,
					 .burst = burst,
					 .keys = keys,
					 .src4 = 32,
					 .src6 = 64 } };
}

static struct act_limit act_of(const struct rule *rule)
{
	return limit_act(rule, (uint16_t)(rule->id % LIMIT_NUMBERS));
}

static struct act_limit limit_of(const struct rule *rule, struct bench *bench)
{
	struct act_entry act = { .does = ACT_LIMIT, .limit = act_of(rule) };

	acts_units(&act, 1, bench->units);
	return act.limit;
}

static enum limit_result take(struct bench *bench, const struct act_limit *limit, uint64_t hash,
			      uint64_t now, uint32_t len)
{
	__u32 memory;

	return limit_take(&bench->rows[1], limit, limit_tag(limit, hash), now, len, bench->units,
			  &memory);
}

#define STEPS 400000u

/* clang-format off */
static const struct {
	const char *name;
	enum rate_unit unit;
	uint64_t count, period, burst;
	uint32_t len;
	uint64_t step;    /* ns between packets */
	double rate;      /* packets a second that shall pass */
	uint32_t at_once; /* so many each time; 0: one */
} rates[] = {
	{ "6 a minute",        RATE_PACKETS, 6, 60, 6, 60, SECOND / 100, 0.1, 0 },
	{ "one an hour",       RATE_PACKETS, 1, 3600, 1, 60, SECOND, 1.0 / 3600, 0 },
	{ "one a day",         RATE_PACKETS, 1, 86400, 5, 60, SECOND, 1.0 / 86400, 0 },
	{ "100 a second",      RATE_PACKETS, 100, 1, 100, 60, SECOND / 5000, 100, 0 },
	{ "burst of 1",        RATE_PACKETS, 100, 1, 1, 60, SECOND / 50000, 100, 0 },
	{ "100k a second",     RATE_PACKETS, 100000, 1, 1000, 60, 1000, 100000, 0 },
	{ "3 million",         RATE_PACKETS, 3000000, 1, 1000, 60, 100, 3000000, 0 },
	{ "700 million",       RATE_PACKETS, 700000000, 1, 1000, 60, 1, 700000000, 0 },
	{ "most packets",      RATE_PACKETS, LIMIT_RATE_MAX / 400, 1, 1000, 60, 1, 1e9, 2 },
	{ "largest burst",     RATE_PACKETS, 1000, 1, LIMIT_BURST_MAX, 60, 100000, 10000, 0 },
	{ "1 Mbit",            RATE_BITS, 1000000, 1, 64000, 1000, 100000, 125, 0 },
	{ "1 Gbit, small",     RATE_BITS, 1000000000, 1, 64000, 64, 100, 1e9 / 512, 0 },
	{ "10 Gbit, small",    RATE_BITS, 10000000000, 1, 64000, 64, 20, 1e10 / 512, 0 },
	{ "40 Gbit",           RATE_BITS, 40000000000, 1, 640000, 1500, 100, 4e10 / 12000, 0 },
	{ "100 Gbit, small",   RATE_BITS, 100000000000, 1, 640000, 60, 2, 1e11 / 480, 0 },
	{ "400 Gbit, small",   RATE_BITS, 400000000000, 1, 640000, 60, 1, 4e11 / 480, 0 },
	{ "400 Gbit, 65",      RATE_BITS, 400000000000, 1, 640000, 65, 1, 4e11 / 520, 0 },
	{ "400 Gbit, large",   RATE_BITS, 400000000000, 1, 640000, 1500, 20, 4e11 / 12000, 0 },
	{ "400 Gbit, bursts",  RATE_BITS, 400000000000, 1, 6400000, 64, 200, 4e11 / 512, 300 },
	{ "most bits, jumbo",  RATE_BITS, LIMIT_RATE_MAX, 1, 640000, 9014, 50, 4e11 / 72112, 0 },
	{ "most bytes, small", RATE_BYTES, LIMIT_RATE_MAX / 8, 1, 64000, 60, 1, 5e10 / 60, 4 },
	{ "400 Gbit, deep",    RATE_BITS, 400000000000, 1, 64ull << 20, 9000, 1, 4e11 / 72000, 0 },
	{ "200 Gbit, deepest", RATE_BITS, 200000000000, 1, LIMIT_BURST_MAX * 64, 16000, 100, 2e11 / 128000, 0 },
	{ "5 MB",              RATE_BYTES, 5000000, 1, 64000, 1500, 10000, 5e6 / 1500, 0 },
	{ "1 kB a minute",     RATE_BYTES, 1000, 60, 6000, 100, SECOND / 10, 1.0 / 6, 0 },
};
/* clang-format on */

/*
 * The rate within 1 %, and at no time more than rate x time + burst, but for a unit; where chance
 * rounds, for as many as it leaves out.
 */
static void test_rates(void **state)
{
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		static struct bench bench;
		struct rule rule =
			rule_of(rates[i].unit, rates[i].count, rates[i].period, rates[i].burst, 0);
		struct act_limit limit = limit_of(&rule, &bench);
		double burst = rates[i].unit == RATE_PACKETS
				       ? (double)rates[i].burst
				       : (double)rates[i].burst / rates[i].len;
		uint32_t at_once = rates[i].at_once ? rates[i].at_once : 1;
		double units = (double)limit_amount(&limit, rates[i].len) / 65536;
		double slack = limit.cost % 65536 ? 1000 / units : 1.0 / 256;
		uint64_t now = 0x123456789abcu, passed = 0;

		memset(bench.rows, 0, sizeof(bench.rows));
		for (uint64_t k = 0; k < STEPS; k++) {
			double spent = (double)(k / at_once * rates[i].step) / SECOND;

			passed += take(&bench, &limit, 5, now + k / at_once * rates[i].step,
				       rates[i].len) == LIMIT_WITHIN;
			if ((double)passed > spent * rates[i].rate + burst + slack)
				fail_msg("%s: %lu passed in %f s", rates[i].name, passed, spent);
		}
		burst += (double)(STEPS / at_once * rates[i].step) / SECOND * rates[i].rate;
		if ((double)passed < burst * 0.99 - 1 && passed < STEPS)
			fail_msg("%s: %lu passed of %f", rates[i].name, passed, burst);
	}
}

/*
 * By the clock of ticks: the rate within 1 %, in no span more than the burst and what the rate
 * gives in one tick more. Which buckets are deep enough; a cell that changes from clock to clock.
 */
static void test_ticks(void **state)
{
	static const uint64_t ticks[] = { SECOND / 1000, SECOND / 250, SECOND / 100 };

	for (size_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++) {
		static struct bench bench;
		struct rule rule = rule_of(RATE_PACKETS, 5000, 1, 0, 0);
		struct act_limit limit = limit_of(&rule, &bench);
		/* The pair was read in the middle of the host's life. */
		struct limit_clock clock = { .jiffies = 1u << 31, .ns = 77 * SECOND };
		uint64_t passed = 0, more = 5000 * ticks[i] / SECOND, now = 0;

		clock.tick = ticks[i];
		memset(bench.rows, 0, sizeof(bench.rows));
		assert_true(limit_is_deep(&limit, clock.tick));
		for (uint64_t k = 0; k < 1000000; k++) {
			uint64_t spent = k * (SECOND / 100000);

			now = limit_time(&clock, clock.jiffies + spent / clock.tick);
			passed += take(&bench, &limit, 5, now, 60) == LIMIT_WITHIN;
			if (passed > spent * 5000 / SECOND + 5000 + more + 1)
				fail_msg("%lu passed in %lu ns", passed, spent);
		}
		assert_in_range(passed, 54450, 55050);
		/* It is empty by the other clock too. */
		assert_int_equal(take(&bench, &limit, 5, now, 60), LIMIT_OVER);
		assert_int_equal(take(&bench, &limit, 5, now + SECOND / 1000, 60), LIMIT_WITHIN);
		rule.limit.burst = 63 * more;
		limit = limit_of(&rule, &bench);
		assert_false(limit_is_deep(&limit, clock.tick));
		rule.limit.burst = 65 * more;
		limit = limit_of(&rule, &bench);
		assert_true(limit_is_deep(&limit, clock.tick));
	}
	/* Any bucket of a slow limit is. */
	assert_true(limit_is_deep(&(struct act_limit){ .depth = 1, .shift = 44 }, SECOND / 100));
}

static void test_burst(void **state)
{
	static struct bench bench;
	struct rule rule = rule_of(RATE_PACKETS, 10, 1, 20, KEY_SRC);
	struct act_limit limit = limit_of(&rule, &bench);
	uint64_t now = 77 * SECOND;

	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(take(&bench, &limit, 1, now, 60) == LIMIT_OVER, i >= 20);
	/* A tenth of a second is one more, and another source has a bucket of its own. */
	assert_int_equal(take(&bench, &limit, 1, now + SECOND / 9, 60), LIMIT_WITHIN);
	assert_int_equal(take(&bench, &limit, 1, now + SECOND / 9, 60), LIMIT_OVER);
	assert_int_equal(take(&bench, &limit, 2, now, 60), LIMIT_WITHIN);
	/* A minute later it is full again, and no fuller. */
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(take(&bench, &limit, 1, now + 60 * SECOND, 60) == LIMIT_OVER,
				 i >= 20);
	/* A packet that is larger than the bucket never passes. */
	rule = rule_of(RATE_BYTES, 10, 1, 100, 0);
	limit = limit_of(&rule, &bench);
	assert_int_equal(take(&bench, &limit, 3, now, 101), LIMIT_OVER);
	assert_int_equal(take(&bench, &limit, 3, now, 100), LIMIT_WITHIN);
}

/* The clock wraps at every unit; a bucket that is idle meanwhile is full again. */
static void test_wrap(void **state)
{
	static const uint64_t counts[] = { 1, 100, 100000, 4000000, 100000000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		static struct bench bench;
		struct rule rule = rule_of(RATE_PACKETS, counts[i], 1, 5, 0);
		struct act_limit limit = limit_of(&rule, &bench);
		uint64_t period = (LIMIT_TIME + 1) << limit.shift;
		uint64_t edge = period * 3, interval = SECOND / counts[i];

		memset(bench.rows, 0, sizeof(bench.rows));
		/* Across the edge: 5 at once, then one each interval. */
		for (uint32_t k = 0; k < 10; k++)
			assert_int_equal(take(&bench, &limit, 1, edge - 2 * interval, 60) ==
						 LIMIT_OVER,
					 k >= 5);
		assert_int_equal(take(&bench, &limit, 1, edge - interval / 2, 60), LIMIT_WITHIN);
		assert_int_equal(take(&bench, &limit, 1, edge - interval / 2, 60), LIMIT_OVER);
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(take(&bench, &limit, 1, edge + interval * 9 / 8, 60) ==
						 LIMIT_OVER,
					 k >= 2);
		/* Half a wrap, nearly a whole one: what the cell says is stale. */
		assert_int_equal(take(&bench, &limit, 1, edge + period / 2, 60), LIMIT_WITHIN);
		assert_int_equal(take(&bench, &limit, 1, edge + period / 2 + period / 4 * 3, 60),
				 LIMIT_WITHIN);
	}
}

/* The same cell after a change of the rule that keeps the unit. */
static void test_clamp(void **state)
{
	static struct bench bench;
	struct rule rule = rule_of(RATE_PACKETS, 10, 1, 100, KEY_SRC);
	struct act_limit limit = limit_of(&rule, &bench);
	uint64_t now = 1000 * SECOND;

	for (uint32_t i = 0; i < 101; i++)
		assert_int_equal(take(&bench, &limit, 1, now, 60) == LIMIT_OVER, i >= 100);
	/* A smaller burst: empty, not full, and not empty for longer than the new bucket lasts. */
	rule.limit.clock = (uint8_t)(limit.shift + 1);
	rule.limit.burst = 10;
	limit = limit_of(&rule, &bench);
	assert_int_equal(limit.shift + 1, rule.limit.clock);
	assert_int_equal(take(&bench, &limit, 1, now, 60), LIMIT_OVER);
	assert_int_equal(take(&bench, &limit, 1, now + SECOND / 9, 60), LIMIT_WITHIN);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(take(&bench, &limit, 1, now + 2 * SECOND, 60) == LIMIT_OVER,
				 i >= 10);
	/* A larger one: what was taken is still missing. */
	rule.limit.burst = 30;
	limit = limit_of(&rule, &bench);
	for (uint32_t i = 0; i < 22; i++)
		assert_int_equal(take(&bench, &limit, 1, now + 2 * SECOND, 60) == LIMIT_OVER,
				 i >= 20);
}

/* Nine sources in a row of eight cells. */
static void test_full_row(void **state)
{
	static struct bench bench;
	struct rule rule = rule_of(RATE_PACKETS, 10, 1, 5, KEY_SRC), other = rule;
	struct act_limit limit = limit_of(&rule, &bench), foreign;
	struct act_entry both[2] = { 0 };
	uint64_t now = 1000 * SECOND;

	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(take(&bench, &limit, i, now + i, 60), LIMIT_WITHIN);
	/* Source 2 is the fullest bucket but one: two more for all others. */
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t k = 0; i != 2 && k < 2; k++)
			assert_int_equal(take(&bench, &limit, i, now + 8, 60), LIMIT_WITHIN);
	assert_int_equal(take(&bench, &limit, 9, now + 9, 60), LIMIT_EVICTED);
	/* The others kept theirs: 3 of 5 are taken. */
	for (uint32_t k = 0; k < 3; k++)
		assert_int_equal(take(&bench, &limit, 3, now + 9, 60) == LIMIT_OVER, k >= 2);
	/* Later all cells are free, for another limit with another unit as well. */
	other.id = 8;
	other.limit.count = 100000;
	foreign = act_of(&other);
	both[0] = (struct act_entry){ .does = ACT_LIMIT, .limit = limit };
	both[1] = (struct act_entry){ .does = ACT_LIMIT, .limit = foreign };
	acts_units(both, 2, bench.units);
	assert_int_equal(take(&bench, &foreign, 1, now + 9, 60), LIMIT_EVICTED);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(take(&bench, &foreign, 10 + i, now + 2 * SECOND + i, 60),
				 LIMIT_WITHIN);
	/* Cells of a limit that is gone are free at once. */
	acts_units(both, 1, bench.units);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(take(&bench, &limit, 20 + i, now + 2 * SECOND + 9, 60),
				 LIMIT_WITHIN);
}

/*
 * A source that used up its burst keeps its cell in a flood of new sources of another limit, though
 * their buckets are full again much later: they say less.
 */
static void test_flood_of_slow(void **state)
{
	static struct bench bench;
	struct rule slow = rule_of(RATE_PACKETS, 6, 60, 6, KEY_SRC);
	struct rule fast = rule_of(RATE_PACKETS, 200, 1, 400, KEY_SRC);
	struct act_entry both[2] = { 0 };
	uint64_t now = 1000 * SECOND, passed = 0;

	fast.id = 8;
	both[0] = (struct act_entry){ .does = ACT_LIMIT, .limit = act_of(&slow) };
	both[1] = (struct act_entry){ .does = ACT_LIMIT, .limit = act_of(&fast) };
	acts_units(both, 2, bench.units);
	for (uint32_t i = 0; i < 10000; i++, now += SECOND / 10000) {
		for (uint32_t k = 0; k < 10; k++)
			passed += take(&bench, &both[1].limit, 1, now, 60) != LIMIT_OVER;
		if (i % 10 == 0)
			take(&bench, &both[0].limit, i + 2, now, 60);
	}
	/* One second: the burst and the rate. */
	assert_in_range(passed, 590, 620);
}

/*
 * Limits whose ids are a multiple of LIMIT_NUMBERS apart have numbers of their own: with one number
 * two limits without keys took each other's cell with each packet, and neither limited anything.
 */
static void test_numbers(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct rule rules[4];
	struct ruleset rs = { .rules = { .data = rules, .len = 4, .cap = 4 } };
	static struct bench bench;
	struct act_entry acts[2] = { 0 };
	const uint16_t *numbers;
	uint64_t now = 1000 * SECOND, passed = 0;
	__u32 memory;

	for (uint32_t i = 0; i < 4; i++)
		rules[i] = rule_of(RATE_PACKETS, i & 1 ? 10 : 100000, 1, i & 1 ? 10 : 1000, 0);
	rules[0].id = 7 + 2 * LIMIT_NUMBERS;
	rules[1].id = 7;
	rules[2].id = 8;
	rules[3].id = 7 + LIMIT_NUMBERS;
	numbers = limit_numbers(arena, &rs);
	/* The older ones keep theirs when others come. */
	assert_int_equal(numbers[1], 7);
	assert_int_equal(numbers[2], 8);
	assert_int_equal(numbers[3], 9);
	assert_int_equal(numbers[0], 10);
	rs.rules.data += 1;
	rs.rules.len = 3;
	assert_int_equal(limit_numbers(arena, &rs)[2], 9);
	for (uint32_t i = 0; i < 2; i++)
		acts[i] = (struct act_entry){ .does = ACT_LIMIT,
					      .limit = limit_act(&rules[i], numbers[i]) };
	acts_units(acts, 2, bench.units);
	for (uint32_t i = 0; i < 1000; i++, now += 1000)
		for (uint32_t k = 0; k < 2; k++) {
			const struct act_limit *limit = &acts[k].limit;

			passed += k & (limit_take(&bench.rows[limit_row(limit, 0)], limit,
						  limit_tag(limit, k), now, 60, bench.units,
						  &memory) != LIMIT_OVER);
		}
	assert_int_equal(passed, 10);
}

static struct pkt packet_of(uint8_t family, uint64_t high, uint64_t low, uint16_t dport)
{
	return (struct pkt){ .family = family, .src = { high, low }, .dport = dport };
}

/* Which packets share a bucket. */
static void test_keys(void **state)
{
	static const struct {
		const char *name;
		uint8_t keys, src4, src6;
		struct {
			uint8_t family;
			uint64_t high, low;
			uint16_t dport;
		} a, b;
		bool same;
	} cases[] = {
		{ "no key", 0, 32, 64, { 4, 0, 1, 1 }, { 4, 0, 2, 2 }, true },
		{ "no key, families", 0, 32, 64, { 4, 0, 1, 1 }, { 6, 1, 1, 1 }, true },
		{ "same source", KEY_SRC, 32, 64, { 4, 0, 1, 1 }, { 4, 0, 1, 2 }, true },
		{ "sources", KEY_SRC, 32, 64, { 4, 0, 1, 1 }, { 4, 0, 2, 1 }, false },
		{ "/24", KEY_SRC, 24, 64, { 4, 0, 0x1201, 1 }, { 4, 0, 0x12ff, 1 }, true },
		{ "two /24", KEY_SRC, 24, 64, { 4, 0, 0x1201, 1 }, { 4, 0, 0x1301, 1 }, false },
		{ "/0", KEY_SRC, 0, 64, { 4, 0, 0x1201, 1 }, { 4, 0, 0x99991301, 1 }, true },
		{ "families", KEY_SRC, 0, 0, { 4, 0, 7, 1 }, { 6, 0, 7, 1 }, false },
		{ "a /64", KEY_SRC, 32, 64, { 6, 5, 1, 1 }, { 6, 5, 9, 1 }, true },
		{ "two /64", KEY_SRC, 32, 64, { 6, 5, 1, 1 }, { 6, 6, 1, 1 }, false },
		{ "/48", KEY_SRC, 32, 48, { 6, 0x50000, 1, 1 }, { 6, 0x5ffff, 1, 1 }, true },
		{ "/72", KEY_SRC, 32, 72, { 6, 5, 1, 1 }, { 6, 5, 1ull << 56, 1 }, false },
		{ "/128", KEY_SRC, 32, 128, { 6, 5, 1, 1 }, { 6, 5, 2, 1 }, false },
		{ "ports", KEY_DPORT, 32, 64, { 4, 0, 1, 1 }, { 4, 0, 1, 2 }, false },
		{ "port of any source", KEY_DPORT, 32, 64, { 4, 0, 1, 1 }, { 4, 0, 2, 1 }, true },
	};
	struct limit_row seed;

	for (uint32_t i = 0; i < LIMIT_CELLS; i++)
		seed.cell[i] = 0x9e3779b97f4a7c15u * (i * 2 + 1) | 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rule rule = rule_of(RATE_PACKETS, 10, 1, 5, cases[i].keys);
		struct act_limit limit;
		struct pkt a = packet_of(cases[i].a.family, cases[i].a.high, cases[i].a.low,
					 cases[i].a.dport);
		struct pkt b = packet_of(cases[i].b.family, cases[i].b.high, cases[i].b.low,
					 cases[i].b.dport);

		rule.limit.src4 = cases[i].src4;
		rule.limit.src6 = cases[i].src6;
		limit = act_of(&rule);
		if ((limit_hash(&seed, &limit, &a) == limit_hash(&seed, &limit, &b)) !=
		    cases[i].same)
			fail_msg("%s", cases[i].name);
		assert_int_equal(limit_row(&limit, UINT64_MAX) < LIMIT_TABLE, !cases[i].keys);
		assert_true(limit_row(&limit, UINT64_MAX) < LIMIT_ROWS);
	}
}

/* The unit of a limit stays while it suits; the burst that is not given. */
static void test_clock(void **state)
{
	struct rule rule = rule_of(RATE_PACKETS, 100, 1, 0, KEY_SRC);
	uint8_t clock = limit_clock(&rule.limit, 0);
	struct limit same = rule.limit;

	assert_int_equal(limit_burst(&rule.limit), 100);
	rule.limit.count = 300;
	assert_int_equal(limit_clock(&rule.limit, clock), clock);
	rule.limit.count = 1;
	assert_int_equal(limit_clock(&rule.limit, clock), clock);
	assert_int_equal(limit_burst(&rule.limit), 5);
	rule.limit.count = 100000000;
	assert_int_not_equal(limit_clock(&rule.limit, clock), clock);
	assert_true(limit_same(&rule.limit, &same));
	same.src6 = 56;
	assert_false(limit_same(&rule.limit, &same));
	rule = rule_of(RATE_BITS, 1000, 1, 0, 0);
	assert_int_equal(limit_burst(&rule.limit), 65536);
	rule = rule_of(RATE_BITS, 1000000000000, 1, 0, 0);
	assert_int_equal(limit_burst(&rule.limit), 64 * LIMIT_BURST_MAX);
	assert_true(act_of(&rule).depth >> LIMIT_DEPTH_BITS == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),    cmocka_unit_test(test_burst),
		cmocka_unit_test(test_wrap),     cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_full_row), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_clock),    cmocka_unit_test(test_flood_of_slow),
		cmocka_unit_test(test_numbers),  cmocka_unit_test(test_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
