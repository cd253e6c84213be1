/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weekly schedules and the local clock, the same lines in the kernel and natively. A schedule is
 * a bitmap of the minutes of a week in local time; a span over midnight has been written into the
 * days it reaches. The kernel knows no time zones: the next changes of the UTC offset come along,
 * and so does TAI - UTC, since programs read the TAI clock.
 */
#ifndef BPFFW_SCHEDULE_H
#define BPFFW_SCHEDULE_H

#include <linux/types.h>

#define DAY_MINUTES    1440
#define WEEK_MINUTES   10080
#define SCHEDULE_WORDS 158
#define OFFSET_CHANGES 4

/* Bit n of the whole: active in minute n from Monday 00:00 on. */
struct schedule {
	__u64 minutes[SCHEDULE_WORDS];
};
_Static_assert(SCHEDULE_WORDS * 64 >= WEEK_MINUTES, "a bit for each minute");

struct clock_config {
	__s64 tai_offset;                 /* seconds, TAI - UTC */
	__s64 change[OFFSET_CHANGES];     /* UTC seconds, ascending; INT64_MAX: none */
	__s32 offset[OFFSET_CHANGES + 1]; /* seconds east: before change[0], from it on ... */
};

static inline __attribute__((always_inline)) __u64 schedule_minute(
	const volatile struct clock_config *clock, __u64 utc)
{
	__s64 offset = clock->offset[0];

	for (int i = 0; i < OFFSET_CHANGES; i++)
		if ((__s64)utc >= clock->change[i])
			offset = clock->offset[i + 1];
	/* 1970-01-01 was a Thursday. */
	return ((utc + (__u64)offset) / 60 + 3 * DAY_MINUTES) % WEEK_MINUTES;
}

static inline __attribute__((always_inline)) int schedule_active(
	const volatile struct schedule *schedule, __u64 minute)
{
	/* The verifier learns no range from a remainder, and clang would drop the comparison. */
	__asm__ volatile("" : "+r"(minute));
	if (minute >= WEEK_MINUTES)
		return 0;
	return schedule->minutes[minute / 64] >> (minute % 64) & 1;
}

#endif
