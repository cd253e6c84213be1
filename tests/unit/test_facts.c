/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts: how rules are lowered to bytes of the packet. Schedules: minutes, zones, midnight. */
#include "bpffw/runtime/clock.h"
#include "compiler/ir/facts.h"
#include "tests/unit/ruleset.h"

#include <stdlib.h>
#include <time.h>

#define HEAD "interface eth0\ndefault drop\n"

#define MONDAY 1795392000ull /* 2026-11-23T00:00Z */
#define HOUR   3600ull
#define DAY    (24 * HOUR)

/* clang-format off */
static const struct {
	const char *name, *when;
	uint64_t at; /* seconds from Monday 00:00 UTC */
	bool active;
} whens[] = {
	{ "a day begins", "mon", 0, true },
	{ "a day ends", "mon", DAY - 1, true },
	{ "the day after", "mon", DAY, false },
	{ "the day before", "tue", DAY - 1, false },
	{ "days over the week's end", "sat-mon", 6 * DAY, true },
	{ "the last of them", "sat-mon", 12 * HOUR, true },
	{ "behind them", "sat-mon", DAY, false },
	{ "before them", "sat-mon", 5 * DAY - 1, false },
	{ "hours", "08:00-12:00", 8 * HOUR, true },
	{ "before the hours", "08:00-12:00", 8 * HOUR - 1, false },
	{ "the last second", "08:00-12:00", 12 * HOUR - 1, true },
	{ "the end is outside", "08:00-12:00", 12 * HOUR, false },
	{ "the second span", "08:00-12:00,13:00-17:00", 13 * HOUR, true },
	{ "between the spans", "08:00-12:00,13:00-17:00", 12 * HOUR + 1800, false },
	{ "until midnight", "mon 22:00-24:00", DAY - 1, true },
	{ "not behind it", "mon 22:00-24:00", DAY, false },
	{ "over midnight, evening", "fri 22:00-06:00", 4 * DAY + 22 * HOUR, true },
	{ "over midnight, morning", "fri 22:00-06:00", 5 * DAY + 6 * HOUR - 1, true },
	{ "over midnight, over", "fri 22:00-06:00", 5 * DAY + 6 * HOUR, false },
	{ "its own morning is not meant", "fri 22:00-06:00", 4 * DAY + HOUR, false },
	{ "over the week's end", "sun 22:00-06:00", 5 * HOUR, true },
	{ "working days: Monday's morning", "mon-fri 22:00-06:00", 5 * HOUR, false },
	{ "working days: Saturday's morning", "mon-fri 22:00-06:00", 5 * DAY + 5 * HOUR, true },
	{ "a minute", "wed 12:34-12:35", 2 * DAY + 12 * HOUR + 34 * 60 + 59, true },
	{ "the minute after", "wed 12:34-12:35", 2 * DAY + 12 * HOUR + 35 * 60, false },
};
/* clang-format on */

static struct clock_config utc_clock(void)
{
	struct clock_config clock = { 0 };

	for (int i = 0; i < OFFSET_CHANGES; i++)
		clock.change[i] = INT64_MAX;
	return clock;
}

static bool active(const struct ruleset *rs, const struct clock_config *clock, uint64_t at)
{
	return schedule_active(rs->rules.data[0].schedule, schedule_minute(clock, at));
}

static void test_schedules(void **state)
{
	struct clock_config clock = utc_clock();

	for (size_t i = 0; i < sizeof(whens) / sizeof(*whens); i++) {
		char text[256];
		struct loaded loaded;

		snprintf(text, sizeof(text), HEAD "drop when \"%s\"", whens[i].when);
		loaded = load_text(text, NULL);
		if (active(loaded.rs, &clock, MONDAY + whens[i].at) != whens[i].active)
			fail_msg("%s", whens[i].name);
		arena_free(loaded.arena);
	}
}

