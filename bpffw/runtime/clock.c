// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/clock.h"

#include <stdint.h>
#include <time.h>

#define DAY_SECONDS 86400
/* Where clocks change twice a year, four changes are two years. */
#define DAYS_AHEAD (3 * 366)

uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int32_t offset_at(time_t when)
{
	struct tm local;

	return localtime_r(&when, &local) ? (int32_t)local.tm_gmtoff : 0;
}

/* The first second of another offset than at @from, which is different at @to. */
static time_t change_between(time_t from, time_t to)
{
	int32_t before = offset_at(from);

	while (to - from > 1) {
		time_t middle = from + (to - from) / 2;

		if (offset_at(middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

static int64_t tai_offset(void)
{
	struct timespec tai, utc;

	clock_gettime(CLOCK_TAI, &tai);
	clock_gettime(CLOCK_REALTIME, &utc);
	/* Between the two readings a second may have begun. */
	return ((tai.tv_sec - utc.tv_sec) * 1000000000 + tai.tv_nsec - utc.tv_nsec + 500000000) /
	       1000000000;
}

struct clock_config clock_read(void)
{
	struct clock_config config = { .tai_offset = tai_offset() };
	time_t at = time(NULL), end = at + (time_t)DAYS_AHEAD * DAY_SECONDS;
	int n = 0;

	tzset();
	config.offset[0] = offset_at(at);
	for (; at < end && n < OFFSET_CHANGES; at += DAY_SECONDS) {
		if (offset_at(at + DAY_SECONDS) == offset_at(at))
			continue;
		config.change[n++] = change_between(at, at + DAY_SECONDS);
		config.offset[n] = offset_at(at + DAY_SECONDS);
	}
	for (; n < OFFSET_CHANGES; n++) {
		config.change[n] = INT64_MAX;
		config.offset[n + 1] = config.offset[n];
	}
	return config;
}

bool clock_allows(const struct clock_config *clock, const struct rule *rule, uint64_t utc)
{
	if (rule->has_until && utc >= rule->until)
		return false;
	return !rule->schedule || schedule_active(rule->schedule, schedule_minute(clock, utc));
}