/* Local time: an offset, and its changes at their second. */
static void test_zones(void **state)
{
	struct loaded loaded = load_text(HEAD "drop when \"mon 02:00-03:00\"", NULL);
	struct clock_config clock = utc_clock();

	clock.offset[0] = 3600;
	assert_true(active(loaded.rs, &clock, MONDAY + HOUR));
	assert_false(active(loaded.rs, &clock, MONDAY + 2 * HOUR));
	clock.change[0] = (int64_t)(MONDAY + HOUR);
	clock.offset[1] = 7200;
	assert_false(active(loaded.rs, &clock, MONDAY + HOUR));
	clock.change[1] = (int64_t)(MONDAY + 2 * HOUR);
	clock.offset[2] = -5 * 3600;
	assert_false(active(loaded.rs, &clock, MONDAY + 2 * HOUR));
	assert_true(active(loaded.rs, &clock, MONDAY + 7 * HOUR));
	arena_free(loaded.arena);
}

/* What the host's zone files say, for one zone with and one without daylight saving. */
static void test_clock(void **state)
{
	struct clock_config clock;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	clock = clock_read();
	for (int i = 0; i < OFFSET_CHANGES; i++) {
		time_t change = (time_t)clock.change[i], before = change - 1;
		struct tm local;

		assert_true(i == 0 || clock.change[i] > clock.change[i - 1]);
		assert_non_null(localtime_r(&change, &local));
		assert_int_equal(local.tm_gmtoff, clock.offset[i + 1]);
		assert_int_equal(local.tm_wday, 0);
		assert_non_null(localtime_r(&before, &local));
		assert_int_equal(local.tm_gmtoff, clock.offset[i]);
		assert_int_not_equal(clock.offset[i], clock.offset[i + 1]);
	}
	setenv("TZ", "UTC-5:30", 1);
	clock = clock_read();
	assert_int_equal(clock.offset[0], 19800);
	assert_true(clock.change[0] == INT64_MAX);
	unsetenv("TZ");
	tzset();
}

static void test_lowered(void **state)
{
	struct loaded loaded = load_text(HEAD "allow tcp dport 22 until 2036-01-01\n"
					      "drop udp when sat\n"
					      "drop src 192.0.2.1\n"
					      "drop when sat until 2036-01-01\n"
					      "drop when sun disabled\n",
					 NULL);
	struct enter_config config = { 0 };
	const struct ruleset *lowered = facts_lower(loaded.ds, loaded.rs, &config);

	assert_non_null(lowered);
	assert_ptr_not_equal(lowered, loaded.rs);
	assert_int_equal(config.n_facts, 2);
	assert_int_equal(config.n_schedules, 1);
	assert_int_equal(config.timed, 1);
	assert_int_equal(config.facts[0].kind, FACT_UNTIL);
	assert_int_equal(config.facts[0].until, 2082758400);
	assert_int_equal(config.facts[1].kind, FACT_WHEN);
	assert_int_equal(lowered->rules.data[0].matches.len,
			 loaded.rs->rules.data[0].matches.len + 1);
	assert_int_equal(fact_of(&lowered->rules.data[3].matches.data[0]), 1);
	assert_int_equal(fact_of(&lowered->rules.data[3].matches.data[1]), 0);
	assert_int_equal(fact_of(&lowered->rules.data[2].matches.data[0]), -1);
	assert_int_equal(lowered->rules.data[4].matches.len, 0);
	arena_free(loaded.arena);
}

static void test_nothing_to_lower(void **state)
{
	struct loaded loaded = load_text(HEAD "allow tcp dport 22\ndrop when sun disabled\n", NULL);
	struct enter_config config = { 0 };

	assert_ptr_equal(facts_lower(loaded.ds, loaded.rs, &config), loaded.rs);
	assert_int_equal(config.n_facts, 0);
	arena_free(loaded.arena);
}

/* As many as there are bytes, and one more. */
static void test_room(void **state)
{
	for (uint32_t n = PKT_FACTS; n <= PKT_FACTS + 1; n++) {
		char text[4096] = HEAD;
		struct enter_config config = { 0 };
		struct loaded loaded;

		for (uint32_t i = 0; i < n; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "drop until %u-01-01\n", 2030 + i);
		loaded = load_text(text, NULL);
		assert_int_equal(facts_lower(loaded.ds, loaded.rs, &config) != NULL,
				 n == PKT_FACTS);
		assert_int_equal(loaded.ds->n_errors, n - PKT_FACTS);
		arena_free(loaded.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_lowered),
		cmocka_unit_test(test_nothing_to_lower),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
